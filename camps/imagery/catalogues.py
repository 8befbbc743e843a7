"""The client of STAC catalogues, apart from all else: what it needs takes as long to load as half of the suite.

``pystac_client`` brings the validation of JSON along, which compiles a grammar of addresses at its import; only who
asks a catalogue waits for that.
"""

from __future__ import annotations

from typing import Any

import requests
from pystac_client import Client
from pystac_client.exceptions import APIError
from pystac_client.stac_api_io import StacApiIO
from urllib3 import Retry

from camps.imagery.network import require_allowed, require_same_host
from camps.imagery.opening import TIMEOUT_S, TRIES

#: What ends a conversation with a catalogue.
UNREACHABLE: tuple[type[Exception], ...] = (APIError, requests.RequestException, OSError)


def open_api(url: str) -> Client:
    """Return a client of the catalogue that answers at an address."""
    return Client.open(url, stac_io=CatalogueIO(url))


class _Session(requests.Session):
    """Requests that end where they were sent: a redirect to another host is refused."""

    def rebuild_auth(self, prepared_request: Any, response: Any) -> None:
        """Refuse a redirect to another host; requests calls this before it follows one."""
        require_same_host(str(response.url), str(prepared_request.url))
        super().rebuild_auth(prepared_request, response)


class CatalogueIO(StacApiIO):
    """Reads the documents of one catalogue, with a few tries, and none that it may not name."""

    def __init__(self, home: str) -> None:
        retries = Retry(
            total=TRIES, backoff_factor=0.2, status_forcelist=[429, 500, 502, 503, 504], allowed_methods=None,
            raise_on_status=True,
        )  # fmt: skip
        super().__init__(max_retries=retries, timeout=TIMEOUT_S)
        self.home = home
        session = _Session()
        session.adapters = self.session.adapters
        self.session = session

    def read_text(self, source: Any, *arguments: Any, **options: Any) -> str:
        """Return the text at an address or path."""
        href = getattr(source, "absolute_href", None) or getattr(source, "url", None) or str(source)
        require_allowed(href, self.home)
        return super().read_text(source, *arguments, **options)
