"""A map that talks back: its page in JupyterLab, with what it shows as traits in Python, and a table beside it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
import pandas as pd
import traitlets

from camps import javascript
from camps.dates import clock_day, iso_day
from camps.errors import InputError

if TYPE_CHECKING:
    from camps.maps.page import CampsMap

_HERE = Path(__file__).parent


class LiveMap(anywidget.AnyWidget):
    """A map as :meth:`camps.maps.CampsMap.show` opens it; a hand on the page changes these, and they the page.

    Attributes
    ----------
    date
        The day shown, ``2018-07-23``; of a map that shows no dates, empty.
    view
        ``lon`` and ``lat`` of the middle in degrees (EPSG:4326), and ``zoom``.
    selected
        What is picked: ``track_id`` of footprints, or of a map without footprints ``site_id``.
    map
        The map itself.
    """

    _esm = javascript.joined(_HERE / "js" / "live.js")
    _css = (_HERE / "css" / "live.css").read_text("utf-8")
    date = traitlets.Unicode().tag(sync=True)
    view = traitlets.Dict().tag(sync=True)
    selected = traitlets.List(traitlets.Unicode()).tag(sync=True)
    _page = traitlets.Unicode().tag(sync=True)
    _shown = traitlets.Dict(default_value=None, allow_none=True).tag(sync=True)

    def __init__(self, map_: CampsMap, text: str) -> None:
        self.map = map_
        super().__init__(date=iso_day(map_.payload["meta"]["t_start"]) if self._is_dated else "", _page=text)

    @property
    def _is_dated(self) -> bool:
        return bool(self.map.payload["meta"]["precision"] != "none")

    @property
    def value(self) -> pd.DataFrame | None:
        """Return the state that the page shows, one row an outline or a site; None until a page has shown it.

        Of footprints track_id, footprint_id, site_id, phase, role, kind, opacity, area_m2 with area_lo_m2 and
        area_hi_m2, and stale_days, as :func:`camps.timeline.footprints_state` has them; of sites site_id, value and
        kind. What is not known is null. The day and the mode are in its ``attrs``.

        Raises
        ------
        InputError
            When the date was set and the page has not shown it yet: that it does between two cells.
        """
        if self._shown is None:
            return None
        if self._shown["date"] != self.date:
            raise InputError(f"value: the page does not show {self.date} yet; ask for it in the next cell")
        table = pd.DataFrame(self._shown["rows"])
        table.attrs |= {"date": self.date, "mode": self._shown["mode"]}
        return table

    @traitlets.validate("date")
    def _date_is_one(self, proposal: Any) -> str:
        meta = self.map.payload["meta"]
        if not (proposal["value"] or self._is_dated):
            return ""
        if not self._is_dated:
            raise InputError(f"date {proposal['value']}: this map shows no dates")
        day = clock_day(proposal["value"])
        first, last = meta["t_min"], meta["t_max"]
        if not first <= day < last + 1:
            raise InputError(
                f"date {proposal['value']}: expected {iso_day(first)} to {iso_day(last)}, what the map shows"
            )
        return iso_day(day)

    @traitlets.validate("selected")
    def _selected_are_there(self, proposal: Any) -> list[str]:
        payload = self.map.payload
        seen = payload.get("footprints")
        known = set(seen["seen"]["tracks"]) if seen else {site["id"] for site in payload["sites"]}
        if strange := sorted(set(proposal["value"]) - known):
            what = "track_id of its footprints" if seen else "site_id of its sites"
            raise InputError(f"selected {', '.join(strange)}: not on this map; expected {what}")
        return list(proposal["value"])

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """Return the widget, and the page itself for where no kernel answers."""
        plain, metadata = super()._repr_mimebundle_(**options) or ({}, {})
        return {**plain, "text/html": self.map._repr_html_()}, metadata
