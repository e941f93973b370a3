"""Pictures that are marked as sensitive: blurred until somebody asks, one by one or all at once."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, StorageState, expect

from tests.server import Server

from .library import fill
from .test_gallery_accessibility import AXE, violations
from .test_gallery_browse import SHIFTS


@pytest.fixture
def library(server: Server, page: Page) -> list[int]:
    """Four pictures of the test's own in the library, the second and third of them sensitive."""
    page.goto("/admin/gallery/")
    post(page, "delete/", filter={})
    ids = fill(
        server,
        [{"prompt": f"number {n}", "size": (80, 60), "minutes_ago": n} for n in range(4)],
    )
    post(page, "nsfw/", image_ids=ids[1:3])
    page.goto("/admin/gallery/")
    return ids


def post(page: Page, action: str, **data: object) -> None:
    token = page.locator("meta[name=csrf-token]").get_attribute("content") or ""
    answer = page.request.post(
        f"/api/v1/admin/gallery/images/{action}", data=data, headers={"X-CSRFToken": token}
    )
    assert answer.ok, answer.text()


def blurred(page: Page, selector: str = ".card img") -> list[bool]:
    return page.locator(selector).evaluate_all(
        "images => images.map((image) => getComputedStyle(image).filter !== 'none')"
    )


def show(place: Locator) -> None:
    place.get_by_role("checkbox", name="Show sensitive picture").first.check(force=True)


def test_one_is_shown_by_the_keyboard_and_stays_shown(page: Page, library: list[int]) -> None:
    assert blurred(page) == [False, True, True, False]
    page.locator(".card__link").first.focus()
    page.keyboard.press("ArrowRight")  # all cards are one stop of Tab
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.matches('.reveal__check')")
    assert blurred(page) == [False, True, True, False]
    page.keyboard.press("Space")
    assert blurred(page) == [False, False, True, False]
    expect(page.get_by_role("region", name="Selection")).to_be_hidden()
    page.locator("#view-list").click()
    expect(page.locator("tbody tr")).to_have_count(4)
    assert blurred(page, "tbody img") == [False, False, True, False]
    page.locator("#view-grid").click()
    page.locator(".card__link").nth(1).click()
    expect(page.locator(".detail:not(.detail--coming) .facts__prompt")).to_have_text("number 1")
    expect(page.locator(".stage__full")).to_be_visible()
    page.get_by_role("link", name="Next picture").click()
    expect(page.locator(".detail:not(.detail--coming) .facts__prompt")).to_have_text("number 2")
    expect(page.locator(".stage__full")).to_be_hidden()
    assert blurred(page, ".stage__preview") == [True]
    show(page.locator(".stage"))
    expect(page.locator(".stage__full")).to_be_visible()
    page.get_by_role("link", name="Close").click()
    assert blurred(page) == [False] * 4
    page.reload()
    assert blurred(page) == [False, True, True, False]


def test_all_are_shown_by_a_switch_that_stays(page: Page, library: list[int]) -> None:
    page.locator("#more").click()
    group = page.get_by_role("group", name="Sensitive pictures")
    group.get_by_role("button", name="Show").click()
    assert blurred(page) == [False] * 4
    expect(group.get_by_role("button", name="Show")).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".reveal").first).to_be_hidden()
    for address in ("/admin/gallery/", f"/admin/gallery/?image={library[1]}"):
        page.goto(address, wait_until="commit")
        expect(page.locator("html")).to_have_attribute("data-sensitive", "show")
    expect(page.locator(".stage__full")).to_be_visible()
    page.goto("/admin/gallery/")
    page.locator("#more").click()
    group.get_by_role("button", name="Blur").click()
    assert blurred(page) == [False, True, True, False]


def test_mark_is_set_and_taken_away_in_the_detail(page: Page, library: list[int]) -> None:
    page.locator(".card__link").first.click()
    mark = page.locator(".facts").get_by_role("button", name="Sensitive")
    mark.click()
    expect(mark).to_have_attribute("aria-pressed", "true")
    expect(mark).to_be_focused()
    expect(page.locator(".stage__full")).to_be_hidden()
    page.get_by_role("link", name="Close").click()
    expect(page.locator(".card .reveal")).to_have_count(3)
    page.locator(".card__link").first.click()
    mark.press("Enter")
    expect(mark).to_have_attribute("aria-pressed", "false")
    expect(page.locator(".stage__full")).to_be_visible()


def test_marks_of_a_selection(page: Page, library: list[int]) -> None:
    for action, count, said in (
        ("Mark as sensitive", 4, "4 pictures marked as sensitive."),
        ("Remove the mark", 0, "4 pictures are no longer marked as sensitive."),
    ):
        page.locator("#select-page").click()
        bar = page.get_by_role("region", name="Selection")
        bar.locator("summary").click()
        bar.get_by_role("button", name=action).click()
        expect(page.locator(".toast__text").last).to_have_text(said)
        expect(page.locator(".card .reveal")).to_have_count(count)
        expect(bar).to_be_hidden()


def test_mark_that_the_server_refuses_is_told(page: Page, library: list[int]) -> None:
    page.context.allowed_errors.append("503")  # type: ignore[attr-defined]
    page.route("**/api/**", lambda route: route.fulfill(status=503, json={"detail": "No."}))
    page.locator(".card__link").first.click()
    mark = page.locator(".facts").get_by_role("button", name="Sensitive")
    mark.click()
    expect(page.locator(".toast__text")).to_have_text("No.")
    expect(mark).to_have_attribute("aria-pressed", "false")


def test_nothing_moves_and_axe_finds_nothing(
    new_context: Callable[..., BrowserContext], signed_in: StorageState, library: list[int]
) -> None:
    assert AXE.exists() or pytest.skip("axe-core is not installed")
    for scheme in ("light", "dark"):
        page = new_context(
            storage_state=signed_in, bypass_csp=True, color_scheme=scheme, reduced_motion="reduce"
        ).new_page()
        page.add_init_script(SHIFTS)
        for address in ("?view=list", "?view=grid", f"?image={library[1]}"):
            page.goto(f"/admin/gallery/{address}", wait_until="networkidle")
            assert page.evaluate("window.shifts") == [], address
            found = violations(page)
            show(page.locator(".stage" if "image" in address else "#results"))
            found += violations(page)
            assert found == [], address


def test_it_works_without_a_script(
    new_context: Callable[..., BrowserContext], signed_in: StorageState, library: list[int]
) -> None:
    plain = new_context(storage_state=signed_in, java_script_enabled=False).new_page()
    plain.goto("/admin/gallery/?view=grid")
    assert blurred(plain) == [False, True, True, False]
    plain.locator(".card .reveal__face").first.click()
    assert blurred(plain) == [False, False, True, False]
    plain.goto(f"/admin/gallery/?image={library[0]}")
    plain.locator(".facts").get_by_role("button", name="Sensitive").click()
    plain.goto("/admin/gallery/")
    assert blurred(plain) == [True, True, True, False]
    plain.locator("#more").click()
    plain.get_by_role("button", name="Show", exact=True).click()
    assert blurred(plain) == [False] * 4


def test_what_is_to_be_edited_is_blurred_too(page: Page, library: list[int]) -> None:
    chosen = "&".join(f"edit={pk}" for pk in library[:2])
    page.goto(f"/admin/imagine/?{chosen}")
    expect(page.locator(".source img")).to_have_count(2)
    assert blurred(page, ".source img") == [False, True]
