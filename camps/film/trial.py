"""One small frame from the browser to its pixels: proof that films can be made here."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from camps.errors import CheckError, RenderError
from camps.film.canvas import CanvasStage
from camps.film.stage import FilmPage, StageLostError, read_resource

_SIDE = 16
_COLOUR = (200, 100, 50)


def film_trial() -> str:
    """Film one frame of one colour and return how its pixels left the browser: ``"file"`` or ``"socket"``.

    Raises
    ------
    MissingError
        When there is no browser, or none that may shut its pages in.
    RenderError
        When the browser starts and shows nothing.
    CheckError
        When the frame has another colour than was drawn.
    """
    # In a thread of its own, because a notebook already runs an event loop.
    with ThreadPoolExecutor(max_workers=1) as beside:
        return beside.submit(asyncio.run, _filmed()).result()


async def _filmed() -> str:
    stage = CanvasStage(FilmPage(read_resource("trial.html")), _SIDE, _SIDE)
    try:
        async with stage:
            async for frame in stage.capture([(1, {"colour": _COLOUR})]):
                seen = tuple(int(value) for value in frame.read()[_SIDE // 2, _SIDE // 2, :3])
                await frame.release()
    except StageLostError as error:
        raise RenderError(f"the browser shows no page: {error}; name another in CAMPS_CHROMIUM") from error
    if seen not in {_COLOUR, _COLOUR[::-1]}:
        raise CheckError(f"the browser filmed {seen} where {_COLOUR} was drawn; name another in CAMPS_CHROMIUM")
    return stage.transport
