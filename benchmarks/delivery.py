"""A delivery beside rendering each of its passes as a job of its own; and the three shots laid together again.

python benchmarks/delivery.py             xinjiang at 3840×2160, all passes, a third moving; then the check
                                          (six frames; --frames 60 for a longer run)
python benchmarks/delivery.py --check     composite of the passes against beauty and against the page drawn at once
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from camps import film
from camps.film import anymap, filming, passes, plan, subject

LANGUAGES = ("en", "fr", "zh", "ug")
SHOTS = ("xinjiang", "archipelago", "dabancheng")
#: The frame on which the camera comes to rest; a third of the shot moves, and a third of the frames measured.
RESTS = 1139


def main() -> None:
    """Measure, or check."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--check", action="store_true")
    asked.add_argument("--size", default="3840x2160")
    asked.add_argument("--frames", type=int, default=6)
    asked.add_argument("--stride", type=int, default=300)
    arguments = asked.parse_args()
    size = tuple(int(side) for side in arguments.size.split("x"))
    with tempfile.TemporaryDirectory() as folder:
        if not arguments.check:
            first = RESTS - arguments.frames // 3
            measure(_shot("xinjiang", size=size), range(first, first + arguments.frames), Path(folder))
        for name in SHOTS:
            check(name, Path(folder), arguments.stride)


def _shot(name: str, **changes: Any) -> film.Shot:
    return film.read_shot(name).model_copy(update=changes)


# ── time and disk ────────────────────────────────────────────────────────────────────────────────────────────────


def measure(shot: film.Shot, numbers: range, folder: Path) -> None:
    """Print time and disk of one delivery, and of a job a pass."""
    began = time.monotonic()
    one = film.deliver(
        shot, folder / "one", languages=LANGUAGES, numbers=numbers, movies=False, waive=["credit"], workers=1
    )
    together_s, together_mb = time.monotonic() - began, _megabytes(one.folder)
    print(f"{shot.code} {shot.size[0]}x{shot.size[1]}, {len(numbers)} frames, {len(one.passes)} passes")
    print(f"one delivery, checks and papers too   {together_s:7.1f} s  {together_mb:7.0f} MB  {one.n_pictures} drawn")
    apart_s = apart_mb = 0.0
    for info in one.passes:
        seconds, megabytes = _own_job(shot, info, numbers, folder / info.name)
        print(f"  job of its own: {info.name:<12}          {seconds:7.1f} s  {megabytes:7.0f} MB")
        apart_s, apart_mb = apart_s + seconds, apart_mb + megabytes
    print(f"{len(one.passes)} jobs                               {apart_s:7.1f} s  {apart_mb:7.0f} MB")
    print(f"one delivery is {apart_s / together_s:.1f} times as fast, with {together_mb / apart_mb:.2f} of the disk")


def _own_job(shot: film.Shot, info: passes.PassInfo, numbers: range, folder: Path) -> tuple[float, float]:
    """Return seconds and megabytes of a render that switches all other layers off."""
    layers = {str(part).split("_")[0] for part in (info.made_of or (info.layer,))}
    alone = shot.model_copy(
        update={
            "layers": {layer: layer in layers for layer in passes.LAYERS},
            "background": "look" if info.alpha == "none" else "transparent",
            "language": info.language or shot.language,
        }
    )
    began = time.monotonic()
    result = film.render(alone, folder, numbers=numbers, movie=False)
    return time.monotonic() - began, _megabytes(result.folder)


def _megabytes(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


# ── composite ────────────────────────────────────────────────────────────────────────────────────────────────────


def check(name: str, folder: Path, stride: int) -> None:
    """Print how far the composite of the passes lies from beauty, and beauty from the page drawn at once."""
    shot = _shot(name)
    map_: Any = subject.build_map(shot)
    whole = plan.plan_frames(shot, subject.build_ground(map_))
    some = plan.Plan(shot, whole.numbers[::stride], whole.states[::stride])
    available = passes.build_passes(shot, [shot.language])
    shooting = filming.Shooting(
        some,
        anymap.build_map_page(map_),
        passes.drawn_for(available, available.values()),
        {key: info for key, info in available.items() if info.made_of},
        tuple(available),
        tuple(float(scene["day"]) for scene in map_.payload.get("scenes") or ()),
    )
    run = filming.Filming(shooting, folder / name)
    run.keep([])
    run.draw()
    direct = film.render(shot, folder / "direct", numbers=some.numbers, movie=False)
    found = [
        _differences(run, available["beauty"], n, path) for n, path in zip(some.numbers, direct.frames, strict=True)
    ]
    exact, eight, drawn = (max(row[i] for row in found) for i in range(3))
    share = max(row[3] for row in found)
    print(
        f"{name}: {len(found)} frames: composite against beauty at most {exact}; rounded to 8 bit after each pass "
        f"{eight}; drawn at once {drawn}, more than 1 in at most {share:.4%} of the pixels"
    )


def _differences(
    run: filming.Filming, beauty: passes.PassInfo, number: int, direct: Path
) -> tuple[int, int, int, float]:
    parts = [_read(run.path(name, number)) for name in beauty.made_of]
    shown = _read(run.path("beauty", number)).astype(int)
    exact = _laid(parts, rounded=False)
    apart = np.abs(_read(direct).astype(int) - shown).max(axis=2)
    return (
        int(np.abs(exact - shown[..., :3]).max()),
        int(np.abs(_laid(parts, rounded=True) - shown[..., :3]).max()),
        int(apart.max()),
        float((apart > 1).mean()),
    )


def _laid(parts: list[np.ndarray], *, rounded: bool) -> np.ndarray:
    """Return passes laid over one another; rounded after each as by a program that keeps 8 bits between layers."""
    result = np.zeros((*parts[0].shape[:2], 3))
    for part in parts:
        alpha = part[..., 3:] / 255
        result = part[..., :3] * alpha + result * (1 - alpha)
        result = np.rint(result) if rounded else result
    return np.rint(result).astype(int)


def _read(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGBA"))


if __name__ == "__main__":
    main()
