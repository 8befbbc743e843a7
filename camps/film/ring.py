"""The way on which pictures leave a page that hands them over by itself, in slots that are filled by turns.

A worker of the page copies each finished picture with ``VideoFrame.copyTo``, which is exact and takes a fraction of a
millisecond, into a ring of slots in a file of the browser's own storage that this process maps ("file"). Where that
file cannot be found, the same pixels come through the loopback socket ("socket").
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from camps.errors import RenderError
from camps.film.loopback import Loopback
from camps.film.png import Order
from camps.film.profile import map_ring
from camps.film.stage import Captured, Job, StageLostError

Transport = Literal["file", "socket"]

#: Frames that the page may be ahead of the encoder, and the memory that they may take.
MOST_SLOTS = 4
SLOT_BUDGET_BYTES = 512 << 20

#: Jobs sent ahead of the frame being drawn, so that the page never waits for the next one.
WINDOW = 8


class Ring:
    """Slots of pixels that a page fills and this process reads.

    Parameters
    ----------
    loopback
        What page and stage say to each other.
    width, height
        Size of the pictures in pixels.
    transport
        How pixels leave the page; ``"file"`` becomes ``"socket"`` by itself where it has to.
    """

    def __init__(self, loopback: Loopback, width: int, height: int, transport: Transport = "file") -> None:
        self.transport: Transport = transport
        self._loopback = loopback
        self._shape = (height, width, 4)
        self._slots = max(2, min(MOST_SLOTS, SLOT_BUDGET_BYTES // self._frame_bytes))
        self._nonce = secrets.token_hex(16)
        self._mapped: NDArray[np.uint8] | None = None

    @property
    def _frame_bytes(self) -> int:
        height, width, channels = self._shape
        return height * width * channels

    @property
    def setup(self) -> dict[str, Any]:
        """What the page has to know before its worker opens the ring."""
        url = f"ws://{self._loopback.address}/socket"
        about = {"bytes": self._frame_bytes, "slots": self._slots, "mode": self.transport, "nonce": self._nonce}
        return {"url": url, **about}

    async def map(self, profile: Path) -> None:
        """Map the file that the page's worker has opened by now."""
        if self.transport != "file":
            return
        ring = map_ring(profile, self._slots * self._frame_bytes, self._nonce)
        if ring is None:
            self.transport = "socket"
            await self._loopback.send({"mode": "socket"})
        else:
            self._mapped = np.frombuffer(ring, np.uint8).reshape(self._slots, *self._shape)

    def close(self) -> None:
        """Let go of the file, so that it can be removed."""
        self._mapped = None

    async def send(self, jobs: Iterable[Job]) -> None:
        """Ask the page for pictures of states."""
        if listed := [{"frame": frame, "state": state} for frame, state in jobs]:
            await self._loopback.send({"jobs": listed})

    async def told(self) -> dict[str, Any]:
        """Return what the page says next: of a picture, or why there is none."""
        message = await self._loopback.messages.get()
        if isinstance(message, bytes):
            raise StageLostError("the page sent pixels that nobody asked for")
        return message

    async def captured(self, message: dict[str, Any]) -> Captured:
        """Return the picture that the page has told of."""
        slot = int(message["slot"])
        pixels = self._mapped[slot] if self._mapped is not None else await self._sent_pixels()

        async def release() -> None:
            await self._loopback.send({"free": slot})

        if message["order"] not in get_args(Order):
            raise RenderError(
                f"the browser gave pixels as {message['order']}, expected BGRA or RGBA; use another browser"
            )
        return Captured(message["frame"], message["described"], lambda: pixels, message["order"], True, release)

    async def _sent_pixels(self) -> NDArray[np.uint8]:
        message = await self._loopback.messages.get()
        if not isinstance(message, bytes):
            raise StageLostError("the page sent no pixels")
        return np.frombuffer(message, np.uint8).reshape(self._shape)
