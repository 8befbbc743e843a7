"""Builds the whole package: inputs, tables, document and the sums of all of it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from camps import catalogue, files, provenance, settings
from camps.appendix import bag, claims, content, crate, document, findings, records, schemas
from camps.appendix.evidence import BUNDLED, Evidence
from camps.appendix.schemas import RecordName
from camps.provenance import CustodyLog, RunRecord


def build_appendix(
    out: Path,
    *,
    dossiers: Sequence[str] = content.DOSSIERS,
    lists: Sequence[str] = catalogue.DEFAULT_SOURCES,
    published: Sequence[str] | None = None,
    software: Mapping[str, str] | None = None,
) -> list[Path]:
    """Build the evidence appendix in `out` and return the paths of its files, the PDF first.

    Parameters
    ----------
    out
        Folder of the package. Files of an earlier build that no longer belong to it are removed; files that did not
        change are left alone.
    dossiers
        Ids of the sites that get a dossier.
    lists
        Ids of the lists whose sites stand in the tables.
    published
        Ids of the published lists to read; all that are at hand when ``None``.
    software
        Versions to print instead of those installed. `verify` gives those of the package it checks, so that the
        same results have the same bytes whatever made them.

    Raises
    ------
    MissingError, InputError
        When an input is not there or not sound, or a font is missing.
    CheckError
        When a claim prints a number that the data do not give, or an input changed; nothing is written then.
    RenderError
        When the document cannot be set.
    """
    with tempfile.TemporaryDirectory(prefix="camps-appendix-") as scratch:
        staged = Path(scratch)
        versions = provenance.software() if software is None else software
        build = _Build(Evidence(published, lists), staged / bag.PAYLOAD, dossiers, versions)
        build.run()
        bag.write_bag(staged, _bag_info(build))
        return _publish(staged, out)


@dataclass
class _Build:
    """One build: what it reads, the folder it fills, and the log and records that grow as it does."""

    evidence: Evidence
    folder: Path
    dossiers: Sequence[str]
    software: Mapping[str, str]
    log: CustodyLog = field(default_factory=CustodyLog)
    runs: list[RunRecord] = field(default_factory=list)
    derived: dict[str, Path] = field(default_factory=dict)
    stated_on: str = ""

    def run(self) -> None:
        """Fill the folder."""
        self.stated_on = claims.read_stated_on()
        checked = self._checked_claims()
        disputes = claims.read_disputes()
        self._enter_inputs()
        tables = self._tables(checked, disputes)
        self._record("camps.appendix.records", self._write_tables(tables))
        material = content.Material(
            self.evidence, tables, checked, disputes, self.software, self.log.head, len(self.log.events),
            self.stated_on, self.folder / "figures", self.dossiers,
        )  # fmt: skip
        self._record("camps.appendix.document", self._write_document(material))
        self._record("camps.appendix.records.build_processing", self._write_tables(self._processing()))
        items = records.build_items(self.evidence, self.derived)
        self._write_tables({"items": items})
        self._write_custody()
        crate.write_crate(self.folder, items, self.runs, stated_on=self.stated_on, custody_head=self.log.head)

    def _checked_claims(self) -> list[claims.CheckedClaim]:
        items = records.build_items(self.evidence)["item_id"]
        return claims.check_claims(
            claims.read_claims(), findings.bind(self.evidence), available=self.evidence.available, items=items
        )

    def _enter_inputs(self) -> None:
        for held in self.evidence.inputs:
            self.log = self.log.append(held.item_id, "entered", sha256_after=held.sha256)
            if held.item_id in BUNDLED:
                _copy(self.evidence.inputs.path(held.item_id), self.folder / "geodata" / BUNDLED[held.item_id])

    def _tables(
        self, checked: Sequence[claims.CheckedClaim], disputes: Sequence[claims.Dispute]
    ) -> dict[RecordName, pd.DataFrame]:
        return {
            "imagery": records.build_imagery(self.evidence),
            "sites": records.build_sites(self.evidence),
            "measurements": records.build_measurements(self.evidence),
            "counts": records.build_counts(self.evidence),
            "claims": records.build_claims(checked),
            "disputes": records.build_disputes(disputes),
        }

    def _processing(self) -> dict[RecordName, pd.DataFrame]:
        return {"processing": records.build_processing(self.runs)}

    def _write_tables(self, tables: Mapping[RecordName, pd.DataFrame]) -> list[Path]:
        written = [
            path for name, table in tables.items() for path in schemas.write_record(table, self.folder / "tables", name)
        ]
        return self._derive(written)

    def _write_document(self, material: content.Material) -> list[Path]:
        whole = content.build_document(material)
        pdf = document.write_pdf(whole, material.folder, self.folder / "appendix.pdf")
        html = document.write_html(whole, material.folder, self.folder / "appendix.html")
        return self._derive([*sorted(material.folder.glob("*.svg")), html, pdf])

    def _derive(self, paths: Sequence[Path]) -> list[Path]:
        for path in paths:
            item_id = path.relative_to(self.folder).as_posix()
            self.derived[item_id] = path
            self.log = self.log.append(item_id, "derived", sha256_after=files.sha256(path))
        return list(paths)

    def _record(self, instrument: str, outputs: Sequence[Path]) -> None:
        sums = {path.relative_to(self.folder).as_posix(): files.sha256(path) for path in outputs}
        parameters = {"dossiers": list(self.dossiers), "lists": list(self.evidence.lists)}
        run = RunRecord(instrument, self.evidence.inputs.sums(), sums, parameters, settings.SEED, self.software)
        self.runs.append(run)

    def _write_custody(self) -> None:
        provenance.write_custody(self.log, self.folder / "custody.jsonl")
        schemas.write_record(records.build_custody(self.log), self.folder / "tables", "custody")


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def _bag_info(build: _Build) -> dict[str, str]:
    return {
        "Source-Organization": "The Camps project",
        "Bag-Software-Agent": f"camps {build.software['camps']}",
        "External-Description": "Evidence appendix; not verified on the ground; no time is proved",
        "External-Identifier": f"custody log {build.log.head}",
    }


def _publish(staged: Path, out: Path) -> list[Path]:
    """Copy what was built to `out`, leave what is the same alone, and remove what no longer belongs."""
    built = sorted(path.relative_to(staged) for path in staged.rglob("*") if path.is_file())
    for name in built:
        files.write_bytes(out / name, (staged / name).read_bytes())
    for stale in _stale(out, set(built)):
        stale.unlink()
    return [out / name for name in sorted(built, key=lambda name: (name.suffix != ".pdf", name))]


def _stale(out: Path, built: set[Path]) -> list[Path]:
    """Return the payload files of an earlier build; nothing outside the payload is touched."""
    found = (path for path in (out / bag.PAYLOAD).rglob("*") if path.is_file())
    return sorted(path for path in found if path.relative_to(out) not in built)
