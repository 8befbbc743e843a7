"""Rules that the page's scripts follow too: one table of cases, asked of Python and, without a browser, of them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from playwright._impl._driver import compute_driver_executable

from camps import basemap, maps, timeline
from camps.dates import iso_day
from camps.maps import payload
from camps.timeline.lives import phase
from camps.timeline.values import counts_state

JS = Path(maps.__file__).parent / "js"
MODES = ("observed", "bracket", "illustrative")
#: A year without a count, equal counts, bounds, two dates that mean one half year, one that closes, one look, none.
COUNTS = pd.DataFrame(
    [
        ("gap", "2017", 4, None, None, None),
        ("gap", "2018", None, None, None, None),
        ("gap", "2019", 10, None, None, None),
        ("bounds", "2017-06-15", 3, 2, 5, None),
        ("bounds", "2017-09", 1, 0, 1, None),
        ("bounds", "2019-01-01/2019-12-31", 8, 6, 9, None),
        ("equal", "2017-07-02", 7, None, None, None),
        ("equal", "2018-07-02", 7, None, None, None),
        ("closes", "2017", 5, None, None, "2018-03"),
        ("closes", "2019", 6, None, None, "2018-03"),
        ("once", "2018-02-28", 0, None, None, None),
        ("never", "2018", None, None, None, None),
    ],
    columns=["unit", "t", "value", "lo", "hi", "closed"],
).assign(metric="buildings", source_id="test")
DAYS = [
    17000,
    17332,
    17333,
    17347,
    17349,
    17350,
    17424,
    17425,
    17590.25,
    17600,
    17714,
    17715,
    17716,
    18078,
    18079.5,
    18500,
]
LIVES = pd.DataFrame(
    [
        ("open ended", "1957/..", None, None, None),
        ("by", "../1957", None, None, None),
        ("within", "1952", "1957/1960", None, None),
        ("to the day", "1955-03-01", "1955-03-01", None, None),
        ("last spoken of", "1952", None, "1960", None),
        ("vanished", "1952", None, None, "1970-05"),
        ("known only to be spoken of", None, None, "1960", None),
        ("undated", None, None, None, None),
    ],
    columns=["site_id", "opened", "closed", "last_known", "vanished"],
)


def _asked(script: str, given: Any) -> Any:
    """Run a script that prints its answer to what it is given, with all that the modules of the page export."""
    names = {
        "geo": "Days, decodeLine, Mercator, View",
        "state": "countState, lifeState",
        "text": "lasting, zoomsWithRoom",
        "timeline": "Timeline",
        "words": "Words",
    }
    lines = [f"import {{ {said} }} from {json.dumps((JS / f'{name}.js').as_uri())};" for name, said in names.items()]
    lines += [
        "const given = JSON.parse(await new Response(process.stdin).text());",
        f"console.log(JSON.stringify({script}));",
    ]
    command = [str(compute_driver_executable()[0]), "--input-type=module", "--eval", "\n".join(lines)]
    done = subprocess.run(command, input=json.dumps(given), capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_counts_stand_on_the_page_as_in_the_table() -> None:
    entries: list[Any] = [{"id": name} for name in dict.fromkeys(COUNTS["unit"])]
    for entry in entries:
        entry |= {"looks": [], "missed": []}
    payload.add_counts(entries, COUNTS)
    cases = [(day, mode) for day in DAYS for mode in MODES]
    script = "given.cases.map(([t, mode]) => given.sites.map((one) => countState(one.looks, one.missed, t, mode)))"
    told = _asked(script, {"sites": entries, "cases": cases})
    kinds = set()
    for (day, mode), page in zip(cases, told, strict=True):
        table = counts_state(COUNTS, day, mode).set_index("site_id")
        for entry, found in zip(entries, page, strict=True):
            expected = table.loc[entry["id"]]
            where = (entry["id"], day, mode)
            for name, key in (("value", "value"), ("lo", "lo"), ("hi", "hi"), ("stale_days", "stale")):
                held = expected[name]
                assert found.get(key) == (None if pd.isna(held) else pytest.approx(float(held))), (*where, name)
            kinds.add(found.get("kind"))
            assert found.get("kind") == (None if pd.isna(expected["kind"]) else expected["kind"]), where
    assert kinds == {None, "observed", "held", "bracketed", "interpolated"}


def test_a_year_without_a_count_makes_what_is_held_staler() -> None:
    looks = [[17349, 4, 4, 4, 17531, None, None], [18079, 10, 10, 10, 18261, None, None]]
    days = [17349, 17713, 17714, 18079]
    told = _asked(
        "given.days.map((t) => countState(given.looks, [17714], t, 'observed'))", {"looks": looks, "days": days}
    )
    assert [[one["missed"], one["counted"]] for one in told] == [
        [False, True],
        [False, False],
        [True, False],
        [False, True],
    ]


def test_places_open_and_close_on_the_page_as_in_the_table() -> None:
    known = timeline.lives(LIVES)
    days = [-7000.0, -6575.0, -6210.0, -5420.0, -5419.0, -4748.0, -4384.0, -3653.0, -3287.0, 120.0, 151.0, 20000.0]
    told = _asked(
        "given.lives.map((life) => given.days.map((t) => lifeState(life, t, 'bracket').phase))",
        {"lives": known, "days": days},
    )
    expected = [[phase(life, day) for day in days] for life in known]
    assert told == expected
    assert set(np.unique(expected)) == {
        "undated",
        "unnamed",
        "absent",
        "opening",
        "open",
        "closing",
        "closed",
        "last",
        "vanished",
    }


def test_places_and_days_are_the_same_on_both_sides() -> None:
    lons, lats, days = [-180.0, 0.0, 88.29, 200.5], [-60.0, 0.0, 43.38, 84.0], [-25567.0, -1.0, 0.5, 17349.0]
    points = np.array([[88.1234567, 43.7654321], [88.2, 43.5], [-88.3, -43.9]])
    (line,) = basemap.encode_lines(points, np.zeros(3, dtype=int), 7)
    script = """{ x: given.lons.map(Mercator.x), y: given.lats.map((lat) => Mercator.y(lat)),
        days: given.days.map(Days.iso),
        back: given.lats.map((lat) => Mercator.lat(Mercator.y(lat))), line: [...decodeLine(given.line, 7).points],
        turns: new View({ width: 800, height: 400, lon: 179, lat: 0, zoom: 3 }).turns(0.02) }"""
    told = _asked(script, {"lons": lons, "lats": lats, "days": days, "line": line})
    assert told["x"] == pytest.approx([payload._unit_x(lon) for lon in lons], abs=1e-12)
    assert told["y"] == pytest.approx([payload._unit_y(lat) for lat in lats], abs=1e-12)
    assert told["back"] == pytest.approx(lats, abs=1e-9)
    assert told["days"] == [iso_day(day) for day in days]
    expected = [unit for lon, lat in points for unit in (payload._unit_x(lon), payload._unit_y(lat))]
    assert told["line"] == pytest.approx(expected, abs=1e-12)
    assert told["turns"] == [1]


def test_a_label_stays_a_second_and_comes_from_where_it_has_room() -> None:
    short, long = ([25 <= i < 25 + n for i in range(101)] for n in (20, 60))
    again = [5 <= i < 40 or i >= 45 for i in range(101)]
    # From one spot to another it fades out and in again.
    moved, passed = ([1 if i < 50 + n else 2 for i in range(101)] for n in (0, 1))
    label = {"box": [-6, -16, 94, 8], "minZoom": 3, "maxZoom": 12}
    labels = [{"at": [0.5 + 0.001 * i, 0.5], **label} for i in range(3)]
    script = """{ shown: given.stands.map((one) => lasting(one.map(Number), { stay: 25, fade: 8 })),
        zooms: zoomsWithRoom(given.labels).map((label) => label.zoom) }"""
    told = _asked(script, {"stands": [short, long, [True] * 101, again, moved, passed], "labels": labels})
    assert told["shown"][0] == 0.0
    assert told["shown"][1:3] == [1.0, 1.0]
    assert told["shown"][3] == 0.0
    assert told["shown"][4] == told["shown"][5] == pytest.approx(0.034, abs=1e-3)
    first, second, third = told["zooms"]
    assert first == 3
    assert second == pytest.approx(np.log2(100 / (0.001 * 256)))
    # The third stands twice as far from the first, and the second is not there yet.
    assert third == pytest.approx(second - 1)


def test_the_day_of_a_look_that_is_one_frame_does_not_take_the_range_from_the_number() -> None:
    looks = [
        [17000 + 100 * i, value, value, value, 17000 + 100 * i, None, None] for i, value in enumerate((20, 51, 89))
    ]
    table = {"thousands": ",", "decimal": "."}
    page = {
        "kind": "growth",
        "sites": [{"looks": looks, "missed": []}],
        "meta": {"metric": None},
        "words": {"en": table},
    }
    script = """given.films.map((days) => {
        const [time, words] = [new Timeline(given.page), new Words(given.page)];
        const states = days.map((t) => time.at(t, 'bracket'));
        const told = (at) => ({ ...states[at], ...time.steady(states[at], states.slice(at - 4, at + 5)) });
        const shown = (at) => words.amount(told(at), 'en');
        return [4, 5, 6, 7, 8].map(shown);
    })"""
    passing = [17100 + 2 * (i - 6) for i in range(13)]
    resting = [*range(17095, 17100), *[17100] * 8]
    told = _asked(script, {"films": [passing, resting], "page": page})
    # Its own bounds, in the form of the numbers about it; where it lasts, the number of the day itself stands.
    assert told[0] == ["20–51", "20–51", "51–51", "51–89", "51–89"]
    assert told[1][-1] == "51"


def test_counts_of_a_year_are_said_to_be_of_it_from_the_day_on_which_they_stand() -> None:
    words = {"known": "known", "counted": "{n} counted in {year}", "counted_now": "{n} counted at this date"}
    standing = [iso_day(day) for day in (-10045, -9680)]
    assert standing == ["1942-07-02", "1943-07-02"]
    meta = {"precision": "year", "n_sites": 4, "stop_days": [-10045, -9680], "legend": []}
    page = {"kind": "growth", "sites": [], "meta": meta, "words": {"en": {**words, "thousands": ",", "decimal": "."}}}
    script = """{ said: given.states.map((state) => new Words(given.page).notes(state, 'en')[1]) }"""
    states = [{"t": t, "known": 4, "observed": n} for t, n in ((-9682, 0), (-9680, 4), (-9400, 0))]
    told = _asked(script, {"page": page, "states": states})
    # The last day of June, when four of 1942 stand; the day of the counts; and a year in which nobody counted.
    assert told["said"] == ["0 counted at this date", "4 counted in 1943", "0 counted at this date"]


def test_what_is_drawn_between_two_counts_is_said_to_be_neither_counted_nor_held() -> None:
    said = "{n} counted at this date, {between} interpolated, {held} held"
    words = {"known": "known", "counted_now": "{n} counted, {held} held", "counted_mixed_now": said}
    words |= {"interpolated_counts": "interpolated", "bracketed_counts": "dashed"}
    looks = [[[17000, 4, 4, 4, 17000, None, None], [17400, 9, 9, 9, 17400, None, None]]] * 2
    looks += [[[17000, 7, 7, 7, 17000, None, None]]]
    meta = {"precision": "day", "n_sites": 3, "stop_days": [17000, 17400], "metric": None}
    sites = [{"looks": one, "missed": []} for one in looks]
    page = {"kind": "growth", "sites": sites, "meta": meta, "words": {"en": words}}
    script = """given.asked.map(([days, mode]) => {
        const [time, words] = [new Timeline(given.page), new Words(given.page)];
        const states = days.map((t) => time.at(t, mode));
        return words.notes({ ...states[4], ...time.steady(states[4], states) }, 'en')[1];
    })"""
    between, rests, passes = [17200] * 9, [17400] * 9, [17400 + 2 * (i - 4) for i in range(9)]
    asked = [(between, "illustrative"), (rests, "illustrative"), (passes, "illustrative"), (between, "observed")]
    assert _asked(script, {"page": page, "asked": asked}) == [
        "0 counted at this date, 2 interpolated, 1 held",
        "2 counted at this date, 0 interpolated, 1 held",
        # On the day of a count this is what it is, also where it is over within a frame.
        "2 counted at this date, 0 interpolated, 1 held",
        "0 counted, 3 held",
    ]


def test_the_day_of_an_image_that_is_over_within_a_frame_is_told_as_the_days_after_it() -> None:
    # It was told as the day before, with "Last image 23 June 2017, 365 days before" on the day of the next one.
    words = {"look_before": "Last image {date}, {days} days before", "look_today": "today", "no_look_yet": "none yet"}
    words |= {"months": "|".join(["June"] * 12), "date_day": "{day} {name} {year}", "thousands": ",", "decimal": "."}
    meta = {"precision": "day", "stop_days": [17340, 17705], "metric": None}
    page = {"kind": "footprints", "sites": [], "meta": meta, "words": {"en": words}}
    script = "given.states.map((state) => new Words(given.page).notes(state, 'en'))"
    states = [{"t": t, "brief": brief} for t, brief in ((17339, True), (17340, True), (17705, True), (17705, False))]
    states = [{**one, "total": None, "phases": {}} for one in [*states, {"t": 17708, "brief": True}]]
    first, last = (iso_day(day) for day in meta["stop_days"])
    assert (first, last) == ("2017-06-23", "2018-06-23")
    assert _asked(script, {"page": page, "states": states}) == [
        ["none yet"],
        ["Last image 23 June 2017, 0 days before"],
        ["Last image 23 June 2018, 0 days before"],
        ["today"],
        ["Last image 23 June 2018, 3 days before"],
    ]
