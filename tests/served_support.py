"""A file server on loopback that answers requests for ranges, and counts what it sends."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class _Handler(BaseHTTPRequestHandler):
    """Files with range requests; every n-th connection is dropped without an answer."""

    protocol_version = "HTTP/1.1"
    server: FileServer

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_HEAD(self) -> None:
        self._answer(with_content=False)

    def do_GET(self) -> None:
        self._answer(with_content=True)

    def _answer(self, *, with_content: bool) -> None:
        if self.server.drops():
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        if self.server.is_busy():
            self.send_error(503)
            return
        path = self.server.root / self.path.split("?")[0].lstrip("/")
        if not path.is_file() or path.name in self.server.missing:
            self.send_error(404)
            return
        self._send(path, with_content=with_content)

    def _send(self, path: Path, *, with_content: bool) -> None:
        size = path.stat().st_size
        asked = re.match(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        first, last = (int(asked[1]), min(int(asked[2] or size - 1), size - 1)) if asked else (0, size - 1)
        self.send_response(206 if asked else 200)
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(last - first + 1))
        if asked:
            self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
        self.end_headers()
        if not with_content:
            return
        with path.open("rb") as stream:
            stream.seek(first)
            content = stream.read(last - first + 1)
        # Counted before it is written: what a client asks for and throws away has been sent all the same.
        self.server.count(path.name, len(content))
        self.wfile.write(content)


class FileServer(ThreadingHTTPServer):
    """A loopback file server that counts what it sends."""

    def __init__(
        self, root: Path, *, drop_every: int = 0, busy_every: int = 0, missing: Sequence[str] = (), busy: int = 0
    ) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.root, self.drop_every, self.busy_every, self.missing = root, drop_every, busy_every, set(missing)
        #: Answers that it still refuses, one after the other.
        self.busy = busy
        self.n_requests = self.n_dropped = self.n_busy = 0
        self.sent: dict[str, int] = {}
        self.lock = threading.Lock()
        self.thread = threading.Thread(target=self.serve_forever, daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def drops(self) -> bool:
        with self.lock:
            self.n_requests += 1
            dropped = bool(self.drop_every) and self.n_requests % self.drop_every == 0
            self.n_dropped += dropped
            return dropped

    def is_busy(self) -> bool:
        with self.lock:
            busy = self.busy > 0 or bool(self.busy_every and self.n_requests % self.busy_every == 0)
            self.busy -= self.busy > 0
            self.n_busy += busy
            return busy

    def count(self, name: str, n_bytes: int) -> None:
        with self.lock:
            self.sent[name] = self.sent.get(name, 0) + n_bytes

    def handle_error(self, *_: object) -> None:
        """Say nothing when the other side hangs up."""

    def close(self) -> None:
        self.shutdown()
        self.server_close()
        self.thread.join()
