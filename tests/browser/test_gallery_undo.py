"""Ticks, undo and keys while something runs, is cut or is done twice, in a real browser."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.server import Server

from .library import fill
from .test_gallery_selection import act, bar, check, count, toasts

API = "/api/v1/admin/gallery/"

CUT = """() => {
  const real = fetch;
  window.fetch = async (url, options) => {
    if (!String(url).endsWith("/undo/")) return real(url, options);
    if (window.first) throw new TypeError("The answer is lost.");
    const step = await (await real(url, options)).json();
    window.first = step.change;
    return Response.json({ ...step, finished: false });
  };
}"""
"""The first step of an undo is done and says that more is to come; the second one is lost."""


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    return re.sub(r"\W+", "", request.node.name)


@pytest.fixture
def six(server: Server, page: Page, name: str) -> Page:
    """Six pictures of the test's own, three on a page."""
    fill(server, [{"prompt": f"{name} {n}", "size": (9, 9), "minutes_ago": n} for n in range(6)])
    page.goto(f"/admin/gallery/?search={name}&page_size=3")
    expect(page.locator(".card")).to_have_count(3)
    return page


@pytest.fixture
def prompts(six: Page, name: str) -> Any:
    def listed(query: str = "") -> list[str]:
        found = six.request.get(f"{API}images/?page_size=200&search={name}{query}").json()
        return [each["prompt"].removeprefix(f"{name} ") for each in found["results"]]

    return listed


def hold(page: Page, pattern: str, part: str = "") -> list[Route]:
    """Requests to there that have `part` in their body: they wait to be continued."""
    held: list[Route] = []

    def keep(route: Route) -> None:
        if part in (route.request.post_data or ""):
            held.append(route)
        else:
            route.continue_()

    page.route(pattern, keep)
    return held


def wait_for(page: Page, held: list[Route]) -> Route:
    for _ in range(200):
        if held:
            break
        page.wait_for_timeout(50)
    return held[0]


def ticked(page: Page) -> list[bool]:
    expect(page.locator(".card .checkbox:disabled")).to_have_count(0)
    return [box.is_checked() for box in page.locator(".card .checkbox").all()]


def test_ticks_made_while_all_are_selected_count_on_top(six: Page) -> None:
    held = hold(six, "**/selections/", '"filter"')
    check(six, 0)
    act(six, "Select all 6 that match")
    request = wait_for(six, held)
    assert ticked(six) == [True, False, False]
    check(six, 0)
    check(six, 1)
    request.continue_()
    expect(count(six)).to_have_text("5 selected")
    assert ticked(six) == [False, True, True]


def test_ticks_made_while_an_action_runs_stay_and_it_runs_once(six: Page, prompts: Any) -> None:
    held = hold(six, "**/images/favorite/")
    check(six, 0)
    bar(six).get_by_role("button", name="Favourite", exact=True).dblclick()
    request = wait_for(six, held)
    check(six, 1)
    request.continue_()
    expect(toasts(six)).to_have_text("Added 1 picture to favourites.")
    expect(count(six)).to_have_text("1 selected")
    assert ticked(six) == [False, True, False]
    assert (len(held), prompts("&favorite=true")) == (1, ["0"])


def test_untick_is_remembered_when_its_picture_goes_and_comes_back(six: Page) -> None:
    check(six, 0)
    act(six, "Select all 6 that match")
    expect(count(six)).to_have_text("6 selected")
    check(six, 1)
    expect(count(six)).to_have_text("5 selected")
    for place, left in [(1, 5), (0, 4)]:
        six.locator(".card__link").nth(place).click()
        expect(six.get_by_role("dialog")).to_be_visible()
        arrived = six.locator(".detail:not(.detail--coming)")  # else there is nothing to delete
        expect(arrived.locator(".facts__prompt")).to_contain_text(f" {place}")
        six.keyboard.press("Delete")
        expect(toasts(six).last).to_have_text("1 picture moved to the trash.")
        six.keyboard.press("Escape")
        expect(six.get_by_role("dialog")).to_be_hidden()
        expect(count(six)).to_have_text(f"{left} selected")
        six.keyboard.press("Control+z")
        expect(toasts(six).last).to_have_text("Undone: 1 picture is as it was.")
        expect(count(six)).to_have_text("5 selected")
        expect(six.locator(".card").nth(place)).to_contain_text(f" {place}")
    assert ticked(six) == [True, False, True]
    act(six, "Favourite")
    expect(toasts(six).last).to_have_text("Added 5 pictures to favourites.")


def test_page_that_comes_back_from_the_cache_reads_the_selection_again(six: Page) -> None:
    check(six, 0)
    expect(count(six)).to_have_text("1 selected")
    six.evaluate("""() => {
      const key = Object.keys(sessionStorage).find((name) => name.startsWith("selection-"));
      const [added] = JSON.parse(sessionStorage.getItem(key)).added;
      const now = { base: null, everything: null, added: [added, [1e6, 5]], removed: [] };
      sessionStorage.setItem(key, JSON.stringify(now));
      dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }));
    }""")
    expect(count(six)).to_have_text("2 selected")


def test_key_that_is_held_acts_once(six: Page, prompts: Any) -> None:
    six.keyboard.press("ArrowRight")
    for _ in range(3):
        six.keyboard.down("Delete")
        six.wait_for_timeout(300)
    six.keyboard.up("Delete")
    expect(toasts(six)).to_have_text("1 picture moved to the trash.")
    assert prompts() == ["1", "2", "3", "4", "5"]


def test_second_delete_has_nothing_to_do_with_what_is_leaving(six: Page, prompts: Any) -> None:
    held = hold(six, "**/images/trash/")
    drawn = hold(six, "**/admin/gallery/?search=*")
    six.keyboard.press("ArrowRight")
    six.keyboard.press("Delete")
    request = wait_for(six, held)
    six.keyboard.press("Delete")  # while it goes
    request.continue_()
    expect(toasts(six)).to_have_text("1 picture moved to the trash.")
    wait_for(six, drawn)
    six.keyboard.press("Delete")  # when it has gone, and the list still shows it
    six.unroute_all()  # they go on
    expect(six.locator(".card__prompt").first).to_have_text(re.compile(r" 1\s*$"))
    expect(toasts(six)).to_have_count(1)
    assert len(held) == 1
    six.keyboard.press("Delete")
    expect(toasts(six).last).to_have_text("1 picture moved to the trash.")
    expect(six.locator(".card__prompt").first).to_have_text(re.compile(r" 2\s*$"))
    assert prompts() == ["2", "3", "4", "5"]


def test_undo_asked_twice_runs_once(six: Page) -> None:
    held = hold(six, "**/undo/")
    six.keyboard.press("ArrowRight")
    six.keyboard.press("Delete")
    expect(toasts(six)).to_have_text("1 picture moved to the trash.")
    six.keyboard.press("Control+z")
    six.keyboard.press("Control+z")
    wait_for(six, held).continue_()
    expect(toasts(six).last).to_have_text("Undone: 1 picture is as it was.")
    assert len(held) == 1


def test_undo_that_is_cut_tells_what_it_has_done_and_can_go_on(six: Page, name: str) -> None:
    six.keyboard.press("ArrowRight")
    six.keyboard.press("Delete")
    expect(toasts(six)).to_have_text("1 picture moved to the trash.")
    six.evaluate(CUT)
    six.keyboard.press("Control+z")
    expect(toasts(six).last).to_have_text(
        "Undone: 1 picture is as it was. "
        "The server did not answer. Check the result before you try again."
    )
    expect(six.locator(".card").first).to_contain_text(f"{name} 0")
    kept = six.evaluate("""() => {
      const key = Object.keys(sessionStorage).find((name) => name.startsWith("changes"));
      const { done, undone } = JSON.parse(sessionStorage.getItem(key));
      return [done.length, undone];
    }""")
    assert kept == [1, [six.evaluate("window.first")]]


def test_cleared_ticks_and_changes_are_undone_in_order_of_time(six: Page, prompts: Any) -> None:
    check(six, 0)
    check(six, 1)
    six.keyboard.press("Escape")
    expect(toasts(six)).to_have_text("2 pictures deselected.")
    six.locator(".card__link").nth(2).focus()
    six.keyboard.press("Delete")
    expect(toasts(six).last).to_have_text("1 picture moved to the trash.")
    six.reload()
    six.keyboard.press("Control+z")
    expect(toasts(six)).to_have_text("Undone: 1 picture is as it was.")
    expect(bar(six)).to_be_hidden()
    assert len(prompts()) == 6
    six.keyboard.press("Control+z")
    expect(count(six)).to_have_text("2 selected")
    six.keyboard.press("Control+Shift+z")
    expect(bar(six)).to_be_hidden()


def test_what_the_tab_keeps_belongs_to_one_login(six: Page) -> None:
    check(six, 0)
    six.keyboard.press("Escape")
    expect(toasts(six)).to_have_text("1 picture deselected.")
    user = six.locator("html").get_attribute("data-user")
    keys = six.evaluate("Object.keys(sessionStorage).filter((name) => /change|select/.test(name))")
    assert sorted(keys) == [f"changes.{user}", f"selection-gallery.{user}"]
