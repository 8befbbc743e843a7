"""The fonts of the suite: there, the listed ones, and drawing, on a machine that has none."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from camps import browser, files, fonts
from camps.errors import InputError


def test_each_font_is_the_listed_one_and_draws() -> None:
    assert {font.file for font in fonts.FONTS} == set(fonts.SHIPPED.listed)
    assert {path.name for path in fonts.FOLDER.glob("*.ttf")} == set(fonts.SHIPPED.listed)
    assert fonts.draw_each() == list(dict.fromkeys(font.family for font in fonts.FONTS))
    scripts = ("Latin", "Chinese", "Arabic", "Korean", "Khmer")
    assert all(any(script in family for family in fonts.draw_each()) for script in scripts)
    assert all(entry["licence"] == "OFL-1.1" for entry in fonts.SHIPPED.listed.values())


def test_a_font_that_was_changed_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "latin-400.ttf").write_bytes(b"\0\1\0\0")
    (tmp_path / "fonts.toml").write_text(f'[file."latin-400.ttf"]\nsha256 = "{"0" * 64}"\n', "utf-8")
    monkeypatch.setattr(fonts, "SHIPPED", files.Shipped(tmp_path / "fonts.toml"))
    with pytest.raises(InputError, match=r"latin-400\.ttf: SHA-256 .*, expected 0000.*; restore the file"):
        fonts.font_path("latin-400.ttf")


def test_a_folder_with_signs_of_xml_in_its_name_is_told_to_the_browser(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "a & <b> 文"
    monkeypatch.setenv("CAMPS_CACHE", str(cache))
    asked = subprocess.run(["fc-match", "Camps Chinese"], env={"FONTCONFIG_FILE": str(fonts.write_configuration())},
                           capture_output=True, text=True, check=True, executable=_fc_match())  # fmt: skip
    assert "chinese-" in asked.stdout


def _fc_match() -> str:
    found = next((path for path in (Path("/usr/bin/fc-match"), Path("/usr/local/bin/fc-match")) if path.exists()), None)
    if found is None:
        pytest.skip("no fontconfig here to ask")
    return str(found)


@pytest.mark.browser
def test_the_browser_draws_every_script_where_the_machine_has_no_font(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page of somebody else, filmed on a machine without fonts, was a page of boxes."""
    bare = tmp_path / "fonts.conf"
    text = fonts.write_configuration().read_text("utf-8")
    bare.write_text(text.replace("/etc/fonts/fonts.conf", f"{tmp_path}/none"), "utf-8")
    monkeypatch.setattr(fonts, "write_configuration", lambda: bare)
    with sync_playwright() as driver:
        page = driver.chromium.launch(**browser.launch_options()).new_page(viewport={"width": 200, "height": 100})
        *drawn, box = [_shown(page, text) for text in ("疆拘", "اوي", "소관", "nm", "\U0010ffff\U0010ffff")]
    assert len({one.tobytes() for one in [*drawn, box]}) == 5
    assert all((one < 128).any() for one in drawn)


def _shown(page: Page, text: str) -> NDArray[np.uint8]:
    page.set_content(f'<meta charset="utf-8"><body style="margin: 0; font: 60px serif">{text}')
    return np.asarray(Image.open(io.BytesIO(page.screenshot())).convert("L"))
