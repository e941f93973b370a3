"""The README's pictures: `UPDATE_SCREENSHOTS=1` makes docs/images anew, else one set is tried."""

import io
import os
import subprocess
import sys

import pytest
from PIL import Image
from playwright.sync_api import Page

from tests.browser.conftest import sign_in
from tests.server import ROOT, Server

FOLDER = ROOT / "docs/images"
UPDATE = bool(os.environ.get("UPDATE_SCREENSHOTS"))
SIZE = (1280, 860)
SCALE = 1.5
SHOTS = {
    ("en", "light"): ("gallery", "detail", "imagine"),
    ("en", "dark"): ("gallery",),
    ("zh", "light"): ("gallery", "detail", "imagine"),
    ("zh", "dark"): ("gallery",),
}
"""Pages by language and theme."""
LOCALES = {"en": "en-US", "zh": "zh-CN"}
PROMPTS = {"en": "a harbour town at sunset", "zh": "夕阳下的海港小镇"}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("server")) as running:
        subprocess.run(
            [
                sys.executable,
                "manage.py",
                "shell",
                "--command",
                "import tests.browser.painted_library",
            ],
            cwd=ROOT,
            env=running.environment,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        yield running


def open_gallery(page: Page, language: str) -> None:
    page.goto("/admin/gallery/")


def open_detail(page: Page, language: str) -> None:
    page.goto("/admin/gallery/")
    page.locator(".card__link").first.click()
    page.locator(".image-dialog[open] .detail").wait_for()


def open_imagine(page: Page, language: str) -> None:
    page.goto("/admin/imagine/")
    page.locator("#id_prompt").fill(PROMPTS[language])
    page.locator("input[name=n][value='4']").check(force=True)
    page.locator("button[data-generate]").click()
    for tile in range(4):
        page.locator(".tile__picture:visible").nth(tile).wait_for()


OPEN = {"gallery": open_gallery, "detail": open_detail, "imagine": open_imagine}


def shoot(page: Page) -> Image.Image:
    page.wait_for_load_state("networkidle")
    page.evaluate(
        "Promise.all(Array.from(document.images, (image) => image.decode().catch(() => 0)))"
    )
    with Image.open(io.BytesIO(page.screenshot())) as shot:
        return shot.convert("RGB")


@pytest.mark.parametrize(("language", "theme"), list(SHOTS) if UPDATE else [("en", "light")])
def test_screenshots_can_be_made(new_context, server, language, theme):
    page = new_context(
        locale=LOCALES[language],
        color_scheme=theme,
        viewport={"width": SIZE[0], "height": SIZE[1]},
        device_scale_factor=SCALE,
        reduced_motion="reduce",
    ).new_page()
    sign_in(page, server)
    for name in SHOTS[language, theme]:
        OPEN[name](page, language)
        shot = shoot(page)
        assert shot.size == (SIZE[0] * SCALE, SIZE[1] * SCALE)
        assert len(shot.getcolors(2**24)) > 10_000  # pictures, and no blank page
        if UPDATE:
            shot.save(FOLDER / f"{name}-{language}-{theme}.webp", quality=82, method=6)


def test_folder_holds_these_pictures_alone():
    expected = [f"{name}-{'-'.join(key)}.webp" for key, names in SHOTS.items() for name in names]
    assert sorted(path.name for path in FOLDER.glob("*.webp")) == sorted(expected)
