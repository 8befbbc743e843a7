"""What the report on accuracy is made of: a sample of pixels, and the change since the last run."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from camps import files
from camps.imagery.extract import Extraction
from camps.imagery.grid import Floats

_FIGURES = re.compile(r"<!-- figures: (\{.*\}) -->")


def sample_labels(
    extraction: Extraction, scene_id: str, reference: Floats, *, per_stratum: int, seed: int
) -> pd.DataFrame:
    """Return a stratified random sample of pixels of one scene for an area estimate after Olofsson et al. (2014).

    Parameters
    ----------
    extraction, scene_id
        The map: strata ``built`` and ``other`` within the site.
    reference
        Interpreted cover of pixels; a pixel is built when at least half of it is.
    per_stratum
        Pixels drawn in each stratum, without replacement; all of them where there are fewer.
    seed
        Seed of the draw.

    Returns
    -------
    DataFrame
        mapped and reference (``built`` or ``other``), one row a sampled pixel; ``attrs`` holds the strata's areas in
        m² as ``area_m2``.
    """
    built = extraction.reading(scene_id).built
    generator = np.random.default_rng(seed)
    strata = {"built": built & extraction.site, "other": ~built & extraction.site}
    drawn = []
    for name, mask in strata.items():
        pixels = np.flatnonzero(mask)
        chosen = np.sort(generator.choice(pixels, min(per_stratum, len(pixels)), replace=False))
        labels = np.where(reference.ravel()[chosen] >= 0.5, "built", "other")
        drawn.append(pd.DataFrame({"mapped": name, "reference": labels}))
    table = pd.concat(drawn, ignore_index=True)
    table.attrs["area_m2"] = {name: float(mask.sum() * extraction.grid.gsd_m**2) for name, mask in strata.items()}
    return table


def write_report(path: Path, body: str, figures: Mapping[str, float]) -> Path:
    """Write an accuracy report that ends with what changed since the last run; unchanged figures leave it as it is.

    Parameters
    ----------
    path
        Markdown file; the figures of the last run are read from it.
    body
        The report.
    figures
        Headline figures by name, compared with the last run's to four significant digits.
    """
    rounded = {name: float(f"{value:.4g}") for name, value in figures.items()}
    before = path.read_text("utf-8") if path.is_file() else ""
    last = _FIGURES.search(before)
    known = json.loads(last[1]) if last else None
    change = _last_change(before) if known == rounded else _changes(known, rounded)
    closing = f"## Change since the last run\n\n{change}\n\n<!-- figures: {json.dumps(rounded)} -->\n"
    return files.write_text(path, f"{body.rstrip()}\n\n{closing}")


def _last_change(text: str) -> str:
    after = text.split("## Change since the last run\n\n", 1)[1]
    return after.split("\n\n<!-- figures:", 1)[0]


def _changes(before: Mapping[str, float] | None, now: Mapping[str, float]) -> str:
    if before is None:
        return "First run: there is nothing to compare with."
    lines = [
        f"- {name}: {before.get(name, 'not there')} before, {now.get(name, 'not there')} now"
        for name in dict.fromkeys([*before, *now])
        if before.get(name) != now.get(name)
    ]
    return "\n".join(lines)
