"""How long a value may be held: what is built while its place is open, people to the next date of the list."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest

from camps import catalogue, growth, timeline
from camps.growth import HeldRule

YEARS = [str(year) for year in range(1930, 1961)]
FOR_EVER = HeldRule("while_open")


def prisoners() -> pd.DataFrame:
    """Return 668 places of which all but 98 were counted once before 1960, and 27 in 1960."""
    counted = [(f"p{n:03}", YEARS[n % 30], 10_000.0 + n) for n in range(543)]
    last = [(f"p{n:03}", "1960", 100.0) for n in range(543, 570)]
    never = [(f"p{n:03}", "1930", None) for n in range(570, 668)]
    rows = pd.DataFrame([*counted, *last, *never], columns=["unit", "t", "value"])
    return rows.assign(metric="prisoners").astype({"value": "float64"})


def series(*cells: tuple[str, float | None], metric: str = "buildings", closed: Any = None, unit: str = "a") -> Any:
    rows = [{"unit": unit, "metric": metric, "t": t, "value": value, "closed": closed} for t, value in cells]
    return pd.DataFrame(rows).astype({"value": "float64", "closed": "string"})


def at_sites(counts: pd.DataFrame, when: str, **options: Any) -> timeline.State:
    units = sorted(counts["unit"].unique())
    sites = gpd.GeoDataFrame(
        {"site_id": units}, geometry=gpd.points_from_xy([0] * len(units), [0] * len(units)), crs=4326
    )
    return timeline.at(when, sites=sites, counts=counts, **options)


def test_people_are_not_held_past_the_next_date_of_the_list() -> None:
    table = growth.aggregate(prisoners(), estimator="held", draws=10).set_index("t").loc["1960"]
    assert table[["value", "n_observed", "n_held", "n_never", "n_ended"]].tolist() == [2700.0, 27, 0, 98, 543]
    for_ever = growth.aggregate(prisoners(), estimator="held", held=FOR_EVER, draws=10).set_index("t").loc["1960"]
    assert (for_ever["n_observed"], for_ever["n_held"]) == (27, 543)
    shown = at_sites(prisoners(), "1960-12-31")
    assert (shown.total, shown.n_observed, shown.n_held, shown.n_ended, shown.n_sites) == (2700.0, 27, 0, 543, 668)


@pytest.mark.parametrize("mode", ["observed", "bracket", "illustrative"])
def test_between_two_counts_too_far_apart_nothing_is_said_of_the_way(mode: Any) -> None:
    other = series(("1936", 5), ("1938", 6), metric="prisoners", unit="b")
    counts = pd.concat([series(("1935", 100), ("1938", 400), metric="prisoners"), other])
    shown = {when: timeline.counts_state(counts, when, mode).set_index("site_id").loc["a"] for when in
             ("1935-07-02", "1936-07-01", "1936-07-02", "1937", "1938-07-02")}  # fmt: skip
    assert [row["value"] for row in shown.values()][:2] == [100, 100]
    assert shown["1936-07-01"]["kind"] == "held"
    assert [pd.isna(shown[when]["value"]) for when in ("1936-07-02", "1937")] == [True, True]
    assert (shown["1937"]["ended"], shown["1937"]["last_value"]) == ("lapsed", 100)
    assert (shown["1938-07-02"]["value"], shown["1938-07-02"]["kind"]) == (400, "observed")


@pytest.mark.parametrize(
    ("closed", "values"),
    [
        (None, [10, 10, 10]),
        ("..", [10, 10, 10]),
        ("2018/..", [10, 10, 10]),
        ("2018", [10, 10, None]),
        ("2017/2019", [10, 10, 10]),
        ("2018-03", [10, None, None]),
        # A value of a year stands at its middle, when this place is known to have closed.
        ("2017-01", [None, None, None]),
    ],
)
def test_a_site_known_to_be_closed_leaves_every_held_sum(closed: str | None, values: list[float | None]) -> None:
    other = series(("2017", 1), ("2018", 1), ("2019", 1), unit="b")
    counts = pd.concat([series(("2017", 10), ("2018", None), ("2019", None), closed=closed), other])
    table = growth.aggregate(counts, by="site", estimator="held")
    mine = table[table["group"].eq("a")]
    assert [None if pd.isna(v) else v for v in mine["value"]] == values
    assert mine["n_ended"].tolist() == [int(v is None) for v in values]
    for year, value in zip(("2017", "2018", "2019"), values, strict=True):
        assert at_sites(counts, year).total == 1 + (value or 0)
    filled = growth.hold(counts.assign(lo=counts["value"], hi=counts["value"]).reset_index(drop=True))
    held = filled[filled["unit"].eq("a")]
    assert [None if pd.isna(v) else v for v in held["value"]] == values
    assert held["ended"].isna().tolist() == [v is not None for v in values]


def test_a_metric_may_say_that_closed_places_count_and_for_how_many_days_a_value_is_held() -> None:
    counts = series(("2017-01-01", 10), ("2019-01-01", None), closed="2018")
    held = growth.hold(counts.assign(lo=10.0, hi=10.0), held=HeldRule("while_open", closed_counts=True))
    assert held["value"].tolist() == [10, 10]
    state = [timeline.counts_state(counts, when, held=HeldRule(30)).iloc[0] for when in ("2017-01-31", "2017-02-01")]
    assert (state[0]["value"], state[1]["ended"]) == (10, "lapsed")


def test_lists_have_their_own_dates() -> None:
    mine = series(("1930", 10), ("1940", 20), metric="prisoners").assign(source_id="one")
    other = series(("1935", 1), metric="prisoners", unit="b").assign(source_id="other")
    assert at_sites(pd.concat([mine, other]), "1937").total == 11


def test_a_count_is_of_the_year_it_names_from_its_middle_on() -> None:
    counts = pd.concat([series(("2017", 5), ("2018", 7)), series(("2017", 1), unit="b")])
    numbers = {when: (s.n_observed, s.n_held) for when in ("2017-12-31", "2018-07-01", "2018-07-02", "2018-12-31",
               "2019-01-01") for s in [at_sites(counts, when)]}  # fmt: skip
    assert numbers == {"2017-12-31": (2, 0), "2018-07-01": (0, 2), "2018-07-02": (1, 1), "2018-12-31": (1, 1),
                       "2019-01-01": (0, 2)}  # fmt: skip


@pytest.mark.mirror
def test_no_counted_site_of_the_aspi_list_is_known_to_have_closed(mirror: Path) -> None:
    counts = catalogue.counts("aspi-xjdp-v1")
    assert counts["closed"].isna().all()
    held = growth.aggregate(counts, estimator="held")
    assert held["value"].tolist() == [1749, 3180, 4366, 4576]
    assert held["n_ended"].eq(0).all()
