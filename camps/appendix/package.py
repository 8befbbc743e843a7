"""Builds the whole package: inputs, tables, document and the sums of all of it."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from camps import files, notebook, provenance, record, settings
from camps.appendix import (
    bag,
    claims,
    content,
    crate,
    csvw,
    document,
    findings,
    front,
    making,
    passages,
    records,
    restriction,
    schemas,
    signing,
)
from camps.appendix.evidence import Evidence
from camps.appendix.expressions import evaluate
from camps.appendix.schemas import RecordName
from camps.errors import Fault, InputError, raise_faults
from camps.film import subject
from camps.film.readouts import Screen
from camps.provenance import CustodyLog, Input, RunRecord

_ORGANISATION = "The Camps project"


def build_appendix(
    out: Path,
    *,
    dossiers: Sequence[str] | None = None,
    lists: Sequence[str] | None = None,
    published: Sequence[str] | None = None,
    images: Collection[str] | None = None,
    frames: Path | None = None,
    public: bool = False,
    taken: Taken | None = None,
) -> list[Path]:
    """Build the evidence appendix in `out` and return the paths of its files, the PDF first.

    Parameters
    ----------
    out
        Folder of the package. Files of an earlier build that no longer belong to it are removed; files that did not
        change are left alone.
    dossiers
        Ids of the sites that get a dossier; those of the record when ``None``.
    lists
        Ids of the lists whose sites stand in the tables; the record's own when ``None``.
    published
        Ids of the published lists to read; all that are at hand when ``None``.
    images
        Ids of the images that dossiers may show, as the table of items names them; all that are at hand when ``None``.
    frames
        Folder of delivered frames whose lists the package vouches for by their sums; none when ``None``.
    public
        Leave out what ``geodata/restrictions.toml`` declares, and search all that comes out for it.
    taken
        What `verify` takes from the package that it builds again.

    Raises
    ------
    MissingError, InputError
        When an input is not there or not sound, a font is missing, or `out` holds something that is not a package.
    CheckError
        When a claim prints a number that the data do not give, an input changed, or the public edition would tell
        what is withheld; nothing is written then.
    RenderError
        When the document cannot be set.
    """
    _require_ours(out)
    with tempfile.TemporaryDirectory(prefix="camps-appendix-") as scratch:
        staged = Path(scratch)
        told = record.current().dossiers if dossiers is None else dossiers
        again = taken or Taken(making.installed_software(), records.build_deliveries(frames))
        build = _Build(Evidence(published, lists, again.absent, images), staged / bag.PAYLOAD, told, again, public)
        build.run()
        bag.write_bag(staged, bag_info(again.software, build.log.head))
        return _publish(staged, out)


@dataclass(frozen=True)
class Taken:
    """What is not made anew in a build.

    Attributes
    ----------
    software
        Versions to print: those installed, or those of the package that is checked, so that the same results have the
        same bytes whatever made them.
    deliveries
        The table of deliveries.
    absent
        Published lists that are not at hand, with their bytes.
    stated
        What findings returned that cannot be run here, by their names.
    trusts_findings
        Whether the findings of the record may be run.
    payload, kinds
        Files with these suffixes are taken from this payload: another engine made them.
    unseen
        Whether images that dossiers show are not at hand, or another engine cut them: the figures of them are taken
        from the payload, too.
    """

    software: Mapping[str, str]
    deliveries: pd.DataFrame
    absent: Mapping[str, int] = field(default_factory=dict)
    stated: Mapping[str, claims.Values] = field(default_factory=dict)
    trusts_findings: bool = True
    payload: Path = Path()
    kinds: frozenset[str] = frozenset()
    unseen: bool = False


@dataclass
class _Build:
    """One build: what it reads, the folder it fills, and the log and records that grow as it does."""

    evidence: Evidence
    folder: Path
    dossiers: Sequence[str]
    taken: Taken
    public: bool = False
    log: CustodyLog = field(default_factory=CustodyLog)
    runs: list[RunRecord] = field(default_factory=list)
    items: pd.DataFrame = field(default_factory=pd.DataFrame)
    passages: list[passages.CheckedPassage] = field(default_factory=list)
    derived: dict[str, Path] = field(default_factory=dict)
    withheld: list[str] = field(default_factory=list)
    restrictions: list[restriction.Restriction] = field(default_factory=list)
    secrets: restriction.Secrets = restriction.NOTHING
    words: Mapping[str, Any] = field(default_factory=dict)
    stated_on: str = ""

    def run(self) -> None:
        """Fill the folder."""
        tell = notebook.bar("appendix") or (lambda done, total, text: None)
        tell(0, 4, "claims")
        self.stated_on = claims.read_stated_on()
        # A fault of the restrictions is told before the claims are computed.
        self.restrictions = restriction.read_restrictions() if self.public else []
        restriction.require_whole_places(self.restrictions)
        checked, disputes = self._checked_claims(), claims.read_disputes()
        tell(1, 4, "tables")
        tables, self.secrets = restriction.restrict(self._tables(checked, disputes), self.restrictions)
        _require_sites(self.dossiers, tables["sites"])
        self._show_images()
        self._enter_inputs()
        tables["film_frames"] = records.build_film_frames(self._exemplary(tables))
        described = self._derive([csvw.write_metadata(self.folder)])
        self._record("camps.appendix.records", [*self._write_tables(tables), *described])
        tell(2, 4, "document")
        self._set_document(self._material(tables, checked, disputes))
        tell(3, 4, "sums")
        self._record("camps.appendix.records.build_processing", self._write_tables(self._processing()))
        items = records.build_items(self.evidence, self.derived, withheld=self.withheld)
        self._write_tables({"items": items})
        self._write_custody()
        crate.write_crate(self.folder, items, self.runs, stated_on=self.stated_on, custody_head=self.log.head)
        restriction.require_nothing_told(self.folder, self.words, self.secrets)
        tell(4, 4, "")

    def _checked_claims(self) -> list[claims.CheckedClaim]:
        """Return the claims as checked; the passages are checked on the way."""
        self.items = records.build_items(self.evidence)
        compute = findings.bind(self.evidence) if self.taken.trusts_findings else {}
        for name, stated in self.taken.stated.items():
            compute[name] = partial(dict, stated)
        at_hand, items = self.evidence.available, self.items["item_id"]
        told = claims.check_claims(
            claims.read_claims(),
            compute,
            evaluate=partial(evaluate, tables=self.evidence),
            available=at_hand,
            items=items,
        )
        self.passages = passages.check_passages(passages.read_passages(), compute, available=at_hand, items=items)
        return told

    def _show_images(self) -> None:
        """Let the images of the dossiers enter, except of sites of which something is withheld."""
        for site_id in self.dossiers:
            if site_id not in self.secrets.sites:
                for image in self.evidence.before_and_after(site_id):
                    self.evidence.show(image)

    def _enter_inputs(self) -> None:
        for held in self.evidence.inputs:
            capture = self.evidence.captures.get(held.item_id)
            utc = capture.retrieved_utc if capture else None
            self.log = self.log.append(held.item_id, "entered", sha256_after=held.sha256, utc=utc)
            if held.item_id in self.evidence.held:
                self._pass_on(held)
        for item_id, one in self.evidence.captures.items():
            if item_id not in self.evidence.held:
                self.log = self.log.append(
                    f"cited-{item_id}", "entered", sha256_after=one.sha256, utc=one.retrieved_utc
                )

    def _pass_on(self, held: Input) -> None:
        source = self.evidence.inputs.path(held.item_id)
        if restriction.may_pass(source, held.item_id, self.secrets):
            files.write_bytes(self.folder / self.evidence.held[held.item_id].place, source.read_bytes())
        else:
            self.withheld.append(held.item_id)
            self.log = self.log.append(held.item_id, "withheld", sha256_before=held.sha256)

    def _tables(
        self, checked: Sequence[claims.CheckedClaim], disputes: Sequence[claims.Dispute]
    ) -> dict[RecordName, pd.DataFrame]:
        return {
            "imagery": records.build_imagery(self.evidence),
            "sites": records.build_sites(self.evidence),
            "measurements": records.build_measurements(self.evidence),
            "counts": records.build_counts(self.evidence),
            "claims": records.build_claims([*checked, *(one.checked for one in self.passages if one.checked)]),
            "disputes": records.build_disputes(disputes),
            "deliveries": self.taken.deliveries,
        }

    def _exemplary(self, tables: Mapping[RecordName, pd.DataFrame]) -> Screen | None:
        """Return the frames of the example's shot; none where its site has no dossier with counts, or a list stays out.

        A total over a list of which something is withheld would tell it.
        """
        counted = set(tables["counts"]["site_id"]) - self.secrets.sites
        shot = front.example_shot(counted.intersection(self.dossiers))
        kept_back = {held.entry.id for name in self.withheld if (held := self.evidence.held[name]).entry}
        if shot is None or kept_back.intersection(subject.sources_of(shot)):
            return None
        return self.evidence.screen(shot)

    def _processing(self) -> dict[RecordName, pd.DataFrame]:
        return {"processing": records.build_processing(self.runs)}

    def _write_tables(self, tables: Mapping[RecordName, pd.DataFrame]) -> list[Path]:
        written = [
            path for name, table in tables.items() for path in schemas.write_record(table, self.folder / "tables", name)
        ]
        return self._derive(written)

    def _material(
        self,
        tables: Mapping[RecordName, pd.DataFrame],
        checked: Sequence[claims.CheckedClaim],
        disputes: Sequence[claims.Dispute],
    ) -> content.Material:
        return content.Material(
            self.evidence, tables, self.items, checked, disputes, self.taken.software, self.log.head,
            len(self.log.events), self.stated_on, self.folder / "figures", self.dossiers, self.public,
            self.restrictions, self.secrets.sites, self.passages,
        )  # fmt: skip

    def _set_document(self, material: content.Material) -> None:
        if self.taken.unseen:
            self._lay_figures_of_images(material.folder)
        whole = content.build_document(material)
        self.words = whole.as_dict()
        pictures = self._as_taken(sorted(material.folder.glob("*.svg")))
        pdf = self.folder / "appendix.pdf"
        if not self._is_taken(pdf):
            document.write_pdf(whole, material.folder, pdf)
        html = document.write_html(whole, material.folder, self.folder / "appendix.html")
        self._record("camps.appendix.document", self._derive([*pictures, html, pdf]))

    def _lay_figures_of_images(self, folder: Path) -> None:
        for site_id in self.dossiers:
            path = self.taken.payload / folder.name / f"{content.SCENES}-{site_id}.svg"
            if path.is_file() and self.evidence.before_and_after(site_id):
                files.write_bytes(folder / path.name, path.read_bytes())

    def _is_taken(self, path: Path) -> bool:
        return path.suffix in self.taken.kinds and (self.taken.payload / path.relative_to(self.folder)).is_file()

    def _as_taken(self, paths: Sequence[Path]) -> Sequence[Path]:
        """Lay the files of another engine over those that were made here."""
        for path in filter(self._is_taken, paths):
            files.write_bytes(path, (self.taken.payload / path.relative_to(self.folder)).read_bytes())
        return paths

    def _derive(self, paths: Sequence[Path]) -> list[Path]:
        for path in self._as_taken(paths):
            item_id = path.relative_to(self.folder).as_posix()
            self.derived[item_id] = path
            self.log = self.log.append(item_id, "derived", sha256_after=files.sha256(path))
        return list(paths)

    def _record(self, instrument: str, outputs: Sequence[Path]) -> None:
        sums = {path.relative_to(self.folder).as_posix(): files.sha256(path) for path in outputs}
        parameters = {"dossiers": list(self.dossiers), "lists": list(self.evidence.lists), "public": self.public}
        run = RunRecord(instrument, self.evidence.inputs.sums(), sums, parameters, settings.SEED, self.taken.software)
        self.runs.append(run)

    def _write_custody(self) -> None:
        provenance.write_custody(self.log, self.folder / "custody.jsonl")
        self._as_taken(schemas.write_record(records.build_custody(self.log), self.folder / "tables", "custody"))


def default_frames() -> Path | None:
    """Return the folder of frames in the exports, or none where nothing was filmed."""
    folder = settings.exports() / "frames"
    return folder if folder.is_dir() else None


def _require_sites(dossiers: Sequence[str], sites: pd.DataFrame) -> None:
    unknown = sorted(set(dossiers) - set(sites["site_id"]))
    repeated = sorted({site_id for site_id in dossiers if list(dossiers).count(site_id) > 1})
    faults = [
        Fault(f"dossier {site_id}", "no such site", "a site of the lists", "correct the id") for site_id in unknown
    ]
    faults += [Fault(f"dossier {site_id}", "the id a second time", "each once") for site_id in repeated]
    raise_faults(faults, "dossiers")


def _require_ours(out: Path) -> None:
    """Refuse a folder whose ``data/`` is not a package of ours: files in it that do not belong would be removed."""
    info = out / "bag-info.txt"
    if out.exists() and not out.is_dir():
        raise InputError(f"{out}: is a file, expected a folder for the package; choose another name")
    ours = info.is_file() and _ORGANISATION in info.read_text(encoding="utf-8", errors="replace")
    if (out / bag.PAYLOAD).exists() and not ours:
        raise InputError(
            f"{out}: holds a folder {bag.PAYLOAD}/ that is no package of this suite; choose another folder"
        )


def bag_info(software: Mapping[str, str], custody_head: str) -> dict[str, str]:
    """Return what the information of a bag says, by name; the size of the payload is added when it is written."""
    return {
        "Source-Organization": _ORGANISATION,
        "Bag-Software-Agent": f"camps {software['camps']}",
        "External-Description": "Evidence appendix; not verified on the ground; no time is proved",
        "External-Identifier": f"custody log {custody_head}",
    }


def _publish(staged: Path, out: Path) -> list[Path]:
    """Copy what was built to `out`, leave what is the same alone, and remove what no longer belongs."""
    built = sorted(path.relative_to(staged) for path in staged.rglob("*") if path.is_file())
    for name in built:
        files.write_bytes(out / name, (staged / name).read_bytes())
    for stale in _stale(out, set(built)):
        stale.unlink()
    signing.drop_stale(out)
    return [out / name for name in sorted(built, key=lambda name: (name.suffix != ".pdf", name))]


def _stale(out: Path, built: set[Path]) -> list[Path]:
    """Return the payload files of an earlier build; nothing outside the payload is touched."""
    found = (path for path in (out / bag.PAYLOAD).rglob("*") if path.is_file())
    return sorted(path for path in found if path.relative_to(out) not in built)
