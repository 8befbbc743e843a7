"""The reading as a page: exact places, every step saved or said, nothing told to a blind reader."""

from __future__ import annotations

import base64
import errno
import io
import json
import multiprocessing
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import shapely
from PIL import Image
from playwright.sync_api import Browser, sync_playwright
from playwright.sync_api import Page as BrowserPage
from pyproj import Transformer

from camps import browser, growth, reading
from camps.errors import InputError
from camps.imagery import Band, Scene
from camps.reading import growing
from camps.reading.sheet import Sheet

DAYS = ("2017-08-29", "2018-03-22", "2018-07-23")
GROUND = shapely.box(88.2818, 43.3815, 88.2912, 43.3858)
HALL = [[[30.25, 40.5], [60.0, 40.5], [60.0, 55.125], [30.25, 55.125]]]
WAIT_S = 300.0
HOSTILE = "<img src=x onerror=alert(1)>\u2028\u202e{{x}}"


def scenes(mirror: Path) -> list[Scene]:
    """Return three scenes of the camp on one grid of 5 m, as the record's own reading had them."""
    made = []
    for day in DAYS:
        path = mirror / "dabancheng" / "scenes" / f"dabancheng_s2l1c_rgb_{day}.tif"
        bands = tuple(Band(name, str(path), index) for index, name in enumerate(("red", "green", "blue"), 1))
        credit = f"contains modified Copernicus Sentinel data {day[:4]}"
        made.append(Scene(f"s2-{day}", "Sentinel-2 MSI", day, 10.0, bands, "open", credit))
    return made


class Page:
    """What a page would say and hear, without one."""

    def __init__(self, session: reading.Session) -> None:
        self.reader = reading.show(session)
        self.heard: list[tuple[dict[str, Any], Any]] = []
        self.reader.send = lambda content, buffers=None: self.heard.append((content, buffers))

    def __call__(self, do: str, **told: Any) -> dict[str, Any]:
        # As a browser sends and hears it.
        self.reader._answer(None, json.loads(json.dumps({"re": "a-1", "do": do, **told})), None)
        return json.loads(json.dumps(self.heard[-1][0], allow_nan=False))

    def grow(self) -> dict[str, Any]:
        """Ask for the curve, which comes when it is computed."""
        self("growth")
        self.reader.growing.result(WAIT_S)
        told = next(content for content, _ in reversed(self.heard) if "growth" in content)
        return json.loads(json.dumps(told["growth"], allow_nan=False))

    def draw(self, rings: Any = HALL, task: str = "task-01", note: str = "") -> dict[str, Any]:
        return self("draw", task=task, rings=rings, kind="building", confidence="high", note=note)


@pytest.fixture
def session(mirror: Path, tmp_path: Path) -> Iterator[reading.Session]:
    with reading.start("x-1", scenes(mirror), interpreter="A", ground=GROUND, folder=tmp_path / "r") as begun:
        yield begun


@pytest.fixture
def page(session: reading.Session) -> Page:
    return Page(session)


def test_a_pixel_of_the_page_is_the_pixel_of_the_file(page: Page) -> None:
    sheet = page.reader.sheet
    with rasterio.open(page.reader.session.scene("task-01").bands[0].href) as stored:
        assert (str(stored.crs), stored.res) == (sheet.grid.crs, (sheet.grid.gsd_m, sheet.grid.gsd_m))
        to_file = Transformer.from_crs(4326, stored.crs, always_xy=True)
        corners = [(0.0, 0.0), (17.5, 60.5), (sheet.grid.width - 0.5, sheet.grid.height - 0.5)]
        at = [~stored.transform @ to_file.transform(*place) for place in sheet.places(corners)]
        # A ten-thousandth of a millimetre on the ground.
        assert np.subtract(at, corners) == pytest.approx(np.tile(np.round(at[0]), (3, 1)), abs=2e-8)
        column, row = (round(one) for one in at[0])
        here = stored.read(window=((row, row + sheet.grid.height), (column, column + sheet.grid.width)))
    shown = np.asarray(Image.open(io.BytesIO(sheet.picture(page.reader.session.scene("task-01")))))
    # Every value has one brightness, and a higher value never a darker one.
    order = np.argsort(here, axis=None, kind="stable")
    assert (np.diff(np.moveaxis(shown[..., :3], -1, 0).reshape(-1)[order].astype(int)) >= 0).all()


def test_corners_that_were_not_moved_are_the_stored_ones_to_the_last_digit(page: Page) -> None:
    (drawn,) = page.draw()["put"]
    before = shapely.get_coordinates(page.reader.session.held[drawn["id"]].shape)
    rings = drawn["rings"]
    assert rings == HALL
    moved = [[*rings[0][:2], [61.5, 56.0], rings[0][3]]]
    page("mend", id=drawn["id"], rings=moved)
    after = shapely.get_coordinates(page.reader.session.held[drawn["id"]].shape)
    assert (before == after).all(axis=1).tolist() == [True, True, False, True, True]
    # And what it was moved to comes back within a thousandth of a millimetre.
    assert np.abs(np.array(page.reader.sheet.rings(page.reader.session.held[drawn["id"]].shape)) - moved).max() < 2e-7


def test_neighbours_share_the_wall_that_they_were_drawn_on(page: Page) -> None:
    page.draw()
    page.draw([[[60.0, 40.5], [80.0, 40.5], [80.0, 55.125], [60.0, 55.125]]])
    one, two = (held.shape for held in page.reader.session.held.values())
    assert one.intersection(two).area == 0
    assert len({tuple(c) for c in one.exterior.coords} & {tuple(c) for c in two.exterior.coords}) == 2


def test_every_tool_is_a_step_and_is_taken_back(page: Page) -> None:
    hall = page.draw(note=HOSTILE)["chosen"][0]
    assert page("mend", id=hall, confidence="low")["put"][0]["note"] == HOSTILE
    pieces = page("cut", id=hall, line=[[45.0, 30.0], [45.0, 70.0]])["chosen"]
    assert len(pieces) == 2
    assert page("join", ids=pieces)["drop"] == [pieces[1]]
    assert page("square", id=hall)["put"][0]["origin"] == "mended"
    assert [one["task"] for one in page("copy", **{"from": "task-01", "to": "task-02"})["put"]] == ["task-02"]
    seen = page("look", task="task-02", status="partial", hidden=[[[[0, 0], [9, 0], [9, 9]]]])
    assert seen["looks"]["task-02"]["status"] == "partial"
    assert page("remove", ids=[hall])["drop"] == [hall]
    (laid,) = page.reader.session.propose("task-03", [page.reader.session.held["task-02-001"].shape])
    assert page("accept", ids=[laid])["put"][0]["origin"] == "accepted"
    while (told := page("undo"))["undo"]:
        pass
    assert (told["redo"], page.reader.session.held, page.reader.session.looks) == (True, {}, {})
    while page("redo")["redo"]:
        pass
    assert page.reader.session.looks["task-02"].status == "partial"


def test_a_full_disk_is_said_and_the_step_can_be_sent_again(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    page.draw()

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", full)
        told = page.draw()
        assert "this step is not saved (No space left" in told["error"]
        assert "put" not in told
    assert page.draw()["chosen"] == ["task-01-002"]


#: A page whose kernel was shut down: what it sends is refused where it is sent.
DEAF = """
const model = {
  on: (_, hear) => { window.hear = hear; }, off() {},
  send({ re }) { window.re ??= re; throw Error('Cannot send'); },
};
reader.render({ model, el: document.body });
"""


def test_a_stroke_that_no_kernel_takes_stays_and_is_said(page: Page) -> None:
    complaints: list[str] = []
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(**browser.launch_options())
        shown = chromium.new_page()
        shown.on("pageerror", lambda error: complaints.append(str(error)))
        shown.add_style_tag(content=page.reader._css)
        script = page.reader._esm.replace("export default", "window.reader =")
        shown.add_script_tag(content=script + DEAF, type="module")
        # A module runs after the tag was added: on a busy machine later than the next line.
        shown.wait_for_function("window.re !== undefined")
        shown.evaluate("told => hear(told, [])", page("open", re=shown.evaluate("re")))
        shown.locator("[data-status=observed]").click()
        shown.get_by_text("Not saved: the last 1.").wait_for()
        shown.get_by_text("Send again").click()
        assert shown.locator(".cr-foot button").is_hidden()
        shown.get_by_text("Send again").wait_for()
        # A note that is being typed stays, whatever another view or the curve tells meanwhile.
        shown.locator("[name=note]").press_sequentially("north ")
        shown.evaluate("told => hear(told, [])", {"steps": 3, "undo": False, "redo": False})
        shown.locator("[name=note]").press_sequentially("gate")
        assert shown.locator("[name=note]").input_value() == "north gate"
        chromium.close()
    assert complaints == []


#: A page that Python answers, and what it paints: strokes of a pen, and corners of paths.
HEARD = """
const views = [];
const model = {
  on: (_, hear) => { views.push(hear); }, off() {},
  send(told) { window.tell(told).then((answer) => views.forEach((hear) => hear(answer, []))); },
};
window.view = () => reader.render({ model, el: document.body });
window.counts = { stroke: 0, lineTo: 0 };
for (const [kind, name] of [[CanvasRenderingContext2D, 'stroke'], [Path2D, 'lineTo']]) {
  const does = kind.prototype[name];
  kind.prototype[name] = function (...told) { counts[name]++; return does.apply(this, told); };
}
view();
"""
#: What was asked to be painted is, also on a busy machine.
SETTLED = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 200))))"
GROUND_LAYER = "document.querySelectorAll('.cr-pane canvas')[1].toDataURL().split(',')[1]"


@contextmanager
def _answered(chromium: Browser, page: Page) -> Iterator[BrowserPage]:
    """Open the page in a browser as it stands, all of the ground in sight."""
    shown = chromium.new_page(viewport={"width": 1200, "height": 700})
    shown.set_default_timeout(WAIT_S * 1000)
    shown.expose_function("tell", lambda told: page(**told))
    shown.add_style_tag(content=page.reader._css)
    shown.add_script_tag(content=page.reader._esm.replace("export default", "window.reader =") + HEARD, type="module")
    shown.get_by_text("Press ? for the keys.").wait_for()
    shown.evaluate(SETTLED)
    yield shown
    shown.close()


def test_a_stroke_paints_what_it_changes_and_not_all_outlines_again(page: Page) -> None:
    columns, rows = np.divmod(np.arange(900), 30)
    boxes = shapely.box(
        *(88.2820 + 2e-4 * columns, 43.3816 + 1e-4 * rows),
        *(88.2820 + 2e-4 * columns + 2e-4, 43.3816 + 1e-4 * rows + 8e-5),
    )
    page.reader.session.accept(*page.reader.session.propose("task-01", boxes))
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(**browser.launch_options())
        with _answered(chromium, page) as shown:
            assert shown.evaluate("counts")["stroke"] >= 2 * len(boxes), "all were painted once"
            shown.evaluate("Object.assign(counts, { stroke: 0, lineTo: 0 })")
            shown.locator(".cr-stage").click(position={"x": 5, "y": 200})
            shown.keyboard.press("r")
            for x, y in ((400, 300), (480, 304), (477, 350)):
                shown.mouse.click(x, y)
            shown.get_by_text("task-01-901").wait_for()
            shown.evaluate(SETTLED)
            counts = shown.evaluate("counts")
            painted = [shown.evaluate(GROUND_LAYER)]
        with _answered(chromium, page) as anew:
            painted.append(anew.evaluate(GROUND_LAYER))
            _is_told_of_another_view(anew)
        chromium.close()
    parts, whole = (np.asarray(Image.open(io.BytesIO(base64.b64decode(one)))).astype(int) for one in painted)
    # Where a part ends, a slanted line may differ by a shade; one that is missing or left over is twice as far off.
    assert np.abs(parts - whole).max() < 100
    # A score of neighbours under the rectangle, twice each; what is drawn itself a few times, frame by frame.
    assert counts["stroke"] < 250
    assert counts["lineTo"] < 250


def test_the_mouse_may_move_while_keys_move_a_corner(page: Page) -> None:
    hall = page.draw()["chosen"][0]
    complaints: list[str] = []
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(**browser.launch_options())
        with _answered(chromium, page) as shown:
            shown.on("pageerror", lambda error: complaints.append(str(error)))
            shown.locator(".cr-stage").focus()
            shown.keyboard.press(".")
            shown.keyboard.press("v")
            shown.keyboard.down("ArrowRight")
            shown.mouse.move(300, 300)
            shown.mouse.move(500, 400)
            shown.keyboard.up("ArrowRight")
            shown.locator("h3", has_text="mended").wait_for()
        chromium.close()
    assert complaints == []
    corners = page.reader.sheet.rings(page.reader.session.held[hall].shape)[0]
    moved = np.subtract(corners, HALL[0]).round(6)
    assert (moved[0] > 0).tolist() == [True, False], "by the key alone"
    assert not moved[1:].any()


INKED = """() => {
  const { canvas } = document.querySelectorAll('.cr-pane canvas')[1].getContext('2d');
  const { width, height } = canvas;
  const { data } = canvas.getContext('2d').getImageData(0, 0, width, height);
  const found = [];
  for (let i = 0; i < width * height; i++) if (data[4 * i + 3]) found.push([i % width, Math.floor(i / width)]);
  const middle = (axis) => found.reduce((sum, at) => sum + at[axis], 0) / found.length + 0.5;
  return [middle(0), middle(1), width, height];
}"""


def test_all_of_the_ground_stays_in_view_until_somebody_comes_closer(page: Page) -> None:
    page.draw()
    size = np.array([page.reader.sheet.grid.width, page.reader.sheet.grid.height])
    middle = np.array(HALL[0]).mean(axis=0)
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(**browser.launch_options())
        with _answered(chromium, page) as shown:

            def inked(high: int) -> tuple[Any, Any]:
                # As when buttons come or go above it, and a row of them more or less is there.
                shown.evaluate("high => { document.querySelector('.cr-stage').style.height = `${high}px`; }", high)
                shown.evaluate(SETTLED)
                x, y, *sides = shown.evaluate(INKED)
                return np.array([x, y]), np.array(sides)

            for high in (420, 300, 380):
                at, sides = inked(high)
                assert at == pytest.approx(sides / 2 + (middle - size / 2) * (sides / size).min(), abs=4)
            shown.locator(".cr-stage").focus()
            shown.keyboard.press("+")
            shown.evaluate(SETTLED)
            (at, sides), (later, low) = inked(380), inked(300)
            assert later - low / 2 == pytest.approx(at - sides / 2, abs=1.5), "the middle stays in the middle"
        chromium.close()


def _is_told_of_another_view(shown: BrowserPage) -> None:
    """Open the same reading once more beside the first: both are told, and each shows what is done in the other."""
    shown.evaluate("view()")
    says = shown.locator(".cr-says", has_text="open in another view too")
    says.nth(1).wait_for()
    # What the first view takes back is gone in the second too.
    shown.locator(".cr-stage").first.click(position={"x": 5, "y": 200})
    shown.keyboard.press("Control+z")
    shown.locator(".cr-saved", has_text="step 8 saved").nth(1).wait_for()
    assert [each.inner_text() for each in shown.locator("h3", has_text="here").all()] == ["Next outline · 900 here"] * 2


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"do": "draw", "task": "task-01", "rings": [[[0, 0], [1, 1]]]}, "fewer than three corners"),
        ({"do": "draw", "task": "task-01", "rings": [[[0, 0], [9, 9], [9, 0], [0, 9]]]}, "Self-intersection"),
        ({"do": "cut", "id": "task-01-009", "line": [[0, 0], [9, 9]]}, "no such"),
        ({"do": "show", "task": "task-99"}, "no such"),
    ],
)
def test_what_cannot_be_is_said_and_not_saved(page: Page, told: dict[str, Any], said: str) -> None:
    n_steps = len(page.reader.session.steps)
    words = {"kind": "building", "confidence": "high", "note": ""}
    assert said in page(**{**words, **told})["error"]
    assert len(page.reader.session.steps) == n_steps


def test_a_fault_of_ours_reaches_the_page_too(page: Page) -> None:
    with pytest.raises(KeyError):
        page("fly")
    assert page.heard[-1][0] == {"re": "a-1", "error": "KeyError: 'fly'"}


def test_a_scene_that_was_changed_is_refused(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("camps.files.sha256", lambda _: "0" * 64)
    assert "its file is not the one that the reading began with" in page("show", task="task-02")["error"]


def test_a_cell_that_is_run_again_goes_on_and_the_page_above_is_told(page: Page, mirror: Path, tmp_path: Path) -> None:
    page.draw()
    with reading.start("x-1", scenes(mirror), interpreter="A", ground=GROUND, folder=tmp_path / "r") as again:
        assert list(again.held) == ["task-01-001"]
        # At once, not with the next stroke.
        assert "saves nothing any more" in page.heard[-1][0]["gone"]
        assert "this reading was closed" in page.draw()["error"]
        assert Page(again).draw()["chosen"] == ["task-01-002"]


def test_every_view_hears_what_another_one_does(page: Page) -> None:
    told = page("open")
    assert told["hello"] == page("greet")["met"] == "a"
    assert told["begun"]["tasks"][0]["caption"].startswith(DAYS[0])
    assert [content["picture"] for content, buffers in page.heard if buffers] == ["task-01"]


def test_a_blind_page_says_no_date(mirror: Path, tmp_path: Path) -> None:
    with reading.start(
        HOSTILE, scenes(mirror), interpreter="B", ground=GROUND, blind=3, repeats=2, folder=tmp_path / "b"
    ) as blind:
        page = Page(blind)
        for task in blind.tasks:
            page("show", task=task)
        page("open")
        said = json.dumps([content for content, _ in page.heard])
        assert not re.search(r"\d{4}-\d{2}|s2-|MSI", said)
        # Whose pictures they are is said, of all together.
        assert "Sentinel data 2017, 2018" in said
        assert "<img" not in page.reader.still()
        assert "&lt;img src=x onerror" in page.reader.still()
        assert len({content["picture"] for content, _ in page.heard if "picture" in content}) == 5


def test_ten_thousand_outlines_are_sent_once_and_then_only_what_changes(session: reading.Session) -> None:
    columns, rows = np.divmod(np.arange(10_000), 100)
    boxes = shapely.box(
        88.2862 + 5e-5 * columns, 43.3821 + 3e-5 * rows, 88.2862 + 5e-5 * columns + 4e-5, 43.3821 + 3e-5 * rows + 2e-5
    )
    put = [
        reading.session.Outline(f"task-01-{n:05d}", "task-01", f"{n}", box, "building", "low", "", "drawn")
        for n, box in enumerate(boxes)
    ]
    session._change("draw", put=put)
    page = Page(session)
    assert len(page("open")["begun"]["put"]) == 10_000
    told = page("mend", id="task-01-00042", confidence="high")
    assert [one["id"] for one in told["put"]] == ["task-01-00042"]
    assert len(json.dumps(told)) < 2000


def test_the_curve_is_that_of_growth_and_says_what_is_still_to_be_marked(page: Page) -> None:
    page.draw()
    assert "nobody said what the scene let be seen" in page.grow()["next"]
    # It is computed in a process of its own, which may end as any other.
    for beside in multiprocessing.active_children():
        beside.kill()
    page("growth")
    with pytest.raises(RuntimeError, match="ended"):
        page.reader.growing.result(WAIT_S)
    assert page.heard[-1][0] == {"gone": "The curve could not be computed (the process that computes it ended)."}
    page("look", task="task-01", status="observed", hidden=[])
    page("look", task="task-03", status="obscured", hidden=[])
    told = page.grow()
    series = page.reader.session.series()
    table = growth.series(series.footprints, series.looks, scenes=series.scenes)
    # It is that of the moment it was asked for, and strokes go on while it is computed.
    assert [row["value"] for row in told["rows"]] == [pytest.approx(table["value"].iloc[0]), None]


def test_the_scene_to_read_next_is_the_one_that_narrows_most(page: Page) -> None:
    page("look", task="task-01", status="observed", hidden=[])
    page.draw(task="task-03")
    page("look", task="task-03", status="observed", hidden=[])
    series = page.reader.session.series()
    area = series.footprints["area_m2"].sum()
    whole = 328  # days from the first look to the last
    gain, width = growing.narrowing(series, DAYS[1])
    assert width == pytest.approx(area * whole)
    assert gain == pytest.approx(2 * area * 205 * 123 / whole)
    assert growing.narrowing(series, "2020-06-02")[0] == growing.narrowing(series, "2017-03-02")[0] == 0
    assert page.grow()["next"].startswith(f"Read {DAYS[1]} next: it would take 47%")


def test_ground_in_several_parts_is_kept_whole_and_no_ground_is_refused(mirror: Path, tmp_path: Path) -> None:
    parts = shapely.MultiPolygon([GROUND, shapely.box(88.30, 43.382, 88.302, 43.384)])
    with reading.start("x-1", scenes(mirror), interpreter="A", ground=parts, folder=tmp_path / "m") as begun:
        begun.look("task-01", "observed")
        assert begun.series().coverage.geometry.iloc[0].equals(parts)
    with pytest.raises(InputError, match="ground: Point"):
        reading.start("x-1", scenes(mirror), interpreter="A", ground=shapely.Point(88, 43), folder=tmp_path / "p")


def test_a_reading_knows_how_its_scenes_were_moved(mirror: Path, tmp_path: Path) -> None:
    moved = [one.shifted(3.0, -4.0) for one in scenes(mirror)]
    reading.start("x-1", moved, interpreter="A", folder=tmp_path / "m").close()
    with pytest.raises(InputError, match="another scenes"):
        reading.start("x-1", scenes(mirror), interpreter="A", folder=tmp_path / "m")


def test_more_ground_than_a_page_can_show_is_refused_with_a_way_on(mirror: Path) -> None:
    with pytest.raises(InputError, match=r"start\(…, ground=…\)"):
        Sheet.over(scenes(mirror), shapely.box(88, 43, 90, 44))
