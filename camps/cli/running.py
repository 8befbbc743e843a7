"""`camps build`, `camps appendix` and `camps doctor`: the main job, the evidence, the machine."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

import camps
from camps.cli.app import command
from camps.cli.output import say


@command("camps init gulag", "camps init gulag --from camps.csv")
def init(
    name: Annotated[Path, typer.Argument(help="Folder to make; its name is the title until record.toml says another.")],
    from_list: Annotated[
        str | None,
        typer.Option("--from", help="A list to begin with: a file, or the id of a source of the record here."),
    ] = None,
) -> None:
    """Begin a record of your own: one folder for one inquiry, ready for every other command.

    It holds record.toml (every key of which may be left out), geodata/ for lists, footprints and claims, shots/ with a
    shot that works, seven notebooks that run on whatever is there, and exports/ for what comes out. A folder that is
    there is never touched, and one that could not be finished is taken away again.
    """
    added = camps.build.start(name, from_list=from_list)
    n_remarks = _n_remarks(name, added) if added else 0
    steps = [f"cd {shlex.quote(str(name))}"] + ["camps sources add FILE --id ID --dry-run"] * (added is None)
    shown = f"camps sources show {added}{' --remarks' if n_remarks else ''}"
    then = [shown] * (added is not None) + ["camps build", "camps doctor"]
    noted = f" (remarks on how it is read: {n_remarks})" if n_remarks else ""
    told = f" with the list {added}{noted}" if added else ""
    say("\n  ".join([f"{name}: begun{told}. Next:", *steps, *then]))


def _n_remarks(home: Path, source_id: str) -> int:
    with camps.settings.standing_in(home):
        return len(list(camps.sources.read(source_id).report)) if source_id in camps.sources.lists() else 0


@command("camps build", "CAMPS_MIRROR=../shared/data camps build")
def build(
    only: Annotated[
        list[str] | None, typer.Option("--only", help="Only this stage and what it needs; may be given again.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Make everything again, changed or not.")] = False,
) -> None:
    """Make everything in exports/: tables, growth, maps, film, notebooks, appendix, index.

    A second run makes only what changed or was deleted.
    """
    outcomes = camps.build.build(only=only or [], force=force, report=camps.build.display(sys.stderr))
    say("\n".join(["Made:", *camps.build.summary(outcomes)]))


@command("camps appendix --out evidence --zip evidence.zip", "camps appendix --out new --compare old")
def appendix(
    out: Annotated[Path | None, typer.Option(help="Folder to write [default: exports/appendix].")] = None,
    sites: Annotated[
        list[str] | None, typer.Option("--site", help="Id of a site that gets a dossier; may be given again.")
    ] = None,
    lists: Annotated[
        list[str] | None, typer.Option("--source", help="A list whose sites are added to the tables; again for more.")
    ] = None,
    published: Annotated[
        list[str] | None, typer.Option(help="Read this published list only; again for more [default: all at hand].")
    ] = None,
    frames: Annotated[
        Path | None, typer.Option(help="Folder of delivered frames to vouch for [default: exports/frames].")
    ] = None,
    public: Annotated[
        bool, typer.Option("--public", help="Leave out what geodata/restrictions.toml declares.")
    ] = False,
    zip_: Annotated[Path | None, typer.Option("--zip", help="Also write the package as this ZIP file.")] = None,
    sign: Annotated[
        Path | None, typer.Option(help="Sign it with this private key of OpenSSH (Ed25519, without a passphrase).")
    ] = None,
    compare: Annotated[
        Path | None, typer.Option(help="Folder of an older package; list what changed since instead of the files.")
    ] = None,
) -> None:
    """Write the evidence appendix: the document, its tables, the claims computed afresh, and the sum of every file.

    A claim whose text gives another number than the data stops the build, and nothing is written.
    """
    folder = out or camps.settings.exports() / "appendix"
    if compare is not None:
        camps.appendix.require_package(compare)
        if folder.exists() and compare.samefile(folder):
            raise camps.errors.InputError(f"{compare}: is the folder that is written; name another with --out")
    written = camps.appendix.build_appendix(
        folder,
        dossiers=sites or None,
        lists=[*camps.catalogue.default_lists(), *(lists or [])],
        published=published or None,
        frames=frames or camps.appendix.default_frames(),
        public=public,
    )
    written += [camps.appendix.sign_package(folder, sign)] if sign else []
    written += [camps.appendix.write_zip(folder, zip_)] if zip_ else []
    if compare is None:
        say("\n".join(map(str, written)))
    else:
        say(camps.appendix.compare(compare, folder).report(), end="")


@command("camps verify exports/appendix", "camps verify evidence.zip --frames exports/frames", "camps verify film.mov")
def verify(
    package: Annotated[Path, typer.Argument(help="Folder of an appendix, its ZIP file, a movie, map or plate.")],
    seal: Annotated[
        str | None, typer.Option(help="SHA-256 of tagmanifest-sha256.txt, or of the movie, as published elsewhere.")
    ] = None,
    signer: Annotated[
        str | None,
        typer.Option(help="Public key that has to have signed it: a .pub file or SHA256:… [default: the record's]."),
    ] = None,
    frames: Annotated[Path | None, typer.Option(help="Folder of delivered frames to check as well.")] = None,
    sample: Annotated[int, typer.Option(min=0, help="Frames of each delivery that are drawn again.")] = 3,
    quick: Annotated[
        bool, typer.Option("--quick", help="Hash and compare only: no result, movie or frame again.")
    ] = False,
    remuxed: Annotated[
        bool, typer.Option("--remuxed", help="A movie was copied into another container; ask for its pictures alone.")
    ] = False,
) -> int:
    """Check an appendix item by item, in plain words: every sum, the log, the numbers made again, and frames.

    A movie, a map (.html), a plate or a frame that says itself what it shows is checked alone: every byte or picture
    against the record that it carries, and what the record says against the data here.

    The exit status is 0 only when every check was made and holds.
    """
    verdict = camps.appendix.verify(
        package, seal=seal, signer=signer, frames=frames, sample=sample, quick=quick, remuxed=remuxed
    )
    say(verdict.report(), end="")
    return int(not verdict.holds)


@command("camps sign film.mov map.html --key key --out signed")
def sign(
    paths: Annotated[list[Path], typer.Argument(help="Movies, maps, plates, or copies of frames with their record.")],
    key: Annotated[Path, typer.Option(help="Private key of OpenSSH (Ed25519, without a passphrase).")],
    out: Annotated[Path, typer.Option(help="Folder of what is signed.")],
) -> None:
    """Sign copies of files by the record in them, which holds the sum of all the rest.

    The signature stands in the file and goes with it, into another container, too; `camps verify FILE --signer KEY.pub`
    asks for it. A package is signed by `camps appendix --sign`.
    """
    for path in camps.appendix.sign_records(paths, out, key):
        say(path)


@command("camps credentials film.mov plate.svg --certificate chain.pem --key key.pem --out signed")
def credentials(
    paths: Annotated[list[Path], typer.Argument(help="Movies, plates, or frames in the folder they were rendered to.")],
    certificate: Annotated[Path, typer.Option(help="Certificate and those above it (PEM), its own first.")],
    key: Annotated[Path, typer.Option(help="Its private key (PEM, without a passphrase): a P curve or Ed25519.")],
    out: Annotated[Path, typer.Option(help="Folder of what is signed.")],
) -> None:
    """Sign copies of movies and plates with content credentials (C2PA), which others' programs read.

    A frame gets them beside it, as NAME.png.c2pa, and keeps its bytes. What is signed is the record that a file carries
    of what it shows; `camps verify` reads them too. Needs c2pa-python.
    """
    for path in camps.appendix.sign_files(paths, out, certificate=certificate, key=key):
        say(path)


@command("camps stamp exports/appendix --out time", "camps stamp evidence --out time --authority tsa.pem")
def stamp(
    package: Annotated[Path, typer.Argument(help="Folder of an appendix.")],
    out: Annotated[Path, typer.Option(help="Folder of the request and the reply; not inside the package.")],
    authority: Annotated[
        Path | None, typer.Option(help="Certificates of the time-stamping authority (PEM), to check its reply with.")
    ] = None,
) -> None:
    """Queue a request for trusted time, and say what its reply proves; nothing is sent.

    Post seal.tsq to an authority of your choice (RFC 3161, application/timestamp-query), save its reply as seal.tsr
    beside it, and run this again with the authority's certificates. Until then the time is pending.
    """
    status = camps.appendix.read_time_status(package, out, authority=authority)
    if status.proved is None:
        say("\n".join(map(str, camps.appendix.queue_time_request(package, out))))
    say(status.said)


@command(
    "camps trace my-list-17", "camps trace exports/frames/…/NAME.1050.png", "camps trace film.mov --at 00:00:12:05"
)
def trace(
    subject: Annotated[str, typer.Argument(help="A frame's picture, a movie, a map, a plate, or the id of a site.")],
    at: Annotated[
        str | None,
        typer.Option(help="Which frame of a movie: its timecode, its number, or how long after the beginning."),
    ] = None,
    frames: Annotated[Path | None, typer.Option(help="Folder searched for frames [default: exports/frames].")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write a copy of the frame that says itself what it shows, as this .png.")
    ] = None,
) -> int:
    """Say what stands behind a frame (sites, rows, sources, hashes, claims), or everything that uses a site.

    Movies, maps and plates say themselves what they show, wherever they lie, and so does the copy of a frame that
    `--out` writes; the frame stays as it is. The exit status is 1 when a picture is not the one recorded.
    """
    with camps.appendix.edition_of(Path(subject)):
        traced = camps.appendix.trace(subject, at=at, frames=frames)
        say(traced.report(), end="")
        if out is not None:
            say(f"\n{camps.film.testimony.write_telling(Path(subject), out)}")
    return int(not traced.holds)


@command("camps doctor")
def doctor() -> int:
    """Say what this machine and this clone have and lack, each with its remedy.

    The exit status is 1 when something is wrong; published lists that are not here are no fault.
    """
    marks = {"ok": "✓", "absent": "–", "wrong": "✗"}
    checks = camps.build.checks()
    for check in checks:
        say(f"{marks[check.state]} {check.name:<20} {check.detail}")
    return int(any(check.state == "wrong" for check in checks))
