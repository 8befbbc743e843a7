"""The one way a browser is started, for films, plates and whatever else shows a page.

Pages come from outside, so the browser shuts each into its sandbox. It has none for root, and on a system that gives
users no namespaces of their own it refuses to start; ``CAMPS_BROWSER_SANDBOX=off`` asks for a browser without one.
"""

from __future__ import annotations

import functools
import os
import sys
from typing import Any

from camps import fonts, machine
from camps.errors import InputError, MissingError

#: A browser that has not started by then is taken for dead.
LAUNCH_S = 60.0

#: No picture is wider.
SHEET_PX = 8192

FLAGS = (
    "--disable-gpu",
    "--disable-accelerated-2d-canvas",
    "--disable-partial-raster",
    "--disable-checker-imaging",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--force-color-profile=srgb",
    "--font-render-hinting=none",
    "--disable-lcd-text",
    # One sheet and no tiles: the edge of a line depends on where the sheet ends that it is drawn on.
    *(
        f"--{name}={SHEET_PX}"
        for name in (
            "default-tile-width",
            "default-tile-height",
            "max-untiled-layer-width",
            "max-untiled-layer-height",
        )
    ),
    # HTML on a canvas, which gives the pixels of a page without its screen; films do without where there is none.
    "--enable-blink-features=CanvasDrawElement",
)
#: What every Chromium says that can shut nothing in.
_NO_SANDBOX = ("No usable sandbox", "setuid sandbox", "Failed to move to new namespace")


# Before the driver is started by whoever imports this room.
machine.use_own_node()


def launch_options(*, scale: float = 1.0) -> dict[str, Any]:
    """Return the options with which Playwright starts the browser, the same for everything that is drawn.

    Parameters
    ----------
    scale
        Device pixels to a CSS pixel.

    Raises
    ------
    MissingError
        When there is no browser.
    InputError
        When ``CAMPS_BROWSER_SANDBOX`` is neither ``on`` nor ``off``.
    """
    return {
        "executable_path": str(machine.find_chromium()),
        "headless": True,
        # Emulation alone leaves DevTools screenshots at one pixel to a CSS pixel, without a word.
        "args": [*FLAGS, f"--force-device-scale-factor={scale}"],
        "chromium_sandbox": is_shut_in(),
        "env": _environment(),
        "timeout": LAUNCH_S * 1000,
        "handle_sigint": False,
        "handle_sigterm": False,
        "handle_sighup": False,
    }


def is_shut_in() -> bool:
    """Return whether the browser runs in its sandbox; where somebody asked for none, that is said on stderr, once.

    Raises
    ------
    InputError
        When ``CAMPS_BROWSER_SANDBOX`` is neither ``on`` nor ``off``.
    """
    asked = os.environ.get("CAMPS_BROWSER_SANDBOX") or "on"
    if asked not in {"on", "off"}:
        raise InputError(f"CAMPS_BROWSER_SANDBOX={asked}: expected on or off; set it to one of them, or unset it")
    if asked == "off":
        _say_once("note: the browser runs without its sandbox, as CAMPS_BROWSER_SANDBOX=off asks")
    return asked == "on" and not is_root()


@functools.cache
def _say_once(line: str) -> None:
    print(line, file=sys.stderr)


def is_root() -> bool:
    """Return whether this process is root, for whom Chromium has no sandbox."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


def raise_if_refused(error: Exception) -> None:
    """Raise what mends it when a browser did not start because it can shut no page in; else do nothing.

    Raises
    ------
    MissingError
        Naming the remedies.
    """
    if not any(sign in str(error) for sign in _NO_SANDBOX):
        return
    raise MissingError(
        "the browser does not start: this system gives users no namespaces to shut its pages in; ask who runs it to "
        "allow them (sysctl -w user.max_user_namespaces=10000, and on Ubuntu "
        "kernel.apparmor_restrict_unprivileged_userns=0), or, where you trust every page and map that you draw, set "
        "CAMPS_BROWSER_SANDBOX=off"
    ) from error


def first_line(error: Exception) -> str:
    """Return what a browser's error says, without its call stack."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    return lines[0].split("Error: ", 1)[-1] if lines else type(error).__name__


def _environment() -> dict[str, str | float | bool]:
    """Return the browser's environment: this one, language and time zone fixed, our fonts behind the machine's."""
    kept = {name: value for name, value in os.environ.items() if name != "LANGUAGE" and not name.startswith("LC_")}
    # Somebody who names a configuration of his own means that one.
    return {"FONTCONFIG_FILE": str(fonts.write_configuration()), **kept, "LANG": "C.UTF-8", "TZ": "UTC"}
