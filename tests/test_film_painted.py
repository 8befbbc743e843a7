"""A map of somebody else is painted on a canvas where that gives the pixels of its screen, and nowhere else."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import folium
import numpy as np
import pytest
from film_support import colours, film_states, small_shot, sums
from numpy.typing import NDArray
from playwright.async_api import BrowserContext
from zoo import ZOO

from camps import browser, dates, film
from camps.errors import RenderError
from camps.film import painted
from camps.film.anymap import build_map_page
from camps.film.painted import DoubtError, PaintedStage
from camps.film.screen import ScreenStage

pytestmark = pytest.mark.browser
SIZE = (320, 180)
DAYS = [dates.date_of(17000 + 60 * i) for i in range(12)]
LATE = "document.getElementById('late')"


def _map() -> folium.Map:
    map_ = folium.Map([41, 85], zoom_start=5, tiles=None)
    for i in range(20):
        folium.CircleMarker([38 + i % 7, 78 + i % 15], radius=4 + i % 5, color="#f00", fill=True).add_to(map_)
        folium.Marker([39 + i % 6, 79 + i % 13]).add_to(map_)
    return map_


def _states() -> list[dict[str, Any]]:
    """Return states of a camera that moves by parts of a pixel and zooms a little."""
    return [
        {**state, "lon": 85 + i * 0.013, "lat": 41 + i * 0.007, "zoom": 5 + 0.05 * (i % 2)}
        for i, state in enumerate(film_states(DAYS))
    ]


def _drive(added: str) -> str:
    """Return a script that adds an element from the sixth day on."""
    return f"""(map, day, date) => {{
        if (date < '{DAYS[5]}' || {LATE}) return;
        document.body.insertAdjacentHTML('beforeend', `{added}`);
    }}"""


class Watched(PaintedStage):
    """A stage that notes which pictures its screen was asked for."""

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self.screened: set[int] = set()

    async def _shoot(self, frame: int, state: Mapping[str, Any]) -> Any:
        self.screened.add(frame)
        return await super()._shoot(frame, state)


def _taken(
    kind: type[ScreenStage], page: film.FilmPage, states: Sequence[Mapping[str, Any]] = ()
) -> tuple[list[NDArray[np.uint8]], ScreenStage]:
    """Return the pictures of a page from one stage, and the stage."""
    listed = list(states) or _states()

    async def taken() -> tuple[list[NDArray[np.uint8]], ScreenStage]:
        async with kind(page, *SIZE, scale=1.0, began_day=listed[0]["began"]) as stage:
            return [np.array(pixels) async for pixels, _ in colours(stage, enumerate(listed, 1))], stage

    return asyncio.run(taken())


def _same(page: film.FilmPage, states: Sequence[Mapping[str, Any]] = ()) -> Watched:
    """Require that a page is painted as its screen shows it, and return the stage that painted."""
    ours, stage = _taken(Watched, page, states)
    theirs, _ = _taken(ScreenStage, page, states)
    apart = [int((one != other).any(axis=-1).sum()) for one, other in zip(ours, theirs, strict=True)]
    assert apart == [0] * len(theirs)
    assert isinstance(stage, Watched)
    return stage


def test_what_is_painted_is_what_the_screen_shows_and_the_first_and_last_are_proved() -> None:
    assert _same(build_map_page(_map())).screened == {1, 12}


def test_a_map_with_a_time_is_painted_there_and_back() -> None:
    states = film_states([*DAYS, *DAYS[::-1]], lon=85.0, lat=41.0, zoom=5.0)
    assert _same(build_map_page(ZOO["own time: Date"].build()), states).screened < set(range(1, 25))


def test_many_pictures_are_proved_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(painted, "PROVED_EVERY", 4)
    assert _same(build_map_page(_map())).screened == {1, 5, 9, 12}


def test_what_is_new_on_a_page_is_proved() -> None:
    page = build_map_page(
        _map(), drive=_drive('<div id=late style="position:absolute;top:9px;filter:blur(2px)">so</div>')
    )
    assert _same(page).screened == {1, 6, 12}


@pytest.mark.parametrize("kind", ["canvas"])
def test_what_only_a_screen_shows_is_taken_from_there_as_soon_as_it_is_on_the_page(kind: str) -> None:
    page = build_map_page(
        _map(), drive=_drive(f'<{kind} id=late style="position:absolute;top:9px;background:red"></{kind}>')
    )
    assert _same(page).screened == {1, *range(6, 13)}


class Unopened(Watched):
    """A stage that may not open the page on a canvas."""

    async def _open_painter(self, context: BrowserContext) -> bool:
        raise AssertionError("the page was opened to be painted")


@pytest.mark.parametrize("added", ["<iframe srcdoc='so'></iframe>", "<object></object>", "<EMBED>"])
@pytest.mark.parametrize("is_late", [False, True])
def test_a_page_with_a_frame_of_its_own_is_not_opened_to_be_painted(added: str, *, is_late: bool) -> None:
    map_ = _map()
    if not is_late:
        map_.get_root().html.add_child(folium.Element(added))
    page = build_map_page(map_, drive=_drive(f"<p id=late>{added}</p>") if is_late else None)
    pictures, stage = _taken(Unopened, page)
    assert len(pictures) == 12
    assert isinstance(stage, Unopened)
    assert stage.screened == set(range(1, 13))


def test_a_frame_that_a_script_is_to_make_is_seen_before_it_is_there() -> None:
    map_ = _map()
    map_.get_root().script.add_child(folium.Element("window.later = () => document.createElement('iframe');"))
    assert not PaintedStage(build_map_page(map_), *SIZE, scale=1.0)._may_paint
    assert PaintedStage(build_map_page(_map()), *SIZE, scale=1.0)._may_paint


def test_of_several_pages_those_with_a_frame_are_taken_from_their_screens() -> None:
    page = build_map_page(_map())
    framed = page.html.replace("</body>", "<iframe></iframe></body>")
    assert framed != page.html
    both = replace(page, others={"plain": page.html, "framed": framed})
    states = [{**state, "page": "plain" if i < 6 else "framed"} for i, state in enumerate(_states())]
    assert _same(both, states).screened == {1, 6, *range(7, 13)}


def test_a_picture_that_is_kept_from_a_canvas_is_taken_from_the_screen() -> None:
    address = "https://pictures.example.org/late.svg"
    drawn = b"<svg xmlns='http://www.w3.org/2000/svg' width='60' height='60'><rect width='60' height='60'/></svg>"
    page = build_map_page(
        _map(), drive=_drive(f'<img id=late src={address} style="position:absolute;top:9px;z-index:999">')
    )
    stage = _same(replace(page, files={**page.files, address: drawn}))
    assert stage.screened == {1, *range(6, 13)}


def test_a_browser_that_has_no_such_canvas_shows_its_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browser, "FLAGS", tuple(flag for flag in browser.FLAGS if "CanvasDrawElement" not in flag))
    assert _same(build_map_page(_map())).screened == set(range(1, 13))


def test_pixels_that_come_through_the_socket_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("camps.film.ring.map_ring", lambda *_: None)
    assert _same(build_map_page(_map())).screened == {1, 12}


def test_a_picture_that_is_painted_otherwise_without_a_reason_is_doubted(monkeypatch: pytest.MonkeyPatch) -> None:
    async def differs(self: PaintedStage, captured: Any, state: Any) -> bool:
        return bool(captured.frame == 1)

    monkeypatch.setattr(PaintedStage, "_is_as_shown", differs)
    with pytest.raises(DoubtError, match="frame 12 is painted otherwise"):
        _taken(PaintedStage, build_map_page(_map()))


class Crashing(PaintedStage):
    """A stage whose page comes down where it is painted, after its third picture."""

    async def _open_painter(self, context: BrowserContext) -> bool:
        opened = await super()._open_painter(context)
        self._crasher = await context.new_cdp_session(context.pages[-1])
        return opened

    async def _is_proved(self, page: str, captured: Any, *given: Any, **more: Any) -> bool:
        if captured.frame == 3:
            # A page that has crashed does not answer.
            self._crash = asyncio.ensure_future(self._crasher.send("Page.crash"))
            self._crash.add_done_callback(lambda told: told.cancelled() or told.exception())
            await asyncio.sleep(0.5)
        return await super()._is_proved(page, captured, *given, **more)


def test_a_page_that_comes_down_when_it_is_painted_is_doubted() -> None:
    states = film_states([*DAYS] * 3, lon=85.0, lat=41.0, zoom=5.0)
    with pytest.raises(DoubtError, match="the page that is painted crashed"):
        _taken(Crashing, build_map_page(_map()), states)


# ── films ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _shot(n_frames: int = 30) -> film.Shot:
    camera = [{"at": 0, "centre": [85, 41], "zoom": 5}, {"at": n_frames / 25, "centre": [86, 41], "zoom": 5.5}]
    # A smaller picture is the mean of several pixels, which a canvas does not have.
    return small_shot(frames=n_frames, camera=camera, size=(960, 540))


def _frames(folder: Path) -> dict[str, str]:
    return {name: value for name, value in sums(folder).items() if name.endswith(".png")}


@pytest.fixture
def stages(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the kinds of the stages that films open."""
    opened: list[str] = []
    opening = ScreenStage._prepare

    async def noted(self: ScreenStage, *given: Any) -> None:
        opened.append(type(self).__name__)
        await opening(self, *given)

    monkeypatch.setattr(ScreenStage, "_prepare", noted)
    return opened


def test_a_film_is_the_same_painted_or_not_by_one_browser_or_two(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stages: list[str]
) -> None:
    for name, workers in (("one", 1), ("two", 2)):
        film.render(_map(), tmp_path / name, shot=_shot(), workers=workers, movie=False)
    monkeypatch.setattr("camps.film.filming.LEAST_PICTURES", 31)
    film.render(_map(), tmp_path / "screen", shot=_shot(), movie=False)
    assert stages[0] == "PaintedStage"
    assert stages[-1] == "ScreenStage"
    assert _frames(tmp_path / "one") == _frames(tmp_path / "two") == _frames(tmp_path / "screen")


def test_a_film_with_a_doubtful_picture_is_drawn_again_from_the_screen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stages: list[str]
) -> None:
    async def differs(self: PaintedStage, captured: Any, state: Any) -> bool:
        return bool(captured.frame == 1)

    film.render(_map(), tmp_path / "right", shot=_shot(), movie=False)
    monkeypatch.setattr(PaintedStage, "_is_as_shown", differs)
    again = film.render(_map(), tmp_path / "again", shot=_shot(), movie=False)
    assert stages == ["PaintedStage", "PaintedStage", "ScreenStage"]
    assert (again.n_drawn, again.n_kept) == (30, 0)
    assert _frames(tmp_path / "again") == _frames(tmp_path / "right")


def test_what_a_killed_film_may_have_painted_since_its_last_proof_is_drawn_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("camps.film.filming.PROVED_EVERY", 4)
    whole = film.render(_map(), tmp_path, shot=_shot(), movie=False)
    right = _frames(tmp_path)
    # As if it had been killed at its twentieth frame.
    for path in whole.frames[19:]:
        path.unlink()
    again = film.render(_map(), tmp_path, shot=_shot(), movie=False)
    assert (again.n_drawn, again.n_kept) == (11 + 8, 30 - 19)
    assert _frames(tmp_path) == right
    assert film.render(_map(), tmp_path, shot=_shot(), movie=False).n_drawn == 0


def test_an_error_after_some_painted_frames_fails_the_frame_that_it_came_with(tmp_path: Path) -> None:
    drive = "(map, day, date) => { if (date > '2018-01-01') throw new Error('no such day'); }"
    with pytest.raises(RenderError, match=r"frame 1009: .*no such day"):
        film.render(_map(), tmp_path, shot=_shot(), drive=drive, movie=False)
    assert len(list(tmp_path.rglob("*.png"))) == 8


def test_the_frame_that_hangs_while_it_is_painted_is_blamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("camps.film.stage.PATIENCE_S", 2.0)
    drive = "(map, day, date) => { while (date > '2018-01-01'); }"
    with pytest.raises(RenderError, match=r"frame 1009: the page said nothing for 3 s, 3 times"):
        film.render(_map(), tmp_path, shot=_shot(), drive=drive, movie=False)
    assert len(list(tmp_path.rglob("*.png"))) == 8
