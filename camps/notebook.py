"""What a notebook shows while it waits: one bar, moved as the work goes on, where a person runs the notebook."""

from __future__ import annotations

import html
import os
import sys
import time
from typing import Any

#: A page made of a notebook says nothing of how far a run had come: ``off`` shows no bar.
VARIABLE = "CAMPS_PROGRESS"
_BETWEEN_S = 0.2


class Bar:
    """A bar in the output of the cell that runs: called with how much is done, how much there is, and a line of text.

    Where the work is stopped the bar stands where it came to.
    """

    def __init__(self, title: str, display: Any) -> None:
        self._title, self._display = title, display
        self._shown: Any = None
        self._moved_s = -_BETWEEN_S

    def __call__(self, done: int, total: int, text: str) -> None:
        """Move the bar; at most five times a second, and always to its end."""
        now_s = time.monotonic()
        if done < total and now_s - self._moved_s < _BETWEEN_S:
            return
        self._moved_s = now_s
        said = f"{self._title}: {done} of {total}" + (f", {text}" if done < total else "")
        told = f'<progress value="{done}" max="{total}"></progress> {html.escape(said)}'
        bar = {"text/html": told, "text/plain": said}
        if self._shown is None:
            self._shown = self._display(bar, raw=True, display_id=True)
        else:
            self._shown.update(bar, raw=True)


def bar(title: str) -> Bar | None:
    """Return a bar for the notebook that this runs in; nothing in a shell or a script, or where ``CAMPS_PROGRESS=off``.

    Examples
    --------
    >>> from camps import notebook
    >>> notebook.bar("frames") is None
    True
    """
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if getattr(shell, "kernel", None) is None or os.environ.get(VARIABLE) == "off":
        return None
    return Bar(title, sys.modules["IPython"].display.display)
