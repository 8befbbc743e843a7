"""The notebooks, run from top to bottom and written as pages that open anywhere.

A notebook runs in a fresh kernel in its own folder, as a researcher runs it. A cell that fails, or that warns, stops
the build and is named.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, cast

import jinja2

from camps import files, notebook, settings
from camps.errors import InputError, RenderError

# What reads, runs and prints notebooks takes a second to load, which who begins a record does not wait for.
if TYPE_CHECKING:
    import nbformat
    from nbclient import NotebookClient

CELL_TIMEOUT_S = 600
KERNEL_START_S = 120
#: What runs now; several do side by side.
_RUNNING: set[NotebookClient] = set()
#: Kinds of output that a page shows, the best first.
_SHOWN = ["text/html", "image/svg+xml", "image/png", "image/jpeg", "text/markdown", "text/latex", "text/plain"]


@dataclass(frozen=True)
class Page:
    """One notebook as the overview lists it: its page's file name, a short label, its title and first sentence."""

    file: str
    label: str
    title: str
    text: str


def notebook_paths() -> list[Path]:
    """Return the record's notebooks in reading order."""
    return sorted((settings.home() / "notebooks").glob("[0-9][0-9]_*.ipynb"))


def read_notebook(path: Path) -> nbformat.NotebookNode:
    """Return a notebook.

    Raises
    ------
    MissingError, InputError
        When the file is not there or is no notebook.
    """
    import nbformat  # noqa: PLC0415 - see above

    with files.readable(path):
        content = path.read_bytes()
    try:
        read = nbformat.reads(content.decode("utf-8"), as_version=4)  # type: ignore[no-untyped-call]
        nbformat.validate(read)
    # Of a file that is JSON and no notebook, nbformat's own conversions fail in whatever way they fall over it.
    except Exception as error:
        raise InputError(f"{path}: no Jupyter notebook ({_first_line(str(error))}); restore or re-save it") from error
    if not read.cells or not read.cells[0].source.strip():
        raise InputError(f"{path}: its first cell says nothing, expected a title; write one")
    return cast("nbformat.NotebookNode", read)


def describe(path: Path) -> Page:
    """Return how the overview lists a notebook, read from its first cell."""
    lines = [line.strip() for line in read_notebook(path).cells[0].source.splitlines() if line.strip()]
    text = next((line for line in lines[1:] if not line.startswith("#")), "")
    label = path.stem.partition("_")[2].replace("_", " ").capitalize()
    return Page(f"{path.stem}.html", label, lines[0].lstrip("# "), text)


def render_notebook(path: Path, out: Path, *, report: Callable[[float, str], None]) -> Path:
    """Run a notebook and write it, with its outputs, as one HTML page that names no other host.

    Parameters
    ----------
    path
        The notebook; the file is not changed.
    out
        The page to write.
    report
        Told the share of cells done.

    Raises
    ------
    InputError
        When it is no notebook.
    RenderError
        When a cell fails; the message names the notebook, the cell and what it said.
    """
    notebook = read_notebook(path)
    _run(notebook, path, report)
    return files.write_text(out, _page(notebook, path))


def _run(notebook: nbformat.NotebookNode, path: Path, report: Callable[[float, str], None]) -> None:
    from nbclient import NotebookClient  # noqa: PLC0415 - see above
    from nbclient.exceptions import CellExecutionError, DeadKernelError  # noqa: PLC0415

    total = len(notebook.cells)

    def begin(cell: nbformat.NotebookNode, cell_index: int) -> None:
        if client not in _RUNNING:
            raise DeadKernelError("it was stopped")
        report(cell_index / total, f"cell {cell_index + 1} of {total}")

    client = NotebookClient(
        notebook,
        timeout=CELL_TIMEOUT_S,
        kernel_name="python3",
        record_timing=False,
        store_widget_state=False,
        startup_timeout=KERNEL_START_S,
        extra_arguments=["--log-level=ERROR"],
        resources={"metadata": {"path": str(path.parent)}},
        on_cell_start=begin,
    )
    _RUNNING.add(client)
    try:
        # A notebook is input to nothing else: what it prints must not depend on the shell that started it.
        asyncio.run(client.async_execute(env=_environment()))
    except CellExecutionError as error:
        raise RenderError(f"{path.name}: a cell failed with {error.ename}: {_first_line(error.evalue)}") from error
    except (DeadKernelError, TimeoutError) as error:
        raise RenderError(
            f"{path.name}: the kernel stopped ({_first_line(str(error))}); run it in JupyterLab"
        ) from error
    finally:
        _RUNNING.discard(client)


def stop() -> None:
    """Kill the kernel of each notebook that runs; who waits for one is told that it stopped."""
    for client in list(_RUNNING):
        _RUNNING.discard(client)
        process = getattr(getattr(client.km, "provisioner", None), "process", None)
        if process is not None:
            process.kill()


def _first_line(text: str) -> str:
    return (text.strip().splitlines() or ["no message"])[0]


def _environment() -> dict[str, str]:
    fixed = {"PYTHONHASHSEED": "0", "COLUMNS": "120", notebook.VARIABLE: "off"}
    return {**os.environ, **fixed}


def _page(notebook: nbformat.NotebookNode, path: Path) -> str:
    from nbconvert import HTMLExporter  # noqa: PLC0415 - see above
    from nbconvert.preprocessors import CoalesceStreamsPreprocessor  # noqa: PLC0415
    from traitlets.config import Config  # noqa: PLC0415

    # A page has no kernel: what would ask one, under an id drawn by chance, shows the still that came with it.
    config = Config({"NbConvertBase": {"display_data_priority": _SHOWN}})
    exporter = HTMLExporter(config=config, template_name="basic")  # type: ignore[no-untyped-call]
    # A kernel sends what is printed in pieces, cut by its clock; a page may not show where a busy machine cut.
    exporter.register_preprocessor(CoalesceStreamsPreprocessor(), enabled=True)  # type: ignore[no-untyped-call]
    body, _ = exporter.from_notebook_node(notebook)
    template = templates().get_template("notebook.html.j2")
    pages = [describe(other) for other in notebook_paths()]
    this = describe(path)
    return template.render(
        title=this.title, file=this.file, notebooks=pages, body=body, css=house_css(), code_css=_code_css()
    )


def templates() -> jinja2.Environment:
    """Return the page templates; what goes into them from data is escaped by its template."""
    return jinja2.Environment(loader=jinja2.PackageLoader("camps.build"), autoescape=True, keep_trailing_newline=True)


def house_css() -> str:
    """Return the style sheet that every page of a build shares."""
    return (resources.files("camps.build") / "templates" / "house.css").read_text("utf-8")


def _code_css() -> str:
    from pygments.formatters import HtmlFormatter  # noqa: PLC0415 - see above

    return str(HtmlFormatter(style="friendly").get_style_defs(".highlight"))  # type: ignore[no-untyped-call]
