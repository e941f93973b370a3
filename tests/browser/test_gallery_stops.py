"""How many presses of Tab it takes, resting fingers, and slow lines."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, Route, StorageState, expect

from tests.server import Server

from .library import fill, many

PLACE = """() => {
  const {activeElement: e} = document;
  return e.closest("selection-bar") ? "selection"
    : e.closest("[data-items]") ? `picture ${e.closest("[data-id]").dataset.id}`
    : e.closest("[data-roving]")?.className ?? e.className;
}"""


@pytest.fixture(scope="module", autouse=True)
def library(server: Server) -> list[int]:
    return fill(server, many(120))


def tabs_to(page: Page, wanted: str, most: int = 60) -> int:
    """Presses of Tab until the focus is there."""
    for count in range(1, most):
        page.keyboard.press("Tab")
        if page.evaluate(PLACE).startswith(wanted):
            return count
    raise AssertionError(f"{wanted} is more than {most} stops away")


@pytest.mark.parametrize("view", ["grid", "list"])
def test_pictures_and_selection_are_few_stops_away(page: Page, view: str) -> None:
    page.goto(f"/admin/gallery/?view={view}")
    assert tabs_to(page, "picture") <= 28
    page.keyboard.press("ArrowDown")
    page.keyboard.press(" ")
    assert tabs_to(page, "selection") <= 12


def test_skip_links_lead_to_pictures_and_selection(page: Page, library: list[int]) -> None:
    page.goto("/admin/gallery/?view=grid")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the pictures")).to_be_focused()
    page.keyboard.press("Enter")
    assert tabs_to(page, "picture") <= 7
    page.keyboard.press(" ")
    page.evaluate("scrollTo(0, 0); document.querySelector('.skip-link').focus()")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the selection")).to_be_focused()
    page.keyboard.press("Enter")
    assert tabs_to(page, "selection") == 1


def test_each_group_is_one_stop_that_remembers_its_place(page: Page, library: list[int]) -> None:
    page.goto("/admin/gallery/?view=grid")
    bars = page.locator(".timeline__bars a")
    expect(page.locator(".timeline__bars a[tabindex='0']")).to_have_count(1)
    bars.last.focus()
    page.keyboard.press("ArrowLeft")
    expect(bars.nth(-2)).to_be_focused()
    page.keyboard.press("Home")
    expect(bars.first).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    expect(bars.first).to_be_focused()
    links = page.locator(".card__link")
    links.nth(7).focus()
    for _ in range(3):  # link, box, heart; then what stands behind the group
        assert page.evaluate(PLACE) == f"picture {library[7]}"
        page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    assert page.evaluate(PLACE) == f"picture {library[7]}"
    page.locator("#bottom-next").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**page=2**")
    expect(page.locator("[data-items] [tabindex='0']")).to_have_count(3)


@pytest.fixture
def finger(new_context: Callable[..., BrowserContext], signed_in: StorageState) -> Page:
    context = new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True,
        storage_state=signed_in,
    )  # fmt: skip
    page = context.new_page()
    page.goto("/admin/gallery/?view=grid")
    return page


def rest(page: Page, milliseconds: int, *, move: int = 0) -> None:
    """A finger on the first card."""
    client = page.context.new_cdp_session(page)
    box = page.locator(".card__link").first.bounding_box()
    assert box
    x, y = box["x"] + 60, box["y"] + 90

    def touch(kind: str, *points: dict[str, float]) -> None:
        client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": list(points)})

    touch("touchStart", {"x": x, "y": y})
    if move:
        touch("touchMove", {"x": x, "y": y - move})
    page.wait_for_timeout(milliseconds)
    touch("touchEnd")


def test_finger_that_rests_on_a_picture_selects_it(finger: Page) -> None:
    rest(finger, 700)
    expect(finger.locator("[data-count]")).to_have_text("1 selected")
    expect(finger.locator(".image-dialog[open]")).to_have_count(0)
    rest(finger, 700)
    expect(finger.locator("[data-count]")).to_be_hidden()
    rest(finger, 700, move=80)
    expect(finger.locator("[data-count]")).to_be_hidden()
    finger.locator(".card__link").first.tap()
    expect(finger.locator(".image-dialog[open]")).to_have_count(1)


def test_tapped_card_opens_at_once_on_a_slow_line(finger: Page, library: list[int]) -> None:
    held: list[Route] = []
    finger.route(f"**/images/{library[0]}/?*", lambda route: held.append(route))
    finger.locator(".card__link").first.tap()
    dialog = finger.locator(".image-dialog[open]")
    expect(dialog.locator(".stage__preview")).to_be_visible()
    assert dialog.locator("img").evaluate("each => each.decode().then(() => each.naturalWidth)")
    expect(dialog.locator(".facts__prompt")).to_have_text("Picture 000 of a blue house")
    for key in ("f", "+", "x", "t", "ArrowRight"):
        finger.keyboard.press(key)
    finger.go_back()
    expect(dialog).to_have_count(0)
    finger.locator(".card__link").first.tap()
    expect(dialog).to_have_count(1)
    for route in held:
        route.continue_()
    expect(dialog.get_by_role("combobox", name="Add tags")).to_be_visible()
    expect(dialog.locator(".detail--coming")).to_have_count(0)
