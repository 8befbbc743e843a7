"""Public editions of maps and films: what is kept back stands in no byte of what is made, decoded in every way."""

from __future__ import annotations

import base64
import json
import lzma
import re
import shutil
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import pypdf
import pytest
from PIL import Image, PngImagePlugin
from record_support import shot_of, shot_text

from camps import appendix, catalogue, cli, embedded, files, film, footprints, maps, origins, sources
from camps.appendix import restriction
from camps.errors import CheckError, InputError

#: A list of one's own: the second row is kept from the public.
ROWS = """id,name,lat,lon,opened,buildings.2018,buildings.2020,note
a,Northern camp,44.512345,87.254321,2017,12,40,by the road
b,Quiet orchard,37.163833,79.866917,2016-05,23,47113,behind the mill of Kepek
c,Southern camp,38.912345,77.654321,2018,7,9,
"""
PLACE = '["used_lat", "used_lon"]'
TOLD = '["published_lat", "published_lon", "published_verbatim", "gcj02_offset_m"]'
RESTRICTED = "\n".join(
    f'[[restriction]]\ntable = "{table}"\ncolumns = {columns}\naction = "{action}"\nreason = "asked for"\n'
    f'sites = ["mine-b"]\n{more}'
    for table, columns, action, more in [
        ("sites", PLACE, "round", "decimals = 1\n"),
        ("sites", TOLD, "withhold", ""),
        ("sites", '["name_en", "opened"]', "withhold", ""),
        ("counts", '["printed", "value"]', "withhold", ""),
    ]
)
SECRETS = (
    "37.163", "37.164", "79.866", "79.867", "163833", "866917", "Quiet orchard", "Quiet", "2016-05", "47113", "47,113",
    "Kepek",
)  # fmt: skip
SHOT = shot_of("2018-07-02", "2020-07-02", map={"kind": "growth", "sources": ["mine"], "metric": "buildings"})


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a record of one list of which one site is restricted, with a shot of it."""
    folder = tmp_path_factory.mktemp("record")
    (folder / "list.csv").write_text(ROWS, "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.delenv("CAMPS_MIRROR", raising=False)
        assert cli.run(["init", "home"]) == 0
        patch.setenv("CAMPS_HOME", str(folder / "home"))
        named = [f"--map={field}={field}" for field in ("lat", "lon", "opened", "buildings.2018", "buildings.2020")]
        told = ["--id", "mine", "--map=key=id", "--map=name_en=name", "--map=note=note"]
        assert cli.run(["sources", "add", "list.csv", *told, *named]) == 0
    home = folder / "home"
    (home / "geodata" / "restrictions.toml").write_text(RESTRICTED)
    (home / "shots").mkdir(exist_ok=True)
    (home / "shots" / "first.toml").write_text(shot_text(SHOT))
    return home


@pytest.fixture(autouse=True)
def _here(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CAMPS_MIRROR", raising=False)
    monkeypatch.setenv("CAMPS_HOME", str(home))


def _decoded(path: Path) -> Iterator[str]:
    """Yield a file as text in every way in which it may hold any, by no code of the suite's own."""
    content = path.read_bytes()
    yield content.decode("utf-8", "replace")
    yield content.decode("utf-16-le", "replace")
    for found in re.finditer(rb"camps-record-1:([A-Za-z0-9_-]+)\.", content):
        packed = base64.urlsafe_b64decode(found[1] + b"=" * (-len(found[1]) % 4))
        yield json.dumps(json.loads(lzma.decompress(packed)), ensure_ascii=False)
    for found in re.finditer(rb"[A-Za-z0-9+/]{200,}={0,2}", content):
        yield base64.b64decode(found[0][: len(found[0]) // 4 * 4]).decode("utf-8", "replace")
    for found in re.finditer(rb"\x78[\x01\x5e\x9c\xda]", content):
        try:
            yield zlib.decompressobj().decompress(content[found.start() :], 1 << 22).decode("utf-8", "replace")
        except zlib.error:
            continue
    if path.suffix == ".png":
        with Image.open(path) as picture:
            yield json.dumps({str(name): str(value) for name, value in picture.info.items()})
    if path.suffix == ".pdf":
        yield "\n".join(page.extract_text() for page in pypdf.PdfReader(path).pages)


def _telling(path: Path) -> list[str]:
    """Return what is kept back and stands in a file or a folder, names of files among it."""
    texts = [path.name]
    for one in path.rglob("*") if path.is_dir() else [path]:
        texts += [str(one.relative_to(path.parent)), *(_decoded(one) if one.is_file() else ())]
    # The base map and the letters are the suite's own; a short number may stand in them.
    return sorted({secret for secret in SECRETS for text in texts if secret in _without_ground(text)})


def _without_ground(text: str) -> str:
    return re.sub(r'"base":\{.*?\},"class_names"', "", text, flags=re.DOTALL)


@pytest.mark.parametrize("name", ["sites", "growth"])
def test_a_public_map_tells_nothing_that_is_kept_back(tmp_path: Path, name: str) -> None:
    assert cli.run(["map", name, "--out", str(tmp_path / "full.html")]) == 0
    assert cli.run(["map", name, "--public", "--out", str(tmp_path / "public.html")]) == 0
    assert {"37.163", "Quiet orchard"} <= set(_telling(tmp_path / "full.html"))
    assert _telling(tmp_path / "public.html") == []
    content = embedded.read(tmp_path / "public.html").content  # type: ignore[union-attr]
    assert content["edition"]["name"] == "public"
    assert "withheld" in content["sites"]["mine-b"][1]
    assert "44.512345" in (tmp_path / "public.html").read_text("utf-8"), "the rest is as it was"
    if name == "growth":
        said = {one: (tmp_path / f"{one}.html").read_text("utf-8") for one in ("full", "public")}
        assert '["stale","unknown","zero"' in said["full"].replace(" ", "")
        assert '["stale","withheld","zero"' in said["public"].replace(" ", ""), "of a site that was counted"


@pytest.mark.parametrize("suffix", ["svg", "png", "pdf"])
def test_a_public_plate_tells_nothing_that_is_kept_back(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"plate.{suffix}"
    assert cli.run(["map", "growth", "--public", "--size", "100x60", "--out", str(path)]) == 0
    assert _telling(path) == []
    assert appendix.verify(path).holds


def test_a_public_film_tells_nothing_and_is_verified_as_what_it_is(tmp_path: Path, home: Path) -> None:
    assert cli.run(["frames", "first", "--public", "--out", str(tmp_path / "out")]) == 0
    (folder,) = (tmp_path / "out").iterdir()
    assert (folder / "proxy" / "TEST_P_0010_v001.mp4").is_file()
    assert _telling(folder) == []
    rows = (folder / "frames.csv").read_text("utf-8").splitlines()
    assert "49" in rows[-1].split(","), "the total is of what is shown: 40 and 9"
    for path in sorted((folder / "proxy").glob("*.mp4")):
        verdict = appendix.verify(path)
        assert verdict.holds, verdict.report()
    assert not [check for check in appendix.framecheck.check_frames(tmp_path / "out", sample=1) if not check.holds]
    frame = next(folder.rglob("*.1001.png"))
    assert cli.run(["trace", str(frame), "--out", str(tmp_path / "copy.png")]) == 0
    assert _telling(tmp_path / "copy.png") == []
    with Image.open(frame) as opened, tempfile.TemporaryDirectory() as other:
        tags = PngImagePlugin.PngInfo()
        tags.add_text("Comment", "Quiet orchard", zip=True)
        forged = Path(shutil.copytree(folder, Path(other) / folder.name))
        opened.save(forged / frame.relative_to(folder), pnginfo=tags)
        told = [check for check in appendix.framecheck.check_frames(forged, sample=0) if "withheld" in check.item]
    assert [check.holds for check in told] == [False]
    assert f"{frame.name} tells 1" in told[0].said
    with pytest.raises(InputError, match="holds the film of another edition"):
        film.testimony.write_telling(frame, tmp_path / "full.png")
    with pytest.raises(InputError, match="holds the film of another edition"):
        film.render(film.read_shot("first"), tmp_path / "out")


def test_under_other_restrictions_it_is_not_said_to_hold(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cli.run(["map", "sites", "--public", "--out", str(tmp_path / "map.html")]) == 0
    shutil.copytree(home, tmp_path / "other")
    (tmp_path / "other" / "geodata" / "restrictions.toml").write_text("restriction = []\n")
    monkeypatch.setenv("CAMPS_HOME", str(tmp_path / "other"))
    verdict = appendix.verify(tmp_path / "map.html")
    assert [check.holds for check in verdict.failed] == [None]
    assert "under a restrictions.toml that is not the one here" in verdict.report()


def test_a_place_is_a_cell_and_what_would_tell_of_it_is_left_out() -> None:
    with appendix.public_edition():
        sites = catalogue.load("mine").set_index("site_id")
        counts = catalogue.counts("mine").set_index("unit")
        traced = origins.look_up(["mine-b"])["mine-b"].text()
    hidden = sites.loc["mine-b"]
    assert (hidden["lat"], hidden["lon"], hidden["geometry"].y) == (37.2, 79.9, 37.2)
    assert (hidden["lat_published"], hidden["lon_published"]) == ("37.15–37.25", "79.85–79.95")
    assert hidden["level"] == "cell"
    assert 7_000 < hidden["r95_m"] < 8_000, "half across the cell, and as far off as the point was"
    assert hidden[["note", "opened", "gcj02_offset_m"]].isna().all()
    assert counts.loc["mine-b", "value"].isna().all()
    assert set(counts.loc["mine-b", "verbatim"]) == {"withheld"}
    assert "2020: withheld" in traced
    assert sites.loc["mine-a", "lat"] == 44.512345
    assert catalogue.load("mine").set_index("site_id").loc["mine-b", "lat"] == 37.163833, "and outside it is as it was"


def test_a_second_list_that_tells_the_place_is_refused(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(home, tmp_path / "home")
    monkeypatch.setenv("CAMPS_HOME", str(tmp_path / "home"))
    (tmp_path / "other.csv").write_text("id,name,lat,lon\n1,A mill,37.1640,79.8671\n2,Far,30,90\n", "utf-8")
    assert cli.run(["sources", "add", str(tmp_path / "other.csv"), "--id", "other"]) == 0
    with appendix.public_edition(), pytest.raises(InputError, match="site other-1: found may be the place of mine-b"):
        sources.read("other")


def test_a_camera_on_the_place_is_refused(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    aimed = {**SHOT, "camera": [{"at": 0, "centre": [79.87, 37.16], "zoom": 6}]}
    (tmp_path / "aimed.toml").write_text(shot_text(aimed))
    assert cli.run(["frames", str(tmp_path / "aimed.toml"), "--public", "--out", str(tmp_path / "out")]) == 2
    assert "camera.1.centre: found a point on mine-b" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_outlines_of_a_restricted_site_are_refused(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    square = [[79.8665, 37.1635], [79.8675, 37.1635], [79.8675, 37.1645], [79.8665, 37.1645], [79.8665, 37.1635]]
    path = files.write_json(tmp_path / "outline.geojson", {
        "type": "FeatureCollection", "features": [{
            "type": "Feature", "properties": {"observed_on": "2019-01-01"},
            "geometry": {"type": "Polygon", "coordinates": [square]},
        }],
    })  # fmt: skip
    assert len(footprints.load(path, gsd_m=10).footprints) == 1
    with (
        appendix.public_edition(),
        pytest.raises(InputError, match="outlines mine-b, of which restrictions"),
    ):
        footprints.load(path, gsd_m=10)


def test_what_nothing_is_drawn_without_cannot_be_kept_back(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(home, tmp_path / "home")
    monkeypatch.setenv("CAMPS_HOME", str(tmp_path / "home"))
    text = RESTRICTED.replace('["name_en", "opened"]', '["name_en", "system"]')
    (tmp_path / "home" / "geodata" / "restrictions.toml").write_text(text)
    with appendix.public_edition(), pytest.raises(InputError, match="sites, site mine-b: found system withheld"):
        sources.read("mine")


def test_what_tells_all_the_same_is_found_and_removed(tmp_path: Path) -> None:
    """A title that a shot gives itself is in no list; the search finds it where it comes out."""
    with appendix.public_edition() as edition:
        words = maps.Words(title="The camp at 37.163833 north")
        path = maps.write_map(maps.site_map(catalogue.load("mine"), words=words), tmp_path / "map.html")
        with pytest.raises(CheckError, match=r"map.html tells \d+ withheld values; they were removed|tells"):
            edition.require_nothing_told(path)
    assert not path.exists()


def test_what_is_withheld_and_put_back_is_told_by_verify_though_its_record_was_made_anew(tmp_path: Path) -> None:
    with appendix.public_edition():
        for name, title in (("sound", "The camps"), ("forged", "The camp at 37.163833 north")):
            map_ = maps.site_map(catalogue.load("mine"), words=maps.Words(title=title))
            maps.write_map(map_, tmp_path / f"{name}.html")
    assert appendix.verify(tmp_path / "sound.html").holds
    spelt = r"<script>L.marker([37.163833, 79.866917])</script>", r"<script>'\x33\u0037.\u{31}63833'</script>"
    for added in (*spelt, r"<style>b::after { content: '\33 \000037 .163833' }</style>"):
        drawing = (tmp_path / "sound.html").read_text("utf-8") + added
        with appendix.public_edition() as edition:
            (leak,) = restriction.find_leaks(files.write_text(tmp_path / "drawn.html", drawing), edition.secrets)
        assert leak.name == "drawn.html"
    (failed,) = appendix.verify(tmp_path / "forged.html").failed
    assert (failed.item, failed.holds) == ("forged.html, withheld values", False)
    assert "37.16" not in failed.said


def test_what_is_removed_is_what_was_named_and_names_are_searched(tmp_path: Path) -> None:
    """One search names and removes: a number in packed bytes or in a track is any number, a name tells like a text."""
    with appendix.public_edition() as edition:
        made = tmp_path / "made"
        kept = {"still.png": b"\x89PNG\r\n\x1a\n 47113 \xff", "track/of.csv": b"x\n47113\n"}
        gone = {"Quiet orchard.csv": b"x\n1\n", "rows.csv": b"x\n47113\n"}
        for name, content in (kept | gone).items():
            files.write_bytes(made / name, content)
        with pytest.raises(
            CheckError, match=r"the name Quiet orchard.csv tells 1 [^;]*\nrows.csv tells 1 .*; they were removed$"
        ):
            edition.require_nothing_told(made)
        assert {one.relative_to(made).as_posix() for one in made.rglob("*") if one.is_file()} == set(kept)
        files.write_bytes(tmp_path / "Quiet orchard" / "x.csv", b"x\n1\n")
        with pytest.raises(CheckError, match=r"the name Quiet orchard tells 1 .*; rename the folders"):
            edition.require_nothing_told(tmp_path / "Quiet orchard")


@pytest.mark.parametrize(("text", "passes"), [("mine-b2 mine-be", True), ("of_mine-b.csv", False), ("mine-b-1", False)])
def test_an_input_tells_of_a_site_that_it_names_not_of_one_that_another_begins_like(
    tmp_path: Path, text: str, passes: bool
) -> None:
    secrets = restriction.Secrets(frozenset({"mine-b"}), frozenset())
    assert restriction.may_pass(files.write_text(tmp_path / "x.csv", text), "archives", secrets) == passes


def test_packed_texts_of_pictures_are_searched(tmp_path: Path) -> None:
    secrets = restriction.Secrets(frozenset({"mine-b"}), frozenset({"37.1638"}))
    for number, (packed, kind) in enumerate([(True, "text"), (False, "text"), (True, "itxt"), (False, "itxt")]):
        tags = PngImagePlugin.PngInfo()
        add = tags.add_itxt if kind == "itxt" else tags.add_text
        add("Comment", "at 37.1638 north " * 9, zip=packed)
        Image.new("RGB", (8, 8)).save(tmp_path / f"{number}.png", pnginfo=tags)
        with pytest.raises(CheckError, match=f"{number}.png tells 1"):
            restriction.require_nothing_told(tmp_path / f"{number}.png", {}, secrets)
    files.write_text(tmp_path / "plate.SVG", "<svg><text>at &#51;7.1638 north</text></svg>")
    with pytest.raises(CheckError, match=r"plate\.SVG tells 1"):
        restriction.require_nothing_told(tmp_path / "plate.SVG", {}, secrets)
