"""The folder ``edit``: the shot on a timeline, its labels and its dates, for editors and subtitlers.

References
----------
OpenTimelineIO 0.18, *ImageSequenceReference*, *Marker* and the file format ``.otio``.
CMX Systems, CMX 3600 edit decision list: ``TITLE``, ``FCM``, an event as number, reel, channel, transition, source in
and out, record in and out; out is the frame after the last. Markers are Avid's ``* LOC:``
comments, and DaVinci Resolve's ``|C: |M: |D:`` lines.
OpenTimelineIO, pull request 804: studios report which names of a sequence Resolve takes from an edit list.
Apple, Final Cut Pro XML Interchange Format, version 5 (``xmeml``), as otio-fcp-adapter writes it.
SubRip: numbered cues with ``HH:MM:SS,mmm --> HH:MM:SS,mmm``.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby
from pathlib import Path
from typing import Any

import opentimelineio as otio
import pandas as pd
import pysubs2

from camps import files, maps, record
from camps.dates import day_of, iso_day
from camps.film import timecode
from camps.film.passes import FRAME_PADDING, PassInfo
from camps.film.plan import Plan
from camps.film.tracks import Described, require_frames

#: A subtitle that stands for less time than this cannot be read.
LEAST_SUBTITLE_S = 1

LABEL_COLUMNS = (
    "lang", "text", "in_frame", "out_frame", "in_timecode", "out_timecode", "x_px", "y_px", "w_px", "h_px",
)  # fmt: skip

_BEAUTY = "beauty"
_COLOURS = {"era": otio.schema.MarkerColor.GREEN, "observation": otio.schema.MarkerColor.YELLOW}


@dataclass(frozen=True)
class Mark:
    """A moment of a shot that an editor will want to find.

    Attributes
    ----------
    at
        Frames after the first of the cut.
    kind
        ``"era"`` or ``"observation"``.
    text
        What begins or was seen.
    """

    at: int
    kind: str
    text: str


def write_editorial(
    folder: Path, name: str, plan: Plan, described: Described, *, passes: Sequence[PassInfo]
) -> list[Path]:
    """Write timeline, edit list, labels and subtitles of a shot and return the files.

    Timeline and edit lists show the cut; their media have its handles as well, as labels and subtitles do.
    ``NAME.otio`` has a track a pass, of which only beauty is switched on, and markers at chapters and observations;
    ``NAME.edl`` has the beauty pass as one event with the same markers, ``NAME_reel.edl`` the same with the sequence as
    its reel, ``NAME.xml`` as Final Cut Pro XML; ``NAME_markers.edl`` has the markers alone, as
    DaVinci Resolve takes them; ``labels.csv`` has a row a label and language
    with its first and last frame; ``NAME_dates.srt`` has the dates shown.

    Parameters
    ----------
    folder, name
        Where the files go, beside the folders of the passes, and what their names begin with.
    plan
        The shot.
    described
        What the page said of each frame, as `camps.describe()` returns it, with ``frame`` added.
    passes
        The passes in the order of the composite, lowest first.

    Raises
    ------
    InputError
        When frames are missing.
    """
    require_frames(plan, described)
    marks = build_marks(plan)
    timeline = build_timeline(name, plan, passes, marks)
    return [
        files.write_text(folder / f"{name}.otio", otio.adapters.write_to_string(timeline, "otio_json") + "\n"),
        files.write_text(folder / f"{name}.edl", edit_list(name, plan, passes, marks)),
        files.write_text(folder / f"{name}_reel.edl", reel_list(name, plan, passes)),
        files.write_text(folder / f"{name}.xml", final_cut(name, plan, passes, marks)),
        files.write_text(folder / f"{name}_markers.edl", marker_list(name, plan, marks)),
        _write_labels(folder / "labels.csv", plan, described),
        files.write_text(folder / f"{name}_dates.srt", subtitles(plan, described)),
    ]


def build_marks(plan: Plan) -> list[Mark]:
    """Return the chapters and observations of a shot, in order, each at the first frame that shows it.

    An observation between the days of two frames stands at the later one, the first that knows of it.
    """
    days = [int(state["t"] // 1) for state in plan.cut.states]
    eras = [
        Mark(at, "era", record.current().say(era["names"], "en"))
        for era in maps.read_eras()
        if (at := next((i for i, day in enumerate(days) if era["from"] <= day < era["to"]), None)) is not None
    ]
    return sorted([*eras, *_observations(plan, days)], key=lambda mark: (mark.at, mark.kind))


def _observations(plan: Plan, days: Sequence[int]) -> Iterator[Mark]:
    for stop in plan.stops:
        day = day_of(stop)
        at = next((i for i, shown in enumerate(days) if shown >= day), None)
        if at is not None and (at > 0 or days[0] == day):
            yield Mark(at, "observation", f"Observed {plan.given.get(stop, stop.isoformat())}")


def build_timeline(name: str, plan: Plan, passes: Sequence[PassInfo], marks: Sequence[Mark]) -> otio.schema.Timeline:
    """Return a timeline with a track a pass; its media are found from the folder that it lies in."""
    rate = float(plan.shot.rate)
    timeline = otio.schema.Timeline(name, global_start_time=_start(plan.cut))
    timeline.tracks.markers.extend(_marker(mark, rate) for mark in marks)
    shown = _shown(passes)
    for one in passes:
        track = otio.schema.Track(one.name, kind=otio.schema.TrackKind.Video)
        track.enabled = one is shown
        track.append(_clip(one, plan))
        timeline.tracks.append(track)
    return timeline


def _shown(passes: Sequence[PassInfo]) -> PassInfo:
    return next((one for one in passes if one.name == _BEAUTY), passes[0])


def _clip(one: PassInfo, plan: Plan) -> otio.schema.Clip:
    rate = float(plan.shot.rate)
    reference = otio.schema.ImageSequenceReference(
        target_url_base=f"../{one.folder}/", name_prefix=one.prefix, name_suffix=one.suffix,
        start_frame=plan.numbers[0], frame_step=1, rate=rate, frame_zero_padding=FRAME_PADDING,
        missing_frame_policy=otio.schema.ImageSequenceReference.MissingFramePolicy.error, available_range=_span(plan),
    )  # fmt: skip
    return otio.schema.Clip(one.prefix.rstrip("."), media_reference=reference, source_range=_span(plan.cut))


def _marker(mark: Mark, rate: float) -> otio.schema.Marker:
    span = otio.opentime.TimeRange(_time(mark.at, rate), _time(1, rate))
    return otio.schema.Marker(
        files.xml_text(mark.text), marked_range=span, color=_COLOURS[mark.kind], metadata={"camps": mark.kind}
    )


def _span(plan: Plan) -> otio.opentime.TimeRange:
    return otio.opentime.TimeRange(_start(plan), _time(len(plan.numbers), float(plan.shot.rate)))


def _start(plan: Plan) -> otio.opentime.RationalTime:
    return _time(timecode.count_of_frame(plan.numbers[0], plan.shot.rate), float(plan.shot.rate))


def _time(frames: int, rate: float) -> otio.opentime.RationalTime:
    return otio.opentime.RationalTime(frames, rate)


def edit_list(name: str, plan: Plan, passes: Sequence[PassInfo], marks: Sequence[Mark]) -> str:
    """Return a CMX 3600 edit decision list of one event, the beauty pass, with its markers."""
    cut = plan.cut
    first, after = cut.timecode(0), cut.timecode(len(cut.numbers))
    lines = [
        *_edl_head(name, plan.shot.rate),
        f"001  AX       V     C        {first} {after} {first} {after}",
        f"* FROM CLIP NAME: {_sequence(plan, passes)}",
        *(f"* LOC: {cut.timecode(mark.at)} {_COLOURS[mark.kind]:<7} {_ascii(mark.text)}" for mark in marks),
        "",
    ]
    return "\n".join(lines)


def reel_list(name: str, plan: Plan, passes: Sequence[PassInfo]) -> str:
    """Return an edit decision list whose reel is the sequence of pictures, counted from zero as such a sequence is."""
    rate, named, cut, before = plan.shot.rate, _sequence(plan, passes), plan.cut, plan.handles[0]
    span = " ".join(timecode.to_timecode(before + at, rate) for at in (0, len(cut.numbers)))
    record_span = " ".join(cut.timecode(at) for at in (0, len(cut.numbers)))
    event = f"001  {Path(named).stem} V     C        {span} {record_span}"
    return "\n".join([*_edl_head(name, rate), event, f"* FROM CLIP: {named}", ""])


def _sequence(plan: Plan, passes: Sequence[PassInfo]) -> str:
    """Return the name of the sequence that is shown, as edit lists and Resolve write it."""
    shown = _shown(passes)
    return f"{shown.prefix}[{plan.numbers[0]}-{plan.numbers[-1]}]{shown.suffix}"


def final_cut(name: str, plan: Plan, passes: Sequence[PassInfo], marks: Sequence[Mark]) -> str:
    """Return the sequence that is shown as Final Cut Pro XML, with the markers of the shot."""
    rate = float(plan.shot.rate)
    media = otio.schema.ExternalReference(
        f"../{_shown(passes).folder}/{_sequence(plan, passes)}", _span(plan), metadata={"fcp_xml": _counting(plan)}
    )
    timeline = otio.schema.Timeline(name, global_start_time=_start(plan.cut))
    timeline.metadata["fcp_xml"] = _counting(plan) | {"media": {"video": {"format": _format(plan)}}}
    timeline.tracks.markers.extend(_marker(mark, rate) for mark in marks)
    track = otio.schema.Track("V1", kind=otio.schema.TrackKind.Video)
    track.append(otio.schema.Clip(_sequence(plan, passes), media, _span(plan.cut)))
    timeline.tracks.append(track)
    written: str = otio.adapters.write_to_string(timeline, "fcp_xml")
    return written


def _counting(plan: Plan) -> dict[str, Any]:
    return {"timecode": {"displayformat": "DF" if timecode.drops(plan.shot.rate) else "NDF"}}


def _format(plan: Plan) -> dict[str, Any]:
    width, height = plan.shot.size
    sides = {"width": str(width), "height": str(height)}
    return {"samplecharacteristics": {**sides, "pixelaspectratio": "square", "fielddominance": "none"}}


def marker_list(name: str, plan: Plan, marks: Sequence[Mark]) -> str:
    """Return the markers as DaVinci Resolve imports them (*Timeline Markers from EDL*): an event of one frame each.

    What begins on the same frame is one event, since events must not lie over one another.
    """
    lines, cut = _edl_head(name, plan.shot.rate), plan.cut
    for number, (at, group) in enumerate(groupby(marks, key=lambda mark: mark.at), 1):
        together = list(group)
        first, after = cut.timecode(at), cut.timecode(at + 1)
        text = " / ".join(_ascii(mark.text) for mark in together)
        lines += [
            f"{number:03d}  001      V     C        {first} {after} {first} {after}",
            f" |C:ResolveColor{_COLOURS[together[0].kind].capitalize()} |M:{text} |D:1",
            "",
        ]
    return "\n".join(lines)


def _edl_head(name: str, rate: Fraction) -> list[str]:
    return [f"TITLE: {name}", f"FCM: {'DROP FRAME' if timecode.drops(rate) else 'NON-DROP FRAME'}", ""]


def _ascii(text: str) -> str:
    dashes = text.translate({ord(dash): "-" for dash in "‐‑‒–—"} | {ord("’"): "'"})
    return unicodedata.normalize("NFKD", dashes).encode("ascii", "ignore").decode("ascii")


# ── labels ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _write_labels(path: Path, plan: Plan, described: Described) -> Path:
    labels = pd.DataFrame(_label_rows(plan, described), columns=list(LABEL_COLUMNS), dtype=object)
    # Spreadsheets take a list without this mark for an old single-byte encoding, and garble all but English.
    return files.write_text(path, "\ufeff" + record.csv_text(labels))


def _label_rows(plan: Plan, described: Described) -> list[tuple[object, ...]]:
    scale, first = plan.shot.scale, plan.numbers[0]
    rows = []
    for (lang, text, _), seen in sorted(_labels(described).items()):
        for run in _runs(sorted(seen)):
            box = (f"{scale * side:.1f}" for side in seen[run[0]])
            codes = (plan.timecode(at) for at in (run[0], run[-1]))
            rows.append((lang, text, first + run[0], first + run[-1], *codes, *box))
    return rows


def _labels(described: Described) -> dict[tuple[str, str, int], dict[int, list[float]]]:
    """Return for each label (language, text, which of several with that text) its box on each frame that has it."""
    found: dict[tuple[str, str, int], dict[int, list[float]]] = {}
    for at, frame in enumerate(described):
        before: Counter[tuple[str, str]] = Counter()
        for label in _entries(frame):
            key = (str(label["lang"]), str(label["text"]))
            found.setdefault((*key, before[key]), {})[at] = [float(label[side]) for side in ("x", "y", "w", "h")]
            before[key] += 1
    return found


def _entries(frame: Mapping[str, object]) -> list[Mapping[str, float]]:
    labels = frame.get("labels") or []
    assert isinstance(labels, list)
    return labels


def _runs(positions: Iterable[int]) -> Iterator[list[int]]:
    """Yield runs of positions that follow one another."""
    for _, run in groupby(enumerate(positions), key=lambda pair: pair[1] - pair[0]):
        yield [position for _, position in run]


# ── subtitles ────────────────────────────────────────────────────────────────────────────────────────────────────────


def subtitles(plan: Plan, described: Described) -> str:
    """Return the dates shown as SubRip subtitles; where they change faster than can be read, the span of them.

    Times count from the first frame. A frame that shows no date has no subtitle. Of a split the date on the left of its
    line stands before the other, as in ``2017-03-02 | 2018-06-23``.
    """
    rate = plan.shot.rate
    cues = pysubs2.SSAFile()
    left, dates = _dates_shown(described)
    for start, end, text in _cues(dates, rate * LEAST_SUBTITLE_S):
        span = timecode.milliseconds(start, rate), timecode.milliseconds(end, rate)
        cues.append(pysubs2.SSAEvent(*span, text=left + text))
    return cues.to_string("srt")


def _dates_shown(described: Described) -> tuple[str, list[str]]:
    """Return what stands before every date, and the dates; those of a split by the day where they would be the same."""
    dates = [str(frame.get("date_shown") or "") for frame in described]
    before: Any = next((frame["before"] for frame in described if frame.get("before")), None)
    if not before or not before["date_shown"]:
        return "", dates
    if before["date_shown"] in dates:
        return f"{iso_day(before['t'])} | ", [iso_day(float(str(frame["t"]))) for frame in described]
    return f"{before['date_shown']} | ", dates


def _cues(dates: Sequence[str], least: Fraction) -> Iterator[tuple[int, int, str]]:
    """Yield first position, position after the last, and text of each cue."""
    start = 0
    waiting: list[tuple[int, str]] = []
    for date, run in groupby(dates):
        length = sum(1 for _ in run)
        if waiting and (not date or length >= least):
            yield _cue(waiting, start)
            waiting = []
        if date:
            waiting.append((start, date))
        start += length
        if waiting and start - waiting[0][0] >= least:
            yield _cue(waiting, start)
            waiting = []
    if waiting:
        yield _cue(waiting, start)


def _cue(waiting: Sequence[tuple[int, str]], end: int) -> tuple[int, int, str]:
    first, last = waiting[0][1], waiting[-1][1]
    return waiting[0][0], end, first if first == last else f"{first} – {last}"
