"""Our JavaScript: modules that import from one another, each page's joined into one scope."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import pytest

from camps import javascript
from camps.errors import InputError
from camps.maps import contract, site_map

CAMPS = Path(javascript.__file__).parent
ENTRIES = tuple(
    CAMPS / name
    for name in (
        "maps/js/page.js", "maps/js/svg.js", "maps/js/live.js", "reading/js/reader.js",
        "film/canvas.js", "film/screen.js", "film/paint.js", "film/drivers/page.js",
    )
)  # fmt: skip
TOP = re.compile(r"^(?:export )?(?:const|let|class|(?:async )?function) (\w+)", re.MULTILINE)


def _modules(folder: Path, **texts: str) -> Path:
    for name, text in texts.items():
        (folder / f"{name}.js").write_text(text, "utf-8")
    return folder / "page.js"


def test_what_is_imported_stands_before_what_imports_it_and_once(tmp_path: Path) -> None:
    page = "import { low } from './low.js';\nimport {\n  middle,\n} from './middle.js';\nexport default low + middle;\n"
    middle = "import { low } from './low.js';\nexport const middle = low;\n"
    entry = _modules(tmp_path, page=page, middle=middle, low="export const low = 1;\n")
    expected = "const low = 1;\n\nconst middle = low;\n\nexport default low + middle;\n"
    assert javascript.joined(entry) == expected


def test_what_is_said_of_types_stays_out_of_the_page(tmp_path: Path) -> None:
    text = "// Why.\n/** @import { A } from './types.d.ts' */\n\n/** @param {A} a\n * @returns {number} */\n"
    kept = "const one = (a) => /** @type {number} */ (a.one); /** of a */\nconst two = '/** */';\n"
    assert javascript.joined(_modules(tmp_path, page=f"{text}export {kept}")) == f"// Why.\n\n{kept}"


def test_modules_that_import_one_another_in_a_circle_are_named(tmp_path: Path) -> None:
    entry = _modules(tmp_path, page="import { a } from './a.js';\n", a="import { b } from './page.js';\n")
    with pytest.raises(ImportError, match=r"^page\.js → a\.js → page\.js$"):
        javascript.joined(entry)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda path: path.stem)
def test_no_two_modules_of_a_page_use_one_name_and_none_is_left_unjoined(entry: Path) -> None:
    names = [name for text in javascript.modules(entry).values() for name in TOP.findall(text)]
    assert sorted(names) == sorted(set(names))
    assert re.findall(r"^(import .*|export (?!default).*)", javascript.joined(entry), re.MULTILINE) == []


def test_every_module_is_in_one_of_the_pages() -> None:
    joined = {path for entry in ENTRIES for path in javascript.modules(entry)}
    assert joined == {path for entry in ENTRIES for path in entry.parent.glob("*.js")}


def test_the_page_is_told_what_its_scripts_expect() -> None:
    told = contract.DECLARATIONS.read_text("utf-8")
    assert told == contract.typescript(), "run make format"


@pytest.fixture(scope="module")
def payload() -> dict[str, Any]:
    return site_map().payload


def _broken(payload: dict[str, Any], *way: Any, held: Any) -> dict[str, Any]:
    page = copy.deepcopy({**payload, "base": {**payload["base"], "scales": []}})
    inner = page
    for step in way[:-1]:
        inner = inner[step]
    inner[way[-1]] = held
    return page


@pytest.mark.parametrize(
    ("way", "held", "message"),
    [
        (("version",), 2, "page: version: found 2, expected"),
        (("sites", 0, "class"), "tier-5", r"page: site .*, class: found 'tier-5', expected one of system-"),
        (("sites", 3, "lat"), None, r"page: sites\.3\.lat: found None"),
        (("meta", "colour"), "red", r"page: meta\.colour: found 'red'"),
        (("meta", "attribution"), [{"text": "x", "layers": ["roads"]}], r"attribution\.0\.layers\.0: found 'roads'"),
        (("sites", 0, "looks"), [(0, 1, 1, 1, 0, 9, "gone")], r"page: sites\.0\.looks\.0\.6.*: found 'gone'"),
        (("classes", 0, "shape"), "star", r"page: classes\.0\.shape: found 'star', expected Input should be 'disc'"),
    ],
)
def test_what_a_page_could_not_show_is_refused_by_name(payload, way, held, message) -> None:
    with pytest.raises(InputError, match=message):
        contract.require(_broken(payload, *way, held=held))
