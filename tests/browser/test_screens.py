"""Every page on screens of all widths: nothing wider than the window, nothing out of reach."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, StorageState, expect

from tests.server import Server

from .library import fill, many

WIDTHS = (
    320, 344, 360, 375, 390, 414, 480, 600, 700, 768, 820, 1024, 1100, 1180, 1280, 1920, 2560,
)  # fmt: skip
"""Pixels; 320 is also what is left of 1280 at 400 %."""
CUT = """() => [...document.querySelectorAll(".filters__select, .composer .select")]
  .filter((each) => each.checkVisibility())
  .filter((each) => {
    const style = getComputedStyle(each);
    const room = each.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    const pen = document.createElement("canvas").getContext("2d");
    pen.font = style.font;
    return pen.measureText(each.options[0].textContent).width > room;
  })
  .map((each) => `${each.id}: ${each.options[0].textContent}`)"""
"""Lists whose first choice, which names them, cannot be read whole."""

TOUCHED = 1024
"""Up to this width the screen may be one for fingers."""

ODD = [
    {"prompt": "long " * 800, "tags": ["x" * 64, "很长的标签" * 8, "landscape"], "days_ago": 40},
    {"prompt": "A" * 400, "size": (400, 100), "model": "sample-painter", "tags": ["x" * 64]},
    {"prompt": "", "size": (100, 400), "nsfw": True, "tags": ["很长的标签" * 8, "x" * 64]},
    {
        "prompt": "a long name",
        "model": "black-forest-labs/flux-1.1-pro-ultra-raw-preview",
        "days_ago": 60,
        "metadata": {"Model hash": "f" * 64, "Sampler": "DPM++ 2M Karras"},
    },
]

LOST = """() => {
  const width = document.documentElement.clientWidth;
  const named = (each) =>
    `${each.tagName.toLowerCase()}.${each.getAttribute("class")?.split(" ")[0] ?? each.id}`;
  const shown = (each) => each.checkVisibility({visibilityProperty: true, opacityProperty: true});
  const held = (each) => {
    for (let e = each.parentElement; e; e = e.parentElement) {
      if (e.matches("dialog[open]")) return false;
      if (/auto|scroll/.test(getComputedStyle(e).overflowX)) return true;
    }
    return false;
  };
  const lost = [];
  const { scrollWidth } = document.documentElement;
  if (scrollWidth > width) lost.push(`the page: ${scrollWidth}`);
  const all = "a, button, input, select, textarea, summary, [tabindex], .menu__panel, .badge, h1";
  for (const each of document.querySelectorAll(all)) {
    const { left, right, width: wide } = each.getBoundingClientRect();
    if (wide < 2 || !shown(each) || held(each)) continue;
    if (left < -0.5 || right > width + 0.5) lost.push(`${named(each)}: ${left} to ${right}`);
  }
  for (const box of document.querySelectorAll(".card, .statistic, .chip, .button, .panel")) {
    if (!shown(box)) continue;
    const frame = box.getBoundingClientRect();
    for (const each of box.querySelectorAll(".badge, .button, a, p, .chip")) {
      if (!shown(each) || each.closest(".menu__panel") !== box.closest(".menu__panel")) continue;
      const { left, right } = each.getBoundingClientRect();
      if (left < frame.left - 1 || right > frame.right + 1) {
        lost.push(`${named(each)} leaves ${named(box)}`);
      }
    }
  }
  const top = document.querySelector("dialog[open]") ?? document;
  for (const each of top.querySelectorAll("a, button, input:not(.unseen), select, summary")) {
    const { left, right, top, bottom } = each.getBoundingClientRect();
    if (right - left < 2 || top < 0 || bottom > innerHeight || !shown(each)) continue;
    const hit = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
    const over = hit?.closest("a, button, input, select, summary, label");
    if (over && !over.contains(each) && !each.contains(over) && !over.closest("label")) {
      if (!over.closest(".header, .menu__panel, .stage__zoom, .selection")) {
        lost.push(`${named(each)} lies under ${named(over)}`);
      }
    }
  }
  return [...new Set(lost)];
}"""
"""What one cannot see or press: parts of the page beyond the window or their frame, and controls
that lie under others."""

SMALL = """() => [...document.querySelectorAll("a, button, input, select, summary")]
  .filter((each) => each.checkVisibility({visibilityProperty: true, opacityProperty: true}))
  .filter((each) => !each.matches(".unseen, .reveal__check") && !each.closest("p, td, dd"))
  .map((each) => [each, (each.closest("label") ?? each).getBoundingClientRect()])
  .filter(([, box]) => box.width > 1 && (box.width < 23.9 || box.height < 23.9))
  .map(([each, box]) => `${each.className || each.id} ${box.width}x${box.height}`)"""
"""Less than 24 pixels a side (WCAG 2.5.8), links within a text excepted."""


@pytest.fixture(scope="module", autouse=True)
def library(server: Server) -> list[int]:
    return fill(server, [*many(60), *ODD])


@pytest.fixture(params=["en-US", "zh-CN"])
def look(
    request: pytest.FixtureRequest,
    new_context: Callable[..., BrowserContext],
    signed_in: StorageState,
) -> Callable[..., Page]:
    """Opens a page of a language, for a mouse or for fingers."""

    def open_page(**options: Any) -> Page:
        options.setdefault("viewport", {"width": 1280, "height": 900})
        return new_context(locale=request.param, storage_state=signed_in, **options).new_page()

    return open_page


def resize(page: Page, width: int, height: int = 900) -> None:
    page.set_viewport_size({"width": width, "height": height})
    page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")


@pytest.mark.parametrize("finger", [False, True])
def test_nothing_is_lost_on_any_screen(
    look: Callable[..., Page], library: list[int], finger: bool
) -> None:
    page = look(has_touch=finger, is_mobile=finger)
    page.context.allowed_errors.append("404")
    lost = {}
    for address in (
        "/admin/gallery/?view=grid",
        "/admin/gallery/?view=list",
        f"/admin/gallery/?image={library[63]}",
        "/admin/gallery/?view=grid&search=house&tags=night&start_date=2026-01-01",
        "/admin/gallery/?search=nothing",
        f"/admin/gallery/?image={library[60]}",
        "/admin/gallery/trash/?view=list",
        "/admin/gallery/trash/empty/",
        "/admin/imagine/",
        "/admin/imagine/usage/",
        f"/admin/gallery/images/{library[62]}/delete/",
        "/admin/gallery/nothing/",
    )[: 3 if finger else None]:
        page.goto(address)
        for width in WIDTHS:
            if not finger or width <= TOUCHED:
                resize(page, width)
                if found := page.evaluate(LOST):
                    lost[address, width] = found
    assert lost == {}


def test_menus_open_inside_of_the_window(look: Callable[..., Page]) -> None:
    page = look(reduced_motion="reduce")
    lost = {}
    for address in ("/admin/gallery/?view=list", "/admin/imagine/"):
        page.goto(address)
        for width in WIDTHS:
            resize(page, width, 260)
            for menu in page.locator("pop-menu summary:visible").all():
                menu.evaluate("menu => { menu.parentElement.open = true; }")
                resize(page, width, 260)
                if found := page.evaluate(LOST):
                    lost[address, width, menu.get_attribute("id")] = found
                menu.evaluate("menu => { menu.parentElement.open = false; }")
    assert lost == {}


def test_selection_bar_is_on_the_screen(look: Callable[..., Page]) -> None:
    page = look()
    lost = {}
    for view in ("list", "grid"):
        page.goto(f"/admin/gallery/?view={view}")
        page.locator("#select-page").click()
        for width in WIDTHS:
            resize(page, width)
            box = page.locator("selection-bar").bounding_box()
            assert box
            if box["x"] < 0 or box["x"] + box["width"] > width or page.evaluate(LOST):
                lost[view, width] = (box, page.evaluate(LOST))
        page.evaluate("document.querySelector('selection-bar').clear()")
    assert lost == {}


def test_selection_bar_keeps_its_buttons_in_one_line(look: Callable[..., Page]) -> None:
    page = look(has_touch=True, is_mobile=True)
    page.goto("/admin/gallery/?view=grid")
    page.locator("#select-page").click()
    tops = """all => all.map((each) => {
        const { top, bottom } = each.getBoundingClientRect();
        return Math.round((top + bottom) / 2);
    })"""
    for width in (320, 344, 360, 390, 768):
        resize(page, width)
        lines = page.locator(".selection__actions > *").evaluate_all(tops)
        assert (len(lines), len(set(lines))) == (7, 1), width


def test_no_target_is_too_small(look: Callable[..., Page], library: list[int]) -> None:
    page = look()
    small = {}
    for address in (
        "/admin/gallery/?view=grid",
        "/admin/gallery/?view=list&start_date=2026-01-01&end_date=2026-02-20",
        f"/admin/gallery/?image={library[60]}",
        "/admin/gallery/trash/",
        "/admin/imagine/",
        "/admin/imagine/usage/",
    ):
        page.goto(address)
        for width in (320, 390, 768, 1280):
            resize(page, width)
            if found := page.evaluate(SMALL):
                small[address, width] = found
    assert small == {}


INSIDE = """frame => {
    const outer = frame.getBoundingClientRect();
    return [...frame.querySelectorAll(".chip")].map((chip) => {
        const box = chip.getBoundingClientRect();
        return (
            outer.left <= box.left && box.right <= outer.right &&
            outer.top <= box.top && box.bottom <= outer.bottom
        );
    });
}"""


def test_lists_can_be_read(look: Callable[..., Page]) -> None:
    page = look()
    cut = {}
    for address in ("/admin/gallery/", "/admin/imagine/?resolution=2k"):
        page.goto(address)
        for width in (360, 390, 700, 1100):
            resize(page, width)
            if found := page.evaluate(CUT):
                cut[address, width] = found
    assert cut == {}


REACHED = """frame => {
    const bars = frame.querySelectorAll("li");
    const seen = (bar) => {
        const outer = frame.getBoundingClientRect();
        const box = bar.getBoundingClientRect();
        return outer.left - 1 <= box.left && box.right <= outer.right + 1;
    };
    const last = seen(bars[bars.length - 1]);
    frame.scrollLeft = -frame.scrollWidth;
    return [last, seen(bars[0])];
}"""


def test_timeline_begins_at_its_latest_days_and_scrolls_to_the_first(
    look: Callable[..., Page],
) -> None:
    page = look()
    cut = {}
    today = datetime.now(UTC).date()
    for days in (0, 45):  # the whole months of both ends, a bar for each day
        for width in (320, 390, 768, 1280):
            resize(page, width)
            first = today - timedelta(days=days)
            page.goto(f"/admin/gallery/?start_date={first}&end_date={today}")
            reached = page.locator(".timeline__frame").evaluate(REACHED)
            if reached != [True, True]:
                cut[days, width] = reached
    assert cut == {}


def test_cards_of_numbers_show_three_tags(look: Callable[..., Page]) -> None:
    page = look()
    page.goto("/admin/gallery/")
    cut = {}
    for width in WIDTHS:
        resize(page, width)
        expect(page.locator(".statistic--tags .chip")).to_have_count(3)
        # All at one moment: under load a box is read before the next one has moved.
        inside = page.locator(".statistic--tags").evaluate(INSIDE)
        if not all(inside):
            cut[width] = inside
    assert cut == {}
