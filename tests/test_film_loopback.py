"""The film's server answers its own page alone."""

from __future__ import annotations

import asyncio
import urllib.error
import urllib.request

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from camps.film.loopback import Loopback


def _asked(address: str, loopback: Loopback) -> int:
    async def ask() -> int:
        async with loopback.serving():
            host, _, secret = loopback.address.partition("/")
            url = f"http://{host}/{address.format(secret=secret)}"
            try:
                return await asyncio.to_thread(lambda: urllib.request.urlopen(url).status)
            except urllib.error.HTTPError as error:
                error.close()
                return error.code

    return asyncio.run(ask())


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("{secret}/", 200),
        ("{secret}/page/x", 200),
        ("", 404),  # each of the following was answered as if it had named the secret
        ("page/x", 404),
        ("socket", 404),
        ("0/", 404),
        ("{secret}", 200),
        ("{secret}/other", 404),
    ],
)
def test_who_does_not_know_the_one_time_name_gets_nothing(address: str, status: int) -> None:
    assert _asked(address, Loopback({"": "first", "page/x": "second"})) == status


@pytest.mark.parametrize("origin", [None, "https://example.org", "null", "http://127.0.0.1:1"])
def test_a_page_of_somebody_else_cannot_open_the_socket(origin: str | None) -> None:
    async def connected(loopback: Loopback, said: str | None) -> None:
        async with connect(f"ws://{loopback.address}/socket", origin=said) as socket:  # type: ignore[arg-type]
            await socket.send('{"slot": 1}')
            await asyncio.wait_for(loopback.messages.get(), 5)

    async def ask() -> None:
        loopback = Loopback({"": ""})
        async with loopback.serving():
            with pytest.raises(InvalidStatus, match="403"):
                await connected(loopback, origin)
            await connected(loopback, f"http://{loopback.address.partition('/')[0]}")

    asyncio.run(ask())
