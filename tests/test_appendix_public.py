"""The public edition: what is withheld comes out nowhere, and what else would tell it stops the build."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pypdf
import pytest
import typst

from camps import appendix, cli, files, settings
from camps.appendix import restriction, schemas
from camps.errors import CheckError, InputError, MissingError

HIDDEN = "xj-bfn131-aspi60"
PLACE = ("used_lat", "used_lon")
TOLD = ("published_lat", "published_lon", "published_verbatim")


def _text(*entries: str) -> str:
    return "\n".join(f"[[restriction]]\n{entry}\n" for entry in entries)


def _entry(columns: tuple[str, ...], action: str, **more: object) -> str:
    given = {
        "table": "sites", "columns": list(columns), "action": action, "reason": "asked for", "sites": [HIDDEN], **more,
    }  # fmt: skip
    return "\n".join(f"{name} = {json.dumps(value)}" for name, value in given.items() if value is not None)


ROUNDED = _entry(PLACE, "round", decimals=1)
HELD_BACK = _entry(TOLD, "withhold")
OFFSET = _entry(("gcj02_offset_m",), "withhold")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a home whose record restricts one site."""
    folder = tmp_path_factory.mktemp("home")
    for part in ("geodata", "shots"):
        shutil.copytree(settings.home() / part, folder / part)
    shutil.copy(settings.home() / "record.toml", folder)
    (folder / "geodata" / "restrictions.toml").write_text(_text(ROUNDED, HELD_BACK, OFFSET))
    return folder


@pytest.fixture(scope="module")
def public(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("CAMPS_MIRROR", raising=False)
        patch.setenv("CAMPS_HOME", str(home))
        out = tmp_path_factory.mktemp("public") / "package"
        appendix.build_appendix(out, public=True)
    return out


def test_what_is_withheld_comes_out_nowhere(public: Path, tmp_path: Path) -> None:
    archive = appendix.write_zip(public, tmp_path / "public.zip")
    told = [path.read_bytes().decode("utf-8", errors="replace") for path in public.rglob("*") if path.is_file()]
    told += [page.extract_text() for page in pypdf.PdfReader(public / "data" / "appendix.pdf").pages]
    told += [table.to_csv() for table in map(schemas.read_record, (public / "data" / "tables").glob("*.parquet"))]
    told += [archive.read_bytes().decode("latin-1"), *(str(path) for path in public.rglob("*"))]
    for secret in ("37.1638", "79.8669", "1638333333", "8669166666"):
        assert not [text for text in told if secret in text], secret
    # Shorter ones may stand in a drawing as lengths on paper, but in no word or table.
    worded = [text for text in told if "<svg" not in text and "base64" not in text and "PK" not in text[:2]]
    for secret in ("37.16", "79.87", "177.2"):
        assert not [text for text in worded if secret in text], secret


def test_the_rest_is_as_in_the_full_edition(public: Path) -> None:
    sites = schemas.read_record(public / "data" / "tables" / "sites.csv").set_index("site_id")
    assert sites.loc[HIDDEN, ["used_lat", "used_lon"]].to_list() == [37.2, 79.9]
    assert sites.loc[HIDDEN, "published_verbatim"] == "withheld"
    assert sites.loc["xj-bfn130-aspi50", "published_verbatim"] == "43.3838333333333, 88.2883888888889"
    page = (public / "data" / "appendix.html").read_text("utf-8")
    assert sites.loc[HIDDEN, "level"] == "cell"
    assert "37.15–37.25, 79.85–79.95" in page
    assert "37.2, 79.9" not in page, "the middle of a cell is no point"
    across_m = np.hypot(5566.0, 5566.0 * np.cos(np.radians(37.2)))
    assert across_m < sites.loc[HIDDEN, "uncertainty_m"] < across_m + 500, "as far off as half across the cell"
    assert "rounded to 1 decimals; asked for" in page


def test_inputs_that_tell_it_are_left_out_but_stay_listed_with_their_sums(public: Path) -> None:
    items = schemas.read_record(public / "data" / "tables" / "items.csv").set_index("item_id")
    assert items.loc["gazetteer", "restriction"] == "withheld from this public edition"
    assert items.loc["gazetteer", "sha256"] == files.sha256(settings.geodata() / "gazetteer.csv")
    assert not (public / "data" / "geodata" / "gazetteer.csv").exists()
    assert (public / "data" / "geodata" / "no_coordinates.csv").exists()
    log = (public / "data" / "custody.jsonl").read_text("utf-8")
    assert '"event":"withheld","item_id":"gazetteer"' in log


def test_it_is_verified_against_a_suite_that_holds_the_record(
    public: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CAMPS_MIRROR", raising=False)
    monkeypatch.setenv("CAMPS_HOME", str(home))
    verdict = appendix.verify(public)
    assert verdict.holds, verdict.failed
    assert "withheld from this edition; the installed suite holds a file with its sum" in verdict.report()


def test_without_the_record_it_is_not_said_to_hold(
    public: Path, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(home, tmp_path / "other")
    path = tmp_path / "other" / "geodata" / "gazetteer.csv"
    path.write_bytes(path.read_bytes() + b"\n")
    monkeypatch.setenv("CAMPS_HOME", str(tmp_path / "other"))
    verdict = appendix.verify(public)
    assert not verdict.holds
    assert {check.holds for check in verdict.failed} == {None}
    assert any("needs gazetteer, withheld from this edition" in check.said for check in verdict.failed)


@pytest.mark.parametrize(
    ("entries", "left"),
    [
        ((ROUNDED,), "gcj02_offset_m, published_lat, published_lon, published_verbatim not restricted"),
        ((ROUNDED, HELD_BACK), "gcj02_offset_m not restricted"),
        ((OFFSET,), "published_lat, published_lon, published_verbatim, used_lat, used_lon not restricted"),
    ],
)
def test_a_place_restricted_by_halves_stops_the_build(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, entries: tuple[str, ...], left: str
) -> None:
    shutil.copytree(home, tmp_path / "home")
    (tmp_path / "home" / "geodata" / "restrictions.toml").write_text(_text(*entries))
    monkeypatch.setenv("CAMPS_HOME", str(tmp_path / "home"))
    with pytest.raises(InputError, match=left):
        appendix.build_appendix(tmp_path / "out", public=True)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("name", "content", "named"),
    [
        ("tables.csv", "one,37.16383,two", "tables.csv"),
        ("between.csv", "5,37.1638,6", "between.csv"),
        ("page.html", "<p>at 37.1638333333333 north</p>", "page.html"),
        ("figure.svg", '<svg><text x="1">37.1638</text></svg>', "figure.svg"),
        ("figure.svg", '<svg><metadata name="37.1638"/></svg>', "figure.svg"),
        ("at-37.1638.csv", "", "the name at-37.1638.csv"),
    ],
)
def test_whatever_would_tell_a_withheld_value_is_named_without_the_value(
    tmp_path: Path, name: str, content: str, named: str
) -> None:
    files.write_text(tmp_path / name, content)
    secrets = restriction.Secrets(frozenset({HIDDEN}), frozenset({"37.1638"}))
    with pytest.raises(CheckError) as error:
        restriction.require_nothing_told(tmp_path, {}, secrets)
    assert f"{named} tells 1 withheld values" in str(error.value)
    assert "37.1638" not in str(error.value).replace(name, "")


def test_lengths_on_paper_tell_nothing_and_the_words_of_the_document_are_searched(tmp_path: Path) -> None:
    secrets = restriction.Secrets(frozenset({HIDDEN}), frozenset({"37.1638"}))
    files.write_text(tmp_path / "figure.svg", '<svg><path d="M 37.1638 2"/></svg>')
    restriction.require_nothing_told(tmp_path, {"text": "nothing"}, secrets)
    with pytest.raises(CheckError, match="the document tells 1"):
        restriction.require_nothing_told(tmp_path, {"text": ["at 37.1638"]}, secrets)


def test_pages_are_searched_as_they_are_read_and_words_as_words(tmp_path: Path) -> None:
    secrets = restriction.Secrets(frozenset({HIDDEN}), frozenset({"37.1638", "Xinxi", "四号", "177.2"}))
    told = {"page.pdf": "= A\nat 37.1638 north", "other.pdf": "Xinxing, 四川 and 1177.25"}
    for name, words in told.items():
        files.write_bytes(tmp_path / name, typst.compile(words.encode()))
    assert b"37.1638" not in (tmp_path / "page.pdf").read_bytes()
    files.write_text(tmp_path / "page.html", "<p>Xinxi, &#22235;号</p>")
    with pytest.raises(CheckError) as error:
        restriction.require_nothing_told(tmp_path, {}, secrets)
    assert str(error.value).splitlines()[1:] == [
        "page.html tells 2 withheld values", "page.pdf tells 1 withheld values"
    ]  # fmt: skip


def test_values_of_any_length_are_looked_for_in_every_form_in_which_they_are_printed() -> None:
    counts = _counts().assign(printed="五", value=38_512.0)
    (one,) = [
        restriction.Restriction(table="counts", columns=("printed", "value"), action="withhold", reason="asked for")
    ]
    _, secrets = restriction.restrict({"counts": counts}, [one])
    assert secrets.found_in("of 38,512 m² in all") == ["38,512"]
    assert secrets.found_in("2019,38512,7") == ["38512"]
    assert secrets.found_in("38512.0, and 138,512") == ["38512.0"]


def test_what_cannot_be_searched_stays_out(tmp_path: Path) -> None:
    secrets = restriction.Secrets(frozenset({HIDDEN}), frozenset({"37.1638"}))
    for content in (b"PK\x03\x04\xff\xfe", b"SQLite format 3\0"):
        assert not restriction.may_pass(files.write_bytes(tmp_path / "list.xlsx", content), "list", secrets)
        assert restriction.may_pass(tmp_path / "list.xlsx", "list", restriction.NOTHING)


def test_whoever_draws_a_restricted_record_is_told_that_pictures_show_all_of_it(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["frames", "xinjiang", "--range", "none"]) == 2
    assert "restrictions.toml" not in capsys.readouterr().err
    monkeypatch.setenv("CAMPS_HOME", str(home))
    for told in (["frames", "xinjiang", "--range", "none"], ["map", "sites", "--source", "none"]):
        assert cli.run(told) == 2
        assert "this shows all of it, as does the record in it" in capsys.readouterr().err


def test_by_default_nothing_is_withheld(tmp_path: Path) -> None:
    assert restriction.read_restrictions() == []
    secrets = restriction.NOTHING
    assert secrets.found_in("anything") == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (_text(_entry(("used_lat",), "hide")), "restriction.1.action: found 'hide', expected 'withhold' or 'round'"),
        (_text(_entry(("used_lat",), "round")), "expected decimals = a whole number where the action is round"),
        (_text(_entry(("used_lat",), "withhold")), "columns that may be null to withhold, not used_lat; round those"),
        (
            _text(_entry(("name_en",), "round", decimals=1)),
            "columns of decimal numbers to round, not name_en; withhold those",
        ),
        (_text(_entry(("site_id",), "withhold")), "columns of sites other than site_id, not site_id"),
        (_text(_entry(("people",), "withhold")), "columns of sites other than site_id, not people"),
        (
            _text(_entry(("number",), "withhold", table="claims")),
            "restriction.1.table: found 'claims', expected 'sites', 'counts' or 'measurements'",
        ),
        (
            _text(_entry(("used_lat",), "round", decimals=1, reason=None)),
            "restriction.1.reason: found nothing, expected this key to be there",
        ),
        ("[[restriction]\n", "not TOML"),
    ],
)
def test_bad_restrictions_are_named(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "restrictions.toml"
    path.write_text(text)
    with pytest.raises(InputError) as error:
        restriction.read_restrictions(path)
    assert said in str(error.value)


def test_restrictions_that_are_not_there_or_name_no_site_are_named(tmp_path: Path) -> None:
    with pytest.raises(MissingError):
        restriction.read_restrictions(tmp_path / "restrictions.toml")
    (one,) = [
        restriction.Restriction(
            table="counts", columns=("printed",), action="withhold", reason="asked for", sites=("nowhere",)
        )
    ]
    with pytest.raises(InputError, match="site nowhere is not in the table counts"):
        restriction.restrict({"counts": schemas.COLUMNS and _counts()}, [one])


def _counts() -> pd.DataFrame:
    row = {
        "site_id": "one", "date_edtf": "2017", "metric": "buildings", "printed": "5", "value": 5.0,
        "status": "observed", "source_item": "gazetteer",
    }  # fmt: skip
    return pd.DataFrame([row])
