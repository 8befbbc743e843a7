"""What a mapped area says about the built-up area of a site, with an interval that was seen to hold elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import scipy
from pydantic import BaseModel, ConfigDict, Field

from camps import dates, files, record, settings, tables
from camps.errors import InputError
from camps.imagery.extract import Extraction, Reading, is_look

METRIC = "built_up_m2"
CONFIDENCE = 0.95
_FEWEST_PAIRS = 3


@dataclass(frozen=True)
class Calibration:
    """How interpreted built-up area relates to mapped area: a factor and its scatter from scene to scene.

    :func:`calibrate` learns it from footprints, :func:`bundled` reads the record's.

    Attributes
    ----------
    ratio
        Geometric mean of interpreted over mapped area. It is below 1 because paving and the edges of buildings are
        mapped as well, and near 1 where small or new buildings are missed.
    sd_log
        Standard deviation of the logarithm of that ratio between scenes.
    n_scenes
        Scenes it rests on.
    floor_share
        Largest share of a site that was mapped on a look when nothing stood there: roads, ploughing, earthworks. Up to
        it the lower bound is 0.
    gsd_m
        Ground sample distance it holds for.
    basis
        Where it was measured, for the reader.
    """

    ratio: float
    sd_log: float
    n_scenes: int
    floor_share: float
    gsd_m: float
    basis: str

    @property
    def factor(self) -> float:
        """Return by which factor a new scene may lie off, 95 % (Student's t, prediction of one more scene)."""
        return float(np.exp(scipy.special.stdtrit(self.n_scenes - 1, (1 + CONFIDENCE) / 2) * self.spread))

    @property
    def spread(self) -> float:
        """Return the standard deviation of the logarithm of the ratio for one scene more."""
        return float(self.sd_log * np.sqrt(1 + 1 / self.n_scenes))

    def holds_for(self, gsd_m: float) -> bool:
        """Return whether it was measured on pixels of that size."""
        return bool(np.isclose(self.gsd_m, gsd_m))

    def interval(self, mapped_m2: pd.Series, *, site_m2: float, mmu_m2: float) -> pd.DataFrame:
        """Return value, lo and hi in m² for mapped areas of one site, aligned to their index; null stays null.

        ``hi`` is never below what one minimum mapping unit may stand for, as less than that is never mapped.
        """
        likely = mapped_m2 * self.ratio
        above_floor = mapped_m2 > self.floor_share * site_m2
        lowest = (likely / self.factor).where(above_floor | mapped_m2.isna(), 0.0)
        highest = mapped_m2.clip(lower=mmu_m2) * self.ratio * self.factor
        return pd.DataFrame({"value": likely, "lo": lowest, "hi": highest})


_Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class _Learnt(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    ratio: _Positive
    sd_log: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    n_scenes: Annotated[int, Field(ge=2)]
    floor_share: Annotated[float, Field(ge=0, le=1)]
    gsd_m: _Positive
    basis: str


class _CalibrationFile(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    calibration: _Learnt


def calibrate(pairs: pd.DataFrame, *, gsd_m: float, basis: str) -> Calibration:
    """Return the calibration of mapped against interpreted areas.

    Parameters
    ----------
    pairs
        One row a site and scene after the baseline: mapped_m2, interpreted_m2, site_m2. Rows where either area is null
        are left out; rows where both are above 0 give the ratio; rows with nothing interpreted give the floor.
    gsd_m, basis
        As in :class:`Calibration`.

    Raises
    ------
    InputError
        When fewer than three rows have both areas.
    """
    known = pairs.dropna(subset=["mapped_m2", "interpreted_m2"])
    both = known[(known["mapped_m2"] > 0) & (known["interpreted_m2"] > 0)]
    if len(both) < _FEWEST_PAIRS:
        raise InputError(f"calibration: {len(both)} scenes with mapped and interpreted area, expected at least 3")
    logs = np.log(both["interpreted_m2"] / both["mapped_m2"])
    nothing = known[known["interpreted_m2"] == 0]
    floor = float((nothing["mapped_m2"] / nothing["site_m2"]).max()) if len(nothing) else 0.0
    return Calibration(float(np.exp(logs.mean())), float(logs.std(ddof=1)), len(both), floor, gsd_m, basis)


def bundled(path: Path | None = None) -> Calibration | None:
    """Return the calibration of the record, ``geodata/scenes/calibration.toml``, or ``None`` where it has none.

    Raises
    ------
    MissingError, InputError
        When the file is not there or not sound.
    """
    where = path or settings.geodata() / "scenes" / "calibration.toml"
    if path is None and not files.is_there(where):
        return None
    read = record.build(_CalibrationFile, record.read_toml(where), what=where.name).calibration
    return Calibration(**read.model_dump())


def estimate(extraction: Extraction, calibration: Calibration | None, *, site_id: str) -> pd.DataFrame:
    """Return the built-up area of a site over time: ``series`` table of METHOD 1 plus scene_id, mapped_m2 and note.

    A date that was looked at has kind ``observed``. A date that was not, because of snow, cloud or a gap, has no value;
    its interval reaches from the last look's lower to the next look's upper bound (kind ``bracketed``, nothing having
    been pulled down in between), and is open where there is no look on one side. Baseline dates are 0 by definition:
    what stood before is not counted. Without a calibration, or with one for other pixels, value and interval are null.

    Parameters
    ----------
    extraction
        What was read.
    calibration
        From :func:`calibrate` or :func:`bundled`.
    site_id
        The unit of the series.
    """
    mapped = extraction.mapped_m2()
    ours = calibration is not None and calibration.holds_for(extraction.grid.gsd_m)
    if calibration is not None and ours:
        figures = calibration.interval(mapped, site_m2=extraction.site_m2, mmu_m2=extraction.mmu_m2)
    else:
        figures = pd.DataFrame(np.nan, index=mapped.index, columns=["value", "lo", "hi"])
    figures.loc[list(extraction.baseline_ids)] = 0.0
    table = pd.DataFrame([_row(one, site_id) for one in extraction.readings]).set_index("scene_id", drop=False)
    table = table.join(figures).assign(mapped_m2=mapped)
    bracketed = _bracket(table.reset_index(drop=True))
    note = "" if ours else f"no calibration for pixels of {extraction.grid.gsd_m:g} m"
    bracketed["note"] = bracketed["note"].where(bracketed["note"] != "", note)
    order = [name for name in tables.schema("series").columns if name in bracketed]
    return tables.check(bracketed[[*order, "scene_id", "mapped_m2", "note"]], "series", source=f"built-up of {site_id}")


def _row(reading: Reading, site_id: str) -> dict[str, object]:
    return {
        "unit": site_id, "metric": METRIC, "t": reading.observed_on,
        "kind": "observed" if is_look(reading.status) else "bracketed", "stale_days": 0, "status": reading.status,
        "scene_id": reading.scene_id, "note": reading.reason,
    }  # fmt: skip


def _bracket(table: pd.DataFrame) -> pd.DataFrame:
    unseen = table["kind"] == "bracketed"
    # A composite stands at its middle day.
    days = dates.days(table["t"].astype("string"), end="standing")
    last_look = days.where(~unseen).ffill()
    return table.assign(
        lo=table["lo"].where(~unseen).ffill().where(unseen, table["lo"]),
        hi=table["hi"].where(~unseen).bfill().where(unseen, table["hi"]),
        value=table["value"].where(~unseen),
        stale_days=(days - last_look).astype("Int64"),
    )
