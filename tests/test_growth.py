"""Growth against the checked figures of the method, the invariants that keep it honest, and the Dabancheng series."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, get_args

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal
from scipy.stats import binom, binomtest

from camps import catalogue, change, crs, footprints, growth, sources, tables
from camps import settings as constants
from camps.errors import InputError, MissingError
from camps.growth import aggregates

YEARS = ("2017", "2018", "2019", "2020")
FIRST, SECOND = "xj-bfn130-aspi50", "xj-bfn949-aspi124"
PLANE = crs.regional_crs((73.0, 34.0, 97.0, 50.0))


def counts_of(values: list[list[float | None]], years: tuple[str, ...] = YEARS, **columns: Any) -> pd.DataFrame:
    """Return a series table: a row of `values` a site, a column a year."""
    rows = [
        {"unit": f"s{site:03}", "metric": "buildings", "t": year, "value": value}
        for site, line in enumerate(values)
        for year, value in zip(years, line, strict=True)
    ]
    return pd.DataFrame(rows).astype({"value": "float64"}).assign(**columns)


def test_the_fullest_list_is_one_that_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    counts, listed = counts_of([[1, 2, 3, 4]]), sources.read("gazetteer")
    held = {"places": replace(listed, counts=counts.iloc[:0]), "counted": replace(listed, counts=counts)}
    monkeypatch.setattr(sources, "lists", lambda: list(held))
    monkeypatch.setattr(sources, "read", held.__getitem__)
    assert growth.fullest() == growth.fullest("buildings") == "counted"
    with pytest.raises(MissingError, match="no list that is here counts tents"):
        growth.fullest("tents")


@cache
def _published() -> pd.DataFrame:
    return catalogue.counts("aspi-xjdp-v1")


@pytest.fixture
def aspi(mirror: Path) -> pd.DataFrame:
    return _published().copy()


@pytest.fixture(scope="module")
def dabancheng() -> footprints.FootprintSeries:
    return footprints.load()


# ── the published list ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.mirror
@pytest.mark.parametrize(
    ("estimator", "values"),
    [
        ("naive", [1749, 3038, 4172, 3184]),
        ("held", [1749, 3180, 4366, 4576]),
        ("panel", [1342, 1951, 2275, 2381]),
        ("chain", [100, 153.45, 180.42, 187.50]),
    ],
)
def test_the_aspi_figures_come_out_to_the_digit(aspi: pd.DataFrame, estimator: Any, values: list[float]) -> None:
    table = growth.aggregate(aspi, estimator=estimator)
    assert table["t"].tolist() == list(YEARS)
    assert table["value"].round(2).tolist() == values
    tables.check(table, "aggregate", source="growth")


@pytest.mark.mirror
def test_each_aspi_number_says_how_many_sites_it_rests_on(aspi: pd.DataFrame) -> None:
    held, panel = (growth.aggregate(aspi, estimator=e) for e in ("held", "panel"))  # type: ignore[arg-type]
    assert (held["n_observed"] + held["n_held"]).tolist() == [235, 293, 351, 354]
    assert held["n_observed"].tolist() == [235, 270, 330, 232]
    assert (held["n_observed"] + held["n_held"] + held["n_never"]).eq(380).all()
    assert panel[["n_sites", "n_observed", "n_matched"]].eq(168).all(axis=None)
    assert panel[["n_held", "n_never"]].eq(0).all(axis=None)
    assert panel["index"].round(1).tolist() == [100, 145.4, 169.5, 177.4]
    chain = growth.aggregate(aspi, estimator="chain")
    assert chain["n_sites"].eq(380).all()
    assert chain["index"].tolist() == chain["value"].tolist()


@pytest.mark.mirror
def test_the_bootstrap_over_aspi_sites_gives_the_published_intervals(aspi: pd.DataFrame) -> None:
    chain = growth.aggregate(aspi, estimator="chain").iloc[-1]
    panel = growth.aggregate(aspi, estimator="panel").iloc[-1]
    assert (chain["lo"], chain["hi"]) == pytest.approx((167.9, 213.6), abs=2.5)
    assert (panel["index_lo"], panel["index_hi"]) == pytest.approx((157.2, 204.5), abs=2.5)
    assert panel["lo"] < panel["value"] < panel["hi"]
    assert (chain["seed"], chain["draws"]) == (constants.SEED, constants.BOOTSTRAP_DRAWS)


@pytest.mark.mirror
def test_small_prefectures_are_suppressed_and_never_zero(aspi: pd.DataFrame) -> None:
    table = growth.aggregate(aspi, by="admin2", estimator="chain")
    hidden = table[table["suppressed"]]
    assert len(hidden) > 0
    assert hidden[["value", "lo", "hi", "index"]].isna().all(axis=None)
    assert hidden["n_matched"].lt(constants.MIN_MATCHED_SITES).all()
    assert table.loc[~table["suppressed"], "n_matched"].ge(constants.MIN_MATCHED_SITES).all()


@pytest.mark.mirror
def test_decreases_are_kept(aspi: pd.DataFrame) -> None:
    seen = aspi[aspi["value"].notna()].sort_values(["unit", "t"])
    falls = seen.groupby("unit")["value"].diff().lt(0).groupby(seen["unit"]).any()
    assert falls.sum() == 15
    held = growth.aggregate(aspi[aspi["unit"].isin(falls[falls].index)], by="site", estimator="held")
    assert held.groupby("group")["value"].diff().lt(0).groupby(held["group"]).any().all()


# ── aggregates ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_group_of_ten_is_shown_and_of_nine_is_not() -> None:
    for size, suppressed in ((10, False), (9, True)):
        table = growth.aggregate(counts_of([[1.0, 2.0]] * size, ("2017", "2018")))
        assert table["suppressed"].tolist() == [suppressed] * 2
        assert table["value"].isna().tolist() == [suppressed] * 2


def test_a_site_alone_keeps_unknown_apart_from_zero() -> None:
    table = growth.aggregate(counts_of([[None, 0.0, None, 3.0]]), by="site", estimator="held")
    assert table["value"].tolist()[1:] == [0, 0, 3]
    assert math.isnan(table["value"][0])
    assert table["n_never"].tolist() == [1, 0, 0, 0]
    assert not table["suppressed"].any()


def test_a_chain_may_have_its_base_anywhere() -> None:
    counts = counts_of([[2.0, 4.0, 4.0, 8.0]] * 12)
    assert growth.aggregate(counts, base="2019")["value"].tolist() == [50, 100, 100, 200]
    assert growth.aggregate(counts, base="2019", estimator="panel")["index"].tolist() == [50, 100, 100, 200]


def test_a_thin_first_year_names_the_bases_that_leave_an_index() -> None:
    thin = [[2.0 if site < 4 else None, 4.0, 6.0, 8.0] for site in range(20)]
    counts = counts_of(thin)
    assert growth.aggregate(counts)["index"].isna().all()
    named = growth.bases(counts)
    assert named["n_observed"].tolist() == [4, 20, 20, 20]
    assert named["n_dates"].tolist() == [0, 3, 3, 3]
    for base, n_dates in zip(named["base"], named["n_dates"], strict=True):
        for estimator in get_args(aggregates.Estimator):
            index = growth.aggregate(counts, estimator=estimator, base=base)["index"]
            own = growth.bases(counts, estimator=estimator).set_index("base")["n_dates"]
            assert index.count() == own[base]
        assert growth.aggregate(counts, base=base)["index"].count() == n_dates
    nothing = counts_of([[0.0, 3.0, 6.0, 6.0]] * 12)
    assert growth.bases(nothing)["n_dates"].tolist() == [1, 4, 4, 4]
    by_tier = pd.concat([counts.assign(tier="1"), nothing.assign(tier="2", unit="z" + nothing["unit"])])
    assert growth.bases(by_tier, by="tier").groupby("group")["n_dates"].max().tolist() == [3, 4]


def test_growth_from_nothing_has_no_index() -> None:
    table = growth.aggregate(counts_of([[0.0, 3.0]] * 12, ("2017", "2018")))
    assert table["value"].isna().tolist() == [False, True]
    assert not table["suppressed"].any()


def test_a_group_nobody_states_is_named_and_kept() -> None:
    counts = counts_of([[1.0, 2.0]] * 24, ("2017", "2018"))
    counts["tier"] = pd.Series([1] * 24 + [None] * 24, dtype="Int64")
    table = growth.aggregate(counts, by="tier", estimator="held")
    assert table["group"].tolist() == ["1", "1", "not stated", "not stated"]
    assert table["value"].tolist() == [12, 24, 12, 24]
    for nothing in (None, "", " "):
        in_words = counts.assign(tier=["not stated"] * 24 + [nothing] * 24)
        assert growth.aggregate(in_words, by="tier", estimator="held")["value"].tolist() == [24, 48]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda c: c.drop(columns="t"), "column t"),
        (lambda c: c.assign(metric=["buildings", "area_m2"] * (len(c) // 2)), "metrics are never mixed"),
        (lambda c: pd.concat([c, c.iloc[:1]], ignore_index=True), "s000 at 2017 again"),
        (lambda c: c.assign(value=-1.0), "-1.0, expected a number of 0 or more"),
        (lambda c: c.assign(value="N/A"), "'N/A', expected a number of 0 or more"),
        (lambda c: c.assign(value=math.inf), "expected a number of 0 or more"),
        (lambda c: c.assign(value=True), "True, expected a number of 0 or more"),
        (lambda c: c.assign(unit=None), "column unit"),
        (lambda c: c.assign(t="Easter"), "Easter"),
        (lambda c: c.iloc[:0], "at least one"),
    ],
)
def test_counts_that_cannot_be_added_up_are_refused(spoil: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        growth.aggregate(spoil(counts_of([[1.0, 2.0]] * 12, ("2017", "2018"))))


def test_options_that_mean_nothing_are_refused() -> None:
    counts = counts_of([[1.0, 2.0]] * 12, ("2017", "2018"))
    for options, said in (
        ({"estimator": "mean"}, "naive, held, panel, chain"),
        ({"base": "1999"}, "2017, 2018"),
        ({"by": "tier"}, "column tier"),
        ({"draws": 0}, "1 or more"),
    ):
        with pytest.raises(InputError, match=said):
            growth.aggregate(counts, **options)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="one group a site"):
        growth.aggregate(counts.assign(tier=range(len(counts))), by="tier")


def test_the_interval_covers_what_a_new_sample_of_sites_would_give() -> None:
    # Synthetic sites that double on average: the 95 % interval of a sample holds 200 nearly always.
    generator = np.random.default_rng(4)
    covered = 0
    for _ in range(100):
        start = generator.integers(1, 20, 60).astype(float)
        factor = generator.choice([1.0, 2.0, 3.0], 60)
        table = growth.aggregate(
            counts_of(np.column_stack([start, start * factor]).tolist(), ("2017", "2018")), draws=400
        )
        covered += table["lo"][1] <= 200 <= table["hi"][1]
    assert 0.87 <= covered / 100 < 1


def test_the_interval_holds_ninety_five_of_a_hundred_samples() -> None:
    """Of a hundred sites half count one: a new sample of them adds up as tosses of a coin do."""
    tossed = [[1.0, float(site % 2)] for site in range(100)]
    last = growth.aggregate(counts_of(tossed, ("2017", "2018")), estimator="panel").iloc[-1]
    judge = binom.ppf([0.025, 0.975], 100, 0.5)
    assert (last["lo"], last["hi"]) == pytest.approx(judge, abs=1)
    assert (last["index_lo"], last["index_hi"]) == pytest.approx(judge, abs=1)


_CELL = st.one_of(st.none(), st.integers(0, 40).map(float))
_COUNTS = st.lists(st.lists(_CELL, min_size=4, max_size=4), min_size=10, max_size=24)


@settings(max_examples=40, deadline=None)
@given(values=_COUNTS, estimator=st.sampled_from(["naive", "held", "panel", "chain"]), shuffle=st.randoms())
def test_the_order_of_rows_never_changes_an_aggregate(values: Any, estimator: Any, shuffle: Any) -> None:
    counts = counts_of(values)
    order = list(range(len(counts)))
    shuffle.shuffle(order)
    one, other = (growth.aggregate(c, estimator=estimator, draws=50) for c in (counts, counts.iloc[order]))
    assert_frame_equal(one, other)


@settings(max_examples=40, deadline=None)
@given(
    values=_COUNTS,
    estimator=st.sampled_from(["naive", "held", "panel", "chain"]),
    year=st.sampled_from(["2016", "2018-09", "2021"]),
)
def test_a_date_at_which_nothing_was_seen_never_changes_the_others(values: Any, estimator: Any, year: str) -> None:
    counts = counts_of(values)
    empty = counts[counts["t"].eq("2017")].assign(t=year, value=np.nan)
    before = growth.aggregate(counts, estimator=estimator, base="2017", draws=50)
    after = growth.aggregate(pd.concat([counts, empty]), estimator=estimator, base="2017", draws=50)
    assert_frame_equal(before, after[after["t"].ne(year)].reset_index(drop=True))


@settings(max_examples=20, deadline=None)
@given(values=_COUNTS, site=st.integers(0, 9))
def test_a_look_that_saw_nothing_new_at_a_few_sites_never_changes_the_others(values: Any, site: int) -> None:
    counts = counts_of(values)
    seen = counts[counts["unit"].eq(f"s{site:03}") & counts["t"].eq("2018") & counts["value"].notna()]
    again = pd.concat([counts, seen.assign(t="2018-11")])
    for estimator in ("held", "panel", "chain"):
        before = growth.aggregate(counts, estimator=estimator, draws=50)  # type: ignore[arg-type]
        after = growth.aggregate(again, estimator=estimator, draws=50)  # type: ignore[arg-type]
        assert_frame_equal(before, after[after["t"].ne("2018-11")].reset_index(drop=True))


@settings(max_examples=60, deadline=None)
@given(
    steps=st.lists(st.lists(st.integers(0, 9), min_size=4, max_size=4), min_size=12, max_size=24),
    unseen=st.sets(st.tuples(st.integers(0, 11), st.integers(0, 3)), max_size=30),
)
def test_an_aggregate_never_falls_when_a_site_is_merely_not_observed(steps: Any, unseen: Any) -> None:
    # Sites that only ever grow: whatever looks are missing, neither estimator may show a fall.
    values = (np.cumsum(np.asarray(steps, dtype=float), axis=1) + 1).tolist()
    for site, year in unseen:
        values[site][year] = None
    for estimator in ("held", "chain"):
        table = growth.aggregate(counts_of(values), estimator=estimator, draws=20)  # type: ignore[arg-type]
        assert not (table["value"].dropna().diff() < -1e-9).any()


# ── lower, expected and upper ────────────────────────────────────────────────────────────────────────────────────


def test_two_buildings_half_way_through_their_interval() -> None:
    row = growth.bounds([100, 100], 0, 10, 5).iloc[0]
    assert (row["lower"], row["expected"], row["upper"]) == (0, 100, 200)
    assert row["sd_independent"] == pytest.approx(70.711, abs=5e-4)
    assert row["sd_correlated"] == pytest.approx(100)


def test_an_interval_is_open_on_the_left_and_closed_on_the_right() -> None:
    table = growth.bounds(1.0, 0, 10, [0, 0.001, 9.999, 10])
    assert table["lower"].tolist() == [0, 0, 0, 1]
    assert table["upper"].tolist() == [0, 1, 1, 1]


def test_nothing_is_expected_of_a_date_that_is_censored() -> None:
    table = growth.bounds([100, 50], [-np.inf, 0], [10, 10], [5, 10])
    assert table["upper"].tolist() == [150, 150]
    assert table["expected"].isna().tolist() == [True, False]
    with pytest.raises(InputError, match="expected the last look without it before"):
        growth.bounds(1.0, 10, 10, 5)


@settings(max_examples=80, deadline=None)
@given(
    ends=st.lists(st.tuples(st.integers(0, 50), st.integers(1, 50), st.integers(1, 900)), min_size=1, max_size=20),
    t=st.floats(-5, 120),
)
def test_the_expected_curve_lies_between_the_others_and_the_correlated_spread_is_wider(ends: Any, t: float) -> None:
    left = [a for a, _, _ in ends]
    row = growth.bounds([m for _, _, m in ends], left, [a + b for a, b, _ in ends], t).iloc[0]
    assert row["lower"] <= row["expected"] + 1e-9
    assert row["expected"] <= row["upper"] + 1e-9
    assert row["sd_independent"] <= row["sd_correlated"] + 1e-9


def test_the_dabancheng_curves_hold_what_was_built(dabancheng: footprints.FootprintSeries) -> None:
    tracks = change.follow(dabancheng).tracks
    table = growth.curves(tracks, ["2017-03-02", "2018", "2019-06-01", "2020-06-02"], by="site_id")
    first = table[table["group"].eq(FIRST)]
    assert first["lower"].iloc[-1] == first["upper"].iloc[-1] == pytest.approx(217_825, abs=1)
    assert first["lower"].is_monotonic_increasing
    # On 4 August 2017 each of what stood had its smallest area: 20,525 m² of 23,994 as they were seen last.
    early = growth.curves(tracks, ["2017-08-04"], by="site_id").iloc[0]
    assert (early["lower"], early["upper"]) == (pytest.approx(20_525, abs=1), pytest.approx(23_994, abs=1))
    second = table[table["group"].eq(SECOND)].iloc[2]
    assert (second["lower"], second["upper"]) == (0, pytest.approx(37_890, abs=1))
    assert 0 < second["expected"] < second["upper"]
    assert_frame_equal(table, growth.curves(tracks.iloc[::-1], table["t"].unique().tolist(), by="site_id"))


def test_the_lower_curve_is_never_above_what_stood() -> None:
    # One grew from 100 m² to 300 m², one of 50 m² was gone again by the third look.
    grown = {"L": None, "R": "2017-03-01", "Ld": None, "Rd": None, "last_seen": "2019-03-01", "area_m2": 300.0}
    gone = {"L": "2016-03-01", "R": "2017-03-01", "Ld": "2018-03-01", "Rd": "2019-03-01", "last_seen": "2018-03-01"}
    rows = [
        {**grown, "track_id": "a", "area_lo_m2": 100.0, "area_hi_m2": 300.0},
        {**gone, "track_id": "b", "area_m2": 50.0, "area_lo_m2": 50.0, "area_hi_m2": 50.0},
    ]
    table = growth.curves(pd.DataFrame(rows), ["2017-03-01", "2018-03-01", "2018-08-30", "2019-03-01"])
    assert table["lower"].tolist() == [150, 150, 100, 300]
    assert table["upper"].tolist() == [350, 350, 350, 300]
    assert table["expected"].round(1).tolist() == [350, 350, 325.1, 300]
    assert table["sd_correlated"].round(2).tolist() == [0, 0, 25, 0]


def test_one_draw_has_no_spread() -> None:
    assert growth.budget(row_of_buildings(3, edge_sd_m=1.0), draws=1)["sd_m2"].isna().all()


# ── onset ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("intervals", "mass"),
    [([(0, 1), (0, 1), (1, 2)], [2 / 3, 1 / 3]), ([(0, 1), (1, 2), (0, 2)], [0.5, 0.5]), ([(0, 1)], [1.0])],
)
def test_turnbull_gives_the_worked_masses(intervals: list[tuple[float, float]], mass: list[float]) -> None:
    left, right = zip(*intervals, strict=True)
    table = growth.turnbull(left, right)
    assert table["mass"].tolist() == pytest.approx(mass)
    assert table["hi"].tolist() == [1.0, 2.0][: len(mass)]


def test_turnbull_without_censoring_is_the_share_that_came_by_each_date() -> None:
    table = growth.turnbull([0, 1, 1, 2], [1, 2, 2, 3])
    assert table["cumulative"].tolist() == pytest.approx([0.25, 0.75, 1.0])
    weighted = growth.turnbull([0, 1], [1, 2], weight=[30, 10])
    assert weighted["mass"].tolist() == pytest.approx([0.75, 0.25])


def test_turnbull_keeps_what_is_censored_open() -> None:
    table = growth.turnbull([-np.inf, 1, 5], [1, 2, np.inf])
    assert table["lo"].tolist() == [-np.inf, 1, 5]
    assert table["hi"].tolist() == [1, 2, np.inf]
    assert table["mass"].tolist() == pytest.approx([1 / 3] * 3)


def test_an_empty_interval_has_no_onset() -> None:
    for left, right in (([1], [1]), ([2], [1]), ([], []), ([math.nan], [1])):
        with pytest.raises(InputError, match="onset"):
            growth.turnbull(left, right)


@settings(max_examples=60, deadline=None)
@given(pairs=st.lists(st.tuples(st.integers(0, 8), st.integers(1, 8)), min_size=1, max_size=15), shuffle=st.randoms())
def test_the_onset_is_a_distribution_whatever_the_order(pairs: Any, shuffle: Any) -> None:
    left, right = np.array([a for a, _ in pairs]), np.array([a + b for a, b in pairs])
    table = growth.turnbull(left, right)
    assert table["mass"].sum() == pytest.approx(1)
    assert table["mass"].ge(0).all()
    order = list(range(len(pairs)))
    shuffle.shuffle(order)
    assert growth.turnbull(left[order], right[order])["mass"].tolist() == pytest.approx(
        table["mass"].tolist(), abs=1e-6
    )


def test_what_its_first_look_saw_had_begun_by_that_look_and_not_by_the_first_at_another() -> None:
    # One of four sites was counted in 1918; the others were first looked at later, and one was empty at first.
    tracks = pd.DataFrame({"L": [None, None, None, "1925"], "R": ["1918", "1930", "1940", "1935"]})
    table = growth.onset(tracks)
    assert table["by"].tolist() == ["1918", "1930", "1935", "1940"]
    assert table["after"].isna().tolist() == [True, True, False, True]
    assert table["cumulative"].tolist() == pytest.approx([0.25, 0.5, 0.75, 1])
    assert growth.onset(tracks.assign(w=[1, 1, 2, 4]), weight="w")["mass"].tolist() == [0.125, 0.125, 0.5, 0.25]


@pytest.mark.mirror
def test_most_aspi_sites_that_began_between_looks_began_by_2018(aspi: pd.DataFrame) -> None:
    onsets = growth.site_onsets(aspi)
    assert len(onsets) == 354
    began = onsets[onsets["L"].notna() & onsets["R"].notna()]
    assert began["L"].lt(began["R"]).all()
    table = growth.onset(onsets[onsets["R"].notna()])
    assert table["cumulative"].iloc[-1] == pytest.approx(1)
    assert table["by"].notna().all()


# ── rates, verdicts, changes of level ────────────────────────────────────────────────────────────────────────────


def test_an_increase_of_and_a_rise_to_are_two_things() -> None:
    assert round(growth.increase_percent(7_000, 172_850) or 0) == 2_369
    assert round(growth.percent_of(7_000, 172_850) or 0) == 2_469
    assert growth.increase_percent(0, 5) is None
    assert growth.percent_of(0, 5) is None


def test_a_rate_doubles_in_its_doubling_time() -> None:
    rate = growth.rate_a_year(100, 400, 3)
    assert rate == pytest.approx(math.log(4) / 3)
    assert growth.doubling_years(rate) == pytest.approx(1.5)
    for before, after in ((0, 10), (10, 0)):
        assert growth.rate_a_year(before, after, 1) is None
    for flat in (None, 0.0, growth.rate_a_year(10, 5, 1)):
        assert growth.doubling_years(flat) is None
    for bad in ((-1, 2, 1), (1, math.nan, 1), (1, 2, 0)):
        with pytest.raises(InputError):
            growth.rate_a_year(*bad)


def test_values_whose_intervals_overlap_are_within_error() -> None:
    assert growth.verdict((10, 20), (15, 30)) == "within error"
    assert growth.verdict((10, 20), (20, 30)) == "within error"
    assert growth.verdict((10, 20), (21, 30)) == "increase"
    assert growth.verdict((10, 20), (1, 9)) == "decrease"
    with pytest.raises(InputError, match="lo ≤ hi"):
        growth.verdict((2, 1), (3, 4))


def test_rates_say_new_build_where_there_was_nothing() -> None:
    series = counts_of([[0.0, None, 10.0, 5.0], [5.0, 0.0, 0.0, 0.0]]).assign(
        lo=lambda d: d["value"], hi=lambda d: d["value"]
    )
    table = growth.rates(series)
    first = table[table["unit"].eq("s000")]
    assert first["note"].tolist()[0] == "new build"
    assert first[["t0", "t1"]].to_numpy().tolist() == [["2017", "2019"], ["2019", "2020"]]
    assert math.isnan(first["rate_a_year"].iloc[0])
    assert first["verdict"].tolist() == ["increase", "decrease"]
    assert first["years"].iloc[0] == pytest.approx(2, abs=0.01)
    assert table[table["unit"].eq("s001")]["note"].iloc[0] == "nothing left"
    assert_frame_equal(table, growth.rates(series.iloc[::-1]))


def test_a_level_changes_where_it_leaves_its_error_and_not_before() -> None:
    table = growth.change_points(
        [10, 11, 9, 30, 31, 29.5], [1] * 6, ["2017-01", "2017-02", "2017-03", "2018", "2019", "2020"]
    )
    assert table["level"].tolist() == pytest.approx([10, 30.1667], abs=1e-3)
    assert table["changed_after"].iloc[1] == "2017-03"
    assert table["changed_by"].iloc[1] == "2018"
    assert len(growth.change_points([10, 11, 9, 12], [5] * 4, YEARS)) == 1
    with pytest.raises(InputError, match="each sd above 0"):
        growth.change_points([1, 2], [1, 0], ["2017", "2018"])


def test_change_points_are_the_best_of_all_cuts() -> None:
    generator = np.random.default_rng(2)
    values = np.concatenate([generator.normal(level, 1, 4) for level in (0, 9, 3)])
    found = growth.change_points(values, np.ones(12), [str(2000 + i) for i in range(12)], penalty=5.0)

    def price(cuts: tuple[int, ...]) -> float:
        parts = np.split(values, cuts)
        return sum(float(((p - p.mean()) ** 2).sum()) for p in parts) + 5.0 * len(cuts)

    best = min(
        ((a, b) for a in range(1, 12) for b in range(a + 1, 12)), key=price
    )  # fmt: skip
    assert (found["n"].cumsum().tolist()[:-1]) == list(best)


# ── uncertainty ──────────────────────────────────────────────────────────────────────────────────────────────────


def row_of_buildings(number: int, **columns: Any) -> gpd.GeoDataFrame:
    shapes = [shapely.box(40 * i, 0, 40 * i + 18, 80) for i in range(number)]
    frame = gpd.GeoDataFrame(geometry=shapes, crs=PLANE).to_crs(4326)
    measured = crs.measure(frame)
    given = {
        "footprint_id": [f"f{i:03}" for i in range(number)], "track_id": [f"t{i:03}" for i in range(number)],
        "site_id": "s", "scene_id": "scene", "observed_on": "2018-06-01", "kind": "building", "edge_sd_m": 0.0,
    }  # fmt: skip
    return frame.assign(**measured, **(given | columns))


def test_vertex_noise_of_a_building_is_sigma_times_its_diagonal() -> None:
    frame = row_of_buildings(2).set_axis(["a", "b"])
    noise = growth.vertex_noise_sd_m2(frame, 1.0)
    assert noise.round(1).to_dict() == {"a": 82.0, "b": 82.0}
    assert growth.vertex_noise_sd_m2(frame, [1.0, 2.0])["b"] == pytest.approx(2 * noise["b"])


def test_vertex_noise_is_that_of_moved_vertices_courtyards_included() -> None:
    court = shapely.Polygon(shapely.box(0, 0, 60, 40).exterior.coords, [shapely.box(20, 10, 40, 30).exterior.coords])
    stated = growth.vertex_noise_sd_m2(gpd.GeoSeries([court], crs=PLANE), 0.5).iloc[0]
    generator = np.random.default_rng(1)
    areas = [
        shapely.Polygon(*([ring[0], ring[1:]])).area
        for ring in ([moved(r, generator) for r in (court.exterior, *court.interiors)] for _ in range(4000))
    ]
    assert np.std(areas) == pytest.approx(stated, rel=0.05)


def moved(ring: Any, generator: np.random.Generator) -> list[tuple[float, float]]:
    points = np.asarray(ring.coords)[:-1] + generator.normal(0, 0.5, (len(ring.coords) - 1, 2))
    return [tuple(point) for point in points]


def test_a_confidence_of_which_no_chance_is_known_takes_nothing_away() -> None:
    plain = growth.budget(row_of_buildings(5))
    assert_frame_equal(growth.budget(row_of_buildings(5, confidence="unheard of")), plain)
    low = growth.budget(row_of_buildings(5, confidence="low"))
    assert low["sd_false_m2"].iloc[0] > plain["sd_false_m2"].iloc[0] == 0


def test_an_edge_bias_of_a_metre_is_a_seventh_of_the_area_and_does_not_average_out() -> None:
    frame = row_of_buildings(60)
    bias = growth.edge_bias_m2(frame["perimeter_m"], 1.0)
    assert bias.sum() / frame["area_m2"].sum() == pytest.approx(0.136, abs=5e-4)
    table = growth.budget(frame, edge_bias_sd_m=1.0)
    assert table["sd_bias_m2"].iloc[0] / table["area_m2"].iloc[0] == pytest.approx(0.136, abs=5e-4)
    assert table["sd_m2"].iloc[0] == pytest.approx(table["sd_bias_m2"].iloc[0], rel=0.05)


def test_the_bias_is_drawn_once_a_scene() -> None:
    frame = row_of_buildings(60)
    apart = frame.assign(scene_id=[f"scene{i % 15}" for i in range(60)])
    one, many = (growth.budget(f, edge_bias_sd_m=1.0, draws=20_000)["sd_m2"].iloc[0] for f in (frame, apart))
    assert many / one == pytest.approx(1 / math.sqrt(15), rel=0.04)


def test_pixels_counted_along_an_edge() -> None:
    assert growth.pixel_counting_sd_m2(10, 196).item() == pytest.approx(0.25 * 10**1.5 * 14)
    frame = row_of_buildings(3, edge_sd_m=np.nan)
    with pytest.raises(InputError, match="no edge_sd_m and no gsd_m"):
        growth.budget(frame)
    scenes = pd.DataFrame({"scene_id": ["scene"], "gsd_m": [10.0]})
    stated = growth.budget(frame, scenes=scenes, edge_bias_sd_m=0.0)
    assert stated["sd_edge_m2"].iloc[0] == pytest.approx(math.sqrt(3) * 0.25 * 10**1.5 * 14, rel=1e-3)


def test_the_budget_is_stored_with_its_seed_and_repeats() -> None:
    frame = row_of_buildings(8, edge_sd_m=3.0, confidence="low")
    one, again, other = (growth.budget(frame, seed=seed) for seed in (7, 7, 8))
    assert_frame_equal(one, again)
    assert one["seed"].eq(7).all()
    assert one["lo"].iloc[0] != other["lo"].iloc[0]


@settings(max_examples=15, deadline=None)
@given(shuffle=st.randoms())
def test_the_order_of_polygons_never_changes_a_budget(shuffle: Any) -> None:
    frame = row_of_buildings(12, edge_sd_m=2.0, confidence=["high", "low", "medium"] * 4, site_id=["a", "b"] * 6)
    order = list(range(12))
    shuffle.shuffle(order)
    one, other = (growth.budget(f, draws=100) for f in (frame, frame.iloc[order].set_axis(range(12))))
    assert_frame_equal(one, other)


def test_intervals_cover_the_truth_with_a_bias_common_to_each_scene() -> None:
    generator = np.random.default_rng(11)
    truth, covered = 1440.0 * 20, 0
    base = row_of_buildings(20, edge_sd_m=2.0)
    for repeat in range(200):
        bias = generator.normal(0, 0.8)
        noise = generator.normal(0, 2.0 * math.hypot(18, 80), 20)
        frame = base.assign(area_m2=1440 + bias * base["perimeter_m"] + noise)
        row = growth.budget(frame, draws=300, seed=repeat).iloc[0]
        covered += row["lo"] <= truth <= row["hi"]
    assert 0.9 <= covered / 200 <= 0.99


def test_an_increase_carries_the_error_of_both_dates() -> None:
    before = row_of_buildings(10, edge_sd_m=1.0)
    after = row_of_buildings(30, edge_sd_m=1.0, scene_id="later", observed_on="2020-06-01")
    after["footprint_id"] = "l" + after["footprint_id"]
    both = pd.concat([before, after], ignore_index=True)
    grown = growth.increase(both, "2018-06-01", "2020-06-01")
    assert grown["increase_percent"] == pytest.approx(200, rel=1e-6)
    assert grown["increase_percent_lo"] < 200 < grown["increase_percent_hi"]
    assert grown["verdict"] == "increase"
    from_nothing = growth.increase(after, "2018-06-01", "2020-06-01")
    assert from_nothing["before_m2"] == 0
    assert from_nothing["increase_percent"] is None
    with pytest.raises(InputError, match="on 1999 or 2000"):
        growth.increase(both, "1999", "2000")
    with pytest.raises(InputError, match="expected two dates"):
        growth.increase(both, "2018-06-01", "2018-06-01")


# ── accuracy from a sample ───────────────────────────────────────────────────────────────────────────────────────


def test_the_worked_example_of_olofsson_2014_comes_out() -> None:
    classes = ["deforestation", "forest gain", "stable forest", "stable non-forest"]
    sample = [[66, 0, 5, 4], [0, 55, 8, 12], [1, 0, 153, 11], [2, 1, 9, 313]]
    pixels = pd.Series([200_000, 150_000, 3_200_000, 6_450_000], index=classes)
    result = growth.assess(pd.DataFrame(sample, index=classes, columns=classes), pixels * 0.09)
    lost = result.classes.loc["deforestation"]
    assert (round(lost["area"]), round(1.96 * lost["area_se"])) == (21_158, 6_158)
    assert result.overall == pytest.approx(0.94651, abs=5e-6)
    assert 1.96 * result.overall_se == pytest.approx(0.0185, abs=5e-5)
    assert (lost["users"], 1.96 * lost["users_se"]) == pytest.approx((0.88, 0.074), abs=5e-4)
    assert (lost["producers"], 1.96 * lost["producers_se"]) == pytest.approx((0.75, 0.21), abs=5e-3)
    swapped = pd.DataFrame(sample, index=classes, columns=classes)[classes[::-1]]
    assert_frame_equal(growth.assess(swapped, pixels * 0.09).classes, result.classes)
    # The paper has 15,000 to 27,316 ha; one and two hits in the large strata leave room for more.
    assert 15_000 < lost["area_lo"] < lost["area"] < 27_316 < lost["area_hi"] < 35_000


def test_the_error_of_a_producers_accuracy_is_that_of_equation_7_worked_by_hand() -> None:
    """(1/3)² · 0.8 · 0.2 / 9 of its own and (2/3)² · 0.4 · 0.6 / 9 of the other class, over 1.2²."""
    classes = ["one", "other"]
    sample = pd.DataFrame([[8, 2], [4, 6]], index=classes, columns=classes)
    found = growth.assess(sample, pd.Series(1.0, index=classes)).classes.loc["one"]
    assert (found["producers"], found["producers_se"]) == pytest.approx((2 / 3, np.sqrt(1.12) / 10.8), rel=1e-12)


@pytest.mark.parametrize(("hits", "n"), [(2, 199), (0, 199), (199, 199), (1, 2), (0, 2), (66, 75), (5_000, 10_000)])
def test_the_interval_of_a_share_is_wilsons_as_scipy_has_it(hits: int, n: int) -> None:
    judge = binomtest(hits, n).proportion_ci(0.95, method="wilson")
    assert tuple(map(float, growth.accuracy.wilson(hits, n))) == pytest.approx((judge.low, judge.high), abs=1e-12)


@pytest.mark.parametrize(("hits", "percent"), [(2, (0.28, 3.59)), (0, (0, 1.89)), (1, (0.09, 2.79)), (5, (1.08, 5.75))])
def test_two_hits_of_199_are_no_number_below_zero(hits: int, percent: tuple[float, float]) -> None:
    """97,566 buildings elsewhere, of which two of 199 held people: −373 to 2,334 by Wald's interval."""
    names = ["found", "elsewhere"]
    sample = pd.DataFrame([[50, 0], [hits, 199 - hits]], index=names, columns=names)
    elsewhere = growth.assess(sample, pd.Series([1e-9, 97_566.0], index=names)).classes.loc["found"]
    bounds = elsewhere[["area_lo", "area_hi"]].to_numpy() / 97_566
    assert 100 * bounds == pytest.approx(percent, abs=0.005)
    judge = binomtest(hits, 199).proportion_ci(0.95, method="wilson")
    assert bounds == pytest.approx((judge.low, judge.high), abs=1e-9)
    assert elsewhere["area"] == pytest.approx(97_566 * hits / 199, abs=1e-6)


@st.composite
def samples(draw: st.DrawFn) -> tuple[pd.DataFrame, pd.Series]:
    n = draw(st.integers(2, 4))
    counts = np.array([[draw(st.integers(0, 60)) for _ in range(n)] for _ in range(n)])
    counts[:, 0] += np.where(counts.sum(axis=1) < 2, 2, 0)
    names = list("abcd"[:n])
    areas = [draw(st.floats(1e-3, 1e6)) for _ in range(n)]
    return pd.DataFrame(counts, index=names, columns=names), pd.Series(areas, index=names)


@given(samples())
def test_no_interval_leaves_the_possible_and_each_holds_its_estimate(sample: tuple[pd.DataFrame, pd.Series]) -> None:
    confusion, area = sample
    result = growth.assess(confusion, area)
    table = result.classes
    assert 0 <= result.overall_lo <= result.overall <= result.overall_hi <= 1 + 1e-12
    for name, most in (("users", 1.0), ("producers", 1.0), ("area", float(area.sum()))):
        lo, value, hi = (table[f"{name}{end}"].to_numpy() for end in ("_lo", "", "_hi"))
        met = ~np.isnan(value)
        slack = 1e-9 * most
        assert (lo[met] >= -slack).all()
        assert (hi[met] <= most + slack).all()
        assert ((lo[met] <= value[met] + slack) & (value[met] <= hi[met] + slack)).all()
        assert (np.isnan(lo) == ~met).all()


def test_what_was_never_missed_in_few_samples_is_not_sure_to_be_complete() -> None:
    """Nothing found in 20 samples of a large rest leaves room for much of it."""
    names = ["built", "other"]
    area = pd.Series([1.0, 99.0], index=names)
    tables = (pd.DataFrame([[40, 0], [0, n]], index=names, columns=names) for n in (20, 20_000))
    few, many = (growth.assess(table, area).classes.loc["built"] for table in tables)
    assert few["producers"] == many["producers"] == few["producers_hi"] == 1
    assert few["producers_lo"] < 0.1
    assert many["producers_lo"] > 0.9


def test_a_sample_that_does_not_fit_the_map_is_refused() -> None:
    square = pd.DataFrame([[2, 0], [0, 1]], index=["a", "b"], columns=["a", "b"])
    area = pd.Series({"a": 1.0, "b": 1.0})
    with pytest.raises(InputError, match="fewer than two samples in b"):
        growth.assess(square, area)
    with pytest.raises(InputError, match="expected the same"):
        growth.assess(square.rename(columns={"b": "c"}), area)
    with pytest.raises(InputError, match="area not above 0"):
        growth.assess(square + 1, area * 0)


# ── the Dabancheng series ────────────────────────────────────────────────────────────────────────────────────────


def set_beside(dabancheng: footprints.FootprintSeries, metric: Any) -> pd.DataFrame:
    reference = pd.read_csv(constants.geodata() / "footprints" / "dabancheng_series.csv")
    reference = reference.rename(columns={"site_id": "unit", "observed_on": "t"})
    table = growth.series(dabancheng.footprints, dabancheng.looks, metric=metric, scenes=dabancheng.scenes)
    tables.check(table, "series", source=metric)
    both = table.merge(reference, on=["unit", "t"], validate="one_to_one")
    assert len(both) == len(reference) == len(table) == 26
    return both


def test_the_built_area_is_that_of_the_record_on_every_date(dabancheng: footprints.FootprintSeries) -> None:
    both = set_beside(dabancheng, "area_m2")
    assert both["value"].round().tolist() == both["built_m2"].tolist()
    assert both["n_unseen"].tolist() == both["n_presumed_standing_unseen"].tolist()
    assert both["unseen_m2"].round().tolist() == both["presumed_m2"].tolist()
    # The record's intervals were drawn by other code from the same errors.
    built = both[both["built_m2"] > 10_000]
    assert (built["lo"] / built["built_m2_lo95"]).between(0.95, 1.05).all()
    assert (built["hi"] / built["built_m2_hi95"]).between(0.95, 1.05).all()


def test_the_buildings_and_the_compound_are_those_of_the_record(dabancheng: footprints.FootprintSeries) -> None:
    buildings = set_beside(dabancheng, "buildings")
    assert buildings["value"].tolist() == buildings["n_total"].tolist()
    assert (buildings["lo"] - buildings["n_total_lo"]).abs().max() <= 1
    assert buildings["hi"].tolist() == buildings["n_total_hi"].tolist()
    compound = set_beside(dabancheng, "compound_area_m2")
    assert (compound["value"] / 1e4).round(1).tolist() == compound["compound_ha"].tolist()
    acres = compound.loc[compound["unit"].eq(FIRST), "value"].iloc[-1] / 4046.8564224
    low, high = (compound.loc[compound["unit"].eq(FIRST), end].iloc[-1] / 4046.8564224 for end in ("lo", "hi"))
    assert acres == pytest.approx(223, abs=0.5)
    assert low < 220 < high


def test_dabancheng_grew_beyond_error_from_2017_to_2020(dabancheng: footprints.FootprintSeries) -> None:
    grown = growth.increase(dabancheng.footprints, "2017-08-29", "2020-06-02", site_id=FIRST)
    assert grown["verdict"] == "increase"
    assert grown["increase_m2"] == grown["after_m2"] - grown["before_m2"]
    assert 100_000 < grown["increase_m2_lo"] < grown["increase_m2"] < grown["increase_m2_hi"]
    assert grown["before_m2_lo"] < grown["before_m2"] < grown["before_m2_hi"]
    assert grown["after_m2_lo"] < grown["after_m2"] < grown["after_m2_hi"]
    assert grown["increase_percent_lo"] < grown["increase_percent"] < grown["increase_percent_hi"]
    assert grown["increase_percent"] == pytest.approx(316.2, abs=0.1)
    series = growth.series(dabancheng.footprints, dabancheng.looks)
    steps = growth.rates(series[series["unit"].eq(FIRST)]).set_index("t1")
    assert steps.loc["2017-07-08", "note"] == "new build"
    # The dip of this date is lost visibility, and no verdict may call it a loss.
    assert steps.loc["2018-05-26", "verdict"] == "within error"
    assert not steps["verdict"].eq("decrease").any()


def test_a_scene_cut_in_two_files_gives_the_same_series(dabancheng: footprints.FootprintSeries) -> None:
    whole = dabancheng.footprints
    halves = pd.concat([whole[whole.index % 2 == 1], whole[whole.index % 2 == 0]])
    one, other = (growth.series(f, dabancheng.looks, draws=200) for f in (whole, halves))
    assert_frame_equal(one, other)


def test_a_scene_that_is_added_leaves_every_other_interval_as_it_was(dabancheng: footprints.FootprintSeries) -> None:
    whole = dabancheng.footprints
    before = growth.budget(whole[whole["observed_on"].ne("2018-06-10")], draws=100)
    after = growth.budget(whole, draws=100)
    # A track seen clearly on the date that is added is surer on later dates; until then nothing may move.
    earlier = after["observed_on"].lt("2018-06-10")
    assert_frame_equal(before[before["observed_on"].lt("2018-06-10")], after[earlier])
    alone = growth.budget(whole[whole["site_id"].eq(SECOND)], draws=100)
    assert_frame_equal(alone, after[after["site_id"].eq(SECOND)].reset_index(drop=True))


def test_an_enclosure_that_nobody_ever_drew_is_unknown_and_not_zero() -> None:
    table = growth.series(row_of_buildings(2), metric="compound_area_m2", draws=20)
    assert table[["value", "lo", "hi", "kind"]].isna().all(axis=None)


def test_a_look_that_could_not_see_gives_no_value_and_is_held(dabancheng: footprints.FootprintSeries) -> None:
    looks = pd.concat([
        dabancheng.looks[["site_id", "observed_on", "status", "frac_valid"]],
        pd.DataFrame({"site_id": [FIRST, FIRST], "observed_on": ["2016-05-05", "2019-07-07"], "status": "not_imaged"}),
    ])  # fmt: skip
    series = growth.series(dabancheng.footprints, looks, draws=50).set_index(["unit", "t"])
    blind = series.loc[(FIRST, "2019-07-07")]
    assert blind[["value", "lo", "hi", "kind", "stale_days"]].isna().all()
    filled = growth.hold(series.reset_index()).set_index(["unit", "t"])
    held = filled.loc[(FIRST, "2019-07-07")]
    assert (held["kind"], held["stale_days"]) == ("held", 269)
    assert held["value"] == series.loc[(FIRST, "2018-10-11"), "value"]
    assert filled.loc[(FIRST, "2016-05-05"), ["value", "kind"]].isna().all()
    assert filled["value"].drop((FIRST, "2016-05-05")).notna().all()
    seen = filled["stale_days"].eq(0)
    assert (filled.loc[seen, "kind"].eq("observed").all(), filled.loc[~seen, "kind"].dropna().unique()) == (
        True,
        "held",
    )


@pytest.mark.parametrize(
    ("when", "status", "share", "value"),
    [
        ("2017", "partial", 0.62, None),
        ("2017", "partial", 0.05, None),
        ("2017", "partial", None, None),
        ("2019", "partial", 0.95, None),
        ("2019", "observed", 1.0, 0.0),
    ],
)
def test_a_partial_look_that_saw_nothing_is_no_zero(
    when: str, status: str, share: float | None, value: float | None
) -> None:
    """A look at 62 per cent of a site, all that stood under cloud, was nothing "observed" between two of 18,000 m²."""
    looks = pd.DataFrame({"site_id": ["s"], "observed_on": [when], "status": [status], "frac_valid": [share]})
    for metric in ("area_m2", "buildings"):
        table = growth.series(row_of_buildings(1), looks, metric=metric, draws=20).set_index("t")
        assert table.loc["2018-06-01", "value"] > 0
        assert table.loc[when, "value"] == value if value is not None else pd.isna(table.loc[when, "value"])
        assert pd.isna(table.loc[when, "kind"]) == (value is None)


def test_ground_that_two_outlines_cover_is_counted_once() -> None:
    frame = row_of_buildings(2, overlap_m2=0.0)
    again = frame.iloc[[0]].assign(footprint_id="x", track_id="x", geometry=[frame.geometry.iloc[0]])
    both = pd.concat([frame, again], ignore_index=True)
    both.loc[[0, 2], "overlap_m2"] = 1440.0
    value = growth.series(both, draws=20)["value"].iloc[0]
    assert value == pytest.approx(2 * 1440, rel=1e-5)


def test_series_budget_increase_and_areas_count_overlaps_alike() -> None:
    shapes = [
        shapely.box(0, 0, 40, 20),
        shapely.box(30, 0, 70, 20),
        shapely.box(35, 10, 60, 40),
        shapely.box(200, 0, 240, 20),
    ]
    frame = row_of_buildings(4, kind=["building", "block", "building", "building"])
    frame.geometry = gpd.GeoSeries(shapes, crs=PLANE).to_crs(4326)
    frame = frame.assign(**crs.measure(frame), overlap_m2=[250.0, 500.0, 250.0, 0.0])
    later = frame.assign(observed_on="2020-06-01", scene_id="later", footprint_id="l" + frame["footprint_id"])
    both = pd.concat([frame, later.iloc[::-1]])
    true_m2 = shapely.union_all(shapes).area
    assert growth.series(both, draws=20)["value"].tolist() == pytest.approx([true_m2] * 2, rel=1e-5)
    for by in (["site_id", "observed_on"], ["scene_id"]):
        assert growth.budget(both, by=by, draws=20)["area_m2"].tolist() == pytest.approx([true_m2] * 2, rel=1e-5)
    got = growth.increase(both, "2018-06-01", "2020-06-01", draws=20)
    assert (got["before_m2"], got["after_m2"]) == pytest.approx((true_m2, true_m2), rel=1e-5)
    table = footprints.areas(both)
    assert table["area_m2"].tolist() == pytest.approx([true_m2] * 2, rel=1e-5)
    assert table["overlap"].all()
    # Of one building and of one block there is nothing to count twice.
    assert growth.budget(frame, by=["footprint_id"], draws=20)["area_m2"].tolist() == frame["area_m2"].tolist()


def test_enclosures_that_overlap_once_their_courtyards_are_filled_count_once() -> None:
    ring = shapely.box(0, 0, 60, 60) - shapely.box(10, 10, 50, 50)
    frame = row_of_buildings(2, kind="compound", overlap_m2=0.0)
    frame.geometry = gpd.GeoSeries([ring, shapely.box(20, 20, 40, 40)], crs=PLANE).to_crs(4326)
    value = growth.series(frame.assign(**crs.measure(frame)), metric="compound_area_m2", draws=20)["value"].iloc[0]
    assert value == pytest.approx(3600, rel=1e-5)


def test_a_courtyard_counts_for_the_compound_and_not_for_what_is_built() -> None:
    court = shapely.Polygon(shapely.box(0, 0, 60, 60).exterior.coords, [shapely.box(20, 20, 40, 40).exterior.coords])
    frame = row_of_buildings(2, kind=["building", "compound"])
    frame.geometry = gpd.GeoSeries([court, court], crs=PLANE).to_crs(4326)
    frame = frame.assign(**crs.measure(frame))
    built, compound = (
        growth.series(frame, metric=m, draws=20)["value"].iloc[0] for m in ("area_m2", "compound_area_m2")
    )
    assert built == pytest.approx(3200, rel=1e-5)
    assert compound == pytest.approx(3600, rel=1e-5)


def test_footprints_without_a_track_say_how_to_get_one() -> None:
    with pytest.raises(InputError, match=r"link the dates with camps\.change"):
        growth.series(row_of_buildings(1, track_id=[None]))
    with pytest.raises(InputError, match="metric 'floors'"):
        growth.series(row_of_buildings(1), metric="floors")  # type: ignore[arg-type]
