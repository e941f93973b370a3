"""The README's pictures: `UPDATE_SCREENSHOTS=1` makes docs/images anew."""

import io
import os
import subprocess
import sys
from collections.abc import Callable

import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, Page

from tests.browser.conftest import sign_in
from tests.server import ROOT, Server

FOLDER = ROOT / "docs/images"
SIZE = (1280, 860)
SCALE = 1.5
LANGUAGES = {"en": "en-US", "zh": "zh-CN"}
PROMPTS = {"en": "a harbour town at sunset", "zh": "夕阳下的海港小镇"}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("server")) as running:
        subprocess.run(
            [sys.executable, "manage.py", "shell", "--command", "import tests.browser.library"],
            cwd=ROOT,
            env=running.environment,
            check=True,
        )
        yield running


@pytest.fixture
def open_page(new_context: Callable[..., BrowserContext], server: Server) -> Callable[..., Page]:
    def open_in(language: str, theme: str) -> Page:
        context = new_context(
            locale=LANGUAGES[language],
            color_scheme=theme,
            viewport={"width": SIZE[0], "height": SIZE[1]},
            device_scale_factor=SCALE,
            reduced_motion="reduce",
        )
        page = context.new_page()
        sign_in(page, server)
        return page

    return open_in


def shoot(page: Page, name: str) -> None:
    """Check that the page shows something, and keep it where that was asked for."""
    page.wait_for_load_state("networkidle")
    page.evaluate(
        "Promise.all(Array.from(document.images, (image) => image.decode().catch(() => 0)))"
    )
    with Image.open(io.BytesIO(page.screenshot())) as shot:
        assert shot.size == (SIZE[0] * SCALE, SIZE[1] * SCALE)
        assert len(shot.convert("RGB").getcolors(2**24)) > 10_000  # pictures, and no blank page
        if os.environ.get("UPDATE_SCREENSHOTS"):
            shot.save(FOLDER / f"{name}.webp", quality=82, method=6)
    assert (FOLDER / f"{name}.webp").exists()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_gallery(open_page, language, theme):
    page = open_page(language, theme)
    page.goto("/admin/gallery/")
    shoot(page, f"gallery-{language}-{theme}")


@pytest.mark.parametrize("language", LANGUAGES)
def test_detail(open_page, language):
    page = open_page(language, "light")
    page.goto("/admin/gallery/")
    page.locator(".card__link").first.click()
    page.locator("#image-dialog[open]").wait_for()
    shoot(page, f"detail-{language}-light")


@pytest.mark.parametrize("language", LANGUAGES)
def test_imagine(open_page, language):
    page = open_page(language, "light")
    page.goto("/admin/imagine/")
    page.locator("#id_prompt").fill(PROMPTS[language])
    page.locator("input[name=n][value='4']").check(force=True)
    page.locator("[data-generate]").click()
    for tile in range(4):
        page.locator(".tile__picture:visible").nth(tile).wait_for()
    shoot(page, f"imagine-{language}-light")


def test_folder_holds_these_pictures_alone():
    assert sorted(path.name for path in FOLDER.iterdir()) == sorted(
        [
            f"gallery-{language}-{theme}.webp"
            for language in LANGUAGES
            for theme in ("light", "dark")
        ]
        + [
            f"{name}-{language}-light.webp"
            for name in ("detail", "imagine")
            for language in LANGUAGES
        ]
    )
