"""What it takes for a movie to say itself what it shows, beside the same movie without; and movies alone on trial.

python benchmarks/testimony.py              milliseconds and bytes a frame, of a shot and kind of movie each
python benchmarks/testimony.py FOLDER …     200 frames of delivered movies, alone, against their folders; then a
                                            thousand changed bytes of each
"""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
import time
from functools import cache
from pathlib import Path

import numpy as np

from camps import appendix, embedded, film, origins
from camps.appendix import signing
from camps.errors import CampsError
from camps.film import movie, png, records, testimony
from camps.film.movie import SUFFIXES, MovieKind
from camps.film.readouts import read_out

SHOTS: dict[str, tuple[MovieKind, range]] = {
    "xinjiang": ("proxy", range(1100, 1150)),
    "archipelago": ("prores422hq", range(1300, 1350)),
    "dabancheng": ("prores4444", range(1400, 1450)),
}
SIZE = (1920, 1080)
N_TRACED, N_FLIPPED = 200, 1000


def main() -> None:
    """Measure, or put movies to the test."""
    with tempfile.TemporaryDirectory() as scratch:
        if sys.argv[1:]:
            test([Path(name) for name in sys.argv[1:]], Path(scratch))
        else:
            for name, (kind, numbers) in SHOTS.items():
                measure(name, kind, numbers, Path(scratch))


# ── time and bytes ───────────────────────────────────────────────────────────────────────────────────────────────


def measure(name: str, kind: MovieKind, numbers: range, scratch: Path) -> None:
    """Print what the record of a movie takes, in processor time and bytes, beside the same movie without."""
    shot = film.read_shot(name)
    rows = read_out(shot, numbers)
    pictures = {number: _picture(scratch / name, number) for number in numbers}
    frames = [scratch / name / one.file for one in pictures.values()]
    listed = records.FrameList({n: records.ListedFrame(row, {"beauty": pictures[n]}) for n, row in rows.items()})
    start, suffix = rows[numbers[0]]["timecode"], SUFFIXES[kind]
    began = time.process_time()
    told = testimony.build(shot, listed, {"": "0" * 64}, of_shot=True)
    built = time.process_time()
    text = testimony.pack(told, "beauty", kind, start)
    packed = time.process_time()
    given: dict[str, object] = {"rate": shot.rate, "kind": kind, "timecode": start}
    without_s, without = _written(frames, scratch / f"without{suffix}", given)
    with_s, with_ = _written(frames, scratch / f"with{suffix}", {**given, "record": text})
    bound_s, n = _bound_s(scratch / f"with{suffix}"), len(numbers)
    print(
        f"{name:12} {kind:12} {n} frames of {SIZE[0]}×{SIZE[1]}: lists read once {1000 * (built - began):.0f} ms; "
        f"record {1000 * (packed - built + bound_s) / n:.2f} ms and {(with_ - without) / n:.0f} bytes a frame; "
        f"{(with_s + packed - built) / without_s:.2f} times the processor time of the movie without",
        flush=True,
    )


def _picture(folder: Path, number: int) -> records.PictureEntry:
    """Return a picture that is made up, with some detail in it, for a codec to work on."""
    rows, columns = np.mgrid[: SIZE[1], : SIZE[0]]
    pixels = np.stack([(rows * 3 + number * 5) ^ columns, columns // 4 + number, rows // 3, rows * 0 + 255], axis=-1)
    path = folder / "beauty" / f"x.{number}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(png.encode(pixels.astype(np.uint8), order="RGBA"))
    return records.PictureEntry(f"beauty/{path.name}", "0" * 64, "")


def _written(frames: list[Path], path: Path, given: dict[str, object]) -> tuple[float, int]:
    began = time.process_time()
    movie.write_movie(frames, path, **given)  # type: ignore[arg-type]
    return time.process_time() - began, path.stat().st_size


def _bound_s(path: Path) -> float:
    began = time.process_time()
    movie.bound_sums(movie.read_coded(path))
    return time.process_time() - began


# ── movies alone ─────────────────────────────────────────────────────────────────────────────────────────────────


def test(folders: list[Path], scratch: Path) -> None:
    """Trace frames of movies alone and in their folders, and change bytes."""
    _look_up_once()
    drawn = random.Random(17)
    movies = [path for folder in folders for path in sorted(folder.glob("proxy/*.m*"))]
    alone = {path: Path(shutil.copy(path, scratch)) for path in movies}
    choices = [(path, number) for path in movies for number in records.read_frame_list(path.parents[1]).frames]
    asked = drawn.sample(choices, min(N_TRACED, len(choices)))
    same = sum(_is_same(path, alone[path], number) for path, number in asked)
    print(f"{same} of {len(asked)} frames of {len(movies)} movies alone: the same rows as from the folder")
    for path in movies:
        found = sum(_is_found(alone[path], drawn) for _ in range(N_FLIPPED))
        print(f"{path.name}: {found} of {N_FLIPPED} changed bytes found")


def _look_up_once() -> None:
    """Read each list once: a command reads it once as well."""
    look_up, all_sites = origins.look_up, {}

    def looked_up(site_ids: list[str]) -> dict[str, origins.TracedSite]:
        if new := [one for one in site_ids if one not in all_sites]:
            all_sites.update(look_up(new))
        return {one: all_sites[one] for one in site_ids if one in all_sites}

    origins.look_up = looked_up
    origins.find_looks.__globals__["footprints"].load = cache(origins.find_looks.__globals__["footprints"].load)


def _is_same(path: Path, alone: Path, number: int) -> bool:
    folder = path.parents[1]
    found = embedded.read(alone)
    assert found is not None
    picture = records.read_frame_list(folder).frames[number].pictures[found.content["pass"]]
    wanted, told = appendix.trace(folder / picture.file), appendix.trace(alone, at=str(number))
    return told.holds and wanted.facts[1:] == told.facts[1:] and wanted.parts == told.parts


def _is_found(path: Path, drawn: random.Random) -> bool:
    """Change one bit of a file, see whether it is found, and set it back."""
    with path.open("r+b") as stream:
        at, bit = drawn.randrange(path.stat().st_size), 1 << drawn.randrange(8)
        _flip(stream, at, bit)
        stream.flush()
        try:
            found = embedded.read(path)
            return found is None or embedded.sum_around(path, found) != found.around or not _is_unsigned(found)
        except CampsError:
            return True
        finally:
            _flip(stream, at, bit)


def _is_unsigned(found: embedded.Embedded) -> bool:
    return signing.read_record_signer(found) is None


def _flip(stream: object, at: int, bit: int) -> None:
    stream.seek(at)  # type: ignore[attr-defined]
    value = stream.read(1)[0]  # type: ignore[attr-defined]
    stream.seek(at)  # type: ignore[attr-defined]
    stream.write(bytes([value ^ bit]))  # type: ignore[attr-defined]


if __name__ == "__main__":
    main()
