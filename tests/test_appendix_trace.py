"""From a frame to its sources and back; frames against their records; what changed; and time never pretended."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest
from key_support import write_key
from PIL import Image

from camps import appendix, cli, files, film, footprints, record, settings
from camps.appendix import bag, comparison, schemas, signing, tracing, trustedtime
from camps.errors import CheckError, InputError, MissingError
from camps.film import manifest as film_manifest
from camps.film import records

SITES = "xj-bfn130-aspi50 xj-bfn949-aspi124 cn-qincheng"


@pytest.fixture
def delivery(tmp_path: Path) -> Path:
    """Return a folder of four frames in two passes with its papers, of a map that somebody brought."""
    folder = tmp_path / "frames" / "CAMPS_T_0001_v001"
    listed = records.FrameList({number: _frame(folder, number) for number in range(1001, 1005)})
    passes = [{"name": name, "files": f"{name}/CAMPS_T_0001_{name}_v001.%04d.png"} for name in ("beauty", "labels_ug")]
    manifest = {"first_frame": 1001, "last_frame": 1004, "complete": True, "passes": passes}
    files.write_json(folder / "manifest.json", manifest)
    _write_list(folder, listed)
    return folder


def _write_list(folder: Path, listed: records.FrameList) -> None:
    records.write_frame_list(folder, listed)
    records.write_checksums(folder, {})


def _frame(folder: Path, number: int) -> records.ListedFrame:
    shown = dict.fromkeys(records.SHOWN_COLUMNS, "") | {
        "frame": str(number), "timecode": "01:00:00:00", "day": "2018-07-02", "date_shown": "2018", "kind": "observed",
        "n_observed": "3", "n_held": "0", "n_sites": "3", "total": "40.0", "site_ids": SITES,
    }  # fmt: skip
    return records.ListedFrame(shown, {name: _entry(folder, name, number) for name in ("beauty", "labels_ug")})


def _entry(folder: Path, name: str, number: int) -> records.PictureEntry:
    path = folder / name / f"CAMPS_T_0001_{name}_v001.{number}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (8, 8), (number % 256, 0, len(name))).save(path)
    return records.PictureEntry(path.relative_to(folder).as_posix(), files.sha256(path), f"{name} {number}")


# --- tracing --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["beauty", "labels_ug"])
def test_a_frame_of_any_pass_leads_to_sites_rows_sources_and_hashes(delivery: Path, name: str) -> None:
    path = delivery / name / f"CAMPS_T_0001_{name}_v001.1002.png"
    found = appendix.trace(path)
    report = found.report()
    assert found.holds
    assert f"{files.sha256(path)}, as recorded" in report
    assert f"frame: 1002, timecode 01:00:00:00, pass {name}" in report
    assert "shows: 2018 (observed), day of the film clock 2018-07-02" in report
    assert "total: 40 over 3 counted and 0 held of 3 sites" in report
    assert "row 2 of gazetteer.csv (gazetteer); counts as printed: 2017: N/A, 2018: 40, 2019: 68, 2020: 92" in report
    assert "cn-qincheng  Qincheng Prison" in report
    assert "https://en.wikipedia.org/wiki/Qincheng_Prison" in report
    assert files.sha256(settings.geodata() / "gazetteer.csv") in report


def test_what_stands_between_two_counts_is_not_called_held() -> None:
    row = {"n_observed": "0", "n_held": "48"}
    told = {kind: tracing._counted({**row, "kind": kind}) for kind in ("interpolated", "bracketed", "held", "observed")}
    between = "0 with a count of this date and 48 between counts or held"
    assert told["interpolated"] == told["bracketed"] == between
    assert told["held"] == told["observed"] == "0 counted and 48 held"
    row = {"kind": "interpolated", "n_observed": "36", "n_interpolated": "12", "n_held": "1"}
    assert tracing._counted(row) == "36 counted, 12 interpolated and 1 held"


def test_a_delivery_is_no_package_and_the_refusal_says_how_its_frames_are_checked(delivery: Path) -> None:
    with pytest.raises(InputError, match=r"found the frames of a film, .*--frames .*or by .*sha256sum -c checksum.txt"):
        appendix.verify(delivery)


@pytest.mark.parametrize("shown", ["2018-07-23", "2018-08-15"], ids=["seen", "held"])
def test_a_frame_of_footprints_leads_to_reader_scene_and_sum(delivery: Path, shown: str) -> None:
    told = json.loads((delivery / "manifest.json").read_text("utf-8"))
    told["shot_table"] = film_manifest.shot_table(film.read_shot("dabancheng"))
    files.write_json(delivery / "manifest.json", told)
    listed = records.read_frame_list(delivery)
    listed.frames[1001].shown["date_shown"] = shown
    _write_list(delivery, listed)
    report = appendix.trace(delivery / "beauty" / "CAMPS_T_0001_beauty_v001.1001.png").report()
    series = footprints.load()
    scene = series.scenes.set_index("observed_on").loc["2018-07-23"]
    look = series.looks[series.looks["site_id"].eq("xj-bfn130-aspi50")].set_index("observed_on").loc["2018-07-23"]
    reader = look["interpreter"] if pd.notna(look["interpreter"]) else "not stated"
    assert f"xj-bfn130-aspi50  2018-07-23  {look['status']}, read by: {reader} (dabancheng)" in report
    assert report.count("xj-bfn130-aspi50  20") == 1, "earlier looks are not behind it"
    assert f"scene {scene['scene_id']}, {scene['sensor']}" in report
    assert f"SHA-256 of the scene {scene['sha256'] if pd.notna(scene['sha256']) else 'not stated'}" in report


def test_another_picture_under_the_name_of_a_frame_shows(delivery: Path) -> None:
    one, other = (delivery / "beauty" / f"CAMPS_T_0001_beauty_v001.{number}.png" for number in (1001, 1002))
    one.write_bytes(other.read_bytes())
    found = appendix.trace(one)
    assert not found.holds
    assert "NOT as recorded" in found.report()


def test_a_site_leads_to_every_claim_row_and_frame(delivery: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    report = appendix.trace("xj-bfn130-aspi50", frames=delivery.parent).report()
    assert "dabancheng-growth: On 13 dates" in report
    assert "dabancheng-second" not in report
    assert "CAMPS_T_0001_v001: 4 frames, 1001 to 1004" in report
    assert "dabancheng" not in appendix.trace("cn-qincheng", frames=delivery.parent).report().partition("Claims")[2]


@pytest.mark.mirror
def test_a_site_of_a_published_list_is_found(mirror: Path, tmp_path: Path) -> None:
    report = appendix.trace("aspi-xjdp-v1-50", frames=tmp_path).report()
    assert "CampDataset_v1.csv" in report
    assert "Frames (0)" in report


def test_what_cannot_be_traced_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="nowhere: no such site"):
        appendix.trace("nowhere")
    with pytest.raises(MissingError, match=r"absent\.png: no such file"):
        appendix.trace(tmp_path / "absent.png")
    stray = tmp_path / "stray.png"
    stray.write_bytes(b"")
    with pytest.raises(InputError, match=r"no frames\.csv beside it names it"):
        appendix.trace(stray)


# --- comparison -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("package") / "old"
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("CAMPS_MIRROR", raising=False)
        appendix.build_appendix(out, dossiers=("cn-qincheng",))
    return out


def test_a_package_compared_with_itself_has_not_changed(package: Path) -> None:
    found = comparison.compare(package, package)
    assert found.changes.empty
    assert found.report() == "Nothing changed: all tables hold the same.\n"


def test_added_removed_and_changed_rows_are_listed(package: Path, tmp_path: Path) -> None:
    shutil.copytree(package, tmp_path / "new")
    folder = tmp_path / "new" / "data" / "tables"
    sites = schemas.read_record(folder / "sites.csv")
    moved = sites["site_id"] == "cn-qincheng"
    sites.loc[moved, "used_lat"] = 40.5
    sites.loc[sites["site_id"] == "cn-foshan", "name_zh"] = pd.NA
    sites.loc[sites["site_id"] == "cn-panyu", "site_id"] = "cn-panyu-2"
    schemas.write_record(sites, folder, "sites")
    report = comparison.compare(package, tmp_path / "new").report()
    assert "sites: 1 added, 1 removed, 2 changed" in report
    assert "added    cn-panyu-2" in report
    assert "removed  cn-panyu" in report
    assert "changed  cn-qincheng, used_lat: 40.2413 → 40.5" in report
    assert "changed  cn-foshan, name_zh: 佛山监狱 → nothing" in report


@pytest.mark.mirror
def test_what_changed_from_one_edition_of_a_list_to_the_next_is_listed(
    mirror: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def build(edition: str, *more: str) -> str:
        chosen = ["--source", edition, "--published", edition, "--site", "cn-qincheng", *more]
        assert cli.run(["appendix", "--out", str(tmp_path / edition), *chosen]) == 0
        return capsys.readouterr().out

    assert "appendix.pdf" in build("buzzfeed-2020")
    report = build("buzzfeed-2021", "--compare", str(tmp_path / "buzzfeed-2020"))
    assert "sites: 42 added, 10 removed, 892 changed (admin2 432, name_en 427, " in report
    assert report.count(", published_verbatim: ") == 5
    assert "buzzfeed-347, status: not checked → checked" in report
    assert "total not computed" in report
    assert "→ total 347, corroborated 136, strong 125, medium 86" in report


def test_what_cannot_be_compared_is_named(package: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no tables in it"):
        comparison.compare(package, tmp_path)


def test_a_package_is_not_compared_with_itself_while_it_is_written(
    package: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["appendix", "--out", str(package), "--compare", str(package)]) == 2
    assert "is the folder that is written; name another with --out" in capsys.readouterr().err
    assert cli.run(["appendix", "--out", str(tmp_path / "new"), "--compare", str(tmp_path)]) == 2
    assert not (tmp_path / "new").exists()


# --- time -----------------------------------------------------------------------------------------------------------


def test_a_queued_request_is_pending_and_the_same_twice(package: Path, tmp_path: Path) -> None:
    request, statement, _ = trustedtime.queue_time_request(package, tmp_path / "time")
    first = request.read_bytes()
    assert trustedtime.queue_time_request(package, tmp_path / "time")[0].read_bytes() == first
    assert files.sha256(package / bag.TAG_MANIFEST) in statement.read_text()
    status = trustedtime.read_time_status(package, tmp_path / "time")
    assert (status.proved, status.said) == (None, "pending: no time is proved")
    with pytest.raises(InputError, match="lies inside the package"):
        trustedtime.queue_time_request(package, package / "time")


def test_a_request_for_another_package_is_refused(package: Path, tmp_path: Path) -> None:
    request, *_ = trustedtime.queue_time_request(package, tmp_path / "time")
    request.write_bytes(request.read_bytes()[:-4] + b"\x00\x01\x01\xff")
    with pytest.raises(CheckError, match="another package"):
        trustedtime.read_time_status(package, tmp_path / "time")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a time-stamping authority of our own, which OpenSSL answers for; skip without OpenSSL."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl on this machine")
    folder = tmp_path_factory.mktemp("authority")
    files.write_text(folder / "serial", "01\n")
    files.write_text(
        folder / "tsa.cnf",
        "[req]\ndistinguished_name = dn\n[dn]\n[tsa_ext]\nextendedKeyUsage = critical,timeStamping\n"
        "[ca_ext]\nbasicConstraints = critical,CA:true\n[tsa]\ndefault_tsa = one\n[one]\nserial = serial\n"
        "signer_cert = tsa.pem\nsigner_key = tsa.key\nsigner_digest = sha256\ndefault_policy = 1.2.3.4\n"
        "digests = sha256\n",
    )
    new = ["-config", "tsa.cnf", "-newkey", "rsa:2048", "-nodes"]
    _openssl(folder, "req", "-x509", *new, "-subj", "/CN=Root", "-extensions", "ca_ext", "-keyout", "ca.key",
             "-out", "ca.pem")  # fmt: skip
    _openssl(folder, "req", *new, "-subj", "/CN=Time", "-keyout", "tsa.key", "-out", "tsa.csr")
    _openssl(folder, "x509", "-req", "-in", "tsa.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
             "-extfile", "tsa.cnf", "-extensions", "tsa_ext", "-out", "tsa.pem")  # fmt: skip
    return folder


def _openssl(folder: Path, *told: str | Path) -> str:
    done = subprocess.run(["openssl", *told], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_reply_of_an_authority_proves_a_time_and_no_other_does(
    package: Path, authority: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = ["stamp", str(package), "--out", str(tmp_path)]
    assert cli.run(told) == 0
    assert capsys.readouterr().out.endswith("pending: no time is proved\n")
    request, reply = tmp_path / "seal.tsq", tmp_path / "seal.tsr"
    asked = _openssl(tmp_path, "ts", "-query", "-in", request, "-text")
    assert "Hash Algorithm: sha256" in asked
    assert "Certificate required: yes" in asked
    _openssl(authority, "ts", "-reply", "-config", "tsa.cnf", "-queryfile", request, "-out", reply)
    root = authority / "ca.pem"
    assert cli.run([*told, "--authority", str(root)]) == 0
    said = capsys.readouterr().out
    proved = trustedtime.read_time_status(package, tmp_path, authority=root).proved
    assert proved is not None
    assert said == f"existed at {proved}, by the reply of a time-stamping authority\n"
    content = bytearray(reply.read_bytes())
    for at in (len(content) // 3, len(content) - 20):
        reply.write_bytes(bytes([*content[:at], content[at] ^ 1, *content[at + 1 :]]))
        with pytest.raises(CheckError, match="does not prove the request"):
            trustedtime.read_time_status(package, tmp_path, authority=root)
    reply.write_bytes(b"not a reply")
    with pytest.raises(CheckError, match="does not prove the request"):
        trustedtime.read_time_status(package, tmp_path, authority=root)
    with pytest.raises(InputError, match="no certificate in it"):
        trustedtime.read_time_status(package, tmp_path, authority=files.write_text(tmp_path / "a.pem", "not one"))


# --- signature ------------------------------------------------------------------------------------------------------


def test_a_signed_package_says_by_whom_and_holds_for_no_other_key(
    package: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("key", "other"):
        write_key(tmp_path / name)
    signed = shutil.copytree(package, tmp_path / "signed")
    signing.sign_package(signed, tmp_path / "key")
    by = signing.read_key(str(tmp_path / "key.pub"))

    def said(folder: Path, *told: str) -> str:
        cli.run(["verify", str(folder), "--quick", *told])
        return " ".join(capsys.readouterr().out.split())

    assert f"is by {by}; hold this against the key" in said(signed)
    assert f"is by the key expected, {by}" in said(signed, "--signer", by)
    assert f"FAIL {bag.SIGNATURE}" in said(signed, "--signer", str(tmp_path / "other.pub"))
    assert f"FAIL {bag.SIGNATURE}" in said(package, "--signer", by), "a signature that was taken away"
    monkeypatch.setattr(record, "current", lambda: record.Record(signer=by))
    with pytest.raises(InputError, match=r"expected the key of record.toml"):
        signing.sign_package(signed, tmp_path / "other")


def test_the_tables_of_the_trace_are_those_of_the_package(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    exports = package.parent / "exports"
    (exports / "appendix").parent.mkdir(exist_ok=True)
    shutil.copytree(package, exports / "appendix", dirs_exist_ok=True)
    monkeypatch.setenv("CAMPS_EXPORTS", str(exports))
    assert "sites.csv: lines 2" in tracing.trace("xj-bfn130-aspi50").report()
