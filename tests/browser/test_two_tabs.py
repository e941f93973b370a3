"""What one tab shows of what another one does, and of pictures that are gone."""

import pytest
from playwright.sync_api import Page, expect

from tests.server import Server

from .conftest import sign_in
from .library import fill, many

API = "/api/v1/admin/gallery/images/"


@pytest.fixture(scope="module", autouse=True)
def library(server: Server) -> list[int]:
    return fill(server, many(6))


def change(page: Page, path: str, **values: object) -> None:
    token = page.locator("meta[name=csrf-token]").get_attribute("content") or ""
    answer = page.request.post(API + path, data=values, headers={"X-CSRFToken": token})
    assert answer.ok, answer.text()


@pytest.mark.parametrize("view", ["grid", "list"])
def test_hearts_and_deletions_of_another_tab_are_shown(
    page: Page, library: list[int], view: str
) -> None:
    page.goto(f"/admin/gallery/?view={view}")
    page.evaluate("window.sameDocument = true")
    loved, gone = (page.locator(f"[data-id='{pk}']") for pk in library[1:3])
    heart = loved.locator("[data-favorite]")
    for favorite in (True, False):
        change(page, "favorite/", image_ids=[library[1]], favorite=favorite)
        expect(heart).to_have_attribute("aria-pressed", str(favorite).lower(), timeout=15_000)
    change(page, "trash/", image_ids=[library[2]])
    expect(gone).to_have_class(f"{'card' if view == 'grid' else 'image-row'} gone", timeout=15_000)
    expect(page.locator("gallery-page [data-id]")).to_have_count(6)  # nothing jumps
    change(page, "restore/", image_ids=[library[2]])
    expect(gone).not_to_have_class("gone", timeout=15_000)
    assert page.evaluate("window.sameDocument") is True


@pytest.mark.parametrize("name", ["999999", "abc"])
def test_link_to_a_picture_that_is_gone_says_so(page: Page, name: str) -> None:
    page.goto(f"/admin/gallery/?view=grid&image={name}")
    expect(page.locator(".messages")).to_contain_text(f"Picture {name} is not there")
    expect(page.locator(".card")).to_have_count(6)
    expect(page).to_have_url("/admin/gallery/?view=grid")
    page.locator(".card__link").first.click()
    expect(page.locator(".image-dialog[open] .detail")).to_be_visible()
    page.go_back()
    expect(page.locator(".image-dialog[open]")).to_have_count(0)


def test_tab_that_is_older_than_the_login_goes_on(
    page: Page, server: Server, library: list[int]
) -> None:
    """The last test here: it ends the session that the others share."""
    page.context.allowed_errors.append("EventSource's response")
    page.goto("/admin/gallery/")
    other = page.context.new_page()
    other.goto("/admin/gallery/")
    other.get_by_label("Menu").click()
    other.get_by_role("button", name="Log out").click()
    sign_in(other, server)
    heart = page.locator(f"[data-favorite='{library[4]}']").first
    heart.click()
    expect(heart).to_have_attribute("aria-pressed", "true")
