"""The reading as a page in a notebook: a hand sends a message, the session saves it, the page shows what is saved.

Nothing is kept here that the log does not hold. A message says what was done in columns and rows of the reading's
sheet; the answer goes to every view of the reading, so that two tabs show the same.
"""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import anywidget
import geopandas as gpd
import shapely

from camps import javascript
from camps.errors import CampsError
from camps.imagery import build_picture
from camps.imagery.pictures import joined_attribution
from camps.reading.growing import Apart
from camps.reading.session import Look, Outline, Session
from camps.reading.sheet import Sheet

_HERE = Path(__file__).parent
_APART = Apart()
_CLOSED = (
    "This page saves nothing any more: the reading was closed. Where its cell was run again, here or in another "
    "window, it goes on; else run the cell."
)


def _view(message: Mapping[str, Any]) -> str:
    return str(message["re"]).partition("-")[0]


class Reader(anywidget.AnyWidget):
    """A reading as a notebook shows it, from :func:`show`.

    Attributes
    ----------
    session
        The reading.
    sheet
        The grid that its scenes are shown on.
    """

    _esm = javascript.joined(_HERE / "js" / "reader.js")
    _css = (_HERE / "reader.css").read_text("utf-8")

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.sheet = Sheet.over([session.scene(one) for one in session.tasks], session.ground)
        self._beside = ThreadPoolExecutor(1)
        self._asked = ""
        self._answers = False
        self._known: tuple[Mapping[str, Outline], Mapping[str, Look]] = (session.held, session.looks)
        self._pictures: dict[str, bytes] = {}
        self.on_msg(self._answer)
        session.watchers.append(self._tell)

    # --- messages ---

    def _tell(self) -> None:
        """Show what another cell did, or another page."""
        if self.session.closed:
            self.send({"gone": _CLOSED})
        elif not self._answers:
            self.send(self._changes())

    def _answer(self, _: Any, message: Mapping[str, Any], __: Any) -> None:
        self._answers = True
        try:
            told = self._done(message)
        except CampsError as error:
            told = {"error": str(error)}
        except Exception as error:
            self.send({"re": message.get("re"), "error": f"{type(error).__name__}: {error}"})
            raise
        finally:
            self._answers = False
        self.send({"re": message.get("re"), **told})

    def _done(self, message: Mapping[str, Any]) -> Mapping[str, Any]:
        """Do what a message says; return what has changed by it."""
        acts: dict[str, Callable[[Any], Mapping[str, Any] | None]] = {
            "open": self._open, "show": self._show, "growth": self._growth, "draw": self._draw, "mend": self._mend,
            "greet": lambda told: {"met": _view(told)},
            "square": lambda told: self.session.square(told["id"]),
            "remove": lambda told: self.session.remove(*told["ids"]),
            "accept": lambda told: self.session.accept(*told["ids"]),
            "cut": self._cut, "join": lambda told: {"chosen": [self.session.join(told["ids"])]},
            "copy": self._copy, "look": self._look, "undo": self._turn, "redo": self._turn,
        }  # fmt: skip
        told = acts[message["do"]](message) or {}
        return {**self._changes(), **told}

    def _changes(self) -> dict[str, Any]:
        """Return what is otherwise than when the pages were last told."""
        outlines, looks = self._known
        self._known = now, seen = self.session.held, self.session.looks
        back, forth = self.session.turns
        changed = [one for name, one in now.items() if outlines.get(name) is not one and outlines.get(name) != one]
        dropped = sorted(name for name in outlines if name not in now)
        moved = {task: seen.get(task) for task in {*looks, *seen} if looks.get(task) != seen.get(task)}
        return {
            "put": [self._outline(one) for one in changed], "drop": dropped,
            "steps": len(self.session.steps), "undo": back > 0, "redo": forth > 0,
            **({"looks": {task: self._seen(look) for task, look in moved.items()}} if moved else {}),
        }  # fmt: skip

    def _outline(self, one: Outline) -> dict[str, Any]:
        return {
            "id": one.outline_id, "task": one.task_id, "track": one.track_id, "rings": self.sheet.rings(one.shape),
            "kind": one.kind, "confidence": one.confidence, "note": one.note, "origin": one.origin,
        }  # fmt: skip

    def _seen(self, look: Look | None) -> dict[str, Any] | None:
        if look is None:
            return None
        return {"status": look.status, "hidden": [self.sheet.rings(one) for one in look.hidden]}

    # --- what a message may say ---

    def _open(self, message: Mapping[str, Any]) -> dict[str, Any]:
        self._show({"task": self.session.task})
        self._known = {}, {}
        grid = self.sheet.grid
        begun = {
            "tasks": [self._about(task) for task in self.session.tasks], "task": self.session.task,
            "pixel_m": grid.gsd_m, "size": [grid.width, grid.height], "blind": self.session.blind,
            "lost": self.session.n_lost_bytes, **self._changes(),
        }  # fmt: skip
        return {"begun": begun, "hello": _view(message)}

    def _about(self, task: str) -> dict[str, str]:
        scene = self.session.scene(task)
        if self.session.blind:
            scenes = [self.session.scene(one) for one in self.session.tasks]
            credit = joined_attribution(one.attribution for one in scenes)
            return {"id": task, "label": task, "facts": "Blind: dates are hidden.", "caption": f"{task} · {credit}"}
        facts = f"{scene.sensor}, {scene.gsd_m:g} m"
        caption = f"{scene.observed_on} · {scene.attribution}"
        return {"id": task, "label": f"{scene.observed_on}", "facts": facts, "caption": caption}

    def _show(self, message: Mapping[str, Any]) -> None:
        scene = self.session.show(message["task"], beside=bool(message.get("beside")))
        if scene.scene_id not in self._pictures:
            self._pictures[scene.scene_id] = self.sheet.picture(scene)
        self.send({"picture": message["task"]}, [self._pictures[scene.scene_id]])

    def _draw(self, message: Mapping[str, Any]) -> dict[str, Any]:
        words = {name: message[name] for name in ("kind", "confidence", "note")}
        drawn = self.session.draw(message["task"], self.sheet.polygon(message["rings"]), **words)
        return {"chosen": [drawn]}

    def _mend(self, message: Mapping[str, Any]) -> None:
        changes = {name: message[name] for name in ("kind", "confidence", "note") if name in message}
        if "rings" in message:
            changes["shape"] = self.sheet.polygon(message["rings"])
        self.session.mend(message["id"], **changes)

    def _cut(self, message: Mapping[str, Any]) -> dict[str, Any]:
        line = shapely.LineString(self.sheet.places(message["line"]))
        return {"chosen": self.session.cut(message["id"], line)}

    def _copy(self, message: Mapping[str, Any]) -> dict[str, Any]:
        made = self.session.copy_forward(message["from"], message["to"])
        return {"says": f"{len(made)} copied, dashed until mended" if made else "All are there already."}

    def _look(self, message: Mapping[str, Any]) -> None:
        hidden = [self.sheet.polygon(rings) for rings in message["hidden"]]
        self.session.look(message["task"], message["status"], hidden=hidden)

    def _turn(self, message: Mapping[str, Any]) -> dict[str, Any]:
        turned = self.session.undo() if message["do"] == "undo" else self.session.redo()
        return {"says": f"{message['do']}: {'done' if turned else 'nothing is left to take back'}"}

    def _growth(self, message: Mapping[str, Any]) -> None:
        """Begin to compute the curve beside this process; with thousands of outlines that takes seconds."""
        self._asked = str(message["re"])
        folder = TemporaryDirectory(prefix="camps-reading-")
        self.growing = self._beside.submit(self._grow, self.session.snapshot(Path(folder.name)), self._asked, folder)

    def _grow(self, still: Session, asked: str, folder: TemporaryDirectory[str]) -> None:
        with folder:
            if asked != self._asked:
                return
            try:
                self.send({"growth": _APART.grown(still)})
            except Exception as error:
                self.send({"gone": f"The curve could not be computed ({error})."})
                raise

    # --- without a kernel ---

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """Return the page, and a still of it for where no kernel answers."""
        plain, metadata = super()._repr_mimebundle_(**options) or ({}, {})
        return {**plain, "text/html": self.still()}, metadata

    def still(self) -> str:
        """Return the task shown last as HTML with a picture; of a blind reading, words alone."""
        n = len(self.session.held)
        told = f"Reading of {self.session.site_id}, {self.session.task}: {n} outlines when this cell was run."
        title = html.escape(told)
        if self.session.blind:
            return f"<p>{title} Run the notebook to go on; a blind reading shows no dates here.</p>"
        here = [one.shape for one in self.session.held.values() if one.task_id == self.session.task]
        raster = self.sheet.raster(self.session.scene(self.session.task))
        buffer = io.BytesIO()
        build_picture(raster, outlines=gpd.GeoSeries(here, crs=4326)).save(buffer, "PNG")
        data = base64.b64encode(buffer.getvalue()).decode("ascii")
        return f'<p>{title} Run the notebook to go on.</p><img alt="{title}" src="data:image/png;base64,{data}">'


def show(session: Session) -> Reader:
    """Open a reading in a notebook: the scene, the outlines on it, and every tool with its key.

    Parameters
    ----------
    session
        From :func:`camps.reading.start`. Every step that is made in the page is saved in its log before the page says
        so; a cell that is run again, or in another kernel after that one was killed, goes on with the last of them.

    Returns
    -------
    Reader
        Shown where it is the last line of a cell. Where no kernel answers there is a still of the page.

    Raises
    ------
    InputError, MissingError
        When a scene cannot be read, or its ground is more than a page can show.
    CheckError
        When a scene's file is no longer the one that the reading began with.
    """
    return Reader(session)
