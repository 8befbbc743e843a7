"""What a notebook shows of a large thing: a line and a table, and no other text than its own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import pandas as pd

from camps import catalogue, film, footprints, reading, tables
from camps.appendix.checks import Check, Verdict
from camps.film.render import RenderResult
from camps.imagery import Plan, site_grid
from camps.imagery.stac import Catalogue


def _render(folder: Path) -> RenderResult:
    (folder / "a.png").write_bytes(b"12345")
    return RenderResult(folder, (folder / "a.png",), None, 1, 0)


def _lists() -> catalogue.Catalogue:
    records = gpd.GeoDataFrame({"source_id": ["a", "a", "a", "b"], "place_id": ["1", "1", "2", "1"]})
    return catalogue.Catalogue(gpd.GeoDataFrame({"site_id": ["1", "2"]}), records, pd.DataFrame([0]), pd.DataFrame())


def test_of_each_list_the_places_that_others_have_too_are_counted() -> None:
    assert _lists().table.to_numpy().tolist() == [["a", 3, 2, 1], ["b", 1, 1, 1]]


def test_a_date_on_which_nobody_saw_the_ground_has_no_count() -> None:
    series = footprints.load()
    unseen = series.looks.assign(
        status=series.looks["status"].mask(series.looks["observed_on"] == "2017-03-02", "obscured")
    )
    table = replace(series, looks=unseen).table.set_index("observed_on")["building"]
    assert pd.isna(table["2017-03-02"])
    assert table["2017-06-10"] == 0


def _made(folder: Path) -> list[tuple[tables.Shown, str]]:
    series = footprints.load()
    shot = film.read_shot("dabancheng")
    left_out = pd.DataFrame(columns=["scene_id", "observed_on", "reason"])
    found = Plan(Catalogue("x", "https://x.example"), site_grid(88.29, 43.38), ("red",), (), left_out, 0)
    return [
        (series, "FootprintSeries: dabancheng, 689 footprints on 13 dates, 2017-03-02 to 2020-06-02"),
        (_lists(), "Catalogue: 2 places of 4 records in 2 lists, 1 links and 0 conflicts between them"),
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
