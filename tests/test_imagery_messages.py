"""Whatever a message of the imagery rooms asks for can be given to the command that printed it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import typer

from camps import cli
from camps.imagery import Hints

ROOMS = Path(__file__).resolve().parents[1] / "camps" / "imagery"
#: Which commands of `camps imagery` can print what a module says.
COMMANDS = {
    "adding": ("add",), "placing": ("add",), "opening": ("add",), "scene": ("add",), "stac": ("find", "read"),
    "network": ("find", "read"), "extract": ("extract",), "registration": ("extract",), "indices": ("extract",),
    "area": ("extract",), "sites": ("extract",), "raster": ("extract",),
}  # fmt: skip
_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
_COMMAND = re.compile(r"camps ((?:[a-z]+ ?)+)")


def _command(words: list[str]) -> Any:
    """Return the command that words name, or ``None``; words beyond it are its arguments."""
    found: Any = typer.main.get_command(cli.app)
    for word in words:
        found = getattr(found, "commands", {}).get(word, found)
    return None if hasattr(found, "commands") else found


def _options(command: Any) -> set[str]:
    return {name for option in command.params for name in (*option.opts, *option.secondary_opts)}


def _texts(path: Path) -> Iterator[tuple[int, str]]:
    """Yield every text that a module can print, with its line; what is filled in stands as a word."""
    tree = ast.parse(path.read_text("utf-8"))
    documented = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body and isinstance(node.body[0], ast.Expr)
    }  # fmt: skip
    inner = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documented | inner:
            yield node.lineno, node.value
        elif isinstance(node, ast.JoinedStr):
            parts = [str(part.value) if isinstance(part, ast.Constant) else "WORD" for part in node.values]
            yield node.lineno, "".join(parts)


def _asked() -> list[tuple[str, str, str]]:
    """Return every option that a message asks for: where it stands, the command that it is for, and the option."""
    asked = []
    for path in sorted(ROOMS.glob("*.py")):
        for line, text in _texts(path):
            spelt = re.findall(r"camps imagery (\w+)((?: --[a-z-]+)+)", text)
            asked += [(f"{path.name}:{line}", one, option) for one, told in spelt for option in _OPTION.findall(told)]
            options = _OPTION.findall(re.sub(r"camps imagery \w+(?: --[a-z-]+)+", "", text))
            named = "add" if re.search(r"camps imagery add|add the file", text) else None
            told = "read" if "raise --cloud" in text else named
            for command in [told] if told else COMMANDS.get(path.stem, ()):
                asked += [(f"{path.name}:{line}", command, option) for option in options]
    return asked


def test_the_messages_are_found() -> None:
    assert len(_asked()) >= 20
    assert {option for _, _, option in _asked()} >= {"--bands", "--crs", "--warp", "--tolerance", "--source", "--cloud"}


@pytest.mark.parametrize(("where", "command", "option"), _asked(), ids=lambda part: part)
def test_the_command_takes_what_its_message_asks_for(where: str, command: str, option: str) -> None:
    found = _command(["imagery", command])
    assert found is not None
    assert option in _options(found), f"{where} asks for {option}, which camps imagery {command} does not take"


def test_every_command_that_a_message_names_exists() -> None:
    named = {}
    for path in sorted(ROOMS.glob("*.py")):
        for line, text in _texts(path):
            for words in _COMMAND.findall(text):
                named[f"{path.name}:{line}"] = words.split()
    assert len(named) >= 6
    missing = {where: words for where, words in named.items() if _command(words) is None}
    assert not missing


def test_add_takes_whatever_describes_a_picture() -> None:
    command = _command(["imagery", "add"])
    assert command is not None
    names = {"gsd_m": "gsd", "tolerance_px": "tolerance"}
    assert {f"--{names.get(one.name, one.name)}" for one in fields(Hints)} <= _options(command)
