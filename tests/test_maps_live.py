"""A map in a notebook: what a hand does is in Python, and what Python says is on the map and in the table beside it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, sync_playwright

from camps import browser, footprints, maps, timeline
from camps.errors import InputError
from camps.maps.live import LiveMap

WAIT_S = 120.0
#: A kernel's end of the traits, kept by the test.
MODEL = """
(state) => {
  const [heard, changed] = [{}, {}];
  window.model = {
    get: (name) => state[name], off() {},
    set(name, value) { state[name] = changed[name] = value; },
    save_changes() { window.tell({ ...changed }); },
    on(name, hear) { (heard[name] ??= []).push(hear); },
  };
  window.fromPython = (told) => {
    Object.assign(state, told);
    for (const name of Object.keys(told)) for (const hear of heard[`change:${name}`] ?? []) hear();
  };
}
"""


@pytest.fixture(scope="module")
def live() -> LiveMap:
    return maps.footprint_map(ground=maps.Ground(relief=False)).show()


@pytest.fixture
def shown(live: LiveMap) -> Iterator[Page]:
    complaints: list[str] = []
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(**browser.launch_options())
        page = chromium.new_context(offline=True, viewport={"width": 1200, "height": 600}).new_page()
        page.set_default_timeout(WAIT_S * 1000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.expose_function("tell", live.set_state)
        page.add_style_tag(content=live._css)
        page.evaluate(MODEL, {name: getattr(live, name) for name in ("date", "view", "selected", "_page")})
        run = live._esm.replace("export default", "window.live =") + "live.render({ model, el: document.body });"
        page.add_script_tag(content=run, type="module")
        page.locator(".camps-live-table tbody tr").first.wait_for()
        yield page
        chromium.close()
    assert complaints == []


def _say(page: Page, live: LiveMap, **told: object) -> None:
    """Say in Python what the page is then told."""
    for name, value in told.items():
        setattr(live, name, value)
    page.evaluate("told => fromPython(told)", {name: getattr(live, name) for name in told})


def _until(page: Page, holds: Callable[[], bool]) -> None:
    """Wait until what the page tells makes something true; on a busy machine that takes longer."""
    until = time.monotonic() + WAIT_S
    while not holds() and time.monotonic() < until:
        page.wait_for_timeout(50)
    assert holds()


@pytest.mark.browser
def test_map_table_and_python_show_and_select_the_same(live: LiveMap, shown: Page) -> None:
    series = footprints.load()
    days = sorted(series.scenes["observed_on"])
    assert live.date == days[-1]
    live.date = days[1]
    with pytest.raises(InputError, match=f"value: the page does not show {days[1]} yet"):
        _ = live.value
    _say(shown, live, date=days[2])
    _until(shown, lambda: f" on {days[2]}" in shown.locator(".camps-live-table p").inner_text())
    assert live.value.attrs == {"date": days[2], "mode": "bracket"}
    state = timeline.footprints_state(series.footprints, days[2], "bracket", looks=series.looks)
    value = live.value.set_index("footprint_id")
    assert sorted(value.index) == sorted(state["footprint_id"])
    assert value["area_m2"].sum() == pytest.approx(state["area_m2"].sum())
    assert shown.locator(".camps-live-table p").inner_text() == f"{len(state)} on {days[2]}"
    # A click on the largest building picks it, in the table too.
    built = value[value["kind"].eq("observed") & value["area_m2"].gt(0)].sort_values("area_m2")
    track = built["track_id"].iloc[-1]
    middle = series.footprints.set_index("footprint_id").geometry[built.index[-1]].representative_point()
    _say(shown, live, view={"lon": middle.x, "lat": middle.y, "zoom": 17.0})
    _until(shown, lambda: live.view["zoom"] == 17.0)
    shown.frame_locator("iframe").locator(".leaflet-container").click()
    picked = shown.locator("[aria-selected=true]")
    picked.wait_for()
    assert live.selected == [track]
    assert picked.locator("td").first.inner_text() == track
    # A row with Shift picks one more; what Python picks alone is picked alone.
    shown.locator("[aria-selected=false]").first.click(modifiers=["Shift"])
    _until(shown, lambda: len(live.selected) == picked.count() == 2)
    _say(shown, live, selected=[track])
    _until(shown, lambda: picked.count() == 1)
    assert live.view["zoom"] == 17


def test_what_is_not_on_the_map_is_refused(live: LiveMap) -> None:
    before = live.date, live.selected
    with pytest.raises(InputError, match=r"date 1900-01-01: expected 2017-.* to 20"):
        live.date = "1900-01-01"
    with pytest.raises(InputError, match=r"selected nowhere: not on this map; expected track_id"):
        live.selected = ["nowhere"]
    assert (live.date, live.selected) == before


def test_without_a_kernel_there_is_the_page_and_no_state_is_made_up() -> None:
    live = maps.site_map(ground=maps.Ground(relief=False)).show()
    assert live.value is None
    # The places of a list are of no day.
    assert live.date == ""
    with pytest.raises(InputError, match="date 2020-01-01: this map shows no dates"):
        live.date = "2020-01-01"
    assert live._repr_mimebundle_()[0]["text/html"] == live.map._repr_html_()
