"""Figures: what they show is what the tables hold, they can be told apart, and their bytes repeat."""

from __future__ import annotations

import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from PIL import Image

from camps import footprints, growth, plots
from camps.errors import InputError
from camps.plots import canvas

FIRST, SECOND = "xj-bfn130-aspi50", "xj-bfn949-aspi124"


def counts(groups: int = 2, sites: int = 12) -> pd.DataFrame:
    rows = [
        {
            "unit": f"g{group}s{site:02}",
            "metric": "buildings",
            "t": year,
            "value": float(2 + site % 3 + step * (group + 1)),
            "tier": group,
        }
        for group in range(groups)
        for site in range(sites)
        for step, year in enumerate(("2017", "2018", "2019"))
    ]
    return pd.DataFrame(rows)


@cache
def dabancheng() -> pd.DataFrame:
    read = footprints.load()
    return growth.series(read.footprints, read.looks, draws=200)


def texts(figure: Figure) -> str:
    figure.canvas.draw()
    return "\n".join(t.get_text() for t in figure.findobj(lambda a: hasattr(a, "get_text")))  # type: ignore[attr-defined]


def line_values(figure: Figure) -> list[list[float]]:
    return [list(map(float, line.get_ydata())) for line in figure.axes[0].lines if len(line.get_ydata()) > 1]  # type: ignore[arg-type]


def test_a_growth_curve_draws_the_table_and_says_what_each_point_rests_on() -> None:
    table = growth.aggregate(counts(), by="tier", draws=100)
    figure = plots.growth_curve(table, title="Growth", names={"0": "low", "1": "high"}, note="Source: made up.")
    assert line_values(figure) == [rows["index"].tolist() for _, rows in table.groupby("group")]
    said = texts(figure)
    for expected in (
        "Growth",
        "low  ",
        "high  ",
        "sites, low",
        "12",
        "Source: made up.",
        "100 bootstrap samples",
        "2017 = 100",
    ):
        assert expected in said
    bands = [collection.get_paths()[0].vertices[:, 1] for collection in figure.axes[0].collections]
    assert np.max(bands[1]) == pytest.approx(table.loc[table["group"].eq("1"), "index_hi"].max())


def test_a_suppressed_date_is_left_out_and_named() -> None:
    few = counts(sites=14)
    few.loc[few["t"].eq("2018") & few["tier"].eq(1) & few["unit"].gt("g1s04"), "value"] = np.nan
    table = growth.aggregate(few, by="tier", draws=50)
    figure = plots.growth_curve(table)
    assert table["suppressed"].sum() == 1
    assert np.isnan(line_values(figure)[1]).tolist() == [False, True, False]
    assert "n < 10" in texts(figure)


def test_a_line_keeps_its_name_beside_one_that_is_suppressed_throughout() -> None:
    rows = counts(sites=12)
    table = growth.aggregate(rows[rows["tier"].eq(1) | rows["unit"].lt("g0s04")], by="tier", draws=50)
    (named,) = [t for t in plots.growth_curve(table).axes[0].texts if t.get_text().startswith("1  ")]
    assert np.isfinite(named.xy[1])  # type: ignore[attr-defined]


def test_several_estimators_of_one_group_are_several_lines_and_the_naive_one_is_dashed() -> None:
    table = pd.concat([growth.aggregate(counts(1), estimator=e, draws=50) for e in ("naive", "chain")])  # type: ignore[arg-type]
    figure = plots.growth_curve(table, measure="value")
    assert {line.get_linestyle() for line in figure.axes[0].lines} == {"-", "--"}
    assert figure.axes[0].get_ylabel() == "buildings"


def test_more_lines_than_can_be_told_apart_are_refused() -> None:
    with pytest.raises(InputError, match="at most 7"):
        plots.growth_curve(growth.aggregate(counts(8), by="tier", draws=20))
    with pytest.raises(InputError, match="no index to draw"):
        plots.growth_curve(growth.aggregate(counts(sites=4), by="tier", draws=20))
    with pytest.raises(InputError, match="column index"):
        plots.growth_curve(growth.aggregate(counts(), draws=20).drop(columns="index"))
    with pytest.raises(InputError, match="at least one"):
        plots.series_curve(dabancheng().iloc[:0])


def test_a_series_shows_each_look_with_its_interval() -> None:
    table = dabancheng()
    figure = plots.series_curve(table[table["unit"].eq(FIRST)])
    (container,) = [c for c in figure.axes[0].containers if c.get_label()]
    points = container[0].get_ydata()
    assert points.tolist() == table.loc[table["unit"].eq(FIRST), "value"].tolist()
    assert "built-up area (m²)" in texts(figure)
    assert "seen before it and after it" in texts(figure)
    assert "seen before it and after it" not in texts(plots.series_curve(table[table["unit"].eq(SECOND)]))


def test_a_look_that_could_not_see_is_no_point_and_no_zero() -> None:
    table = dabancheng()[lambda rows: rows["unit"].eq(FIRST)].reset_index(drop=True)
    table.loc[5, ["value", "lo", "hi"]] = np.nan
    figure = plots.series_curve(table)
    (container,) = [c for c in figure.axes[0].containers if c.get_label()]
    assert len(container[0].get_ydata()) == len(table) - 1


def test_bars_say_the_rise_and_whether_it_is_within_error() -> None:
    figure = plots.before_after(dabancheng(), "2017-08-29", "2020-06-02", names={FIRST: "one", SECOND: "two"})
    heights = [patch.get_height() for patch in figure.axes[0].patches]  # type: ignore[attr-defined]
    assert heights == pytest.approx([51_429, 0, 214_041, 37_890], abs=1)
    said = texts(figure)
    for expected in ("+316 %", "new build", "one", "two"):
        assert expected in said
    dip = plots.before_after(dabancheng(), "2018-04-29", "2018-05-26")
    assert "−4 %\nwithin error" in texts(dip)


def test_dates_without_values_are_refused() -> None:
    for before, after in (("1999", "2020-06-02"), ("2020-06-02", "2020-06-02")):
        with pytest.raises(InputError, match="two dates"):
            plots.before_after(dabancheng(), before, after)


def test_a_slope_chart_ranks_by_the_later_date_and_names_what_it_leaves_out() -> None:
    many = pd.concat([counts(5), counts(6, sites=4)[lambda rows: rows["tier"].eq(5)]])
    table = growth.aggregate(many, by="tier", draws=100)
    figure = plots.slope_chart(table, "2017", "2019", names={str(i): f"group {i}" for i in range(6)})
    said = texts(figure)
    for rank, group in enumerate((4, 3, 2, 1, 0), start=1):
        assert f"{rank}  group {group}" in said
    assert "suppressed: group 5" in said
    ends = [values[1] for values in line_values(figure)[:5]]
    assert sorted(ends) == sorted(table.loc[table["t"].eq("2019"), "index"].dropna().tolist())


def test_an_onset_figure_spans_the_intervals_and_names_what_is_censored() -> None:
    tracks = pd.DataFrame({"L": [None, "2017", "2017", "2018"], "R": ["2017", "2018", "2018", None]})
    figure = plots.onset_distribution(growth.onset(tracks), what="sites")
    said = texts(figure)
    assert "25 % had begun by the first look (2017)" in said
    assert "25 % had not begun at the last" in said
    several = growth.onset(pd.DataFrame({"L": [None, None, "2018"], "R": ["2017", "2019", "2020"]}))
    assert "67 % had begun by the first look (at each, 2017 to 2019)" in texts(plots.onset_distribution(several))
    box = figure.axes[0].patches[0].get_xy()  # type: ignore[attr-defined]
    assert sorted(set(np.round(box[:, 1], 9))) == [0.25, 0.75]


def figures() -> dict[str, Figure]:
    table = growth.aggregate(counts(3), by="tier", draws=50)
    return {
        "curve": plots.growth_curve(table, title="Growth"),
        "series": plots.series_curve(dabancheng()),
        "bars": plots.before_after(dabancheng(), "2017-08-29", "2020-06-02"),
        "slope": plots.slope_chart(table, "2017", "2019"),
        "onset": plots.onset_distribution(growth.onset(pd.DataFrame({"L": ["2017"], "R": ["2018"]}))),
    }


def test_a_name_with_a_character_that_xml_cannot_hold_is_saved_as_a_figure_that_opens(tmp_path: Path) -> None:
    figure = plots.growth_curve(growth.aggregate(counts(), by="tier", draws=100), title="Camp\x0b7 \x01", note="\ufffe")
    (svg,) = plots.write_figure(figure, tmp_path / "one", forms=["svg"])
    ET.fromstring(svg.read_bytes())
    # Names at ticks are set anew when they are drawn.
    named = {"0": "lo\x0bw", "1": "high\x01"}
    table = growth.aggregate(counts(), by="tier", draws=100)
    for ticked in (
        plots.growth_curve(table, names=named),
        plots.before_after(
            dabancheng(), "2017-08-29", "2020-06-02", names=dict.fromkeys(dabancheng()["unit"].unique(), "a\x0bb")
        ),
    ):
        (svg,) = plots.write_figure(ticked, tmp_path / "ticked", forms=["svg"])
        ET.fromstring(svg.read_bytes())
    ET.fromstring(figure._repr_svg_())


def test_figures_are_saved_the_same_twice_and_hold_no_date(tmp_path: Path) -> None:
    for name, figure in figures().items():
        svg, png = plots.write_figure(figure, tmp_path / name)
        first = [path.read_bytes() for path in (svg, png)]
        stamps = [path.stat().st_mtime_ns for path in (svg, png)]
        plots.write_figure(figures()[name], tmp_path / name)
        assert [path.read_bytes() for path in (svg, png)] == first
        assert [path.stat().st_mtime_ns for path in (svg, png)] == stamps
        assert b"<dc:date>" not in first[0]
        ET.fromstring(first[0])
        with Image.open(png) as picture:
            assert picture.width >= 800
            assert "Software" not in picture.info


def test_hash_order_and_the_readers_own_settings_do_not_change_a_byte(tmp_path: Path) -> None:
    (tmp_path / "matplotlibrc").write_text("font.size: 20\naxes.grid: True\n")
    script = (
        "import sys, pandas as pd\nfrom pathlib import Path\nfrom camps import growth, plots\n"
        "t = growth.onset(pd.DataFrame({'L': ['2017', None], 'R': ['2018', '2017']}))\n"
        "plots.write_figure(plots.onset_distribution(t), Path(sys.argv[1]))\n"
    )
    for seed, settings in (("1", {}), ("2", {"MATPLOTLIBRC": str(tmp_path)})):
        environment = os.environ | {"PYTHONHASHSEED": seed} | settings
        subprocess.run([sys.executable, "-c", script, str(tmp_path / seed)], check=True, env=environment)
    for suffix in (".svg", ".png"):
        assert (tmp_path / f"1{suffix}").read_bytes() == (tmp_path / f"2{suffix}").read_bytes()


def test_names_in_chinese_and_uyghur_are_drawn_and_not_boxed(tmp_path: Path) -> None:
    names = {FIRST: "达坂城", SECOND: "داۋانچىڭ"}
    # A character that no font has is a warning, and warnings are errors here.
    svg, _ = plots.write_figure(plots.series_curve(dabancheng(), names=names), tmp_path / "both")
    assert "CampsChinese" in svg.read_text("utf-8")


def test_bold_titles_in_chinese_and_korean_are_set_in_a_bold_of_their_own(caplog: pytest.LogCaptureFixture) -> None:
    with canvas.style():
        figure = canvas.new_figure(3, 2)
        figure.suptitle("达坂城 수용소", fontweight="bold")
        FigureCanvasAgg(figure).draw()
    assert not caplog.records


def test_nothing_is_cut_off_and_no_labels_collide() -> None:
    for name, figure in figures().items():
        canvas_of = FigureCanvasAgg(figure)
        canvas_of.draw()
        renderer = canvas_of.get_renderer()
        width, height = figure.canvas.get_width_height()
        for axes in figure.axes:
            boxes = [t.get_window_extent(renderer) for t in axes.texts if t.get_text()]
            for at, box in enumerate(boxes):
                assert box.x0 >= -1, name
                assert box.x1 <= width + 1, name
                assert box.y0 >= -1, name
                assert box.y1 <= height + 1, name
                assert not any(box.shrunk(0.9, 0.6).overlaps(other.shrunk(0.9, 0.6)) for other in boxes[:at]), name


# Machado, Oliveira and Fernandes 2009, severity 1.0, on linear RGB.
_COLOUR_SENSE = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
}


@pytest.mark.parametrize("sense", ["full", *_COLOUR_SENSE])
def test_lines_stay_apart_for_readers_of_any_colour_sense(sense: str) -> None:
    colours = np.array([_seen(colour, sense) for colour in canvas.COLOURS[:4]])
    for one in range(4):
        for other in range(one):
            assert np.linalg.norm(colours[one] - colours[other]) > 0.15
    assert len(set(canvas.MARKERS)) == len(canvas.COLOURS)


def _seen(colour: str, sense: str) -> Any:
    srgb = np.array(to_rgb(colour))
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    seen = linear if sense == "full" else np.clip(np.array(_COLOUR_SENSE[sense]) @ linear, 0, 1)
    return np.where(seen <= 0.0031308, seen * 12.92, 1.055 * seen ** (1 / 2.4) - 0.055)


def test_a_figure_shows_itself_in_a_notebook() -> None:
    page = plots.series_curve(dabancheng())._repr_svg_()
    assert page == plots.series_curve(dabancheng())._repr_svg_()
    assert ET.fromstring(page).tag.endswith("svg")


def test_no_global_state_is_left_behind() -> None:
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    figures()
    assert dict(mpl.rcParams) == before
