"""Timeline, edit list, labels and subtitles say what the pictures show, and the tools that read them find it again."""

from __future__ import annotations

import csv
import dataclasses
import itertools
import subprocess
import sys
from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import av
import opentimelineio as otio
import pysubs2
import pytest
from film_support import small_shot
from hypothesis import given
from hypothesis import strategies as st

from camps import film
from camps.errors import InputError
from camps.film import editorial, timecode
from camps.film.passes import PassInfo
from camps.film.plan import Ground

NAME = "TEST_A_0010_v003"
STOPS = [date(2012, 1, 5), date(2016, 6, 1), date(2017, 6, 1), date(2019, 6, 1)]
RATES = ["24000/1001", "25", "30000/1001", "60000/1001"]


def _planned(**changes: Any) -> film.Plan:
    given = {"version": 3, "frames": 100, "clock": {"kind": "linear", "from": date(2016, 6, 1), "to": date(2018, 6, 1)}}
    return film.plan_frames(small_shot(**{**given, **changes}), Ground({}, STOPS))


def _passes(planned: film.Plan) -> list[PassInfo]:
    names = ("base", "growth", "labels_en", "labels_ug", "beauty")
    return [PassInfo(name, name, f"{planned.shot.code}_{name}_v003.") for name in names]


def _said(planned: film.Plan, dates: Sequence[str | None] | None = None, **more: Sequence[Any]) -> list[dict[str, Any]]:
    shown = dates or [when.isoformat()[:4] for when in planned.dates]
    return [
        {"frame": number, "date_shown": shown[i], **{key: values[i] for key, values in more.items()}}
        for i, number in enumerate(planned.numbers)
    ]


def _written(folder: Path, planned: film.Plan, said: list[dict[str, Any]] | None = None) -> dict[str, Path]:
    edit = folder / "edit"
    paths = editorial.write_editorial(edit, NAME, planned, said or _said(planned), passes=_passes(planned))
    return {path.name.removeprefix(NAME): path for path in paths}


# ── OpenTimelineIO ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("rate", RATES)
def test_a_timeline_finds_every_picture(tmp_path: Path, rate: str) -> None:
    planned = _planned(rate=rate)
    path = _written(tmp_path, planned)[".otio"]
    timeline = otio.adapters.read_from_file(str(path))
    assert timeline.name == NAME
    assert timeline.global_start_time.to_timecode() == timecode.of_frame(1001, planned.shot.rate)
    assert [track.name for track in timeline.tracks] == ["base", "growth", "labels_en", "labels_ug", "beauty"]
    assert [track.name for track in timeline.tracks if track.enabled] == ["beauty"]
    for info, clip in zip(_passes(planned), timeline.find_clips(), strict=True):
        media = clip.media_reference
        assert isinstance(media, otio.schema.ImageSequenceReference)
        assert (media.start_frame, media.end_frame(), media.number_of_images_in_sequence()) == (1001, 1100, 100)
        assert media.missing_frame_policy == otio.schema.ImageSequenceReference.MissingFramePolicy.error
        for image, number in ((0, 1001), (99, 1100)):
            named = Path(media.target_url_for_image_number(image))
            assert (path.parent / named).resolve() == (tmp_path / info.file(number)).resolve()
        last = media.available_range.end_time_inclusive()
        assert media.frame_for_time(last) == 1100
        assert last.to_timecode() == timecode.of_frame(1100, planned.shot.rate)
        assert clip.duration().rate == float(planned.shot.rate)
        assert clip.duration().value == 100


def test_a_timeline_survives_being_read_and_written(tmp_path: Path) -> None:
    path = _written(tmp_path, _planned())[".otio"]
    again = tmp_path / "again.otio"
    otio.adapters.write_to_file(otio.adapters.read_from_file(str(path)), str(again))
    assert otio.adapters.read_from_file(str(again)).is_equivalent_to(otio.adapters.read_from_file(str(path)))


def test_opentimelineios_own_tool_reads_the_timeline(tmp_path: Path) -> None:
    path = _written(tmp_path, _planned())[".otio"]
    said = subprocess.run(
        [str(Path(sys.executable).with_name("otiostat")), str(path)], capture_output=True, text=True, check=True
    ).stdout
    assert "parsed: True" in said
    assert "number of tracks: 5" in said
    assert "total duration in timecode: 00:00:04:00" in said


def test_markers_stand_where_chapters_and_observations_begin(tmp_path: Path) -> None:
    planned = _planned()
    timeline = otio.adapters.read_from_file(str(_written(tmp_path, planned)[".otio"]))
    found = [
        (mark.metadata["camps"], mark.name, int(mark.marked_range.start_time.value)) for mark in timeline.tracks.markers
    ]
    observed = {name: at for kind, name, at in found if kind == "observation"}
    # The film begins on the day of the second look; the one before it and the one after its end are not in it.
    assert list(observed) == ["Observed 2016-06-01", "Observed 2017-06-01"]
    assert observed["Observed 2016-06-01"] == 0
    at = observed["Observed 2017-06-01"]
    assert planned.dates[at - 1] < date(2017, 6, 1) <= planned.dates[at]
    assert [at for kind, _, at in found if kind == "era"] == [0]


def test_chapters_that_begin_within_a_film_are_marked_there() -> None:
    planned = _planned(clock={"kind": "linear", "from": date(1949, 9, 1), "to": date(1990, 1, 1)})
    eras = {mark.text: mark.at for mark in editorial.build_marks(planned) if mark.kind == "era"}
    assert eras["Birth: the base areas, 1938–1949"] == 0
    assert planned.dates[eras["The archipelago forms, 1949–1957"]] >= date(1949, 10, 1)
    at = eras["Great Leap and Cultural Revolution, 1958–1976"]
    assert planned.dates[at - 1] < date(1958, 1, 1) <= planned.dates[at]


# ── edit decision list ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("rate", RATES)
def test_an_edit_list_round_trips(tmp_path: Path, rate: str) -> None:
    planned = _planned(rate=rate)
    path = _written(tmp_path, planned)[".edl"]
    text = path.read_text("ascii")
    drop = rate in {"30000/1001", "60000/1001"}
    assert text.splitlines()[:2] == [f"TITLE: {NAME}", f"FCM: {'DROP' if drop else 'NON-DROP'} FRAME"]
    timeline = otio.adapters.read_from_file(str(path), rate=float(planned.shot.rate))
    (clip,) = timeline.find_clips()
    assert clip.name == "TEST_A_0010_beauty_v003.[1001-1100].png"
    assert clip.source_range.duration.value == 100
    start = timecode.count_of_frame(1001, planned.shot.rate)
    assert clip.source_range.start_time.value == start
    event = text.splitlines()[3].split()
    assert event[:4] == ["001", "AX", "V", "C"]
    assert event[4:6] == event[6:8]
    assert [timecode.from_timecode(code, planned.shot.rate) - start for code in event[6:8]] == [0, 100]
    noted = [line.split(maxsplit=4)[2:] for line in text.splitlines() if line.startswith("* LOC: ")]
    marks = editorial.build_marks(planned)
    assert [timecode.from_timecode(code, planned.shot.rate) - start for code, _, _ in noted] == [m.at for m in marks]
    assert [name for _, colour, name in noted if colour == "YELLOW"] == ["Observed 2016-06-01", "Observed 2017-06-01"]
    # The reader knows markers with plain timecode only, and passes over the others.
    assert [mark.marked_range.start_time.value - start for mark in clip.markers] == (
        [] if drop else [m.at for m in marks]
    )


def test_a_list_of_markers_names_the_same_moments(tmp_path: Path) -> None:
    planned = _planned(rate="30000/1001")
    events = _written(tmp_path, planned)["_markers.edl"].read_text("ascii").split("\n\n")[1:]
    start, found = timecode.count_of_frame(1001, planned.shot.rate), []
    for number, event in enumerate(events, 1):
        line, note = event.strip("\n").split("\n")
        fields, (colour, name, length) = line.split(), note.split(" |")[1:]
        first, after = (timecode.from_timecode(code, planned.shot.rate) - start for code in fields[4:6])
        assert (int(fields[0]), after - first, length) == (number, 1, "D:1")
        found.append((first, colour.removeprefix("C:ResolveColor"), name.removeprefix("M:").partition(",")[0]))
    assert found[0] == (0, "Green", "Xinjiang")
    assert "/ Observed 2016-06-01 |D:1" in events[0]
    # What begins on one frame is one event: events that lie over one another are refused by OpenTimelineIO's reader.
    assert [at for at, _, _ in found] == sorted({mark.at for mark in editorial.build_marks(planned)})
    read = otio.adapters.read_from_file(str(tmp_path / "edit" / f"{NAME}_markers.edl"), rate=30000 / 1001)
    assert [clip.source_range.start_time.value - start for clip in read.find_clips()] == [at for at, _, _ in found]


@pytest.mark.parametrize("rate", RATES)
def test_every_paper_gives_a_part_of_a_shot_the_timecode_of_its_first_frame(tmp_path: Path, rate: str) -> None:
    whole = _planned(rate=rate, frames=3000)
    planned = dataclasses.replace(whole, numbers=whole.numbers[2000:], states=whole.states[2000:])
    first = timecode.of_frame(3001, planned.shot.rate)
    assert planned.timecode(0) == first != "01:00:00:00"
    written = _written(tmp_path, planned, _said(planned, labels=[[_label("Kashgar", "en")]] * 1000))
    timeline, cut = (otio.adapters.read_from_file(str(written[suffix])) for suffix in (".otio", ".xml"))
    for one in (timeline, cut):
        (clip, *_) = one.find_clips()
        assert one.global_start_time.to_timecode() == first
        assert clip.source_range.start_time.to_timecode() == first
        assert clip.source_range.duration.value == 1000
    events = [
        line.split() for suffix in (".edl", "_reel.edl") for line in written[suffix].read_text().splitlines()[3:4]
    ]
    assert [event[6:8] for event in events] == [[first, timecode.of_frame(4001, planned.shot.rate)]] * 2
    (label,) = csv.DictReader(written["labels.csv"].read_text("utf-8-sig").splitlines())
    assert (label["in_frame"], label["in_timecode"]) == ("3001", first)


@pytest.mark.parametrize("rate", RATES)
def test_every_paper_cuts_to_the_shot_without_its_handles(tmp_path: Path, rate: str) -> None:
    planned, plain = _planned(rate=rate, handles=12), _planned(rate=rate)
    exact, marks = planned.shot.rate, editorial.build_marks(plain)
    begins, first, after = (timecode.of_frame(number, exact) for number in (1001, 1013, 1113))
    assert editorial.build_marks(planned) == marks
    written = _written(tmp_path, planned)
    for suffix in (".otio", ".xml"):
        timeline = otio.adapters.read_from_file(str(written[suffix]))
        assert timeline.global_start_time.to_timecode() == first
        assert timeline.duration().value == 100
        for clip in timeline.find_clips():
            shown, media = clip.source_range, clip.media_reference.available_range
            assert (shown.start_time.to_timecode(), shown.duration.value) == (first, 100)
            assert (media.start_time.to_timecode(), media.duration.value) == (begins, 124)
        assert [mark.marked_range.start_time.value for mark in timeline.tracks.markers] == [mark.at for mark in marks]
    timeline = otio.adapters.read_from_file(str(written[".otio"]))
    (beauty,) = [track[0] for track in timeline.tracks if track.enabled]
    assert beauty.media_reference.frame_for_time(beauty.source_range.start_time) == 1013
    edl, reel, markers = (written[suffix].read_text("ascii") for suffix in (".edl", "_reel.edl", "_markers.edl"))
    assert edl.splitlines()[3].split()[4:8] == [first, after] * 2
    counted = [timecode.to_timecode(at, exact) for at in (12, 112)]
    assert reel.splitlines()[3].split()[4:8] == [*counted, first, after]
    assert "[1001-1124].png" in edl
    assert "[1001-1124].png" in reel
    (clip,) = otio.adapters.read_from_file(str(written["_reel.edl"]), rate=float(exact)).find_clips()
    assert (clip.source_range.start_time.value, clip.source_range.duration.value) == (12, 100)
    assert clip.media_reference.start_frame == 1001
    start = timecode.count_of_frame(1013, exact)
    noted = [line.split()[2] for line in edl.splitlines() if line.startswith("* LOC: ")]
    listed = [line.split()[4] for line in markers.splitlines() if line[:3].isdigit()]
    for found, wanted in ((noted, [m.at for m in marks]), (listed, sorted({m.at for m in marks}))):
        assert [timecode.from_timecode(code, exact) - start for code in found] == wanted


def test_labels_and_subtitles_have_the_handles_as_the_pictures_do(tmp_path: Path) -> None:
    planned = _planned(frames=50, handles=10)
    written = _written(tmp_path, planned, _said(planned, ["2017"] * 70, labels=[[_label("Kashgar", "en")]] * 70))
    (label,) = csv.DictReader(written["labels.csv"].read_text("utf-8-sig").splitlines())
    assert (label["in_frame"], label["out_frame"], label["in_timecode"]) == ("1001", "1070", "01:00:00:00")
    assert _shown(written["_dates.srt"], planned.shot.rate, 70) == ["2017"] * 70


@pytest.mark.parametrize("rate", RATES)
def test_the_sequence_as_a_reel_is_found_by_opentimelineios_reader(tmp_path: Path, rate: str) -> None:
    planned = _planned(rate=rate)
    path = _written(tmp_path, planned)["_reel.edl"]
    (clip,) = otio.adapters.read_from_file(str(path), rate=float(planned.shot.rate)).find_clips()
    media = clip.media_reference
    assert (media.name_prefix, media.name_suffix) == ("TEST_A_0010_beauty_v003.", ".png")
    assert (media.start_frame, media.frame_zero_padding, clip.source_range.duration.value) == (1001, 4, 100)
    assert (clip.source_range.start_time.value, clip.name) == (0, "TEST_A_0010_beauty_v003.[1001-1100]")


def test_final_cut_xml_says_size_fields_and_pixels(tmp_path: Path) -> None:
    planned = _planned(rate="30000/1001")
    text = _written(tmp_path, planned)[".xml"].read_text()
    for said in ("<width>320</width>", "<height>180</height>", "<pixelaspectratio>square<", "<fielddominance>none<"):
        assert said in text
    assert text.count("<displayformat>DF</displayformat>") == 2
    mark = editorial.Mark(0, "era", "Era\x0b7 \x01 & <gate>")
    ElementTree.fromstring(editorial.final_cut(NAME, planned, _passes(planned), [mark]))
    read = otio.adapters.read_from_string(text, "fcp_xml")
    assert [mark.name for mark in read.tracks.markers] == [mark.text for mark in editorial.build_marks(planned)]


def test_an_edit_list_of_an_hour_ends_where_the_hour_does() -> None:
    planned = _planned(rate="30000/1001", frames=None, seconds=3600)
    line = editorial.edit_list(NAME, planned, _passes(planned), []).splitlines()[3]
    assert line.split()[-2:] == ["01:00:00;00", "02:00:00;00"]


# ── labels ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _label(text: str, lang: str, x: float = 10) -> dict[str, Any]:
    return {"text": text, "lang": lang, "x": x, "y": 20.0, "w": 30.0, "h": 12.0, "layer": "labels"}


def test_labels_have_their_first_and_last_frame_in_each_language(tmp_path: Path) -> None:
    planned = _planned(frames=6)
    kashgar, uyghur = _label("Kashgar, city", "en"), _label("قەشقەر", "ug")
    labels = [
        [kashgar, uyghur],
        [kashgar],
        [],
        [kashgar, _label("喀什", "zh")],
        [kashgar, _label("Kashgar, city", "en", 200)],
        [],
    ]
    path = _written(tmp_path, planned, _said(planned, labels=labels))["labels.csv"]
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(path.read_text("utf-8-sig").splitlines()))
    assert [(row["lang"], row["text"], row["in_frame"], row["out_frame"]) for row in rows] == [
        ("en", "Kashgar, city", "1001", "1002"),
        ("en", "Kashgar, city", "1004", "1005"),
        ("en", "Kashgar, city", "1005", "1005"),
        ("ug", "قەشقەر", "1001", "1001"),
        ("zh", "喀什", "1004", "1004"),
    ]
    assert (rows[0]["in_timecode"], rows[0]["out_timecode"]) == ("01:00:00:00", "01:00:00:01")
    # The picture has 180 lines, a sixth of the reference.
    assert [rows[2][side] for side in ("x_px", "y_px", "w_px", "h_px")] == ["33.3", "3.3", "5.0", "2.0"]


# ── subtitles ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _shown(path: Path, rate: Fraction, n: int) -> list[str]:
    """Return the subtitle of each frame, by FFmpeg's reader."""
    shown = [""] * n
    with av.open(str(path)) as container:
        for packet in container.demux(subtitles=0):
            if packet.pts is None or packet.duration in (None, 0):
                continue
            start, end = (Fraction(tick) * packet.time_base for tick in (packet.pts, packet.pts + packet.duration))
            for at in range(n):
                if start <= at / rate + Fraction(1, 1000) < end:
                    shown[at] = bytes(packet).decode("utf-8")
    return shown


@pytest.mark.parametrize("rate", RATES)
def test_subtitles_show_the_date_of_every_frame(tmp_path: Path, rate: str) -> None:
    planned = _planned(rate=rate, frames=300)
    dates = ["2017"] * 100 + [None] * 50 + ["2018"] * 150
    path = _written(tmp_path, planned, _said(planned, dates))["_dates.srt"]
    assert _shown(path, planned.shot.rate, 300) == [when or "" for when in dates]
    assert [cue.text for cue in pysubs2.load(str(path))] == ["2017", "2018"]


def test_dates_that_change_too_fast_to_read_are_shown_as_a_span(tmp_path: Path) -> None:
    planned = _planned(frames=100)
    days = [f"2017-03-{1 + i // 2:02d}" for i in range(60)] + ["2017-05-01"] * 40
    path = _written(tmp_path, planned, _said(planned, days))["_dates.srt"]
    cues = [(cue.start, cue.end, cue.text) for cue in pysubs2.load(str(path))]
    assert cues == [
        (0, 1040, "2017-03-01 – 2017-03-13"),
        (1040, 2080, "2017-03-14 – 2017-03-26"),
        (2080, 2400, "2017-03-27 – 2017-03-30"),
        (2400, 4000, "2017-05-01"),
    ]


def test_a_film_without_dates_has_no_subtitles(tmp_path: Path) -> None:
    planned = _planned(frames=3)
    assert _written(tmp_path, planned, _said(planned, [None] * 3))["_dates.srt"].read_text("utf-8").strip() == ""


@given(st.lists(st.tuples(st.sampled_from(["", "2017", "2018", "2019"]), st.integers(1, 40)), min_size=1, max_size=12))
def test_every_frame_with_a_date_has_one_subtitle_that_holds_it(runs: list[tuple[str, int]]) -> None:
    dates = [when for when, length in runs for _ in range(length)]
    cues = list(editorial._cues(dates, Fraction(25)))
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(cues))
    for at, when in enumerate(dates):
        texts = [text for start, end, text in cues if start <= at < end]
        assert len(texts) == (1 if when else 0)
    assert all(dates[start] in text and dates[end - 1] in text for start, end, text in cues)


# ── all of it ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_same_shot_gives_the_same_bytes(tmp_path: Path) -> None:
    planned = _planned()
    one, other = (_written(tmp_path / name, planned) for name in ("one", "other"))
    assert set(one) == {".otio", ".edl", "_reel.edl", ".xml", "_markers.edl", "labels.csv", "_dates.srt"}
    assert {name: path.read_bytes() for name, path in one.items()} == {n: p.read_bytes() for n, p in other.items()}


def test_missing_frames_are_named(tmp_path: Path) -> None:
    planned = _planned(frames=5)
    with pytest.raises(InputError, match="descriptions are of 4 frames from 1001; expected one for each of 1001-1005"):
        _written(tmp_path, planned, _said(planned)[:-1])
