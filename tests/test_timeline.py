"""The state at any date: the worked growth front, the three modes, and what every drawn date has to keep."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from datetime import date, datetime
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal
from shapely import affinity

from camps import catalogue, change, crs, footprints, growth, record, timeline
from camps.dates import clock_day, day_interval, iso_day
from camps.errors import InputError

MODES = ("observed", "bracket", "illustrative")
FIRST, SECOND = "xj-bfn130-aspi50", "xj-bfn949-aspi124"
PLANE = crs.regional_crs((88.0, 43.0, 89.0, 44.0))


def day(text: str) -> float:
    return clock_day(text)


def look_at(*cells: tuple[str, float | None], unit: str = "s1") -> pd.DataFrame:
    rows = [{"unit": unit, "metric": "buildings", "t": t, "value": value} for t, value in cells]
    return pd.DataFrame(rows).astype({"value": "float64"})


@cache
def dabancheng() -> footprints.FootprintSeries:
    return footprints.load()


@cache
def places() -> gpd.GeoDataFrame:
    sites = catalogue.load()
    return sites[sites["site_id"].isin([FIRST, SECOND])].reset_index(drop=True)


def state(when: Any, mode: Any, **options: Any) -> timeline.State:
    return timeline.at(when, sites=places(), series=dabancheng(), mode=mode, **options)


# ── the clock ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_clock_reads_days_dates_and_edtf() -> None:
    assert clock_day(0.25) == 0.25
    assert clock_day("1970-01-02") == clock_day(date(1970, 1, 2)) == 1
    assert clock_day("2020") == clock_day("2020-07-02")
    assert clock_day("2017/2018") == clock_day("2018-01-01")
    for wrong in (math.nan, math.inf, "someday", datetime(2018, 1, 1, 12)):
        with pytest.raises(InputError):
            clock_day(wrong)


def test_an_unknown_mode_is_refused() -> None:
    with pytest.raises(InputError, match="observed, bracket, illustrative"):
        timeline.counts_state(look_at(("2017", 1)), "2018", "tween")  # type: ignore[arg-type]


# ── values ───────────────────────────────────────────────────────────────────────────────────────────────────────


def one(counts: pd.DataFrame, when: Any, mode: Any) -> pd.Series:
    table = timeline.counts_state(counts, when, mode)
    assert len(table) == 1
    return table.iloc[0]


@pytest.mark.parametrize("mode", MODES)
def test_before_the_first_look_nothing_is_known(mode: str) -> None:
    row = one(look_at(("2017", None), ("2018", 4)), "2018-07-01", mode)
    assert row[["value", "lo", "hi", "kind", "stale_days", "t"]].isna().all()
    assert row["next_t"] == "2018"


@pytest.mark.parametrize("mode", MODES)
def test_on_its_day_a_look_shows_its_value_whatever_the_mode(mode: str) -> None:
    counts = look_at(("2017", 3), ("2018", 8), ("2019", 8))
    for when in ("2018-07-02", day("2018-07-02") + 0.99):
        row = one(counts, when, mode)
        assert (row["value"], row["lo"], row["hi"], row["kind"], row["stale_days"]) == (8, 8, 8, "observed", 0)


def test_between_looks_the_modes_hold_bracket_and_interpolate() -> None:
    counts = look_at(("2017-01-01", 3), ("2017-01-12", 8))
    when = day("2017-01-01") + 6
    observed, bracket, illustrative = (one(counts, when, mode) for mode in MODES)
    assert (observed["value"], observed["lo"], observed["hi"], observed["kind"]) == (3, 3, 3, "held")
    assert (bracket["value"], bracket["lo"], bracket["hi"], bracket["kind"]) == (3, 3, 8, "bracketed")
    # The look lasts all its day, so the ten days from the 2nd to the 12th are half gone on the 7th.
    assert (illustrative["value"], illustrative["kind"]) == (5.5, "interpolated")
    assert observed["stale_days"] == 6
    assert observed["next_t"] == "2017-01-12"


def test_a_loss_is_bracketed_from_below() -> None:
    row = one(look_at(("2017", 9), ("2018", 2)), "2018-01-01", "bracket")
    assert (row["value"], row["lo"], row["hi"]) == (2, 2, 9)


def test_like_values_are_held_in_every_mode() -> None:
    for mode in MODES:
        row = one(look_at(("2017", 5), ("2018", 5)), "2018-01-01", mode)
        assert (row["value"], row["kind"]) == (5, "held")


def test_stated_ends_travel_with_the_value() -> None:
    counts = look_at(("2017", 5), ("2018", 9)).assign(lo=[4.0, 7.0], hi=[6.0, np.nan])
    row = one(counts, "2018-01-01", "bracket")
    assert (row["value"], row["lo"], row["hi"]) == (5, 4, 9)
    assert one(counts, "2018-01-01", "observed")[["lo", "hi"]].tolist() == [4, 6]


def test_counts_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(InputError, match="one value a site and day"):
        timeline.counts_state(look_at(("2017", 5), ("2017-07-02", 6)), "2018")
    mixed = look_at(("2017", 5), ("2018", 6)).assign(metric=["buildings", "area_m2"])
    with pytest.raises(InputError, match="one metric"):
        timeline.counts_state(mixed, "2018")
    with pytest.raises(InputError, match="column value"):
        timeline.counts_state(mixed.drop(columns="value"), "2018")


_LOOK = st.tuples(st.integers(17000, 17200), st.one_of(st.none(), st.integers(0, 30)))
_LOOKS = st.lists(_LOOK, max_size=8, unique_by=lambda look: look[0])


@settings(max_examples=30, deadline=None)
@given(looks=_LOOKS, other=_LOOKS, when=st.floats(16950, 17250), mode=st.sampled_from(MODES), shuffle=st.randoms())
def test_a_value_lies_within_its_ends_and_does_not_depend_on_order(
    looks: Any, other: Any, when: float, mode: Any, shuffle: Any
) -> None:
    assume(looks or other)
    cells = [(unit, d, v) for unit, many in (("a", looks), ("b", other)) for d, v in many]
    counts = pd.DataFrame(
        [{"unit": u, "metric": "buildings", "t": iso_day(d), "value": v} for u, d, v in cells]
    ).astype({"value": "float64"})
    table = timeline.counts_state(counts, when, mode)
    shuffle.shuffle(cells)
    assert_frame_equal(table, timeline.counts_state(counts.sample(frac=1, random_state=1), when, mode))
    known = table[table["value"].notna()]
    assert (known["lo"] <= known["value"] + 1e-9).all()
    assert (known["value"] <= known["hi"] + 1e-9).all()
    assert known["stale_days"].ge(0).all()
    first = {u: min((d for w, d, v in cells if w == u and v is not None), default=math.inf) for u in table["site_id"]}
    assert [bool(pd.isna(v)) for v in table["value"]] == [math.floor(when) < first[u] for u in table["site_id"]]


@settings(max_examples=60, deadline=None)
@given(
    a=st.integers(0, 50),
    b=st.integers(0, 50),
    gap=st.integers(2, 400),
    parts=st.lists(st.floats(0, 1), min_size=2, max_size=6),
)
def test_an_interpolated_value_moves_one_way(a: int, b: int, gap: int, parts: list[float]) -> None:
    start = 17000
    counts = look_at((iso_day(start), a), (iso_day(start + gap), b))
    shown = [one(counts, start + 1 + part * (gap - 1), "illustrative")["value"] for part in sorted(parts)]
    steps = np.diff([a, *shown, b]) * (1 if b >= a else -1)
    assert (steps >= -1e-9).all()


@pytest.mark.mirror
def test_the_aspi_counts_stand_at_the_second_of_july(mirror: Path) -> None:
    counts = catalogue.counts("aspi-xjdp-v1")
    assert timeline.stops(counts) == [f"{year}-07-02" for year in range(2017, 2021)]
    held = growth.aggregate(counts, estimator="held")
    for year, total, known in zip(held["t"], held["value"], held["n_observed"] + held["n_held"], strict=True):
        shown = timeline.at(year, sites=catalogue.load("aspi-xjdp-v1"), counts=counts)
        assert (shown.total, shown.n_known, shown.n_sites) == (total, known, 380)
        assert shown.row()["date_shown"] == year


# ── growth fronts ────────────────────────────────────────────────────────────────────────────────────────────────

HALL = shapely.box(0, 0, 40, 20)
WING = shapely.union(HALL, shapely.box(40, 0, 112, 20))
ANGLE = shapely.union_all([HALL, shapely.box(20, 0, 40, 60), shapely.box(20, 40, 52, 60)])


def test_the_worked_growth_front_comes_out() -> None:
    assert WING.area == 2240
    areas = shapely.area(timeline.growth_front(HALL, WING, [0.25, 0.5]))
    assert areas.tolist() == pytest.approx([1160, 1520], abs=1e-6)
    assert timeline.front_distances_m(HALL, WING, [0, 0.25, 0.5, 1]).tolist() == pytest.approx(
        [0, 18, 36, 72], abs=1e-6
    )


def test_a_front_begins_with_what_stood_and_ends_with_the_stored_outline() -> None:
    first, last = timeline.growth_front(HALL, ANGLE, [0.0, 1.0])
    assert shapely.equals(first, HALL)
    assert shapely.equals_exact(last, ANGLE, tolerance=0.0)


def test_what_is_lost_is_no_part_of_the_front() -> None:
    moved = affinity.translate(WING, 10, 0)
    fronts = timeline.growth_front(HALL, moved, np.linspace(0, 1, 5))
    assert shapely.area(shapely.difference(fronts, moved)).max() < 1e-6
    assert fronts[0].area == pytest.approx(shapely.intersection(HALL, moved).area)


def test_an_isolated_building_has_no_front() -> None:
    with pytest.raises(InputError, match="fades in"):
        timeline.growth_front(HALL, affinity.translate(HALL, 100, 0), 0.5)
    with pytest.raises(InputError, match="1 of 2 outlines have no area in common"):
        timeline.growth_front([HALL, HALL], [ANGLE, affinity.translate(HALL, 100, 0)], 0.5)
    with pytest.raises(InputError, match="outside 0 to 1"):
        timeline.growth_front(HALL, WING, 1.5)


_BOX = st.tuples(st.integers(-30, 30), st.integers(-30, 30), st.integers(5, 60), st.integers(5, 60))


@settings(max_examples=40, deadline=None)
@given(old=_BOX, new=st.lists(_BOX, min_size=1, max_size=3), parts=st.lists(st.floats(0, 1), min_size=2, max_size=4))
def test_fronts_are_nested_monotone_and_part_of_the_union(old: Any, new: Any, parts: list[float]) -> None:
    before = shapely.box(old[0], old[1], old[0] + old[2], old[1] + old[3])
    after = shapely.union_all([shapely.box(x, y, x + w, y + h) for x, y, w, h in new])
    kept = shapely.intersection(before, after).area
    assume(kept > 1)
    share = np.sort([0.0, *parts, 1.0])
    fronts = timeline.growth_front(before, after, share)
    areas = shapely.area(fronts)
    assert areas == pytest.approx(kept + share * (after.area - kept), abs=1e-6 * after.area + 1e-6)
    assert (np.diff(timeline.front_distances_m(before, after, share)[:-1]) >= 0).all()
    for earlier, later in pairwise(fronts):
        assert shapely.difference(earlier, later).area < 1e-6 * after.area
    for front in fronts:
        # Front and rest make the later outline; front and loss stay within the union of both looks.
        assert shapely.union(front, shapely.difference(after, front)).area == pytest.approx(after.area, rel=1e-9)
        drawn = shapely.union(front, shapely.difference(before, after))
        assert shapely.difference(drawn, shapely.union(before, after)).area < 1e-6


# ── footprints ───────────────────────────────────────────────────────────────────────────────────────────────────


def on_ground(*shapes: shapely.Geometry) -> list[shapely.Geometry]:
    # Away from the exact centre, where PROJ takes a short cut that differs by 0.6 mm.
    moved = [affinity.translate(shape, 5000, 5000) for shape in shapes]
    return list(gpd.GeoSeries(moved, crs=PLANE).to_crs(4326))


def seen(*rows: tuple[str, str, str, shapely.Geometry]) -> gpd.GeoDataFrame:
    """Return footprints from (track, date, kind, shape in metres)."""
    frame = gpd.GeoDataFrame(
        [
            {"footprint_id": f"{track}-{on}", "track_id": track, "site_id": "s1", "observed_on": on, "kind": kind}
            for track, on, kind, _ in rows
        ],
        geometry=on_ground(*(shape for *_, shape in rows)),
        crs=4326,
    )
    return frame.assign(**crs.measure(frame))


def looked(*rows: tuple[str, str]) -> pd.DataFrame:
    return pd.DataFrame(
        [{"site_id": "s1", "observed_on": on, "status": status, "frac_valid": 1.0} for on, status in rows]
    )


LOOKS = looked(("2017-01-01", "observed"), ("2017-02-01", "observed"), ("2017-03-01", "observed"))


def drawn(frame: gpd.GeoDataFrame, when: Any, mode: Any, looks: pd.DataFrame | None = LOOKS) -> gpd.GeoDataFrame:
    return timeline.footprints_state(frame, when, mode, looks=looks)


def test_what_comes_and_goes_begins_and_ends_with_nothing() -> None:
    frame = seen(("a", "2017-02-01", "building", HALL), ("a", "2017-03-01", "construction", HALL))
    cues = timeline.cues(frame, "illustrative", looks=LOOKS)
    fading = cues[cues["kind"].eq("interpolated")].set_index(["footprint_kind", "phase"])
    area_m2 = frame["area_m2"].iloc[0]
    comes, goes = fading.loc[("building", "appearing")], fading.loc[("building", "losing")]
    assert (comes["opacity_from"], comes["opacity_to"]) == (0.0, 1.0)
    assert (comes["area_from_m2"], comes["area_to_m2"]) == (0.0, area_m2)
    assert (comes["area_lo_m2"], comes["area_hi_m2"]) == (0.0, area_m2)
    assert (goes["opacity_from"], goes["opacity_to"]) == (1.0, 0.0)
    assert (goes["area_from_m2"], goes["area_to_m2"]) == (area_m2, 0.0)
    assert (goes["area_lo_m2"], goes["area_hi_m2"]) == (0.0, area_m2)


def test_a_new_building_steps_is_outlined_or_fades() -> None:
    frame = seen(("a", "2017-02-01", "building", HALL))
    when = day("2017-01-02") + 15
    assert drawn(frame, when, "observed").empty
    bracket, fading = drawn(frame, when, "bracket").iloc[0], drawn(frame, when, "illustrative").iloc[0]
    assert (bracket["phase"], bracket["role"], bracket["kind"]) == ("appearing", "outline", "bracketed")
    assert (bracket["area_m2"], bracket["area_hi_m2"]) == (0, pytest.approx(800, rel=1e-5))
    assert (fading["role"], fading["kind"], fading["opacity"]) == ("solid", "interpolated", 0.5)
    assert shapely.equals_exact(fading.geometry, frame.geometry.iloc[0])
    for mode in MODES:
        assert drawn(frame, "2017-01-01", mode).empty
        assert drawn(frame, "2017-02-01", mode)["kind"].tolist() == ["observed"]


@pytest.mark.parametrize("date", ["2017-02", "2017-01-20/2017-02-28", "2017-02-28"])
def test_a_composite_stands_at_its_last_day_in_curve_and_timeline(date: str) -> None:
    """What it shows stood by then; what it does not show may have come from its first day on."""
    other = affinity.translate(HALL, 200, 0)
    frame = seen(
        ("a", date, "building", HALL), ("a", "2017-04-01", "building", HALL), ("b", "2017-04-01", "building", other)
    )  # fmt: skip
    looks = looked(*((on, "observed") for on in ("2017-01-01", date, "2017-04-01")))
    tracks = pd.DataFrame({"track_id": ["a", "b"], "L": ["2017-01-01", date], "R": [date, "2017-04-01"]})
    tracks["area_m2"] = frame.drop_duplicates("track_id")["area_m2"].to_numpy()
    first, last = day_interval(date)
    for when in (first - 1, first, first + 1, last - 1, last, last + 1, day("2017-03-31"), day("2017-04-01")):
        shown = drawn(frame, float(when), "bracket", looks)
        curve = growth.curves(tracks, [iso_day(when)]).iloc[0]
        assert shown["area_lo_m2"].sum() == pytest.approx(curve["lower"]), when
        assert shown["area_hi_m2"].sum() == pytest.approx(curve["upper"]), when
    assert drawn(frame, last - 1, "observed", looks).empty
    for mode in MODES:
        solid = drawn(frame, date, mode, looks)
        assert solid.loc[solid["role"].eq("solid"), ["track_id", "opacity"]].to_numpy().tolist() == [["a", 1.0]]
    for asked in (date, last):
        assert drawn(frame, asked, "observed", looks)["kind"].tolist() == ["observed"]
    assert timeline.stops(footprints=frame, looks=looks) == ["2017-01-01", "2017-02-28", "2017-04-01"]


def test_ground_under_two_outlines_is_counted_once_as_growth_counts_it() -> None:
    over = affinity.translate(HALL, 0, HALL.bounds[3] / 2)
    dates = ("2017-01-01", "2017-02-01")
    rows = [(name, on, "building", shape) for on in dates for name, shape in (("a", HALL), ("b", over))]
    frame = seen(*rows, ("w", "2017-01-01", "compound", HALL.buffer(50)))
    flagged = np.where(frame["kind"].eq("building"), HALL.area / 2, 0.0)
    frame = frame.assign(overlap_m2=flagged, scene_id="s")
    grown = footprints.areas(frame).set_index("observed_on")
    assert grown["sum_m2"].iloc[0] - grown["area_m2"].iloc[0] == pytest.approx(HALL.area / 2, rel=1e-3)
    for mode in MODES:
        for when in ("2017-01-01", "2017-01-15", "2017-02-01"):
            total = drawn(frame, when, mode, looked(*((on, "observed") for on in dates)))
            assert total["area_m2"].sum() == pytest.approx(grown["area_m2"].iloc[0], rel=1e-9), (mode, when)


def test_without_a_look_before_it_a_building_was_not_new() -> None:
    frame = seen(("a", "2017-01-01", "building", HALL))
    for mode in MODES:
        assert drawn(frame, "2016-12-31", mode).empty
        assert drawn(frame, "2017-01-15", mode, looks=None)["phase"].tolist() == ["standing"]


def test_growth_is_bracketed_by_what_both_looks_share() -> None:
    frame = seen(("a", "2017-01-01", "building", HALL), ("a", "2017-02-01", "building", WING))
    when = day("2017-01-02") + 15
    held = drawn(frame, when, "observed").iloc[0]
    assert (held["kind"], held["stale_days"]) == ("held", 16)
    assert shapely.equals_exact(held.geometry, frame.geometry.iloc[0])
    bracket = drawn(frame, when, "bracket").set_index("phase")
    assert set(bracket.index) == {"growing", "appearing"}
    assert bracket.loc["growing", "role"] == "solid"
    assert bracket.loc["growing", "area_m2"] == pytest.approx(800, rel=1e-5)
    assert bracket.loc["growing", "area_hi_m2"] == pytest.approx(2240, rel=1e-5)
    assert crs.area_m2(bracket.geometry)["appearing"] == pytest.approx(1440, rel=1e-5)
    front = drawn(frame, when, "illustrative").iloc[0]
    assert (front["role"], front["kind"]) == ("front", "interpolated")
    assert front["area_m2"] == pytest.approx(1520, rel=1e-5)
    assert crs.area_m2(gpd.GeoSeries([front.geometry], crs=4326)).iloc[0] == pytest.approx(1520, rel=1e-5)


def test_a_loss_within_a_building_is_drawn_apart() -> None:
    frame = seen(("a", "2017-01-01", "building", WING), ("a", "2017-02-01", "building", HALL))
    when = day("2017-01-02") + 15
    for mode in ("bracket", "illustrative"):
        pieces = drawn(frame, when, mode).set_index("phase")
        assert set(pieces.index) == {"growing", "losing"}
        assert pieces.loc["losing", "role"] == "hatch"
        assert crs.area_m2(pieces.geometry)["losing"] == pytest.approx(1440, rel=1e-5)
    assert pieces.loc["losing", "opacity"] == 0.5
    assert pieces["area_m2"].sum() == pytest.approx(1520, rel=1e-5)


def test_what_was_not_seen_is_not_gone() -> None:
    frame = seen(("a", "2017-01-01", "building", HALL), ("b", "2017-02-01", "building", affinity.translate(HALL, 99)))
    partial = looked(("2017-01-01", "observed"), ("2017-02-01", "partial"))
    for mode in MODES:
        pieces = drawn(frame, "2017-02-01", mode, looks=partial).set_index("track_id")
        assert pieces.loc["a", ["phase", "role", "kind"]].tolist() == ["unseen", "outline", "held"]
        assert pieces.loc["a", "area_m2"] == pytest.approx(800, rel=1e-5)
        assert pieces.loc["a", "area_lo_m2"] == 0
    blind = looked(("2017-01-01", "observed"), ("2017-02-01", "obscured"))
    assert drawn(frame.iloc[:1], "2017-03-01", "observed", looks=blind)["phase"].tolist() == ["standing"]


def test_a_building_is_lost_only_to_a_look_that_covers_its_place() -> None:
    frame = seen(("a", "2017-01-01", "building", HALL))
    assert drawn(frame, "2017-01-20", "observed")["phase"].tolist() == ["standing"]
    assert drawn(frame, "2017-01-20", "bracket")[["phase", "role", "area_m2"]].to_numpy().tolist() == [
        ["losing", "hatch", 0]
    ]
    fading = drawn(frame, day("2017-01-02") + 24, "illustrative").iloc[0]
    assert (fading["phase"], fading["opacity"]) == ("losing", pytest.approx(0.2))
    for mode in MODES:
        lost = drawn(frame, "2017-02-01", mode).iloc[0]
        assert (lost["phase"], lost["role"], lost["area_hi_m2"]) == ("lost", "hatch", 0)


def test_a_building_seen_again_stood_all_the_time() -> None:
    frame = seen(("a", "2017-01-01", "building", HALL), ("a", "2017-03-01", "building", HALL))
    for mode in MODES:
        gap = drawn(frame, "2017-02-10", mode).iloc[0]
        assert (gap["phase"], gap["area_m2"], gap["area_lo_m2"]) == ("unseen", gap["area_hi_m2"], gap["area_hi_m2"])


def test_a_building_site_goes_as_the_roof_comes_and_is_no_loss() -> None:
    frame = seen(("a", "2017-01-01", "construction", HALL), ("a", "2017-02-01", "block", HALL))
    assert drawn(frame, "2017-01-15", "observed")[["role", "area_m2"]].to_numpy().tolist() == [["hatch", 0]]
    turning = drawn(frame, day("2017-01-02") + 15, "illustrative").set_index("phase")
    assert turning["role"].to_dict() == {"losing": "hatch", "appearing": "solid"}
    assert turning["opacity"].tolist() == [0.5, 0.5]
    over = seen(("b", "2017-01-01", "construction", HALL))
    for mode in MODES:
        assert drawn(over, "2017-02-01", mode).empty


def test_the_parts_of_a_split_building_are_drawn_as_they_are() -> None:
    left, right = shapely.box(0, 0, 20, 20), shapely.box(21, 0, 40, 20)
    frame = seen(
        ("a", "2017-01-01", "building", HALL),
        ("a", "2017-02-01", "building", left),
        ("a", "2017-02-01", "building", right),
    )
    frame["footprint_id"] = ["1", "2", "3"]
    piece = drawn(frame, "2017-02-01", "observed").iloc[0]
    parts = {part.wkb for part in shapely.get_parts(piece.geometry)}
    assert parts == {shape.wkb for shape in frame.geometry.iloc[1:]}
    assert piece["area_m2"] == pytest.approx(frame["area_m2"].iloc[1:].sum())


def test_tracks_found_place_by_place_overrule_the_looks_at_the_whole_site() -> None:
    frame = seen(("a", "2017-03-01", "building", HALL))
    tracks = pd.DataFrame({"track_id": ["a"], "L": ["2017-01-01"], "Rd": [None]})
    when = "2017-01-20"
    assert timeline.footprints_state(frame, when, "bracket", looks=LOOKS).empty
    assert len(timeline.footprints_state(frame, when, "bracket", looks=LOOKS, tracks=tracks)) == 1


def test_a_footprint_without_a_track_is_refused() -> None:
    frame = seen(("a", "2017-01-01", "building", HALL)).assign(track_id=None)
    with pytest.raises(InputError, match=r"link the dates with camps\.change"):
        drawn(frame, "2018", "observed")


def test_a_shared_edge_is_no_part_of_what_is_drawn() -> None:
    # A∩B is a square and a line: the wing moved so that one old edge lies on the new outline.
    old = shapely.union(shapely.box(0, 0, 20, 20), shapely.box(20, 0, 40, 10))
    new = shapely.union(shapely.box(0, 0, 20, 20), shapely.box(20, 10, 40, 30))
    assert shapely.intersection(old, new).geom_type == "GeometryCollection"
    frame = seen(("a", "2017-01-01", "building", old), ("a", "2017-02-01", "building", new))
    for mode in ("bracket", "illustrative"):
        pieces = drawn(frame, "2017-01-15", mode)
        assert set(pieces.geometry.geom_type) <= {"Polygon", "MultiPolygon"}
    assert {g.geom_type for g in timeline.growth_front(old, new, [0, 0.5, 1])} <= {"Polygon", "MultiPolygon"}


def test_a_building_across_the_antimeridian_grows_where_it_is_stored() -> None:
    half, whole = shapely.box(179.9995, 10, 180.0005, 10.0005), shapely.box(179.9995, 10, 180.0015, 10.0005)
    frame = seen(("a", "2017-01-01", "building", HALL), ("a", "2017-02-01", "building", WING))
    frame.geometry = [half, whole]
    frame = frame.assign(**crs.measure(frame))
    front = drawn(frame, "2017-01-15", "illustrative").geometry.iloc[0]
    assert shapely.difference(front, whole).area < 1e-4 * whole.area
    assert half.area < front.area < whole.area


@settings(max_examples=20, deadline=None)
@given(
    outlines=st.lists(st.tuples(_BOX, st.sets(st.integers(0, 2), min_size=1)), min_size=1, max_size=4),
    mode=st.sampled_from(MODES),
    day=st.sampled_from(["2017-01-01", "2017-02-01", "2017-03-01"]),
    shuffle=st.randoms(use_true_random=False),
)
def test_an_observed_date_reproduces_any_stored_outline_exactly(
    outlines: Any, mode: Any, day: str, shuffle: Any
) -> None:
    dates = ("2017-01-01", "2017-02-01", "2017-03-01")
    # A track may grow from look to look; each stands on ground of its own.
    rows = [
        (f"t{n}", dates[at], "building", shapely.box(x + 200 * n, y, x + 200 * n + w + 5 * at, y + h))
        for n, ((x, y, w, h), at_dates) in enumerate(outlines)
        for at in at_dates
    ]
    shuffle.shuffle(rows)
    frame = seen(*rows)
    now = drawn(frame, day, mode).query("kind == 'observed'").set_index("footprint_id")
    there = frame[frame["observed_on"] == day].set_index("footprint_id")
    assert now.geometry.to_wkb().sort_index().to_dict() == there.geometry.to_wkb().sort_index().to_dict()


# ── the Dabancheng series ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("mode", MODES)
def test_on_every_observed_date_the_stored_polygons_are_drawn_exactly(mode: Any) -> None:
    stored = dabancheng().footprints
    sheet = timeline.cues(stored, mode, looks=dabancheng().looks)
    for when in timeline.stops(footprints=stored):
        pieces = timeline.draw(sheet, when)
        now = pieces[pieces["kind"].eq("observed")].set_index("footprint_id")
        there = stored[stored["observed_on"].eq(when)].set_index("footprint_id")
        assert set(now.index) == set(there.index)
        assert now.geometry.to_wkb().to_dict() == there.geometry.to_wkb().loc[now.index].to_dict()
        # Everything else on that date is held, and none of it is drawn solid.
        rest = pieces[pieces["kind"].ne("observed")]
        assert rest["kind"].eq("held").all()
        assert rest["role"].ne("solid").all()


def test_the_total_holds_what_the_record_saw_and_never_dips_for_lost_sight() -> None:
    reference = pd.read_csv(Path(__file__).parents[1] / "geodata" / "footprints" / "dabancheng_series.csv")
    seen_m2 = reference.groupby("observed_on")["built_m2"].sum()
    totals = {when: state(when, "observed").row() for when in seen_m2.index}
    values = [totals[when]["total"] for when in seen_m2.index]
    assert (np.diff(values) >= 0).all()
    assert [v >= m - 1 for v, m in zip(values, seen_m2, strict=True)] == [True] * 13
    assert totals["2017-08-29"]["total"] == pytest.approx(51_429, abs=1)
    assert totals["2020-06-02"]["total_lo"] == pytest.approx(214_041 + 37_890, abs=2)
    assert all(row["n_observed"] + row["n_held"] == row["n_sites"] == 2 for row in totals.values())


def test_before_the_first_scene_nothing_is_known_and_after_it_zero_is_a_value() -> None:
    before, after = state("2017-03-01", "observed"), state("2017-03-02", "observed")
    assert (before.total, before.n_observed, before.kind) == (None, 0, None)
    assert (after.total, after.n_observed) == (0.0, 2)


def test_the_modes_agree_on_what_is_certain_between_two_scenes() -> None:
    observed, bracket, illustrative = (state("2018-06-17", mode) for mode in MODES)
    assert (observed.kind, bracket.kind, illustrative.kind) == ("held", "bracketed", "interpolated")
    assert bracket.total == pytest.approx(observed.total)
    assert bracket.total < illustrative.total < bracket.total_hi  # type: ignore[operator]
    assert (observed.stale_days, observed.stale_days_max) == (7, 7)
    assert observed.row()["date_shown"] == "2018-06-17"
    coming = bracket.footprints[bracket.footprints["phase"].eq("appearing")]
    assert coming["area_hi_m2"].sum() == pytest.approx(bracket.total_hi - bracket.total)  # type: ignore[operator]


def test_a_state_does_not_depend_on_the_order_of_rows_or_on_a_look_that_saw_nothing_new() -> None:
    series = dabancheng()
    blind = pd.DataFrame([{"site_id": FIRST, "observed_on": "2019-01-01", "status": "obscured", "frac_valid": 0.0}])
    turned = replace(series, footprints=series.footprints.iloc[::-1], looks=pd.concat([series.looks.iloc[::-1], blind]))
    for mode in MODES:
        usual = state("2019-03-03", mode)
        other = timeline.at("2019-03-03", sites=places().iloc[::-1], series=turned, mode=mode)
        assert usual.row() == other.row()
        assert_frame_equal(pd.DataFrame(usual.footprints), pd.DataFrame(other.footprints))


def test_the_illustrative_area_runs_from_one_scene_to_the_next() -> None:
    days = np.linspace(day("2018-06-11"), day("2018-06-23"), 7)
    totals = [state(float(t), "illustrative").total for t in days]
    assert totals[0] == pytest.approx(state("2018-06-10", "observed").total)
    assert totals[-1] == pytest.approx(state("2018-06-23", "observed").total)
    assert np.diff(totals, n=2) == pytest.approx(np.zeros(5), abs=1e-6)  # type: ignore[arg-type]


def test_one_cue_sheet_gives_every_state() -> None:
    series = dabancheng()
    for mode in MODES:
        sheet = timeline.cues(series.footprints, mode, looks=series.looks)
        assert sheet["from_day"].lt(sheet["to_day"]).all()
        for when in ("2017-07-20", "2018-05-26", "2021"):
            assert_frame_equal(
                pd.DataFrame(timeline.draw(sheet, when)),
                pd.DataFrame(timeline.footprints_state(series.footprints, when, mode, looks=series.looks)),
            )


def test_the_state_follows_the_tracks_of_the_change_record() -> None:
    tracks = change.follow(dabancheng()).tracks
    plain, followed = state("2018-09-01", "bracket"), state("2018-09-01", "bracket", tracks=tracks)
    assert followed.total_hi > plain.total_hi  # type: ignore[operator]
    late = tracks[tracks["L"].eq("2018-07-23") & tracks["R"].eq("2020-06-02")]["track_id"]
    assert len(late) > 0
    assert set(late) <= set(followed.footprints["track_id"]) - set(plain.footprints["track_id"])


def test_sites_that_nobody_measured_count_among_n_and_have_no_value() -> None:
    sites = catalogue.load().iloc[:20]
    shown = timeline.at("2019", sites=sites)
    assert (shown.n_sites, shown.n_observed, shown.total, shown.metric) == (20, 0, None, None)
    assert shown.footprints.empty
    with pytest.raises(InputError, match="one row a site"):
        timeline.at("2019", sites=pd.concat([sites, sites.iloc[:1]]))


def test_counts_of_nothing_are_no_metric() -> None:
    shown = timeline.at("2018-09-01", sites=places(), counts=look_at(("2018", 1.0)).iloc[:0])
    assert (shown.metric, shown.total, shown.n_observed) == (None, None, 0)
    assert timeline.at("2018-09-01", sites=places(), counts=look_at(("2018", 1.0))).metric == "buildings"


def test_stops_are_the_real_observation_dates() -> None:
    series = dabancheng()
    stops = timeline.stops(footprints=series.footprints, looks=series.looks)
    assert stops == series.scenes["observed_on"].tolist()
    counts = look_at(("2017", 4), ("2018-03", None), ("2019-03", 4))
    assert timeline.stops(counts) == ["2017-07-02", "2019-03-16"]
    assert timeline.stops() == []


LIVES = {
    # opened, closed, last_known, vanished -> phase on 1 July 1950, 1960, 2008, 2017, 2021
    ("1955", None, "2008", None): ("absent", "open", "open", "last", "last"),
    ("1955", None, None, None): ("absent", "last", "last", "last", "last"),
    ("1955", "..", "2012", None): ("absent", "open", "open", "last", "last"),
    ("1955", "1967", None, None): ("absent", "open", "closed", "closed", "closed"),
    (None, None, None, None): ("undated",) * 5,
    (None, None, "2008", None): ("unnamed", "unnamed", "open", "last", "last"),
    ("/2016-07-31", None, "2022-10-31", None): ("unnamed", "unnamed", "unnamed", "open", "open"),
    ("/2016-07-31", None, "2019-10-31", "2019-10-31/2020-06-30"): ("unnamed", "unnamed", "unnamed", "open", "vanished"),
    ("1949/1959", None, "2008", None): ("opening", "open", "open", "last", "last"),
}
MOMENTS = ("1950-07-01", "1960-07-01", "2008-07-01", "2017-07-01", "2021-07-01")


def _lived() -> pd.DataFrame:
    frame = pd.DataFrame(list(LIVES), columns=["opened", "closed", "last_known", "vanished"])
    return frame.assign(site_id=[str(at) for at in range(len(frame))], level="county")


def test_a_place_whose_closing_nobody_states_is_last_known_open_and_not_open() -> None:
    found = [tuple(timeline.phase(life, clock_day(t)) for t in MOMENTS) for life in timeline.lives(_lived())]
    assert dict(zip(LIVES, found, strict=True)) == LIVES


def test_places_are_counted_by_level_and_phase() -> None:
    table = timeline.count_places(_lived(), MOMENTS)
    for at, day in enumerate(MOMENTS):
        row = table[table["date"].eq(day) & table["level"].eq("all")].iloc[0]
        counted = {name: row[name] for name in timeline.PHASES if row[name]}
        assert counted == dict(Counter(phases[at] for phases in LIVES.values()))
        assert row["n_opening_unknown"] == 4
    compounds = timeline.count_places(_lived().drop(columns="level"), MOMENTS)
    assert compounds["level"].unique().tolist() == ["all", "compound"]
    same = ["date", "n_sites", "n_opening_unknown", *timeline.PHASES]
    assert compounds.loc[compounds["level"].eq("compound"), same].to_numpy().tolist() == table.loc[
        table["level"].eq("all"), same
    ].to_numpy().tolist()  # fmt: skip


def test_places_open_a_year_leave_room_for_what_nobody_states() -> None:
    table = timeline.count_open(_lived(), [1950, 1960, 2008, 2021]).set_index("year")
    # Known to be open: by their own dates, or because a source says so; else every date that nobody states is room.
    assert table["lo"].tolist() == [0, 4, 4, 1]
    assert (table["lo"] <= table["hi"]).all()
    assert set(table["n_unknown"]) == {8}
    assert table.loc[1960, "hi"] == len(LIVES)
    assert table.loc[2021, "hi"] == len(LIVES) - 1


@pytest.mark.mirror
def test_systems_are_compared_by_places_alone(mirror: Path) -> None:
    systems, left_out = timeline.systems_here()
    assert set(record.current().systems) - set(systems) == set(left_out) == {"gulag"}
    assert left_out["gulag"].startswith("gulag-memorial: registered, not at hand (its tables are SQL files")
    table = timeline.compare_systems(systems)
    assert list(dict.fromkeys(table["system"])) == ["laogai", "ss-camps", "kampuchea", "north-korea"]
    assert list(table.columns) == ["system", "year", "lo", "hi", "n_places", "n_unknown"]
    assert (table["lo"] <= table["hi"]).all()
    assert (table["hi"] <= table["n_places"]).all()
    camps_1944 = table[table["system"].eq("ss-camps") & table["year"].eq(1944)].iloc[0]
    # Dates known to the month or the year are as wide: 329 to 452 were those that the list fills up to a day.
    assert tuple(camps_1944[["n_places", "lo", "hi"]]) == (1111, 294, 490)
