"""The RO-Crate description of the package (1.3, Process Run Crate): what each file is, and what made it from what."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from rocrate.model.contextentity import ContextEntity
from rocrate.rocrate import ROCrate

from camps import files
from camps.appendix.evidence import Held, held_files
from camps.appendix.records import media_type
from camps.appendix.words import prose
from camps.provenance import RunRecord

METADATA = "ro-crate-metadata.json"
VERSION = "1.3"
PROFILE = "https://w3id.org/ro/wfrun/process/0.5"

#: The name of the hash of the log's last line, which stands for the package.
HEAD = "#custody-head"

_PROJECT = "#camps-project"
#: Where the document says how the project is reached.
_CONTACT = "appendix.html#corrections"
_HOMES = {
    "python": "https://www.python.org/", "gdal": "https://gdal.org/", "geos": "https://libgeos.org/",
    "proj": "https://proj.org/", "geopandas": "https://geopandas.org/", "numpy": "https://numpy.org/",
    "pandas": "https://pandas.pydata.org/", "pandera": "https://pandera.readthedocs.io/",
    "pyarrow": "https://arrow.apache.org/", "pyproj": "https://pyproj4.github.io/pyproj/",
    "scipy": "https://scipy.org/", "shapely": "https://shapely.readthedocs.io/",
    "folium": "https://python-visualization.github.io/folium/", "matplotlib": "https://matplotlib.org/",
    "jinja2": "https://jinja.palletsprojects.com/", "rocrate": "https://www.researchobject.org/ro-crate/",
    "typst": "https://typst.app/",
    "font": "https://notofonts.github.io/",
}  # fmt: skip
_LICENCE = "https://creativecommons.org/licenses/by/4.0/"


def write_crate(
    folder: Path, items: pd.DataFrame, runs: Sequence[RunRecord], *, stated_on: str, custody_head: str
) -> Path:
    """Describe the payload in `folder` as an RO-Crate and return the path of its metadata.

    Parameters
    ----------
    folder
        The payload; every file in it becomes a data entity.
    items
        The items table, which says what each file is.
    runs
        What made what; each becomes a ``CreateAction``.
    stated_on
        ISO date that the authors state for the whole; stands as publication date and as end of each action.
    custody_head
        Hash of the last line of the custody log.
    """
    crate = ROCrate(version=VERSION)
    _describe_root(crate, stated_on, custody_head)
    _add_files(crate, folder, items)
    _add_cited(crate, items)
    _add_software(crate, runs[0].software)
    for run in runs:
        _add_action(crate, run, stated_on)
    return files.write_text(folder / METADATA, _stable(crate.metadata.generate()))


def _describe_root(crate: ROCrate, stated_on: str, custody_head: str) -> None:
    crate.name = "Evidence appendix"
    crate.description = prose()["description"]
    crate.datePublished = stated_on
    told = "What is derived here; what was published by others stands under their terms."
    crate.license = crate.add(_entity(crate, _LICENCE, "CreativeWork", name="CC BY 4.0", description=told))
    reached = crate.add(
        _entity(crate, "#contact", "ContactPoint", name="How to reach, contest and reply", url=_CONTACT)
    )
    project = crate.add(
        _entity(crate, _PROJECT, "Organization", name="The Camps project", url=_CONTACT, contactPoint=reached)
    )
    crate.root_dataset["author"] = crate.root_dataset["publisher"] = project
    profile = crate.add(_entity(crate, PROFILE, ["CreativeWork", "Profile"], name="Process Run Crate", version="0.5"))
    crate.root_dataset["conformsTo"] = profile
    named = {"name": "hash of the last line of the custody log", "value": custody_head}
    crate.root_dataset["identifier"] = crate.add(_entity(crate, HEAD, "PropertyValue", **named))


def _entity(crate: ROCrate, identifier: str, kind: str | list[str], **properties: Any) -> ContextEntity:
    return ContextEntity(crate, identifier, properties={"@type": kind, **properties})


def _add_files(crate: ROCrate, folder: Path, items: pd.DataFrame) -> None:
    described = {row["item_id"]: row for _, row in items.iterrows()}
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and path.name != METADATA):
        name = path.relative_to(folder).as_posix()
        item = described.get(name, described.get(_bundled(items, path)))
        crate.add_file(str(path), dest_path=name, properties=_file_properties(path, item))


def _bundled(items: pd.DataFrame, path: Path) -> str | None:
    """Return the id of the evidence item that is this file, by its sum."""
    same = items[(items["sha256"] == files.sha256(path)) & (items["evidence_or_working"] == "evidence")]
    return None if same.empty else str(same["item_id"].iloc[0])


def _file_properties(path: Path, item: pd.Series | None) -> dict[str, Any]:
    title, kind = (path.name, "working") if item is None else (str(item["title"]), str(item["evidence_or_working"]))
    return {
        "name": title, "description": f"{kind}: {title}", "encodingFormat": media_type(path),
        "contentSize": str(path.stat().st_size), "sha256": files.sha256(path),
    }  # fmt: skip


def _add_cited(crate: ROCrate, items: pd.DataFrame) -> None:
    """Name the published lists that were read or cited and are not in the package."""
    cited = items[items["item_id"].str.startswith("cited-") & items["url"].str.startswith("http", na=False)]
    for _, item in cited.iterrows():
        described = {"name": item["title"], "url": item["url"], "description": item["restriction"]}
        if pd.notna(item["sha256"]):
            described["sha256"] = item["sha256"]
        entity = crate.add(_entity(crate, f"#{item['item_id']}", "CreativeWork", **described))
        crate.root_dataset.append_to("mentions", entity)


def _add_software(crate: ROCrate, software: Mapping[str, str]) -> None:
    used = [_add_library(crate, name, version) for name, version in software.items() if not name.startswith("camps")]
    crate.add(
        _entity(
            crate, _code_name(software), "SoftwareApplication",
            name="camps", version=software["camps"], url=_CONTACT, softwareRequirements=used,
            description="Its address holds the SHA-256 of the code; it is a name, not a place, and does not resolve.",
        )
    )  # fmt: skip


def _add_library(crate: ROCrate, name: str, version: str) -> ContextEntity:
    home = _HOMES.get(name.partition(" ")[0].lower(), "https://camps.invalid/software")
    described = {"name": name, "version": version, "url": home}
    return crate.add(_entity(crate, f"{home}#{_slug(name)}", "SoftwareApplication", **described))


def _code_name(software: Mapping[str, str]) -> str:
    # .invalid is reserved (RFC 2606): no such host can exist, so nobody can put something else there.
    return f"https://camps.invalid/code/sha256/{software['camps code (SHA-256)']}"


def _slug(name: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in name.lower()).strip("-")


def _add_action(crate: ROCrate, run: RunRecord, stated_on: str) -> None:
    instrument = crate.get(_code_name(run.software))
    held = held_files()
    action = crate.add_action(
        instrument,
        identifier=f"#action-{run.run_id}",
        object=[entity for entity in (_find(crate, name, held) for name in sorted(run.inputs)) if entity],
        result=[entity for entity in (_find(crate, name, held) for name in sorted(run.outputs)) if entity],
        properties={
            "name": run.instrument,
            "description": f"{run.instrument} with seed {run.seed}. The end is the day its authors state, not a clock.",
            "endTime": stated_on,
            "actionStatus": "http://schema.org/CompletedActionStatus",
        },
    )
    action["agent"] = crate.get(_PROJECT)
    crate.root_dataset.append_to("mentions", action)


def _find(crate: ROCrate, item_id: str, held: Mapping[str, Held]) -> Any:
    name = held[item_id].place if item_id in held else item_id
    return crate.get(name) or crate.get(f"#cited-{item_id}")


def _stable(content: Mapping[str, Any]) -> str:
    """Return the metadata with its entities in one order, the descriptor and the root first."""
    first = {METADATA: 0, "./": 1}
    graph = sorted(content["@graph"], key=lambda entity: (first.get(entity["@id"], 2), entity["@id"]))
    return json.dumps({**content, "@graph": graph}, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
