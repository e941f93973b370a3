"""The Delete key, and keys that are switched off, in a real browser."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, StorageState, expect

from tests.server import Server

from .library import fill, many

LETTERS = "Use single-key shortcuts"
ASK = "Ask before deleting with the Delete key"


REMEMBERED = """([name, on]) => Object.entries(localStorage).some(
    ([key, kept]) => key.includes("keys") && JSON.parse(kept)[name] === on)"""


@pytest.fixture(scope="module", autouse=True)
def library(server: Server) -> list[int]:
    return fill(server, many(12))


@pytest.fixture
def gallery(page: Page) -> Page:
    page.goto("/admin/gallery/?view=grid")
    return page


def choose(page: Page, label: str, on: bool) -> None:
    dialog = page.get_by_role("dialog", name="Keyboard")
    with page.expect_response("**/preferences/"):  # what is chosen now
        page.locator("#keys").click()
    box = dialog.get_by_label(label)
    box.set_checked(on)
    page.wait_for_function(REMEMBERED, arg=[box.get_attribute("name"), on])
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_delete_key_trashes_at_once_and_undo_brings_back(gallery: Page) -> None:
    gallery.keyboard.press("ArrowRight")
    gallery.keyboard.press("Delete")
    expect(gallery.locator(".toast__text")).to_have_text("1 picture moved to the trash.")
    expect(gallery.locator(".card")).to_have_count(11)
    gallery.get_by_role("button", name="Undo").click()
    expect(gallery.locator(".card")).to_have_count(12)
    gallery.locator(".card__link").first.click()
    expect(gallery.locator(".detail:not(.detail--coming) .facts__prompt")).to_have_text(
        "Picture 000 of a blue house"
    )
    expect(gallery.locator(".detail--coming")).to_have_count(0)
    gallery.keyboard.press("Delete")
    expect(gallery.locator(".detail:not(.detail--coming) .facts__prompt")).to_have_text(
        "Picture 001 of a red house"
    )
    gallery.get_by_role("button", name="Undo").last.click()
    gallery.keyboard.press("Escape")
    expect(gallery.locator(".card")).to_have_count(12)
    gallery.locator("#select-page").click()
    gallery.keyboard.press("Delete")
    expect(gallery.get_by_text("Your first picture will appear here")).to_be_visible()
    gallery.goto("/admin/gallery/trash/")
    gallery.keyboard.press("ArrowRight")
    gallery.keyboard.press("Delete")  # for good: never without a question
    expect(gallery.get_by_role("dialog")).to_contain_text("Delete this picture?")
    gallery.get_by_role("button", name="Cancel").click()
    gallery.locator("#select-page").click()
    gallery.get_by_role("button", name="Restore").click()
    expect(gallery.locator(".toast__text").last).to_contain_text("12 pictures restored.")
    gallery.goto("/admin/gallery/")
    expect(gallery.locator(".card")).to_have_count(12)


def test_delete_key_asks_for_whoever_wants_it(gallery: Page) -> None:
    choose(gallery, ASK, True)
    gallery.keyboard.press("ArrowRight")
    gallery.keyboard.press("Delete")
    expect(gallery.get_by_role("dialog")).to_contain_text("Delete this picture?")
    gallery.keyboard.press("Escape")
    choose(gallery, ASK, False)


def test_single_keys_are_switched_off_wherever_one_logs_in(
    gallery: Page, new_context: Callable[..., BrowserContext], signed_in: StorageState
) -> None:
    choose(gallery, LETTERS, False)
    other = new_context(viewport={"width": 1280, "height": 900}, storage_state=signed_in).new_page()
    other.goto("/admin/gallery/?view=grid")
    for page in (gallery, other):
        page.keyboard.press("ArrowRight")
        for key in "l?fxt/":
            page.keyboard.press(key)
        page.wait_for_timeout(500)
        expect(page.locator(".card")).to_have_count(12)
        expect(page.locator("dialog[open]")).to_have_count(0)
        expect(page.locator(".card .heart[aria-pressed='true']")).to_have_count(0)
        page.keyboard.press(" ")  # no letter, and no sign
        expect(page.locator("[data-count]")).to_have_text("1 selected")
        page.keyboard.press("Escape")
    choose(gallery, LETTERS, True)
    gallery.keyboard.press("l")
    expect(gallery.locator("tbody tr")).to_have_count(12)
