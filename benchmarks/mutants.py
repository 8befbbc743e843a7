"""How many small faults in the rooms of numbers and dates the tests find: mutants, killed or alive.

    python benchmarks/mutants.py [--each 12] [--seed 7] [--only crs] [--list]

A mutant is the package with one comparison, sum, constant or connective changed. For each room a sample is drawn. Its
tests run once on the package as it is, without the published lists, to learn which of them call which function. Of a
mutant those that call its function run first, the quickest before the others; where all pass, the others of the room
run as well. Each run is a fork of a process that has the libraries at hand. Prints every mutant as it ends, and the
score of each room. The exit status is 1 below nine in ten of all.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import os
import pickle
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import pytest

ROOT = Path(__file__).resolve().parents[1]
#: What is changed, and the tests that have to see it.
ROOMS = {
    "growth": "test_edges test_growth test_holding",
    "crs.py": "test_edges test_crs test_footprints",
    "dates.py": "test_edges test_dates test_sources_values",
    "timeline": "test_edges test_timeline",
    "change": "test_change",
    "provenance.py": "test_edges test_provenance",
    "appendix/integrity.py": "test_edges test_appendix_integrity",
}
#: What takes long to import and is no part of the package: at hand in every fork.
LIBRARIES = (
    "geopandas pyogrio rasterio pyarrow.parquet scipy.optimize scipy.stats skimage.filters pydantic typer jinja2"
)
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


class Calls:
    """A pytest plugin: which functions of a room each test calls, and how long the test takes."""

    def __init__(self, folder: Path) -> None:
        self.folder = str(folder)
        self.called: dict[str, set[tuple[str, int]]] = {}
        self.seconds: dict[str, float] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        called = self.called.setdefault(item.nodeid, set())

        def note(frame: FrameType, event: str, _: object) -> None:
            if frame.f_code.co_filename.startswith(self.folder):
                called.add((frame.f_code.co_filename, frame.f_code.co_firstlineno))

        started = time.monotonic()
        sys.settrace(note)
        try:
            return (yield)
        finally:
            sys.settrace(None)
            self.seconds[item.nodeid] = time.monotonic() - started

    def reaching(self, mutant: Mutant, clone: Path) -> list[str]:
        """Return the tests that call the function that a mutant changes, the quickest first."""
        first, last = _function(mutant.path, mutant.line)
        place = str(clone / mutant.path.relative_to(ROOT))
        lines = {(place, line) for line in range(first, last + 1)}
        return sorted((test for test, called in self.called.items() if called & lines), key=lambda t: self.seconds[t])


def _function(path: Path, line: int) -> tuple[int, int]:
    """Return the first and last line of the function that holds a line; none for one that runs on import."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef) and node.lineno <= line <= (node.end_lineno or line):
            return min([node.lineno, *(one.lineno for one in node.decorator_list)]), node.end_lineno or line
    return 1, 0


def is_killed(clone: Path, mutant: Mutant, calls: Calls) -> bool:
    """Return whether a test fails, or nothing ends in time, with the mutant in place."""
    place = clone / mutant.path.relative_to(ROOT)
    sound = place.read_bytes()
    place.write_text(mutant.source, "utf-8")
    first = calls.reaching(mutant, clone)
    then = [test for test in calls.called if test not in set(first)]
    limit_s = 120 + round(3 * sum(calls.seconds.values()))
    try:
        return not all(passes(clone, tests, limit_s) for tests in (first, then) if tests)
    finally:
        place.write_bytes(sound)


def passes(clone: Path, tests: list[str], limit_s: int, told: Path | None = None) -> bool:
    """Return whether tests pass in a clone without the published lists; with `told`, write there what they call."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1] == 0
    signal.alarm(limit_s)
    os.chdir(clone)
    os.environ |= {"PYTHONPATH": str(clone), "CAMPS_MIRROR": str(clone / "none"), "PYTHONDONTWRITEBYTECODE": "1"}
    # Built once, by the package as it is.
    os.environ["CAMPS_TEST_PACKAGE"] = str(clone.parent / "package")
    sys.path.insert(0, str(clone))
    sys.dont_write_bytecode = True
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1), os.dup2(silent, 2)
    calls = Calls(clone / "camps")
    options = ["-q", "-x", "-n0", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning"]
    outcome = pytest.main([*options, *tests], plugins=[calls] if told else [])
    if told:
        told.write_bytes(pickle.dumps((calls.called, calls.seconds)))
    os._exit(int(outcome))


def called_by(clone: Path, room: str, tests: str) -> Calls:
    """Run the tests of a room on the package as it is, and return what each calls."""
    told = clone / "calls"
    if not passes(clone, [f"tests/{name}.py" for name in tests.split()], 3600, told):
        sys.exit(f"{room}: its tests do not pass on the package as it is; nothing can be told of mutants")
    calls = Calls(clone)
    calls.called, calls.seconds = pickle.loads(told.read_bytes())
    return calls


def made_clone(folder: str) -> Path:
    clone = Path(folder).resolve() / "clone"
    left_out = shutil.ignore_patterns(".venv", ".uv", ".git", "exports", "__pycache__", ".*_cache")
    shutil.copytree(ROOT, clone, ignore=left_out)
    (clone / "none").mkdir()
    return clone


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--each", type=int, default=12, help="mutants a room")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--only", default="", help="rooms with this in their name")
    parser.add_argument("--list", action="store_true", help="print the mutants and run nothing")
    chosen = parser.parse_args()
    n_killed = n_all = 0
    for library in LIBRARIES.split():
        importlib.import_module(library)
    with tempfile.TemporaryDirectory() as folder:
        clone = made_clone(folder)
        for room, tests in ROOMS.items():
            if chosen.only not in room:
                continue
            found = [place for path in _files(ROOT / "camps" / room) for place in places(path)]
            drawn = [mutant(*place) for place in random.Random(chosen.seed).sample(found, min(chosen.each, len(found)))]
            calls = None if chosen.list else called_by(clone, room, tests)
            killed = 0
            for one in drawn:
                dies = calls is not None and is_killed(clone, one, calls)
                killed += dies
                print(f"  {'killed' if dies else 'alive '} {one.path.relative_to(ROOT)}:{one.line}: ", end="")
                print(f"{one.before[:60]}  →  {one.after[:60]}", flush=True)
            print(f"{room}: {killed} of {len(drawn)} killed, {len(found)} possible", flush=True)
            n_killed, n_all = n_killed + killed, n_all + len(drawn)
    print(f"{n_killed} of {n_all} killed")
    return int(not chosen.list and n_killed < 0.9 * n_all)


def _files(place: Path) -> list[Path]:
    return [place] if place.is_file() else sorted(place.glob("*.py"))


if __name__ == "__main__":
    sys.exit(main())
