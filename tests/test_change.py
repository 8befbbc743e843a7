"""Links, events, tracks and scores: the exact cases of the method, true invariants, and the real series."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal
from shapely import affinity, box

from camps import change, crs, footprints, growth
from camps import settings as folders
from camps.change import linking, registration
from camps.errors import CheckError, InputError
from camps.footprints.series import geometry_hashes

PLANE = crs.regional_crs((88.2, 43.3, 88.4, 43.5))
BARRACK = box(0, 0, 18, 80)


def plane(*shapes: shapely.Geometry) -> gpd.GeoSeries:
    return gpd.GeoSeries(list(shapes), crs=PLANE)


def events(earlier: list[Any], later: list[Any], **options: Any) -> list[tuple[str, float, float]]:
    table = change.compare(plane(*earlier), plane(*later), **options).table
    return [(row["class"], round(row["gain_m2"], 6), round(row["loss_m2"], 6)) for _, row in table.iterrows()]


# --- two dates: the exact cases -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("earlier", "later", "tau_m", "expected"),
    [
        ([BARRACK], [affinity.translate(BARRACK, 3)], 2, ("persist", 0, 0)),
        ([BARRACK], [affinity.translate(BARRACK, 5)], 2, ("registration", 400, 400)),
        ([BARRACK], [affinity.translate(BARRACK, 5)], 3, ("persist", 0, 0)),
        ([BARRACK], [box(0, 0, 18, 100)], 2, ("extended", 360, 0)),
        ([box(0, 0, 18, 100)], [BARRACK], 2, ("reduced", 0, 360)),
        ([box(0, 0, 60, 60) - box(20, 20, 40, 40)], [box(0, 0, 60, 60)], 2, ("extended", 400, 0)),
        ([box(0, 0, 40, 20)], [box(0, 0, 20, 20), box(20, 0, 40, 20)], 2, ("split", 0, 0)),
        ([box(0, 0, 20, 20), box(30, 0, 50, 20)], [box(0, 0, 50, 20)], 2, ("merge", 200, 0)),
        ([box(0, 0, 20, 20), box(30, 0, 50, 20)], [box(0, 0, 35, 20), box(40, 0, 50, 20)], 2, ("complex", 200, 100)),
        ([], [box(0, 0, 4, 4)], 2, ("below_mmu", 16, 0)),
        ([box(0, 0, 4, 4)], [box(0, 0, 4, 4)], 2, ("below_mmu", 0, 0)),
        ([], [BARRACK], 2, ("new", 1440, 0)),
        ([BARRACK], [], 2, ("demolished", 0, 1440)),
        ([box(0, 0, 40, 20)], [box(30, 0, 80, 20)], 2, ("rebuilt", 800, 600)),
        # Even gain and loss on opposite sides: ten metres are a registration at most.
        ([box(0, 0, 40, 80)], [box(10, 0, 50, 80)], 2, ("registration", 800, 800)),
        ([box(0, 0, 40, 80)], [box(11, 0, 51, 80)], 2, ("rebuilt", 880, 880)),
        ([box(0, 0, 80, 20)], [box(30, 0, 110, 20)], 2, ("rebuilt", 600, 600)),
        # Even gain and loss at right angles: a wing pulled down, another built.
        ([box(0, 0, 20, 60)], [box(0, 0, 20, 20) | box(20, 0, 60, 20)], 2, ("rebuilt", 800, 800)),
    ],
)
def test_exact_events(earlier: list[Any], later: list[Any], tau_m: float, expected: tuple[str, float, float]) -> None:
    assert events(earlier, later, tau_m=tau_m) == [expected]


def test_opening_removes_what_is_narrower_than_twice_tau() -> None:
    sliver = np.array([box(0, 0, 3, 20)])
    assert shapely.area(change.open_tau(sliver, 2)).tolist() == [0]
    assert shapely.area(change.open_tau(sliver, 1)) == pytest.approx([60])


@pytest.mark.parametrize(
    ("gsd_m", "expected"), [(0.3, 25), (0.5, 25), (3, 150), (10, 400), (1.5, 75), (15, 900), (30, 3600)]
)
def test_minimum_mapping_units(gsd_m: float, expected: float) -> None:
    assert change.mmu_m2(gsd_m) == pytest.approx(expected)


def test_what_was_not_seen_is_neither_gone_nor_new() -> None:
    table = change.compare(plane(BARRACK), plane(), seen_later=[False]).table
    assert table["class"].tolist() == ["unobserved"]
    assert table["loss_m2"].isna().all()
    table = change.compare(plane(), plane(BARRACK, box(40, 0, 58, 80)), seen_earlier=[False, True]).table
    assert table["class"].tolist() == ["first_seen", "new"]
    assert table["gain_m2"].isna().tolist() == [True, False]
    # Even the smallest hut is not below a mapping unit where nobody looked.
    assert events([box(0, 0, 4, 4)], [], seen_later=[False])[0][0] == "unobserved"


def test_links_need_a_tenth_of_the_smaller_one() -> None:
    a = np.array([box(0, 0, 20, 20)])
    assert len(change.link(a, np.array([box(18, 0, 38, 20)]))[0]) == 0
    one, two, shared = change.link(a, np.array([box(17, 0, 37, 20)]))
    assert (one.tolist(), two.tolist(), shared.tolist()) == ([0], [0], [60])
    # A hut within a hall is linked to it although the hall hardly notices.
    assert len(change.link(a, np.array([box(1, 1, 3, 3)]))[0]) == 1
    assert len(change.link(a, a, group_earlier=[1], group_later=[2])[0]) == 0


def _redrawn(earlier: shapely.Polygon, later: shapely.Polygon, tau_m: float) -> bool:
    pair, none = (np.array([shape], dtype=object) for shape in (earlier, later)), np.zeros(1, dtype=np.intp)
    return bool(linking.redrawn(*pair, none, none, tau_m=np.array([tau_m]))[0])


@given(st.tuples(*[st.floats(1, 30)] * 4), st.floats(-8, 8), st.floats(-8, 8), st.floats(0.5, 4))
def test_what_is_surely_redrawn_shares_enough_to_be_linked(
    sides: tuple[float, ...], dx: float, dy: float, tau_m: float
) -> None:
    earlier, later = box(0, 0, *sides[:2]), affinity.translate(box(0, 0, *sides[2:]), dx, dy)
    shared = earlier.intersection(later).area
    assert not _redrawn(earlier, later, tau_m) or shared > linking.MIN_SHARE * min(earlier.area, later.area)


def test_each_component_is_one_row_and_none_is_empty() -> None:
    earlier, later = ([box(x, 0, x + 10, 10) for x in places] for places in ((0, 50), (0, 80)))
    table = change.compare(gpd.GeoSeries(earlier, crs=PLANE), gpd.GeoSeries(later, crs=PLANE)).table
    assert sorted(zip(table["n_from"], table["n_to"], strict=True)) == [(0, 1), (1, 0), (1, 1)]


def test_a_fence_that_was_moved_beside_itself_is_not_redrawn() -> None:
    fence = box(0, 0, 1, 20)
    assert _redrawn(fence, affinity.translate(fence, 0.2), 2)
    assert not _redrawn(fence, affinity.translate(fence, 1.05), 2)


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=4, max_size=4, unique=True))
def test_four_corners_are_convex_where_their_hull_says_so(corners: list[tuple[int, int]]) -> None:
    shape = shapely.Polygon(corners)
    if shape.is_valid:
        fills = shape.area >= shape.convex_hull.area * (1 - 1e-9)
        assert linking._convex(np.array([shape], dtype=object)).tolist() == [fills]


def test_compared_dates_must_lie_on_one_measurable_plane() -> None:
    with pytest.raises(InputError, match="expected one"):
        change.compare(plane(BARRACK), plane(BARRACK).set_crs(32645, allow_override=True))
    degrees = gpd.GeoSeries([box(88, 43, 88.1, 43.1)], crs=4326)
    with pytest.raises(InputError, match="in degrees"):
        change.compare(degrees, degrees)


# --- registration -------------------------------------------------------------------------------------------------


def camp(rows: int = 4, columns: int = 5, pitch_m: float = 30.0) -> list[shapely.Polygon]:
    return [
        affinity.translate(BARRACK, column * pitch_m, row * 110.0) for row in range(rows) for column in range(columns)
    ]


def test_a_vote_finds_the_shift_in_spite_of_building_work() -> None:
    earlier = camp()
    moved = [affinity.translate(shape, 5.0, -3.0) for shape in earlier]
    later = moved[2:] + [box(-60, 20 * i, -45, 20 * i + 12) for i in range(8)]
    shift = change.vote_shift(np.array(earlier), np.array(later))
    assert (shift.dx_m, shift.dy_m) == pytest.approx((-5, 3))
    assert shift.accepted
    assert shift.n == 18


def test_a_vote_never_locks_on_the_next_row() -> None:
    wide = np.array(camp(4, 6, pitch_m=24.0))
    first_to_fifth, second_to_sixth = (np.arange(24) % 6 < 5), (np.arange(24) % 6 > 0)
    later = np.array([affinity.translate(shape, 9.0) for shape in wide[second_to_sixth]])
    # One column went and one came, so more pairs fit at 15 m the other way than at the true 9 m.
    shift = change.vote_shift(wide[first_to_fifth], later, reach_m=50)
    assert (shift.dx_m, shift.dy_m, shift.n) == pytest.approx((-9, 0, 16))


def test_a_vote_that_two_rows_could_have_won_is_refused_and_says_so() -> None:
    barrack = box(0, 0, 8, 40)
    rows = [affinity.translate(barrack, 15.0 * column, 60.0 * row) for row in range(3) for column in range(8)]
    # 9 m one way is 6 m the other way for all but one barrack of a row, and there is no telling which it was.
    shift = change.vote_shift(np.array(rows), np.array([affinity.translate(shape, 9.0) for shape in rows]))
    assert (shift.dx_m, shift.dy_m, shift.accepted) == (0, 0, False)
    assert (shift.n, shift.n_rival) == (21, 24)
    # 4 m could not be 11 m the other way as well: there three barracks in 24 have no partner.
    sure = change.vote_shift(np.array(rows), np.array([affinity.translate(shape, 4.0) for shape in rows]))
    assert (sure.dx_m, sure.dy_m, sure.n, sure.n_rival) == pytest.approx((-4, 0, 24, 21))
    seen = series([("2017", "observed", rows), ("2018", "observed", [affinity.translate(s, 9.0) for s in rows])])
    assert change.follow(seen).shifts[["n", "n_rival", "accepted"]].iloc[0].tolist() == [21, 24, False]


@pytest.mark.parametrize("earlier", [[], camp(1, 1), camp(2, 4)])
def test_few_buildings_are_not_registered(earlier: list[shapely.Polygon]) -> None:
    shift = change.vote_shift(np.array(earlier, dtype=object), np.array(earlier, dtype=object))
    assert (shift.dx_m, shift.dy_m, shift.accepted) == (0, 0, False)


@given(st.floats(-8, 8), st.floats(-8, 8), st.integers(0, 2**16))
@settings(max_examples=40)
def test_a_vote_undoes_any_shift_within_reach(dx: float, dy: float, seed: int) -> None:
    chance = np.random.default_rng(seed)
    earlier = camp()
    later = [affinity.translate(s, dx + chance.normal(0, 0.5), dy + chance.normal(0, 0.5)) for s in earlier]
    shift = change.vote_shift(np.array(earlier), np.array(later))
    assert (shift.dx_m, shift.dy_m) == pytest.approx((-dx, -dy), abs=0.8)
    # What single buildings scatter about the shift, and not how far the shift is.
    assert 0.2 < shift.sd_m < 1.0


def test_many_camps_are_voted_on_at_once_as_each_by_itself() -> None:
    shifts = np.random.default_rng(3).uniform(-6, 6, (258, 2))
    codes = np.repeat(np.arange(len(shifts)), 12)
    earlier = [affinity.translate(one, 0.0, 5_000.0 * group) for group in range(len(shifts)) for one in camp(3, 4)]
    later = [affinity.translate(one, *shifts[group]) for one, group in zip(earlier, codes, strict=True)]
    voted = registration.vote_shifts(np.array(earlier), np.array(later), codes, codes, n_groups=len(shifts))
    assert voted[["dx_m", "dy_m"]].to_numpy() == pytest.approx(-shifts, abs=1e-6)
    assert voted["n"].tolist() == [12] * len(shifts)


def test_buildings_of_which_one_has_just_that_share_of_the_other_are_no_pair() -> None:
    earlier = [affinity.translate(box(0, 0, 10, 50), 30.0 * i) for i in range(12)]
    for width, n in ((7.0, 0), (7.1, 12)):
        later = [affinity.translate(box(0, 0, width, 50), 30.0 * i) for i in range(12)]
        assert change.vote_shift(np.array(earlier), np.array(later)).n == n


# --- tracks -------------------------------------------------------------------------------------------------------

#: What is seen on each date: (date, look status, shapes in metres).
Looks = list[tuple[str, str, list[Any]]]


def series(looks: Looks, *, coverage: gpd.GeoDataFrame | None = None, gsd_m: float = 0.5) -> footprints.FootprintSeries:
    rows = [(date, i, shape) for date, _, shapes in looks for i, shape in enumerate(shapes)]
    moved = [affinity.translate(shape, 2000, 2000) for _, _, shape in rows]
    lonlat = gpd.GeoSeries(moved, crs=PLANE).to_crs(4326)
    table = gpd.GeoDataFrame(
        {
            "footprint_id": [f"{date}-{i:03}" for date, i, _ in rows],
            "track_id": pd.array([pd.NA] * len(rows), dtype="string"),
            "site_id": "site",
            "scene_id": [date for date, _, _ in rows],
            "observed_on": [date for date, _, _ in rows],
            "kind": "building",
            "overlap_m2": 0.0,
            "wkb_sha256": geometry_hashes(np.asarray(lonlat.array)),
        },
        geometry=lonlat,
        crs=4326,
    )
    table = table.assign(**crs.measure(table))
    dates = [date for date, _, _ in looks]
    scenes = pd.DataFrame({"scene_id": dates, "observed_on": dates, "gsd_m": gsd_m, "reg_sd_m": np.nan})
    statuses = [status for _, status, _ in looks]
    seen = pd.DataFrame({"site_id": "site", "scene_id": dates, "observed_on": dates, "status": statuses})
    nowhere = gpd.GeoDataFrame({"site_id": [], "scene_id": []}, geometry=[], crs=4326)
    repairs = pd.DataFrame()
    return footprints.FootprintSeries(table, scenes, seen, repairs, nowhere if coverage is None else coverage)


def intervals(history: change.History) -> list[tuple[str | None, ...]]:
    table = history.tracks.sort_values(["R", "track_id"])[["L", "R", "Ld", "Rd"]].astype(object)
    return [tuple(None if pd.isna(v) else v for v in row) for row in table.itertuples(index=False)]


def classes(history: change.History) -> dict[str, list[str]]:
    return history.events.groupby("observed_to")["class"].apply(sorted).to_dict()


FAR = box(200, 0, 218, 80)


def test_an_interval_is_open_where_nobody_looked() -> None:
    seen = [("2017", "observed", [BARRACK]), ("2018", "observed", [BARRACK, FAR]), ("2019", "observed", [FAR])]
    assert intervals(change.follow(series(seen))) == [(None, "2017", "2018", "2019"), ("2017", "2018", None, None)]


def test_a_poor_look_neither_ends_a_track_nor_begins_one() -> None:
    seen: Looks = [
        ("2017-01-01", "observed", [BARRACK]),
        ("2017-06-01", "partial", []),
        ("2018-01-01", "observed", [BARRACK, FAR]),
        ("2018-06-01", "partial", [FAR]),
        ("2019-01-01", "observed", [FAR]),
    ]
    history = change.follow(series(seen))
    assert intervals(history) == [
        (None, "2017-01-01", "2018-01-01", "2019-01-01"),
        ("2017-01-01", "2018-01-01", None, None),
    ]
    assert classes(history) == {
        "2017-06-01": ["unobserved"],
        "2018-01-01": ["first_seen", "persist"],
        "2018-06-01": ["persist", "unobserved"],
        "2019-01-01": ["demolished", "persist"],
    }


def test_a_valid_area_decides_what_a_partial_look_saw() -> None:
    looks: Looks = [("2017", "observed", [BARRACK, FAR]), ("2018", "partial", []), ("2019", "partial", [BARRACK, FAR])]
    west = gpd.GeoSeries([affinity.translate(box(-50, -50, 100, 200), 2000, 2000)], crs=PLANE).to_crs(4326)
    valid = gpd.GeoDataFrame({"site_id": ["site"], "scene_id": ["2018"]}, geometry=west.array, crs=4326)
    for site in ("site", None):
        history = change.follow(series(looks, coverage=valid.assign(site_id=pd.array([site], dtype="string"))))
        assert classes(history)["2018"] == ["demolished", "unobserved"]
        # Built anew where it had been pulled down; found again where nobody had looked.
        assert classes(history)["2019"] == ["new", "persist"]
        assert intervals(history) == [
            (None, "2017", "2017", "2018"),
            (None, "2017", None, None),
            ("2018", "2019", None, None),
        ]


def test_a_valid_area_decides_what_the_first_look_saw_as_well() -> None:
    looks: Looks = [("2017", "partial", []), ("2018", "observed", [BARRACK, FAR])]
    west = gpd.GeoSeries([affinity.translate(box(-50, -50, 100, 200), 2000, 2000)], crs=PLANE).to_crs(4326)
    valid = gpd.GeoDataFrame({"site_id": ["site"], "scene_id": ["2017"]}, geometry=west.array, crs=4326)
    history = change.follow(series(looks, coverage=valid))
    assert classes(history) == {"2018": ["first_seen", "new"]}
    assert sorted(map(str, intervals(history))) == sorted(
        map(str, [("2017", "2018", None, None), (None, "2018", None, None)])
    )


def test_a_look_of_which_nothing_is_recorded_covers_nothing() -> None:
    seen = series([("2017", "observed", [BARRACK]), ("2018", "observed", [FAR])])
    history = change.follow(replace(seen, looks=seen.looks.iloc[:0]))
    assert classes(history) == {"2018": ["first_seen", "unobserved"]}
    assert intervals(history) == [(None, "2017", None, None), (None, "2018", None, None)]


def test_the_parts_of_a_split_have_stood_as_long_as_the_whole() -> None:
    halves = [box(0, 0, 25, 20), box(25, 0, 40, 20)]
    history = change.follow(
        series([("2016", "observed", []), ("2017", "observed", [box(0, 0, 40, 20)]), ("2018", "observed", halves)])
    )
    tracks = history.tracks
    assert intervals(history) == [("2016", "2017", None, None)] * 2
    assert tracks["parent"].dropna().tolist() == tracks.loc[tracks["parent"].isna(), "track_id"].tolist()
    assert tracks.set_index("track_id")["area_m2"].round().tolist() == [500, 300]
    assert classes(history)["2018"] == ["split"]


def test_what_merges_is_not_demolished() -> None:
    apart = [box(0, 0, 20, 20), box(30, 0, 45, 20)]
    history = change.follow(series([("2017", "observed", apart), ("2018", "observed", [box(0, 0, 45, 20)])]))
    assert intervals(history) == [(None, "2017", None, None)] * 2
    assert history.tracks["merged_into"].dropna().tolist() == ["track-2017-000"]
    assert history.events["track_ids"].tolist() == ["track-2017-000;track-2017-001"]
    assert history.footprints["track_id"].tolist() == ["track-2017-000", "track-2017-001", "track-2017-000"]


def test_published_identity_is_taken_where_there_is_one() -> None:
    seen = series([("2017", "observed", [BARRACK]), ("2018", "observed", []), ("2019", "observed", [FAR])])
    named = replace(seen, footprints=seen.footprints.assign(track_id="hall"))
    history = change.follow(named)
    # The interpreter says that it is one building, so in 2018 it was overlooked.
    assert intervals(history) == [(None, "2017", None, None)]
    assert classes(history) == {"2018": ["unobserved"], "2019": ["rebuilt"]}
    assert len(change.follow(named, identity="linked").tracks) == 2
    with pytest.raises(InputError, match="has no track_id"):
        change.follow(seen, identity="published")


def test_two_scenes_of_one_day_bracket_nothing() -> None:
    seen = series([("2017-05-01", "observed", []), ("a", "observed", [BARRACK]), ("b", "observed", [FAR])])
    day = {"a": "2018-05-01", "b": "2018-05-01"}
    dated = {
        name: getattr(seen, name).assign(observed_on=getattr(seen, name)["observed_on"].replace(day))
        for name in ("footprints", "scenes", "looks")
    }
    history = change.follow(replace(seen, **dated))
    # What one of them shows and the other does not was overlooked, and what went up did so before that day.
    assert history.events["class"].tolist() == ["new", "unobserved", "first_seen"]
    assert intervals(history) == [("2017-05-01", "2018-05-01", None, None)] * 2


def test_footprints_without_a_site_are_followed_too() -> None:
    seen = series([("2017", "observed", [BARRACK]), ("2018", "observed", [BARRACK])])
    homeless = seen.footprints.assign(site_id=pd.array([pd.NA, pd.NA], dtype="string"))
    history = change.follow(replace(seen, footprints=homeless))
    assert history.tracks["site_id"].isna().all()
    assert history.tracks["n_seen"].tolist() == [2]


def test_nothing_at_all_is_followed_to_nothing() -> None:
    for looks in ([], [("2017", "observed", []), ("2018", "observed", [])]):
        history = change.follow(series(looks))
        assert history.tracks.empty
        assert history.events.empty


def test_areas_that_disagree_with_the_plane_stop_the_run() -> None:
    seen = series([("2017", "observed", [BARRACK])])
    wrong = seen.footprints.assign(area_m2=1441.0)
    with pytest.raises(CheckError, match="1441"):
        change.follow(replace(seen, footprints=wrong))


def _at_another_site(seen: footprints.FootprintSeries, moved: pd.Series) -> dict[str, Any]:
    """Return footprints and looks in which some footprints are those of another site, seen on the same days."""
    elsewhere = seen.footprints.assign(site_id=np.where(moved, "other", "site"))
    return {"footprints": elsewhere, "looks": pd.concat([seen.looks, seen.looks.assign(site_id="other")])}


def test_scenes_that_are_shifted_do_not_break_tracks() -> None:
    moved = [[affinity.translate(s, dx, dy) for s in camp()] for dx, dy in ((0, 0), (6, -5), (-7, 4))]
    seen = series([(str(2017 + i), "observed", shapes) for i, shapes in enumerate(moved)])
    history = change.follow(seen)
    assert set(history.events["class"]) == {"persist"}
    assert len(history.tracks) == len(camp())
    assert history.shifts[["dx_m", "dy_m"]].to_numpy() == pytest.approx(np.array([[-6, 5], [7, -4]]), abs=0.01)
    # A lone building of another site has nothing to vote with, and the shift of the first is undone all the same.
    lone = seen.footprints["footprint_id"].str.endswith("-000")
    apart = change.follow(replace(seen, **_at_another_site(seen, lone)))
    assert set(apart.events.loc[apart.events["site_id"] == "site", "class"]) == {"persist"}
    unregistered = change.follow(seen, register=False)
    assert "persist" not in set(unregistered.events["class"])


@pytest.mark.parametrize(
    ("residual_m", "expected"),
    [(4.0, ("registration", 400, 400)), (4.9, ("registration", 400, 400)), (6.0, ("persist", 0, 0))],
)
def test_half_the_residual_of_a_scene_opens_what_is_gained_and_lost(
    residual_m: float, expected: tuple[str, float, float]
) -> None:
    """METHOD 3, a shift of 5 m: what is opened by 2 m is 400 m² on both sides, and by 3 m nothing."""
    seen = series([("2017", "observed", [BARRACK]), ("2018", "observed", [affinity.translate(BARRACK, 5)])])
    scenes = seen.scenes.assign(reg_sd_m=[0.0, residual_m])
    (event,) = change.follow(replace(seen, scenes=scenes), register=False, tau_m=2).events.to_dict("records")
    assert (event["class"], round(event["gain_m2"], 3), round(event["loss_m2"], 3)) == expected


# --- SCOT ---------------------------------------------------------------------------------------------------------

A, B, C = box(0, 0, 10, 10), box(20, 0, 30, 10), box(40, 0, 50, 10)


def tracking(*rows: tuple[int, Any, Any]) -> gpd.GeoDataFrame:
    columns = {"observed_on": [r[0] for r in rows], "track_id": [r[1] for r in rows]}
    return gpd.GeoDataFrame(columns, geometry=[r[2] for r in rows], crs=PLANE)


TRUTH = tracking((0, "a", A), (0, "b", B), (1, "a", A), (1, "b", B), (1, "c", C))


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (TRUTH, (1, 1, 1)),
        (tracking((0, 1, A), (0, 2, B), (1, 1, A), (1, 2, B)), (0.888889, 0, 0)),
        (tracking((0, 1, A), (0, 2, B), (1, 2, A), (1, 1, B), (1, 3, C)), (0.6, 1, 0.652174)),
        (tracking((0, 1, A), (0, 2, B), (1, 1, A), (1, 9, B), (1, 3, C)), (0.8, 0.666667, 0.769231)),
        (
            tracking((0, 1, A), (0, 2, B), (1, 1, A), (1, 2, B), (1, 3, C), (1, 4, box(90, 0, 100, 10))),
            (0.909091, 0.666667, 0.847458),
        ),
        (TRUTH.set_geometry(TRUTH.translate(6)), (0, 0, 0)),
    ],
)
def test_exact_scores(found: gpd.GeoDataFrame, expected: tuple[float, float, float]) -> None:
    score = change.scot(TRUTH, found)
    assert (score.track_f, score.change_f, score.score) == pytest.approx(expected, abs=1e-6)


def test_no_change_at_all_has_no_score() -> None:
    still = TRUTH[TRUTH["track_id"] != "c"]
    assert change.scot(still, still) == change.Scot(1.0, 0.0, None)


def test_a_match_is_the_assignment_of_greatest_overlap() -> None:
    # Taken one by one, the best pair (b, 1) would leave a and 2 without a partner.
    truth = tracking((0, "a", box(0, 0, 10, 10)), (0, "b", box(5, 0, 15, 10)))
    found = tracking((0, 1, box(3, 0, 13, 10)), (0, 2, box(9, 0, 19, 10)))
    assert change.scot(truth, found).track_f == 1.0


def test_a_score_needs_one_plane_and_one_identity_a_time() -> None:
    with pytest.raises(InputError, match="track a twice at 0"):
        change.scot(tracking((0, "a", A), (0, "a", B)), TRUTH)
    with pytest.raises(InputError, match="expected one"):
        change.scot(TRUTH, TRUTH.to_crs(32645))
    with pytest.raises(InputError, match="in degrees"):
        change.scot(TRUTH.to_crs(4326), TRUTH.to_crs(4326))


# --- invariants ---------------------------------------------------------------------------------------------------


@st.composite
def growing(draw: st.DrawFn) -> Looks:
    """A small camp seen on three dates: some buildings appear, some go, all outlines wander a little."""
    chance = np.random.default_rng(draw(st.integers(0, 2**20)))
    stands = chance.random((3, 12)) < 0.7
    statuses = draw(st.lists(st.sampled_from(["observed", "partial"]), min_size=3, max_size=3))
    return [
        (
            str(2017 + k),
            statuses[k],
            [_wander(s, chance) for s, there in zip(camp(3, 4), stands[k], strict=True) if there],
        )
        for k in range(3)
    ]


def _wander(shape: shapely.Polygon, chance: np.random.Generator) -> shapely.Polygon:
    x, y, stretch = chance.integers(-2, 3), chance.integers(-2, 3), chance.choice([1.0, 1.0, 1.3])
    return affinity.scale(affinity.translate(shape, float(x), float(y)), 1.0, stretch)


def same(one: change.History, other: change.History) -> None:
    assert_frame_equal(one.tracks, other.tracks, rtol=1e-6)
    assert_frame_equal(one.events, other.events, rtol=1e-6, atol=1e-3)


@settings(max_examples=15, deadline=None)
@given(growing(), st.randoms(use_true_random=False), st.integers(0, 3), st.booleans())
def test_row_order_and_rings_never_change_a_history(looks: Looks, chance: Any, start: int, flip: bool) -> None:
    straight = series(looks)
    order = list(range(len(straight.footprints)))
    chance.shuffle(order)
    rows = straight.footprints.iloc[order]
    turned = rows.set_geometry([_turned(shape, start, flip) for shape in rows.geometry], crs=4326)
    scenes = straight.scenes
    shuffled = replace(straight, footprints=turned, scenes=scenes, looks=straight.looks.iloc[::-1])
    same(change.follow(straight), change.follow(shuffled))


def _turned(shape: shapely.Polygon, start: int, flip: bool) -> shapely.Polygon:
    corners = list(shape.exterior.coords)[:-1]
    corners = corners[start:] + corners[:start]
    return shapely.Polygon(corners[::-1] if flip else corners)


@settings(max_examples=15, deadline=None)
@given(growing(), st.integers(0, 3), st.sampled_from(["obscured", "not_imaged", "no_record"]))
def test_a_look_that_saw_nothing_changes_nothing(looks: Looks, at: int, status: str) -> None:
    dates = [f"{date}-06-01" for date, _, _ in looks]
    dated = [(date, seen, shapes) for date, (_, seen, shapes) in zip(dates, looks, strict=True)]
    blind = ("2016-12-01", "2017-12-01", "2018-12-01", "2019-12-01")[at]
    more = [*dated[:at], (blind, status, []), *dated[at:]]
    same(change.follow(series(dated)), change.follow(series(more)))


def adds_up(history: change.History) -> None:
    """Every footprint belongs to one track, and every step adds up."""
    assert history.footprints["track_id"].notna().all()
    assert not history.footprints.duplicated(["track_id", "scene_id"]).any()
    seen = history.events.groupby("observed_to")[["n_to", "area_to_m2"]].sum()
    later = history.footprints[history.footprints["observed_on"] != "2017"]
    expected = later.groupby("observed_on")["area_m2"].agg(["size", "sum"])
    joined = expected.join(seen).fillna(0)
    assert (joined["size"] == joined["n_to"]).all()
    assert joined["sum"].to_numpy() == pytest.approx(joined["area_to_m2"].to_numpy(), rel=1e-6)
    known = history.tracks.dropna(subset=["L", "R"])
    assert (known["L"] < known["R"]).all()


@settings(max_examples=15, deadline=None)
@given(growing())
def test_every_step_adds_up_and_a_last_look_that_saw_the_same_again_changes_no_track(looks: Looks) -> None:
    again = [*looks, ("2020", looks[-1][1], looks[-1][2])]
    before, after = change.follow(series(looks)), change.follow(series(again))
    adds_up(before)
    adds_up(after)
    columns = ["track_id", "L", "R", "Ld", "Rd", "area_m2", "parent", "merged_into"]
    assert_frame_equal(before.tracks[columns], after.tracks[columns], rtol=1e-6)
    last = after.events[after.events["observed_to"] == "2020"]
    assert set(last["class"]) <= {"persist", "unobserved"}


# --- the real series ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def dabancheng() -> footprints.FootprintSeries:
    return footprints.load()


@pytest.fixture(scope="module")
def published(dabancheng: footprints.FootprintSeries) -> change.History:
    return change.follow(dabancheng)


def test_real_events_add_up_to_the_published_totals(published: change.History) -> None:
    totals = pd.read_csv(folders.geodata() / "footprints" / "dabancheng_series.csv").set_index(
        ["site_id", "observed_on"]
    )
    keys = ["site_id", "observed_to"]
    seen = published.events.groupby(keys)[["n_to", "area_to_m2"]].sum().rename_axis(["site_id", "observed_on"])
    joined = totals.join(seen).fillna({"n_to": 0, "area_to_m2": 0})
    assert (joined["n_to"] == joined["n_total"]).all()
    assert (joined["area_to_m2"].round() == joined["built_m2"]).all()


def test_the_dip_of_may_2018_is_unobserved_and_nothing_was_demolished(published: change.History) -> None:
    dip = published.events[published.events["observed_to"] == "2018-05-26"]
    assert dip["class"].value_counts().to_dict() == {"persist": 28, "unobserved": 6}
    assert dip.loc[dip["class"] == "unobserved", "loss_m2"].isna().all()
    # Five of the six had been seen a month before: 33 polygons became 28.
    before = published.footprints[published.footprints["observed_on"] == "2018-04-29"]["track_id"]
    lost = set(dip.loc[dip["class"] == "unobserved", "track_ids"])
    assert len(lost & set(before)) == 5
    assert all(track.startswith("dbc-W-") for track in lost)
    assert "demolished" not in set(published.events["class"])
    assert published.tracks[["Ld", "Rd"]].isna().all(axis=None)


def test_real_onsets_lie_between_looks_that_covered_the_place(published: change.History) -> None:
    tracks = published.tracks.set_index("track_id")
    assert len(tracks) == 100
    second = tracks[tracks["site_id"] == "xj-bfn949-aspi124"]
    assert set(zip(second["L"], second["R"], strict=True)) == {("2018-10-11", "2020-06-02")}
    first = tracks[tracks["R"] == "2017-07-08"]
    assert first["L"].tolist() == ["2017-06-10"] * 8
    # In June 2018 the roofs in the east were half laid, so the look before that is the last that showed bare ground.
    halls = tracks.loc[tracks.index.str.startswith("dbc-X-i") & (tracks["R"] == "2018-06-23")]
    assert set(halls["L"]) == {"2018-05-26"}


def test_shared_ground_finds_the_tracks_that_the_interpreter_named(
    dabancheng: footprints.FootprintSeries, published: change.History
) -> None:
    linked = change.follow(dabancheng, identity="linked")
    assert change.scot(published.footprints.to_crs(PLANE), linked.footprints.to_crs(PLANE)).score == 1.0
    columns = ["L", "R", "Ld", "Rd"]
    names = linked.footprints.merge(published.footprints, on="footprint_id")[["track_id_x", "track_id_y"]]
    found = linked.tracks.set_index("track_id").loc[names["track_id_x"], columns].reset_index(drop=True)
    named = published.tracks.set_index("track_id").loc[names["track_id_y"], columns].reset_index(drop=True)
    assert_frame_equal(found, named)


def test_a_blind_repeat_of_one_date_shows_no_building_work(dabancheng: footprints.FootprintSeries) -> None:
    repeat = gpd.read_file(folders.geodata() / "footprints" / "dabancheng_blind_repeat.geojson")
    for date, n in (("2017-08-29", 27), ("2018-03-22", 32), ("2020-06-02", 94)):
        once, again = (
            frame[(frame["observed_on"].astype(str).str[:10] == date) & frame["kind"].isin(footprints.BUILT)]
            for frame in (dabancheng.footprints, repeat)
        )
        assert len(once) == n
        table = change.compare(
            once.to_crs(PLANE).geometry, again.to_crs(PLANE).geometry, tau_m=5, mmu_m2=float(change.mmu_m2(10))
        ).table
        assert (table["class"].isin(["persist", "below_mmu", "split", "merge"])).mean() > 0.85


def test_a_track_counts_ground_that_another_covers_once() -> None:
    over = affinity.translate(BARRACK, 0, 40)
    seen = series([("2017", "observed", [BARRACK, over]), ("2018", "observed", [BARRACK, over])])
    shared = BARRACK.intersection(over).area
    flagged = replace(seen, footprints=seen.footprints.assign(overlap_m2=shared))
    built = footprints.areas(flagged.footprints)["area_m2"].iloc[0]
    assert built == pytest.approx(2 * BARRACK.area - shared, rel=1e-3)
    curve = growth.curves(change.follow(flagged).tracks, ["2018"])
    assert curve[["lower", "upper"]].iloc[0].to_list() == pytest.approx([built, built], rel=1e-9)
