"""`camps agreement`: how far two readings of the same scenes agree."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import camps
from camps import files
from camps.cli.app import command
from camps.cli.output import Form, Out, TableFormat, deliver_table, say

if TYPE_CHECKING:
    import pandas as pd

_SHOWN = ("iou", "area_bias", "offset_m", "ac1")


@command(
    "camps agreement my-series second-reading.geojson --gsd 10",
    "camps agreement my-series their-series --format csv --buildings buildings.geojson",
)
def agreement(
    first: Annotated[str, typer.Argument(help="A footprint series by its id, or a file of footprints.")],
    second: Annotated[str, typer.Argument(help="The other reading of the same scenes, likewise.")],
    gsd: Annotated[
        float | None, typer.Option("--gsd", help="Pixel in metres of the images, where a file does not say.")
    ] = None,
    site: Annotated[str | None, typer.Option(help="Only this site of the first reading, and what lies there.")] = None,
    form: Form = TableFormat.table,
    out: Out = None,
    buildings: Annotated[
        Path | None, typer.Option(help="Write each building with its two ids and offset as well, into this .geojson.")
    ] = None,
) -> None:
    """Print how far two readings agree, one row a date that both read and one for all, with 95 % intervals.

    Buildings match one to one above an overlap (IoU) of 0.25; `missed` are in the first alone, `extra` in the second.
    `offset_m` is how far the second's edges lie outside the first's; `ac1` is Gwet's coefficient on what is there. What
    both readings have in common, such as a shadow taken for a roof, no agreement shows.

    The last line says how exact one reading is, in the words of `camps sources add`.
    """
    found = camps.reading.agreement(_reading(first, gsd), _reading(second, gsd), site_id=site)
    deliver_table(found.dates, form, out, shown=_for_the_screen(found.dates))
    if buildings is not None:
        say(files.write_text(buildings, found.buildings.to_json(drop_id=True) + "\n"), file=sys.stderr)
    say(f"one reading: --edge-sd {found.edge_sd_m:.2f} --edge-bias {found.edge_bias_m:.2f} (metres)", file=sys.stderr)


def _reading(named: str, gsd_m: float | None) -> camps.footprints.FootprintSeries:
    if Path(named).is_file():
        return camps.footprints.load(Path(named), gsd_m=gsd_m)
    return camps.footprints.load(named)


def _for_the_screen(dates: pd.DataFrame) -> pd.DataFrame:
    whole = ["observed_on", "n_first", "n_second", "n_matched", "n_missed", "n_extra"]
    table = dates[whole].rename(columns=lambda name: name.removeprefix("n_"))
    for name in _SHOWN:
        each = zip(dates[name], dates[f"{name}_lo"], dates[f"{name}_hi"], strict=True)
        table[name] = ["unknown" if math.isnan(v) else f"{v:.2f} [{lo:.2f}, {hi:.2f}]" for v, lo, hi in each]
    return table
