"""The gallery without JavaScript: looking, searching, filtering, paging, tagging, deleting."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, StorageState, expect

from tests.server import Server

from .library import fill, many


@pytest.fixture(scope="module", autouse=True)
def library(server: Server) -> list[int]:
    return fill(server, many(30))


@pytest.fixture
def plain(new_context: Callable[..., BrowserContext], signed_in: StorageState) -> Page:
    return new_context(storage_state=signed_in, java_script_enabled=False).new_page()


def test_looking_searching_filtering_paging(plain: Page) -> None:
    plain.goto("/admin/gallery/?page_size=20")
    expect(plain.locator(".card")).to_have_count(20)
    expect(plain.get_by_role("button", name="Upload pictures")).to_be_hidden()
    plain.locator("#bottom-next").click()
    expect(plain.locator(".card")).to_have_count(10)
    plain.get_by_role("searchbox").fill("red")
    plain.get_by_label("Model").select_option("grok-imagine-1.0")
    plain.get_by_role("button", name="Filter").click()
    expect(plain.locator(".results__count")).to_have_text("10 pictures")
    plain.locator("#view-list").click()
    expect(plain.locator("tbody tr")).to_have_count(10)
    plain.locator("#by-time").click()
    expect(plain.locator("tbody tr").first).to_contain_text("Picture 029")
    plain.get_by_role("link", name="Reset").click()
    expect(plain.locator(".results__count")).to_have_text("30 pictures")
    plain.get_by_role("navigation", name="Timeline").get_by_role("link").first.click()
    expect(plain.locator(".results__count")).to_have_text("10 pictures")
    plain.goto("/admin/gallery/?view=grid")


def test_tagging_marking_and_deleting_one(plain: Page, library: list[int]) -> None:
    plain.goto("/admin/gallery/")
    plain.locator(".card__link").first.click()
    expect(plain.locator(".facts__prompt")).to_have_text("Picture 000 of a blue house")
    plain.get_by_text("Edit the prompt").click()
    plain.get_by_role("textbox", name="Prompt").fill("by hand")
    plain.get_by_role("button", name="Save").click()
    expect(plain.locator(".facts__prompt")).to_have_text("by hand")
    plain.get_by_role("textbox", name="Add tags").fill("plain，简单")
    plain.get_by_role("button", name="Add", exact=True).click()
    tags = plain.locator(".tags__list .chip__text")
    expect(tags).to_have_text(["night", "plain", "城市", "简单"])
    plain.get_by_role("button", name="Remove the tag plain").click()
    expect(tags).to_have_text(["night", "城市", "简单"])
    plain.locator(".facts").get_by_role("button", name="Favourite").click()
    expect(plain.locator(".card .heart").first).to_have_attribute("aria-pressed", "true")
    plain.goto(f"/admin/gallery/?image={library[0]}")
    plain.get_by_role("link", name="Next picture").click()
    expect(plain.locator(".facts__prompt")).to_have_text("Picture 001 of a red house")
    plain.get_by_role("link", name="Delete", exact=True).click()
    plain.get_by_role("button", name="Move to trash").click()
    expect(plain.get_by_text("1 picture moved to the trash.")).to_be_visible()
    expect(plain.locator(".results__count")).to_have_text("29 pictures")
    plain.goto(f"/admin/gallery/trash/?image={library[1]}")
    plain.get_by_role("button", name="Restore").click()
    plain.goto("/admin/gallery/")
    expect(plain.locator(".results__count")).to_have_text("30 pictures")
