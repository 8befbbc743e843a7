"""Addresses that a catalogue of somebody else may send us to: the public network, or the host that was asked for."""

from __future__ import annotations

import ipaddress
import socket
from functools import lru_cache
from urllib.parse import urljoin, urlsplit

import requests

from camps.errors import InputError
from camps.imagery.opening import TIMEOUT_S

_MOST_REDIRECTS = 5
_REDIRECTS = (301, 302, 303, 307, 308)


def require_allowed(href: str, home: str) -> None:
    """Do nothing when what lies at `href` may be read for a catalogue at `home`.

    A catalogue in a folder may name files and public addresses, one on the network only addresses: public ones, and
    those of its own host, which somebody asked for by name.

    Raises
    ------
    InputError
        When it is a file of this machine, another kind of address, or a host of a private network.
    """
    parts = urlsplit(href)
    if "://" not in home and (not parts.scheme or parts.scheme == "file" or len(parts.scheme) == 1):
        return
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InputError(f"{href}: the catalogue at {home} names it; expected an address on the network")
    if parts.hostname != urlsplit(home).hostname and not _is_public(parts.hostname):
        raise InputError(f"{href}: the catalogue at {home} sends us to a private network; nothing is read there")


@lru_cache(maxsize=1024)
def _is_public(host: str) -> bool:
    try:
        found = {str(entry[4][0]) for entry in socket.getaddrinfo(host, None)}
    except (OSError, UnicodeError):
        # A name that nobody knows leads nowhere; reading it says so.
        return True
    return all(ipaddress.ip_address(address.split("%")[0]).is_global for address in found)


def require_same_host(before: str, after: str) -> None:
    """Refuse to go on where an address is sent on to another host.

    Raises
    ------
    InputError
        When the hosts differ.
    """
    if urlsplit(before).hostname != urlsplit(after).hostname:
        raise InputError(f"{before}: is sent on to {after}, another host; give that address if it is to be trusted")


@lru_cache(maxsize=4096)
def landing(href: str, home: str) -> str:
    """Return where an address ends after redirects on its own host; GDAL would follow them anywhere.

    Raises
    ------
    InputError
        When it may not be read for a catalogue at `home`, or is sent on to another host.
    """
    for _ in range(_MOST_REDIRECTS):
        require_allowed(href, home)
        try:
            answer = requests.head(href, timeout=TIMEOUT_S, allow_redirects=False)
        except requests.RequestException:
            # GDAL tries again, and says what is wrong.
            return href
        if answer.status_code not in _REDIRECTS or "Location" not in answer.headers:
            return href
        onward = urljoin(href, answer.headers["Location"])
        require_same_host(href, onward)
        href = onward
    raise InputError(f"{href}: is sent on more than {_MOST_REDIRECTS} times; nothing is read there")
