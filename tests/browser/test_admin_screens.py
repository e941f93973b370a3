"""The admin site's list of generations on a small screen, and the API's pages in the dark."""

import subprocess
import sys

import pytest
from playwright.sync_api import Page, expect

from tests.server import ROOT, Server

MAKE = """
from decimal import Decimal
from imagine.models import Generation
Generation.objects.create(
    prompt="a very long prompt " * 40, n=4, provider="openai", status="failed",
    model="black-forest-labs/flux-1.1-pro-ultra-raw-preview", error_code="moderation_blocked",
    cost_usd=Decimal("0.0421"), upstream_ms=12_340, storing_ms=60,
)
"""


@pytest.fixture(scope="module", autouse=True)
def generation(server: Server) -> None:
    command = [sys.executable, "manage.py", "shell", "--command", MAKE]
    subprocess.run(command, cwd=ROOT, env=server.environment, check=True, capture_output=True)


@pytest.mark.parametrize("width", [1100, 1280, 1440, 1920])
def test_generations_show_model_pictures_cost_and_error(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.goto("/admin/imagine/generation/")
    row = page.locator("#result_list tbody tr").first
    frame = page.locator("#changelist .results").bounding_box()
    assert frame
    for name, text in (
        ("model", "black-forest-labs/flux-1.1-pro-ultra-raw-preview"),
        ("made", "0/4"),
        ("cost", "0.0421"),
        ("error_code", "moderation_blocked"),
    ):
        cell = row.locator(f".field-{name}")
        expect(cell).to_have_text(text)
        box = cell.bounding_box()
        assert box and box["x"] + box["width"] <= min(width, frame["x"] + frame["width"]) + 1, name


@pytest.mark.parametrize("theme", ["system", "chosen"])
def test_pages_of_the_api_are_dark_where_the_gallery_is(page: Page, theme: str) -> None:
    if theme == "system":
        page.emulate_media(color_scheme="dark")
    else:
        page.goto("/admin/gallery/")
        page.get_by_label("Menu").click()
        page.get_by_role("button", name="Dark").click()
    for address, place in (
        ("/api/docs/", "body"),
        ("/api/v1/admin/gallery/images/?format=api", "body"),
        ("/api/v1/admin/gallery/images/?format=api", ".response-info"),
    ):
        page.goto(address)
        colors = page.locator(place).first.evaluate(
            "each => [getComputedStyle(each).backgroundColor, getComputedStyle(each).color]"
        )
        dark = [int(part) for part in colors[0].strip("rgba()").split(",")[:3]]
        assert max(dark) < 60, (address, place, colors)
    page.goto("/api/docs/")
    expect(page.locator(".opblock-tag").first).to_contain_text(
        "OpenAI-compatible API", timeout=20_000
    )


APART = """() => [...document.querySelectorAll(".chart")].every((chart) => {
  const labels = [...chart.querySelectorAll(".chart__label")].map((each) => {
    const range = document.createRange();
    range.selectNodeContents(each);
    return range.getBoundingClientRect();
  });
  return labels.every((box, place) => place === 0 || box.left >= labels[place - 1].right);
})"""


def test_service_page_can_be_read_on_a_phone(page: Page) -> None:
    for width in (320, 390, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        page.goto("/admin/service/")
        assert page.evaluate("document.documentElement.scrollWidth") == width
        assert page.evaluate(APART)
