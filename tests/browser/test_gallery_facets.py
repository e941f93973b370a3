"""The choices of the filters say how many pictures they would show under the present filter."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, StorageState, expect

from tests.server import Server

from .library import fill, many
from .test_gallery_browse import SHIFTS


@pytest.fixture(scope="module", autouse=True)
def library(server: Server) -> list[int]:
    """60 pictures; see `many`."""
    return fill(server, many(60))


def options(page: Page, name: str) -> list[str]:
    found = page.get_by_label(name).locator("option")
    return found.evaluate_all("all => all.map((each) => each.text)")


def test_models_and_ratios_are_counted_without_their_own_choice(page: Page) -> None:
    page.add_init_script(SHIFTS)
    asked: list[str] = []
    page.on(
        "request", lambda request: asked.append(request.url) if "/facets/" in request.url else 0
    )
    page.goto("/admin/gallery/")
    assert options(page, "Model")[1:] == ["grok-imagine-1.0 (40)", "grok-imagine-1.0-edit (20)"]
    page.goto("/admin/gallery/?tags=night&aspect_ratio=16:9", wait_until="networkidle")
    assert options(page, "Model")[1:] == ["grok-imagine-1.0", "grok-imagine-1.0-edit"]
    assert asked == []
    page.locator("#search").hover()
    expect(page.locator("#model option").nth(1)).to_have_text("grok-imagine-1.0 (2)")
    assert options(page, "Model")[1:] == ["grok-imagine-1.0 (2)", "grok-imagine-1.0-edit (1)"]
    assert options(page, "Aspect ratio")[1:] == ["1:1 (9)", "16:9 (3)"]
    page.get_by_label("Model").select_option("grok-imagine-1.0-edit")
    expect(page.locator(".results__count")).to_have_text("1 picture")
    expect(page.locator("#model option").nth(1)).to_have_text("grok-imagine-1.0 (2)")
    expect(page.locator("#aspect_ratio option").nth(1)).to_have_text("1:1 (3)")
    assert (len(asked), page.evaluate("window.shifts")) == (2, [])


def test_keyboard_brings_the_counts_too(page: Page) -> None:
    page.goto("/admin/gallery/?search=red")
    page.locator("#model").focus()
    expect(page.locator("#model option").nth(2)).to_have_text("grok-imagine-1.0-edit (10)")


def test_finger_brings_the_counts_too(phone: Page) -> None:
    phone.goto("/admin/gallery/?search=red")
    expect(phone.locator("#model option").nth(2)).to_have_text("grok-imagine-1.0-edit (10)")


def test_tags_are_offered_with_their_counts(page: Page) -> None:
    page.goto("/admin/gallery/?model=grok-imagine-1.0-edit")
    page.locator("#more").click()
    page.locator("#tags").click()
    offers = page.locator("[role=option]")
    expect(offers).to_have_text(["城市10", "night4"])


def test_counts_that_are_upper_bounds_say_so(page: Page) -> None:
    answer = {
        "models": [{"name": "grok-imagine-1.0", "count": 12_345}],
        "aspect_ratios": [],
        "tags": [{"name": "night", "count": 24}],
        "months": [],
        "count_exact": False,
    }
    page.route("**/facets/**", lambda route: route.fulfill(json=answer))
    page.goto("/admin/gallery/?search=red")
    page.locator("#model").focus()
    expect(page.locator("#model option").nth(1)).to_have_text("grok-imagine-1.0 (≤ 12,345)")
    expect(page.locator("#model option").nth(2)).to_have_text("grok-imagine-1.0-edit (0)")
    page.locator("#more").click()
    page.locator("#tags").click()
    expect(page.locator("[role=option]")).to_have_text(["night≤ 24"])


def test_names_stand_alone_where_the_counts_do_not_come(
    new_context: Callable[..., BrowserContext], signed_in: StorageState
) -> None:
    page = new_context(storage_state=signed_in).new_page()
    page.context.allowed_errors.append("503")  # type: ignore[attr-defined]
    page.route("**/facets/**", lambda route: route.fulfill(status=503, body="no"))
    page.goto("/admin/gallery/?search=red")
    with page.expect_response("**/facets/**"):
        page.locator("#model").focus()
    assert options(page, "Model")[1:] == ["grok-imagine-1.0", "grok-imagine-1.0-edit"]
