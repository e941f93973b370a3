"""What is selected stays what was selected, and what was done can be undone, in a real browser."""

import json
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.server import Server

from .library import fill
from .test_gallery_selection import act, bar, check, count, delete, toasts, token

API = "/api/v1/admin/gallery/"


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    return re.sub(r"\W+", "", request.node.name)


@pytest.fixture
def six(server: Server, page: Page, name: str) -> Page:
    """Six pictures of the test's own, three on a page; the newest two are favourites."""
    fill(
        server,
        [
            {"prompt": f"{name} {n}", "size": (9, 9), "minutes_ago": n, "favorite": n < 2}
            for n in range(6)
        ],
    )
    page.goto(f"/admin/gallery/?search={name}&page_size=3")
    expect(page.locator(".card")).to_have_count(3)
    return page


def listed(page: Page, query: str) -> list[dict[str, Any]]:
    return page.request.get(f"{API}images/?page_size=200&{query}").json()["results"]


def favorites(page: Page, name: str) -> list[bool]:
    return [each["favorite"] for each in listed(page, f"search={name}")]


def test_what_arrives_after_select_all_is_not_deleted_with_it(
    six: Page, server: Server, name: str
) -> None:
    check(six, 0)
    act(six, "Select all 6 that match")
    expect(count(six)).to_have_text("6 selected")
    fill(server, [{"prompt": f"{name} late", "size": (9, 9)}])
    act(six, "Delete")
    dialog = six.get_by_role("dialog")
    expect(dialog).to_contain_text("Delete 6 pictures?")
    expect(dialog).to_contain_text("3 of them are not on this page.")
    dialog.get_by_role("button", name="Delete for good").click()
    expect(toasts(six)).to_have_text("6 pictures deleted.")
    assert [each["prompt"] for each in listed(six, f"search={name}")] == [f"{name} late"]


def test_undo_keeps_the_favourites_that_were_there_before(six: Page, name: str) -> None:
    check(six, 0)
    act(six, "Select all 6 that match")
    expect(count(six)).to_have_text("6 selected")
    act(six, "Favourite")
    expect(toasts(six)).to_have_text("Added 6 pictures to favourites.")
    six.get_by_role("button", name="Undo").click()
    expect(toasts(six)).to_have_text("Undone: 4 pictures are as they were.")
    assert favorites(six, name) == [True, True, False, False, False, False]
    six.get_by_role("button", name="Redo").click()
    expect(toasts(six)).to_have_text("Redone: 4 pictures.")
    assert favorites(six, name) == [True] * 6


@pytest.mark.parametrize(
    ("button", "told", "undone"),
    [
        ("Remove from favourites", "Removed 6 pictures from favourites.", 2),
        ("Tags", "Tags of 6 pictures changed.", 6),
        ("Mark as sensitive", "6 pictures marked as sensitive.", 6),
    ],
)
def test_every_change_of_the_bar_has_its_undo(
    six: Page, name: str, button: str, told: str, undone: int
) -> None:
    before = listed(six, f"search={name}")
    check(six, 0)
    act(six, "Select all 6 that match")
    expect(count(six)).to_have_text("6 selected")
    if button == "Mark as sensitive":
        bar(six).locator("[data-sensitive-menu]").click()
    act(six, button)
    if button == "Tags":
        six.get_by_role("combobox", name="Add tags").fill("six")
        six.get_by_role("button", name="Save").click()
    expect(toasts(six)).to_have_text(told)
    assert listed(six, f"search={name}") != before
    six.reload()
    six.keyboard.press("Control+z")
    text = f"Undone: {undone} pictures are as they were."
    expect(toasts(six)).to_have_text(text)
    assert listed(six, f"search={name}") == before


def test_select_all_but_one_exports_the_rest(six: Page, tmp_path: Path) -> None:
    check(six, 0)
    act(six, "Select all 6 that match")
    expect(count(six)).to_have_text("6 selected")
    check(six, 1)
    expect(count(six)).to_have_text("5 selected")
    act(six, "Export")
    with six.expect_download() as download:
        six.get_by_role("dialog").get_by_role("button", name="Download").click()
    download.value.save_as(tmp_path / "export.zip")
    with zipfile.ZipFile(tmp_path / "export.zip") as archive:
        assert len([each for each in archive.namelist() if each.endswith(".jpg")]) == 5
    expect(toasts(six)).to_have_text("The archive of 5 pictures is being downloaded.")


def test_ticks_of_other_lists_count_beside_select_all(six: Page, server: Server, name: str) -> None:
    other = name[::-1]
    fill(server, [{"prompt": f"{other} {n}", "size": (9, 9)} for n in range(2)])
    six.goto(f"/admin/gallery/?search={other}")
    check(six, 0)
    six.goto(f"/admin/gallery/?search={name}&page_size=3")
    act(six, "Select all 6 that match")
    expect(count(six)).to_have_text("7 selected")
    check(six, 2)
    six.goto(f"/admin/gallery/?search={other}")
    expect(six.locator(".card .checkbox:checked")).to_have_count(1)
    check(six, 1)
    expect(count(six)).to_have_text("7 selected")
    bar(six).get_by_role("button", name="5 not on this page").click()
    expect(six.locator(".results__count")).to_have_text("7 pictures")
    expect(six.locator(".chips")).to_have_text("Selected pictures")
    six.go_back()
    expect(six.locator(".card .checkbox:checked")).to_have_count(2)
    act(six, "Favourite")
    expect(toasts(six)).to_have_text("Added 7 pictures to favourites.")
    assert favorites(six, other) == [True, True]
    assert favorites(six, name).count(False) == 1


def test_number_that_becomes_smaller_while_it_is_asked_is_asked_again(six: Page, name: str) -> None:
    six.locator("#select-page").click()
    act(six, "Delete")
    dialog = six.get_by_role("dialog")
    expect(dialog).to_contain_text("Delete 3 pictures?")
    first = listed(six, f"search={name}")[0]["id"]
    gone = six.request.delete(f"{API}images/{first}/", headers={"X-CSRFToken": token(six)})
    assert gone.status == 204
    dialog.get_by_role("button", name="Move to trash").click()
    expect(dialog).to_contain_text("Delete 2 pictures?")
    dialog.get_by_role("button", name="Move to trash").click()
    expect(toasts(six)).to_have_text("2 pictures moved to the trash.")


def test_removal_offers_the_selections_own_tags(six: Page, server: Server, name: str) -> None:
    fill(server, [{"prompt": f"{name} tagged", "size": (9, 9), "tags": [f"t{name}"[:60]]}])
    six.reload()
    six.locator("#select-page").click()
    act(six, "Tags")
    six.get_by_role("combobox", name="Remove tags").focus()
    expect(six.locator(".completion:visible li")).to_have_text([f"t{name}"[:60] + "1"])


def test_keys_select_undo_and_step_back(six: Page, name: str) -> None:
    six.locator("#results").focus()
    six.keyboard.press("Control+a")
    expect(count(six)).to_have_text("3 selected")
    six.keyboard.press("Control+a")
    expect(count(six)).to_have_text("6 selected")
    six.keyboard.press("Escape")
    expect(bar(six)).to_be_hidden()
    expect(toasts(six)).to_have_text("6 pictures deselected.")
    six.keyboard.press("Control+z")
    expect(count(six)).to_have_text("6 selected")
    act(six, "Tags")
    field = six.get_by_role("combobox", name="Add tags")
    field.fill("half a tag")
    six.keyboard.press("Escape")
    expect(six.get_by_role("dialog")).to_be_visible()
    six.keyboard.press("Escape")
    expect(six.get_by_role("dialog")).to_be_hidden()
    expect(count(six)).to_have_text("6 selected")
    act(six, "Tags")
    expect(field).to_have_value("half a tag")


def test_steps_of_a_long_action_are_undone_as_one(server: Server, page: Page, name: str) -> None:
    fill(server, [{"prompt": f"{name} {n}", "size": (8, 8)} for n in range(260)])
    steps: list[int] = []

    def note(route: Route) -> None:
        steps.append(len(json.loads(route.request.post_data or "{}")["image_ids"]))
        route.continue_()

    page.route("**/images/favorite/", note)
    page.goto(f"/admin/gallery/?search={name}")
    check(page, 0)
    act(page, "Select all 260 that match")
    act(page, "Favourite")
    expect(toasts(page)).to_have_text("Added 260 pictures to favourites.")
    assert steps == [250, 10]
    page.get_by_role("button", name="Undo").click()
    expect(toasts(page)).to_have_text("Undone: 260 pictures are as they were.")


def test_undo_in_the_middle_of_a_long_action_is_of_nothing_that_is_half_done(
    server: Server, page: Page, name: str
) -> None:
    fill(server, [{"prompt": f"{name} {n}", "size": (8, 8)} for n in range(260)])
    held: list[Route] = []

    def hold_the_second(route: Route) -> None:
        if len(json.loads(route.request.post_data or "{}")["image_ids"]) == 10:
            held.append(route)
        else:
            route.continue_()

    page.route("**/images/favorite/", hold_the_second)
    page.goto(f"/admin/gallery/?search={name}")
    check(page, 0)
    act(page, "Select all 260 that match")
    with page.expect_request(lambda request: '"change"' in (request.post_data or "")):
        act(page, "Favourite")
    page.keyboard.press("Control+z")
    while not held:
        page.wait_for_timeout(20)
    held.pop().continue_()
    expect(toasts(page)).to_have_text("Added 260 pictures to favourites.")
    page.keyboard.press("Control+z")
    expect(toasts(page).last).to_have_text("Undone: 260 pictures are as they were.")


def test_history_shows_what_was_done_and_undoes_it(six: Page, name: str) -> None:
    six.locator("#select-page").click()
    delete(six, "Move to trash")
    expect(toasts(six)).to_have_text("3 pictures moved to the trash.")
    six.goto("/admin/gallery/history/")
    line = six.locator(".history__line").first
    expect(line).to_contain_text("Moved to the trash")
    expect(line).to_contain_text("3 pictures")
    line.get_by_role("button", name="Undo").click()
    expect(six.get_by_text("Done: 3 pictures were put back.")).to_be_visible()
    assert len(listed(six, f"search={name}")) == 6
    six.locator(".history__line").first.get_by_role("button", name="Redo").click()
    expect(six.get_by_text("Done: 3 pictures were put back.")).to_be_visible()
    assert len(listed(six, f"search={name}")) == 3
