"""How many small faults in the rooms of numbers and dates the tests find: mutants, killed or alive.

    python benchmarks/mutants.py [--each 12] [--seed 7] [--only crs] [--list]

A mutant is the package with one comparison, sum, constant or connective changed. For each room a sample is drawn, and
of every mutant the tests of that room are run, without the published lists. Prints the score of each room and every
survivor with its line. Slow: leave the machine alone meanwhile. The exit status is 1 below nine in ten of all.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
#: What is changed, and the tests that have to see it.
ROOMS = {
    "growth": "test_edges test_growth test_holding",
    "crs.py": "test_edges test_crs test_footprints",
    "dates.py": "test_edges test_dates test_sources_values",
    "timeline": "test_edges test_timeline",
    "change": "test_change",
    "provenance.py": "test_edges test_provenance",
    "appendix/integrity.py": "test_appendix_package",
}
_COMPARED = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
_REPLACED = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.And: ast.Or, ast.Or: ast.And}
_CALLED = {"min": "max", "max": "min", "any": "all", "all": "any", "minimum": "maximum", "maximum": "minimum"}


@dataclass(frozen=True)
class Mutant:
    """One change: the file, the line, and the text before and after."""

    path: Path
    line: int
    before: str
    after: str
    source: str


def places(path: Path) -> list[tuple[Path, int]]:
    """Return where a file can be changed: its nodes by their number, in the order in which ``ast.walk`` gives them."""
    nodes = enumerate(ast.walk(ast.parse(path.read_text("utf-8"))))
    return [(path, number) for number, node in nodes if _change(node)]


def mutant(path: Path, number: int) -> Mutant:
    """Return a file with one of its nodes changed."""
    tree = ast.parse(path.read_text("utf-8"))
    node = list(ast.walk(tree))[number]
    assert isinstance(node, ast.expr)
    before = ast.unparse(node)
    _change(node)
    return Mutant(path, node.lineno, before, ast.unparse(node), ast.unparse(ast.fix_missing_locations(tree)))


def _change(node: ast.AST) -> bool:
    """Change a node where there is something to change, and return whether there was."""
    if isinstance(node, ast.Compare) and type(node.ops[0]) in _COMPARED:
        node.ops[0] = _COMPARED[type(node.ops[0])]()
    elif isinstance(node, ast.BinOp | ast.BoolOp) and type(node.op) in _REPLACED:
        node.op = _REPLACED[type(node.op)]()
    elif isinstance(node, ast.Constant) and type(node.value) in (int, float):
        node.value = node.value + 1
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        node.op = ast.UAdd()
        node.operand = ast.Call(ast.Name("bool", ast.Load()), [node.operand], [])
    elif isinstance(node, ast.Attribute) and node.attr in _CALLED:
        node.attr = _CALLED[node.attr]
    elif isinstance(node, ast.Name) and node.id in _CALLED:
        node.id = _CALLED[node.id]
    else:
        return False
    return True


def is_killed(clone: Path, mutant: Mutant, tests: str) -> bool:
    """Return whether a test fails, or nothing ends in ten minutes, with the mutant in place."""
    place = clone / mutant.path.relative_to(ROOT)
    sound = place.read_bytes()
    place.write_text(mutant.source, "utf-8")
    try:
        return not passes(clone, tests)
    finally:
        place.write_bytes(sound)


def passes(clone: Path, tests: str) -> bool:
    """Return whether tests pass in a clone without the published lists, within ten minutes."""
    named = [f"tests/{name}.py" for name in tests.split()]
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-n0", "-p", "no:cacheprovider", *named]
    environment = {**os.environ, "PYTHONPATH": str(clone), "CAMPS_MIRROR": str(clone / "none")}
    try:
        done = subprocess.run(command, cwd=clone, env=environment, capture_output=True, timeout=600, check=False)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--each", type=int, default=12, help="mutants a room")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--only", default="", help="rooms with this in their name")
    parser.add_argument("--list", action="store_true", help="print the mutants and run nothing")
    chosen = parser.parse_args()
    n_killed = n_all = 0
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "clone"
        left_out = shutil.ignore_patterns(".venv", ".uv", ".git", "exports", "__pycache__", ".*_cache")
        shutil.copytree(ROOT, clone, ignore=left_out)
        (clone / "none").mkdir()
        for room, tests in ROOMS.items():
            if chosen.only not in room:
                continue
            if not chosen.list and not passes(clone, tests):
                sys.exit(f"{room}: its tests do not pass on the package as it is; nothing can be told of mutants")
            found = [place for path in _files(ROOT / "camps" / room) for place in places(path)]
            drawn = [mutant(*place) for place in random.Random(chosen.seed).sample(found, min(chosen.each, len(found)))]
            alive = [one for one in drawn if chosen.list or not is_killed(clone, one, tests)]
            print(f"{room}: {len(drawn) - len(alive)} of {len(drawn)} killed, {len(found)} possible", flush=True)
            for one in alive:
                print(f"  {one.path.relative_to(ROOT)}:{one.line}: {one.before[:60]}  →  {one.after[:60]}", flush=True)
            n_killed, n_all = n_killed + len(drawn) - len(alive), n_all + len(drawn)
    print(f"{n_killed} of {n_all} killed")
    return int(not chosen.list and n_killed < 0.9 * n_all)


def _files(place: Path) -> list[Path]:
    return [place] if place.is_file() else sorted(place.glob("*.py"))


if __name__ == "__main__":
    sys.exit(main())
