"""A file alone says what it shows: the same rows as from its folder, and nothing that was changed in it passes."""

from __future__ import annotations

import contextlib
import io
import lzma
import random
import shutil
import subprocess
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import av
import numpy as np
import pypdf
import pytest
from key_support import write_key
from PIL import Image

from camps import appendix, catalogue, cli, embedded, files, film, maps, origins, settings
from camps.appendix import filecheck, signing, verification
from camps.appendix.checks import Check
from camps.errors import InputError
from camps.film import manifest, movie, png, records, testimony
from camps.film.movie import SUFFIXES, MovieKind
from camps.film.readouts import read_out

#: A kind of movie for each shot, and frames of it in which the camera moves and counts change.
FILMED: dict[str, tuple[MovieKind, range]] = {
    "xinjiang": ("proxy", range(1120, 1128)),
    "archipelago": ("prores422hq", range(1300, 1308)),
    "dabancheng": ("prores4444", range(1400, 1408)),
}


@cache
def _rows_of(name: str) -> dict[int, dict[str, str]]:
    return read_out(film.read_shot(name), FILMED[name][1])


@pytest.fixture(autouse=True)
def _read_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Work out the rows of a shot once: the data are the same for all tests."""
    called = {film.read_shot(name).code: name for name in FILMED}
    monkeypatch.setattr(filecheck, "read_out", lambda shot, numbers: _rows_of(called[shot.code]))


def _folder(out: Path, name: str, kind: MovieKind | None = None) -> Path:
    """Return a folder with the list of frames of a shot, as the data give it, pictures of one colour, and a movie."""
    kind, numbers = kind or FILMED[name][0], FILMED[name][1]
    shot = film.read_shot(name).model_copy(update={"size": (96, 64)})
    folder = out / film.folder_name(shot)
    rows = _rows_of(name)
    frames = {n: records.ListedFrame({**row}, {"beauty": _picture(folder, n)}) for n, row in rows.items()}
    listed = records.FrameList(frames)
    records.write_frame_list(folder, listed)
    files.write_json(folder / "manifest.json", {"shot_table": manifest.shot_table(shot)})
    told = testimony.build(shot, listed, {"": "0" * 64}, of_shot=True)
    start = rows[numbers[0]]["timecode"]
    movie.write_movie(
        [folder / frame.pictures["beauty"].file for frame in frames.values()],
        folder / f"film{SUFFIXES[kind]}",
        rate=shot.rate, kind=kind, timecode=start, record=testimony.pack(told, "beauty", kind, start),
    )  # fmt: skip
    return folder


def _picture(folder: Path, number: int) -> records.PictureEntry:
    pixels = np.full((64, 96, 4), (number % 256, 255 - number % 256, 90, 255), np.uint8)
    pixels[:32, : number % 60] = 255
    path = files.write_bytes(folder / "beauty" / f"x.{number}.png", png.encode(pixels, order="RGBA"))
    return records.PictureEntry(f"beauty/{path.name}", files.sha256(path), str(number))


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    out = tmp_path_factory.mktemp("films")
    return {name: _folder(out, name) for name in FILMED}


def _movie(folder: Path) -> Path:
    (path,) = folder.glob("film.*")
    return path


@pytest.fixture
def small(folders: dict[str, Path], tmp_path: Path) -> Path:
    """Return a copy of one movie, with nothing beside it."""
    return Path(shutil.copy(_movie(folders["archipelago"]), tmp_path / "alone.mov"))


def _rows(report: str) -> str:
    """Return what a trace says but for what it was asked of and the sum of the picture."""
    return report.partition("\n")[2].partition("\n")[2]


def _outcomes(path: Path, **options: bool) -> dict[str, bool | None]:
    return {check.item: check.holds for check in appendix.verify(path, **options).checks}


# --- what is sound --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FILMED)
def test_every_frame_of_a_movie_alone_is_traced_to_the_rows_of_its_folder(
    folders: dict[str, Path], name: str, tmp_path: Path
) -> None:
    alone = Path(shutil.copy(_movie(folders[name]), tmp_path))
    listed = records.read_frame_list(folders[name])
    for number in FILMED[name][1][::7]:
        frame = listed.frames[number]
        wanted = appendix.trace(folders[name] / frame.pictures["beauty"].file)
        for at in (str(number), frame.shown["timecode"]):
            found = appendix.trace(alone, at=at)
            assert found.holds
            assert _rows(found.report()) == _rows(wanted.report())
        assert "Sites, rows and sources" in found.report()
        assert "Claims" in found.report()
    told = testimony.read(embedded.read(alone).content, alone)  # type: ignore[union-attr]
    assert {n: dict(row) for n, row in told.rows.items()} == {n: dict(f.shown) for n, f in listed.frames.items()}


@pytest.mark.parametrize("name", FILMED)
def test_a_sound_movie_holds_and_its_record_is_small(folders: dict[str, Path], name: str) -> None:
    path = _movie(folders[name])
    verdict = appendix.verify(path)
    assert verdict.holds, verdict.report()
    assert "8 coded pictures, each the one recorded" in verdict.report()
    assert "8 rows say what comes out of the data" in verdict.report()
    assert "Whoever forges a whole film can write its record too" in verdict.report()
    assert len(embedded.read(path).text) / 8 < 5000  # type: ignore[union-attr]


def test_a_place_is_found_by_timecode_number_and_time_after_the_beginning(small: Path) -> None:
    for at, said in (
        ("01:00:12:01", "its timecode"), ("1302", "its frame number"), ("00:00:00:02", "counted from the beginning"),
        ("0.08s", "counted from the beginning"),
    ):  # fmt: skip
        report = appendix.trace(small, at=at).report()
        assert "frame: 130" in report
        assert said in report
    for at in ("00:00:12:05", "1308", "9s", "x", "01:00:00:99"):
        with pytest.raises(
            InputError, match=r"expected a timecode from 01:00:11:24 to 01:00:12:06, a frame number from"
        ):
            appendix.trace(small, at=at)
    with pytest.raises(InputError, match="holds frames 1300 to 1307; say which with --at"):
        appendix.trace(small)


def _is_sound(path: Path, found: embedded.Embedded | None) -> bool:
    return found is not None and embedded.sum_around(path, found) == found.around and not found.is_signed


# --- what was changed -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["archipelago", "xinjiang"])
def test_a_thousand_bytes_changed_are_each_found(folders: dict[str, Path], name: str, tmp_path: Path) -> None:
    small = Path(shutil.copy(_movie(folders[name]), tmp_path))
    content, drawn = small.read_bytes(), random.Random(17)
    found = embedded.read(small)
    assert found is not None
    passed = []
    for _ in range(1000):
        at, bit = drawn.randrange(len(content)), 1 << drawn.randrange(8)
        small.write_bytes(content[:at] + bytes([content[at] ^ bit]) + content[at + 1 :])
        try:
            again = embedded.read(small)
            sound = _is_sound(small, again)
        except InputError:
            sound = False
        passed += [at] if sound else []
    assert passed == []


def test_a_picture_that_was_changed_cut_or_swapped_is_named(small: Path, folders: dict[str, Path]) -> None:
    found = movie.read_coded(small)
    content = bytearray(small.read_bytes())
    with av.open(str(small)) as opened:
        places = [packet.pos + packet.size // 2 for packet in opened.demux(video=0) if packet.size]
    content[places[3]] ^= 1
    small.write_bytes(content)
    checks = _outcomes(small, quick=True)
    assert checks["alone.mov"] is False
    assert checks["pictures"] is False
    assert "frame 1303 (1 in all): not as recorded" in appendix.verify(small, quick=True, remuxed=True).report()
    assert not appendix.trace(small, at="1303").holds
    assert appendix.trace(small, at="1302").holds
    assert movie.read_coded(small).sums[2] == found.sums[2]


needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="no ffmpeg on this machine, the judge")


@needs_ffmpeg
@pytest.mark.parametrize(("name", "suffixes"), [("xinjiang", "mp4 mov mkv"), ("dabancheng", "mov mkv")])
def test_a_movie_that_others_copied_into_a_container_still_testifies(
    folders: dict[str, Path], name: str, suffixes: str, tmp_path: Path
) -> None:
    path = _movie(folders[name])
    for suffix in suffixes.split():
        copied = tmp_path / f"copied.{suffix}"
        subprocess.run(["ffmpeg", "-v", "error", "-i", path, "-c", "copy", copied], check=True)
        found = embedded.read(copied)
        assert found is not None
        checks = [*filecheck.check_film(copied, found)]
        assert {check.holds for check in checks} == {True}, checks
        said = appendix.verify(copied, quick=True).report()
        assert "its timecode track was lost" not in said
        assert f"FAIL        {copied.name}: other bytes than were written with its record" in said
        assert f"PASS        {copied.name}" in appendix.verify(copied, quick=True, remuxed=True).report()
        number = str(FILMED[name][1][5])
        assert _rows(appendix.trace(copied, at=number).report()) == _rows(appendix.trace(path, at=number).report())
    cut = tmp_path / "cut.mkv"
    subprocess.run(["ffmpeg", "-v", "error", "-i", copied, "-c", "copy", "-frames:v", "5", cut], check=True)
    assert "found 5, expected 8: it was cut" in appendix.verify(cut, remuxed=True, quick=True).report()


@pytest.fixture(scope="module")
def webm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _movie(_folder(tmp_path_factory.mktemp("webm"), "archipelago", "webm"))


def test_a_webm_testifies_and_its_alpha_is_bound_as_its_colours_are(webm: Path, tmp_path: Path) -> None:
    verdict = appendix.verify(webm)
    assert verdict.holds, verdict.report()
    assert "8 coded pictures, each the one recorded" in verdict.report()
    assert "its timecode track was lost" not in verdict.report()
    assert appendix.trace(webm, at="01:00:12:01").holds
    content = webm.read_bytes()
    with av.open(str(webm)) as opened:
        packets = [packet for packet in opened.demux(video=0) if packet.size]
    beside = bytes(packets[3].get_sidedata("matroska_block_additional"))[8:]
    at = content.rfind(beside, 0, content.find(bytes(packets[4])))
    assert at > 0
    changed = files.write_bytes(tmp_path / "changed.webm", content[:at] + b"\x83" + content[at + 1 :])
    said = appendix.verify(changed, quick=True, remuxed=True).report()
    assert "frame 1303 (1 in all): not as recorded" in said


@needs_ffmpeg
def test_a_webm_that_others_copied_into_matroska_still_testifies(webm: Path, tmp_path: Path) -> None:
    for suffix in ("webm", "mkv"):
        copied = tmp_path / f"copied.{suffix}"
        subprocess.run(["ffmpeg", "-v", "error", "-i", webm, "-c", "copy", copied], check=True)
        verdict = appendix.verify(copied, remuxed=True)
        assert verdict.holds, verdict.report()
        assert _rows(appendix.trace(copied, at="1305").report()) == _rows(appendix.trace(webm, at="1305").report())
    opaque = tmp_path / "opaque.mkv"
    subprocess.run(["ffmpeg", "-v", "error", "-i", webm, "-c:v", "libvpx-vp9", "-crf", "9", opaque], check=True)
    assert _outcomes(opaque, quick=True, remuxed=True)["pictures"] is False


def _copied(path: Path, out: Path, *, twice: bool = False, turned_deg: float = 0) -> Path:
    """Copy the coded pictures of a movie into another container, once more beside themselves or turned about."""
    with av.open(str(path)) as source, av.open(str(out), "w") as copied:
        copied.metadata.update(source.metadata)
        tracks = [copied.add_stream_from_template(source.streams.video[0]) for _ in range(1 + twice)]
        tracks[0].set_display_rotation(turned_deg)
        for track in tracks:
            source.seek(0)
            for packet in source.demux(video=0):
                if packet.size:
                    packet.stream = track
                    copied.mux(packet)
    return out


def test_a_copy_that_shows_more_than_the_film_or_shows_it_turned_is_named(small: Path, tmp_path: Path) -> None:
    for told, said in (
        ({"twice": True}, "further tracks: found ('video',), expected ()"),
        ({"turned_deg": 180}, "turned by degrees: found -180, expected 0"),
    ):
        path = _copied(small, tmp_path / "more.mkv", **told)  # type: ignore[arg-type]
        found = embedded.read(path)
        assert found is not None
        checks = [*filecheck.check_film(path, found)]
        assert [one.item for one in checks if one.holds] == ["pictures", "times"], checks
        assert said in "\n".join(map(str, checks))


def test_rows_and_lists_that_say_something_else_are_named(folders: dict[str, Path], tmp_path: Path) -> None:
    """A film forged as a whole, its sums made consistent: the data here speak against it."""
    path = _movie(folders["archipelago"])
    content = dict(embedded.read(path).content)  # type: ignore[union-attr]
    rows = {**content["rows"], "n_open": [["9999", 8]]}
    site_id, (source_id, said) = next(iter(content["sites"].items()))
    sites = {**content["sites"], site_id: [source_id, said.replace("row ", "row 1")]}
    claim = [content["claims"][0][0], "All of it is proved.", *content["claims"][0][2:]]
    pictures = [*(folders["archipelago"] / "beauty").glob("*.png")]
    forged = movie.write_movie(
        sorted(pictures), tmp_path / "forged.mov", rate=film.read_shot("archipelago").rate, kind="prores422hq",
        timecode=content["timecode"],
        record=embedded.pack({**content, "rows": rows, "sites": sites, "claims": [claim], "looks": [["x", "1", "y"]]}),
    )  # fmt: skip
    report = appendix.verify(forged).report()
    assert "NOT everything holds" in report
    assert "n_open says 9999, comes out as" in report
    assert f"FAIL        {site_id}: the list here says" in report
    assert f"FAIL        claim {claim[0]}: the record here says: " in report
    assert f"NOT CHECKED claims: {sorted(one[0] for one in content['claims'][1:])[0]}" in report
    assert "FAIL        looks: not as the series here says: y" in report


# --- what is hostile, or of others ----------------------------------------------------------------------------------


def _xz(content: bytes) -> str:
    return embedded._MARK.decode() + embedded._written(lzma.compress(content)).decode()


HOSTILE: dict[str, Callable[[], str]] = {
    "a bomb": lambda: _xz(b'"' + b"A" * (1 << 26)),
    "deep": lambda: _xz(b"[" * 100_000),
    "a huge number": lambda: _xz(b'{"a": ' + b"9" * 10_000 + b"}"),
    "no number": lambda: _xz(b'{"a": NaN}'),
    "no table": lambda: _xz(b"[]"),
    "steering": lambda: embedded.pack({"shot": "\x1b[2J"}),
    "turning": lambda: embedded.pack({"shot": "\u202e"}),
    "half a sign": lambda: _xz(b'{"shot": "\\ud800"}'),
    "no text": lambda: _xz(b"\xff\xfe"),
    "no rows": lambda: embedded.pack({"shot": "A"}),
    "a million million rows": lambda: embedded.pack(
        {"rows": {name: [["1", 10**12]] for name in records.SHOWN_COLUMNS}}
    ),
    "rows of tables": lambda: embedded.pack({"rows": {name: [[{}, 1]] for name in records.SHOWN_COLUMNS}}),
    "not packed": lambda: "camps-record-1:AAAA",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_record_ends_in_one_line(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = files.write_bytes(tmp_path / "x.mov", b"\0\0" + embedded.blank(HOSTILE[name]()).encode() + b"\0")
    assert cli.run(["trace", str(path), "--at", "1001"]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "its record" in said
    assert cli.run(["verify", str(path)]) in {1, 2}
    assert "Traceback" not in capsys.readouterr().err


def test_movies_of_others_and_two_records_in_one_end_in_one_line(
    folders: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures = [*(folders["archipelago"] / "beauty").glob("*.png")]
    other = movie.write_movie(pictures, tmp_path / "other.mp4", rate=film.read_shot("first").rate)
    (tmp_path / "empty.mov").touch()
    two = files.write_bytes(
        tmp_path / "two.mov", b" ".join(_movie(folders[name]).read_bytes() for name in ("archipelago", "dabancheng"))
    )
    for path, said in (
        (other, "holds no record"), (tmp_path / "empty.mov", "holds no record"), (two, "holds 2 records"),
    ):  # fmt: skip
        for told in (["verify", str(path)], ["trace", str(path), "--at", "1001"]):
            assert cli.run(told) == 2
            err = capsys.readouterr().err
            assert said in err
            assert err.count("\n") == 1
    assert cli.run(["verify", str(tmp_path / "none.mov")]) == 2


def test_the_same_film_has_the_same_record_and_bytes(folders: dict[str, Path], tmp_path: Path) -> None:
    again = _folder(tmp_path, "archipelago")
    assert _movie(again).read_bytes() == _movie(folders["archipelago"]).read_bytes()


# --- maps, plates and frames that left their folder -----------------------------------------------------------------


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    sites = catalogue.load("gazetteer")
    return maps.write_map(maps.site_map(sites[sites["site_id"].isin(["cn-qincheng", "xj-bfn130-aspi50"])]),
                          tmp_path_factory.mktemp("maps") / "map.html")  # fmt: skip


def test_a_map_asks_no_list_but_those_of_its_sites(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another list may be large or broken, and has nothing to say of them."""
    sites, asked = catalogue.load().head(2).assign(site_id=["of-no-list", "cn-qincheng"]), []
    monkeypatch.setattr(origins.sources, "lists", lambda: ["another", *sites["source_id"].unique()])
    monkeypatch.setattr(origins, "_in_source", lambda source_id, _: asked.append(source_id) or {})
    maps.site_map(sites, ground=maps.Ground(relief=False)).record()
    assert asked == list(sites["source_id"].unique())


def test_a_map_alone_says_where_its_sites_come_from_and_no_byte_changes_unseen(drawn: Path, tmp_path: Path) -> None:
    path = Path(shutil.copy(drawn, tmp_path / "alone.html"))
    found = appendix.trace(path)
    assert found.holds
    assert "row 2 of gazetteer.csv (gazetteer); counts as printed: 2017: N/A, 2018: 40" in found.report()
    verdict = appendix.verify(path)
    assert verdict.holds, verdict.report()
    assert "2 sites, each as it stands in its list here" in verdict.report()
    content = path.read_bytes()
    path.write_bytes(content.replace(b"Qincheng", b"Qinchenh", 1))
    assert not appendix.trace(path).holds
    assert not appendix.verify(path, remuxed=True).holds, "what is no film has no container to be copied into"


#: What sound lists hold: the word breaks of Khmer, marks of direction in Arabic, cells with tabs and ends of lines.
_OF_A_LIST = (
    "\u179f\u17d2\u178f\u17b9\u1784\u200b\u1798\u17b6\u1793 \u200f\u0645\u062e\u064a\u0645\u200e\ta\r\nb\x0bc\u2028d"
)


def _svg(path: Path) -> None:
    path.write_text('<svg xmlns="http://www.w3.org/2000/svg" width="9mm"><title>A</title></svg>\n', "utf-8")


def _png(path: Path) -> None:
    Image.effect_noise((40, 30), 50).save(path)


def _pdf(path: Path) -> None:
    Image.effect_noise((40, 30), 50).save(path, format="PDF", creationDate=time.gmtime(0), modDate=time.gmtime(0))


@pytest.mark.parametrize("draw", [_svg, _png, _pdf])
def test_a_plate_carries_its_record_opens_as_before_and_no_byte_of_it_changes_unseen(
    draw: Callable[[Path], None], tmp_path: Path
) -> None:
    path = tmp_path / f"plate.{draw.__name__.removeprefix('_')}"
    draw(path)
    before = path.read_bytes()
    embedded.put(path, {"shot": _OF_A_LIST, "filler": list(range(200))})
    content, chance = path.read_bytes(), random.Random(17)
    found = embedded.read(path)
    assert found is not None
    assert found.content["shot"] == _OF_A_LIST
    assert embedded.sum_around(path, found) == found.around
    if draw is _svg:
        assert ElementTree.fromstring(content).tag.endswith("svg")
    elif draw is _png:
        assert Image.open(path).convert("L").tobytes() == Image.open(io.BytesIO(before)).convert("L").tobytes()
        assert embedded.without(content) == before
    else:
        assert len(pypdf.PdfReader(path, strict=True).pages) == 1
    for _ in range(1000):
        at = chance.randrange(len(content))
        path.write_bytes(content[:at] + bytes([content[at] ^ 1 << chance.randrange(8)]) + content[at + 1 :])
        with contextlib.suppress(InputError):
            assert not _is_sound(path, embedded.read(path)), at


def test_a_frame_leaves_its_folder_with_its_record_and_stays_as_it_is(
    folders: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frame, out = folders["archipelago"] / "beauty" / "x.1303.png", tmp_path / "alone.png"
    before = frame.read_bytes()
    assert cli.run(["trace", str(frame), "--out", str(out)]) == 0
    assert frame.read_bytes() == before == embedded.without(out.read_bytes())
    assert str(out) in capsys.readouterr().out
    alone, wanted = appendix.trace(out), appendix.trace(frame)
    assert alone.holds
    assert _rows(alone.report()) == _rows(wanted.report())
    verdict = appendix.verify(out)
    assert verdict.holds, verdict.report()
    assert cli.run(["trace", str(frame), "--out", str(out)]) == 2
    content = bytearray(out.read_bytes())
    content[-20] ^= 1
    out.write_bytes(content)
    assert not appendix.trace(out).holds
    assert not appendix.verify(out, quick=True).holds


# --- signed ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return two keys of OpenSSH."""
    folder = tmp_path_factory.mktemp("keys")
    return write_key(folder / "one"), write_key(folder / "other")


#: What docs/delivery.md tells others to run.
BY_OTHERS = """
grep -ao 'camps-record-1:[A-Za-z0-9_.-]*~' "$1" | head -1 > record
printf %s "$(sed 's/[.][^.]*$//' record)" > text
{ echo '-----BEGIN SSH SIGNATURE-----'; sed 's/.*[.]//; s/~//' record | tr -- -_ +/ | fold -w 70
  echo '-----END SSH SIGNATURE-----'; } > text.sig
ssh-keygen -Y check-novalidate -n camps-file -s text.sig < text
"""


@pytest.mark.parametrize("kind", ["mov", "html", "png", "svg", "pdf"])
def test_a_signed_file_names_its_key_to_us_and_to_others_and_holds_for_no_other(
    kind: str, small: Path, drawn: Path, keys: tuple[Path, Path], tmp_path: Path
) -> None:
    path = {"mov": small, "html": drawn}.get(kind) or tmp_path / f"plate.{kind}"
    if not path.exists():
        {"png": _png, "svg": _svg, "pdf": _pdf}[kind](path)
        embedded.put(path, embedded.read(drawn).content)  # type: ignore[union-attr]
    one, out = keys[0], tmp_path / "out"
    (signed,) = appendix.sign_records([path], out, one)
    by = signing.read_key(str(keys[0].with_name("one.pub")))
    found = embedded.read(signed)
    assert found is not None
    assert signing.read_record_signer(found) == by
    assert embedded.sum_around(signed, found) == found.around
    if shutil.which("ssh-keygen"):
        judged = subprocess.run(["sh", "-c", BY_OTHERS, "sh", signed], cwd=tmp_path, capture_output=True, check=False)
        assert by in judged.stdout.decode(), judged.stderr


def test_a_signature_of_another_record_and_letters_that_are_none_fail(
    drawn: Path, keys: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told, signed = ["sign", str(drawn), "--key", str(keys[0]), "--out", str(tmp_path)], tmp_path / drawn.name
    assert cli.run(told) == 0
    assert capsys.readouterr().out == f"{signed}\n"
    assert cli.run(told) == 2
    assert "is there already; name another folder" in capsys.readouterr().err
    found = embedded.read(signed)
    assert found is not None
    for path, key, said in (
        (signed, keys[0], "PASS        signature: is by the key expected, SHA256:"),
        (signed, keys[1], "FAIL        signature: is by SHA256:"),
        (drawn, keys[0], "FAIL        signature: is by nobody, expected SHA256:"),
    ):
        assert said in appendix.verify(path, quick=True, signer=f"{key}.pub").report()
    assert "signed: by SHA256:" in appendix.trace(signed).report()
    plain, forged = embedded.read(drawn), tmp_path / "forged.html"
    assert plain is not None
    head = embedded.pack({**plain.content, "map": "another"})
    for signature in (found.signature, bytes([1, *bytes(len(found.signature) - 1)])):
        forged.write_bytes(drawn.read_bytes().replace(plain.text, embedded.blank(head).encode()))
        embedded.sign(embedded.fill(forged, head), embedded.read(forged), signature)  # type: ignore[arg-type]
        assert not appendix.trace(forged).holds
        (check,) = [one for one in appendix.verify(forged, quick=True).checks if one.item == "signature"]
        assert check.holds is False
    forged.write_bytes(drawn.read_bytes() + b" ")
    with pytest.raises(InputError, match="was changed since it was written; sign a movie"):
        appendix.sign_records([forged], tmp_path / "other", keys[0])


def test_where_no_record_is_nothing_is_said_against_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CAMPS_HOME", raising=False)
    monkeypatch.chdir(tmp_path)

    def refuse() -> list[Check]:
        raise InputError("a fault of the file")

    (absent,) = verification._guarded("a group", lambda: [Check("a group", str(settings.home()), True, "")])
    (faulty,) = verification._guarded("a group", refuse)
    assert (absent.holds, faulty.holds) == (None, False)
    assert "name one with --home or CAMPS_HOME" in absent.said
