"""Emptying the trash: what is asked, how far it is, and what is told of it."""

import json

import pytest
from playwright.sync_api import Page, Route, expect

from tests.server import Server

from .library import fill

TRASH = "/admin/gallery/trash/"


@pytest.fixture
def trash(server: Server, page: Page) -> Page:
    """The trash with 260 pictures: more than one step of 250."""
    page.goto(TRASH)
    token = page.locator("meta[name=csrf-token]").get_attribute("content") or ""
    there = page.request.get(f"{TRASH.replace('trash/', 'live/selection/')}?trash=only").json()
    wanted = 260 - there["count"]
    if wanted:
        ids = fill(server, [{"prompt": "to go", "size": (8, 8)} for _ in range(wanted)])
        moved = page.request.post(
            "/api/v1/admin/gallery/images/trash/",
            data={"image_ids": ids},
            headers={"X-CSRFToken": token},
        )
        assert moved.json() == {"trashed": wanted, "failed": []}
    page.goto(TRASH)
    expect(page.locator(".results__count")).to_have_text("260 pictures")
    return page


def ask(page: Page) -> None:
    page.get_by_role("link", name="Empty the trash").click()
    expect(page.get_by_role("dialog")).to_contain_text(
        "Empty the trash? 260 pictures will be deleted."
    )


def empty(page: Page) -> None:
    ask(page)
    page.get_by_role("dialog").get_by_role("button", name="Delete for good").click()


def test_asks_with_the_count_of_all_and_may_be_called_off(trash: Page) -> None:
    trash.goto(f"{TRASH}?search=go&page=2")
    ask(trash)
    trash.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    trash.reload()
    expect(trash.locator(".results__count")).to_have_text("260 pictures")


def test_key_for_tags_does_nothing_in_the_trash(trash: Page) -> None:
    trash.locator("[data-id] .checkbox").first.check(force=True)
    expect(trash.locator("selection-bar")).to_contain_text("1 selected")
    trash.keyboard.press("t")
    trash.keyboard.press("Escape")  # which says something, unlike the key before
    expect(trash.locator(".toast__text")).to_have_text("1 picture deselected.")


def test_step_that_fails_is_told_and_the_rest_stays(trash: Page) -> None:
    trash.context.allowed_errors.append("503")  # type: ignore[attr-defined]
    steps: list[int] = []

    def answer(route: Route) -> None:
        steps.append(len(json.loads(route.request.post_data or "{}")["image_ids"]))
        if len(steps) == 2:
            route.fulfill(status=503, json={"detail": "The database does not answer."})
        else:
            route.continue_()

    trash.route("**/images/delete/", answer)
    empty(trash)
    expect(trash.locator(".toast__text")).to_have_text(
        "250 pictures deleted. The database does not answer."
    )
    assert steps == [250, 10]
    expect(trash.locator(".results__count")).to_have_text("10 pictures")
    expect(trash.get_by_role("link", name="Empty the trash")).to_be_visible()


def test_shows_how_far_it_is_and_can_be_stopped(trash: Page) -> None:
    trash.route(
        "**/images/delete/", lambda route: (trash.wait_for_timeout(1500), route.continue_())
    )
    empty(trash)
    progress = trash.locator("action-progress")
    expect(progress).to_contain_text("Deleting…")
    progress.get_by_role("button", name="Stop").click()
    expect(trash.locator(".toast__text")).to_have_text(
        "250 pictures deleted. Stopped; the rest is unchanged."
    )
    expect(trash.locator(".results__count")).to_have_text("10 pictures")


def test_empties_it_all(trash: Page) -> None:
    empty(trash)
    expect(trash.locator(".toast__text")).to_have_text("260 pictures deleted.")
    expect(trash.get_by_text("The trash is empty", exact=True)).to_be_visible()
    expect(trash.get_by_role("link", name="Empty the trash")).to_be_hidden()
    assert trash.url.endswith(TRASH)
