"""The papers of a delivery: manifest, README, attribution, table of frames and checksums."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from camps import files, style
from camps.film import checks, records, timecode
from camps.film import manifest as film_manifest
from camps.film.checks import Check, Finished
from camps.film.licences import LayerLicence, credits_shown
from camps.film.manifest import MANIFEST
from camps.film.passes import PassInfo, what_shows
from camps.film.records import CHECKSUMS, FrameList
from camps.film.stage import FilmPage


def build_frame_list(finished: Finished) -> FrameList:
    """Return what each frame shows and the sums of all its pictures, the pass that is to be seen first."""
    shown = finished.shown
    order = {shown.name: shown, **finished.passes}
    states = dict(zip(finished.plan.numbers, finished.plan.states, strict=True))
    return records.build_frame_list(finished.frames, finished.plan.shot.rate, states, order)


def write_attribution(finished: Finished) -> Path:
    """Write ATTRIBUTION.txt: the credit line in the shot's language, and every source with its licence."""
    lines = ["This credit has to be shown with the pictures:", ""]
    lines += [f"  {part}" for part in credits_shown(finished.meta, finished.plan.shot)]
    lines += ["", "Sources and licences, by layer:", ""]
    lines += [line for entry in finished.licences for line in _source_lines(entry)]
    return files.write_text(finished.folder / "ATTRIBUTION.txt", "\n".join(lines).rstrip() + "\n")


def _source_lines(entry: LayerLicence) -> list[str]:
    lines = [f"{entry.layer}: {entry.title}", f"  licence: {entry.licence or 'none stated'}"]
    return [*lines, *([f"  cite as: {entry.citation}"] if entry.citation else []), ""]


def manifest(finished: Finished, report: Sequence[Check], page: FilmPage) -> dict[str, Any]:
    """Return what a graphics team needs to know of a delivery; the same shot gives the same manifest."""
    return {
        **film_manifest.build_manifest(finished.plan, finished.passes, page, of_shot=True),
        "composite": _composites(finished.passes),
        "left_out": list(finished.left_out),
        "movies": [film_manifest.movie_entry(finished.folder, one) for one in finished.movies],
        "licences": [vars(entry) for entry in finished.licences],
        "credit": credits_shown(finished.meta, finished.plan.shot),
        "checks": checks.report_json(report),
        "waived": [check.name for check in report if check.waived],
    }


def _composites(passes: Mapping[str, PassInfo]) -> dict[str, Any]:
    return {
        "operator": "over, straight alpha, on sRGB code values (not in linear light), rounded once at the end",
        **{info.name: list(info.made_of) for info in passes.values() if info.made_of},
    }


def write_readme(finished: Finished, report: Sequence[Check]) -> Path:
    """Write README.txt: what is in the folder and how to set it up in the usual programs."""
    blocks = [_heading(finished), _pass_list(finished), _setting_up(finished), _movie_list(finished)]
    blocks += [_beside(finished), _to_know(finished), _check_list(report)]
    return files.write_text(finished.folder / "README.txt", "\n\n".join(block for block in blocks if block) + "\n")


def _heading(finished: Finished) -> str:
    plan, shot = finished.plan, finished.plan.shot
    title = f"{shot.code}  version {shot.version:03d}"
    return "\n".join(
        [
            title, "=" * len(title), shot.title, "",
            f"Picture    {shot.size[0]} x {shot.size[1]}, square pixels, {shot.bit_depth} bit, sRGB",
            f"Rate       {_rate(finished)} frames/s",
            f"Frames     {plan.numbers[0]} to {plan.numbers[-1]} ({len(plan.numbers)} frames, {plan.seconds:.3f} s)",
            *([f"Cut        {plan.cut_told}"] if plan.cut_told else []),
            f"Timecode   starts at {film_manifest.start_timecode(finished.plan)}"
            f" ({'drop-frame' if timecode.drops(shot.rate) else 'non-drop'})",
            f"Dates      {plan.first_date} to {plan.last_date}{plan.split_told}",
            *_blur_line(finished),
        ]
    )  # fmt: skip


def _blur_line(finished: Finished) -> list[str]:
    blur, apart = finished.plan.shot.motion_blur, finished.plan.blur_told
    told = "the map, not what is written beside it; places in track/ are those in the middle of the exposure"
    shutter = [f"Blur       shutter {blur.shutter_deg:g} degrees, {blur.samples} exposures: {told}"] if blur else []
    return [*shutter, *([f"           {apart}"] if apart else [])]


def _rate(finished: Finished) -> str:
    rate = finished.plan.shot.rate
    return str(rate) if rate.denominator == 1 else f"{rate} ({float(rate):.3f})"


def _pass_list(finished: Finished) -> str:
    wide = max(map(len, finished.passes))
    lines = ["PASSES", "One folder each, one picture a frame; all from one camera and one clock.", ""]
    lines += [f"  {name.ljust(wide)}  {what_shows(info)}" for name, info in finished.passes.items()]
    opaque = [name for name, info in finished.passes.items() if info.alpha == "none"]
    lines += ["", f"Without alpha: {', '.join(opaque) or 'none'}. All other PNGs: straight alpha."]
    lines += [f"Over nothing, {style.made_for(finished.plan.shot.look)}."]
    left_out = [f"Left out, as empty on every frame: {', '.join(finished.left_out)}."] if finished.left_out else []
    lit = [name for name, info in finished.passes.items() if info.in_light]
    light = [f"OpenEXR, half float, linear light, premultiplied: {', '.join(lit)}; not for the composite below."]
    return "\n".join([*lines, *(light if lit else []), *left_out])


def _setting_up(finished: Finished) -> str:
    beauty = finished.passes.get("beauty")
    order = " < ".join(beauty.made_of) if beauty else "see manifest.json"
    rate = _rate(finished)
    return f"""PUTTING IT TOGETHER
From the bottom up:  {order}
Operator: over, on the values as they are (sRGB, not linear light). The result is beauty, to one code value.
For another language, use its labels, title, subtitle, captions and callouts in place of those above.

  After Effects   Import the first PNG with "PNG Sequence". Interpret Footage: Alpha Straight - Unmatted; frame rate
                  {rate}. Project settings: no working colour space, or sRGB with "Linearize" off.
                  Or run track/*.jsx (File > Scripts): it makes the comp, the footage and a null for each site.
  Nuke            Read with Raw Data on, so that no pass is linearised; Premult on every pass with alpha; Merge (over)
                  from the bottom up; sRGB only for the viewer. Camera: track/*.chan, "import chan file" of a Camera.
  Resolve         Media pool: clip attributes, alpha mode Straight. Timeline: the frame rate above, gamma Rec.709-A
                  or sRGB, no colour management on these clips. Or import edit/*.otio,
                  edit/*_reel.edl or edit/*.xml.
  Blender         Compositor: Image nodes as Image Sequence, colour space Non-Color, alpha Straight; Alpha Over with
                  Convert Premultiplied from the bottom up; view transform Raw. Camera: track/*.chan, with the
                  add-on "Nuke Animation Format"; an Empty at x, y, z of track/*_sites.csv for each site.
  Premiere        Import the first PNG as "Image Sequence"; Modify > Interpret Footage: {rate} frames/s, alpha not
                  premultiplied. edit/*.edl has the chapters as markers."""


_TELLING = (
    "Each carries in its comment what every frame shows: camps trace FILE --at TIMECODE needs nothing beside it.",
    "A copy into another container keeps that; what is encoded again loses it.",
)


def _movie_list(finished: Finished) -> str:
    if not finished.movies:
        return ""
    words = {
        "prores4444": "ProRes 4444, straight alpha",
        "prores422hq": "ProRes 422 HQ",
        "proxy": "H.264, frame number and timecode burnt in, for looking at only",
        "webm": "VP9, straight alpha, for web pages",
    }
    lines = [
        f"  {one.path.relative_to(finished.folder).as_posix()}: {one.shows.name}, {words[one.kind]}"
        for one in finished.movies
    ]
    return "\n".join(
        ["MOVIES", "Tagged bt709, studio range, with a timecode track (.webm: a tag).", *_TELLING, "", *lines]
    )


def _beside(finished: Finished) -> str:
    rows = {
        "track/": "camera and sites: After Effects, Nuke, Earth Studio, CSV (pixels, origin top left, y down)",
        "edit/": "OpenTimelineIO, EDL in two forms, Final Cut Pro XML, labels.csv (in and out), subtitles of the dates",
        "edit/*_sound.csv": "what sound is cut to, as markers for Adobe Audition",
        "frames.csv": "what each frame shows: timecode, date (EDTF), how it is known, sites, totals with bounds",
        "manifest.json": "all of this for machines; composite order, camera path, licences, checks, waivers",
        "checks.txt": "what was checked before delivery, and what it found (checks.json for machines)",
        "ATTRIBUTION.txt": "whose work is shown, under which licence, and the credit that has to be on screen",
        "checksum.txt": "SHA-256 of every file; check with: sha256sum --check checksum.txt",
    }
    there = [f"  {name:<16} {what}" for name, what in rows.items() if _is_there(finished.folder, name)]
    return "\n".join(["BESIDE THE PICTURES", *there])


def _is_there(folder: Path, name: str) -> bool:
    return name in {CHECKSUMS, MANIFEST} or any(folder.glob(name))


def _to_know(finished: Finished) -> str:
    return "\n".join(
        [
            "WHAT THE PICTURE SAYS, AND WHAT NOT",
            "Nothing shown has been verified on the ground; positions and counts are as published.",
            "A symbol with a dashed or thin edge is not certain at that date: keep legend, date and notes with it.",
            *_two_dates(finished),
            f"Between two observations this shot is {_MODES[finished.plan.shot.mode]}.",
            "The credit pass, or the text in ATTRIBUTION.txt, has to be on screen whenever the picture is.",
        ]
    )  # fmt: skip


def _two_dates(finished: Finished) -> list[str]:
    split = finished.plan.shot.split
    told = "every pass of ground and sites, textless as well, has two dates; only the pass date says so."
    return [f"Left of a line the picture is of {split.before}: {told}"] if split else []


_MODES = {
    "observed": "held at the last one: nothing moves that nobody saw",
    "bracket": "drawn with what is certain and what is possible",
    "illustrative": "interpolated for the eye, and the date line says so",
}


def _check_list(report: Sequence[Check]) -> str:
    waived = [check for check in report if check.waived]
    passed = sum(check.passed for check in report)
    lines = ["CHECKS", f"{passed} of {len(report)} passed; see checks.txt."]
    lines += [f"  WAIVED  {check.name}: {check.finding}" for check in waived]
    return "\n".join(lines)
