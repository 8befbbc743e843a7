"""What a stage and its page say to each other, over a loopback port under a one-time name."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response


class Loopback:
    """Serves pages and holds the socket that one of them opens.

    Parameters
    ----------
    pages
        HTML by path below the one-time name; ``""`` is the first page.

    Attributes
    ----------
    address
        Host, port and one-time name, without a scheme.
    messages
        What the page said, in order: parsed JSON, or ``bytes`` of pixels.
    """

    def __init__(self, pages: Mapping[str, str]) -> None:
        self.address = ""
        self.messages: asyncio.Queue[dict[str, Any] | bytes] = asyncio.Queue()
        self._pages = pages
        self._secret = secrets.token_hex(16)
        self._socket: ServerConnection | None = None

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[Loopback]:
        """Listen on a free loopback port until the block ends."""
        plain: dict[str, Any] = {"max_size": None, "compression": None, "ping_interval": None}
        async with serve(self._listen, "127.0.0.1", 0, process_request=self._answer, **plain) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            self.address = f"127.0.0.1:{port}/{self._secret}"
            yield self

    async def send(self, message: Mapping[str, Any]) -> None:
        """Send JSON to the page; a page that is gone hears nothing, and the stage notices by itself."""
        if self._socket is not None:
            with contextlib.suppress(ConnectionClosed):
                await self._socket.send(json.dumps(message))

    def _answer(self, connection: ServerConnection, request: Request) -> Response | None:
        secret, _, path = request.path.removeprefix("/").partition("/")
        if not secrets.compare_digest(secret.encode(), self._secret.encode()):
            return connection.respond(404, "not here\n")
        if path == "socket":
            # A page of somebody else that is open on this machine may not talk to it even if it learned the name.
            ours = request.headers.get("Origin") == f"http://{self.address.partition('/')[0]}"
            return None if ours else connection.respond(403, "not for this page\n")
        if path not in self._pages:
            return connection.respond(404, "not here\n")
        body = self._pages[path].encode("utf-8")
        headers = Headers({"Content-Type": "text/html; charset=utf-8", "Content-Length": str(len(body))})
        return Response(200, "OK", headers, body)

    async def _listen(self, socket: ServerConnection) -> None:
        self._socket = socket
        with contextlib.suppress(ConnectionClosed):
            async for message in socket:
                self.messages.put_nowait(json.loads(message) if isinstance(message, str) else message)
