"""What a notebook shows of a large thing: a line and a table, and no other text than its own."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from camps import film, footprints, reading, tables
from camps.appendix.checks import Check, Verdict
from camps.film.render import RenderResult
from camps.imagery import Plan, site_grid
from camps.imagery.stac import Catalogue


def _render(folder: Path) -> RenderResult:
    (folder / "a.png").write_bytes(b"12345")
    return RenderResult(folder, (folder / "a.png",), None, 1, 0)


def _made(folder: Path) -> list[tuple[tables.Shown, str]]:
    series = footprints.load()
    shot = film.read_shot("dabancheng")
    left_out = pd.DataFrame(columns=["scene_id", "observed_on", "reason"])
    found = Plan(Catalogue("x", "https://x.example"), site_grid(88.29, 43.38), ("red",), (), left_out, 0)
    return [
        (found, "Plan: items 0 = used 0 + left out 0"),
        (shot, f"Shot: {shot.source}, {shot.n_frames} frames"),
        (reading.agreement(series, series, draws=10), "Agreement: "),
        (_render(folder), "1 frames, 1 drawn and 0 kept"),
        (Verdict((Check("files", "<script>", holds=False, said="gone"),)), "NOT everything holds"),
    ]


def test_each_is_one_line_and_a_table(tmp_path: Path) -> None:
    for shown, line in _made(tmp_path):
        assert line in repr(shown)
        assert len(repr(shown)) < 400
        assert "\n" not in repr(shown)
        html = shown._repr_html_()
        assert html.startswith("<p>")
        assert "<table" in html
        assert "<script" not in html
        assert len(html) < 20_000
