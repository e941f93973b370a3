"""Selecting many pictures and acting on them, in a real browser."""

import json
import re
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.server import Server

from .library import fill, many


@pytest.fixture(scope="module", autouse=True)
def library(server: Server) -> list[int]:
    """120 pictures; see `many`."""
    return fill(server, many(120))


@pytest.fixture
def gallery(page: Page) -> Page:
    page.goto("/admin/gallery/")
    return page


@pytest.fixture
def fresh(server: Server, page: Page, request: pytest.FixtureRequest) -> Page:
    """The page of twelve pictures of the test's own, found by its name."""
    name = re.sub(r"\W+", "", request.node.name)
    fill(server, [{"prompt": f"{name} {number}", "size": (40, 40)} for number in range(12)])
    page.goto(f"/admin/gallery/?search={name}")
    expect(page.locator(".card")).to_have_count(12)
    return page


def check(page: Page, place: int, *modifiers: str) -> None:
    card = page.locator(".card").nth(place)
    card.hover()
    card.locator(".card__check").click(modifiers=list(modifiers))


def bar(page: Page) -> Locator:
    return page.get_by_role("region", name="Selection")


def count(page: Page) -> Locator:
    return bar(page).locator("[data-count]")


def act(page: Page, name: str) -> None:
    exact = name == "Favourite"  # *Remove from favourites* has the word, too
    bar(page).get_by_role("button", name=name, exact=exact).click()


def delete(page: Page, how: str) -> None:
    act(page, "Delete")
    page.get_by_role("dialog").get_by_role("button", name=how).click()


def total(page: Page) -> Locator:
    return page.locator(".statistic__value").first


def toasts(page: Page) -> Locator:
    return page.locator(".toast__text")


def test_range_is_selected_with_shift(gallery: Page) -> None:
    check(gallery, 1)
    expect(count(gallery)).to_have_text("1 selected")
    check(gallery, 5, "Shift")
    expect(count(gallery)).to_have_text("5 selected")
    check(gallery, 3, "Shift")
    expect(gallery.locator(".card .checkbox:checked")).to_have_count(2)


def test_selection_is_kept_across_pages_filters_and_reloads(gallery: Page) -> None:
    gallery.locator("#select-page").click()
    expect(count(gallery)).to_have_text("50 selected")
    expect(bar(gallery).locator("[data-bytes]")).to_have_text(re.compile(r"^[\d.]+ (KB|MB)$"))
    gallery.locator("#bottom-page-2").click()
    expect(gallery.locator(".card").first).to_contain_text("Picture 050")
    check(gallery, 0)
    expect(count(gallery)).to_have_text("51 selected")
    gallery.get_by_label("Model").select_option("grok-imagine-1.0-edit")
    expect(gallery.locator(".results__count")).to_have_text("40 pictures")
    expect(count(gallery)).to_have_text("51 selected")
    gallery.reload()
    expect(count(gallery)).to_have_text("51 selected")
    gallery.goto("/admin/gallery/")
    expect(gallery.locator(".card .checkbox:checked")).to_have_count(50)
    act(gallery, "Clear the selection")
    expect(bar(gallery)).to_be_hidden()
    expect(gallery.locator(".card .checkbox:checked")).to_have_count(0)


def test_everything_that_matches_is_selected_but_what_is_taken_out(gallery: Page) -> None:
    gallery.get_by_label("Model").select_option("grok-imagine-1.0")
    expect(gallery.locator(".results__count")).to_have_text("80 pictures")
    check(gallery, 0)
    act(gallery, "Select all 80 that match")
    expect(count(gallery)).to_have_text("80 selected")
    expect(gallery.locator(".card .checkbox:checked")).to_have_count(50)
    check(gallery, 3)
    expect(count(gallery)).to_have_text("79 selected")
    gallery.locator("#bottom-page-2").click()
    expect(gallery.locator(".card .checkbox:checked")).to_have_count(30)
    act(gallery, "Favourite")
    expect(toasts(gallery)).to_have_text("Added 79 pictures to favourites.")
    gallery.get_by_role("button", name="Undo").click()
    expect(toasts(gallery)).to_have_text("Undone: 79 pictures are as they were.")


def test_tags_are_added_and_removed(fresh: Page) -> None:
    fresh.locator("#select-page").click()
    act(fresh, "Tags")
    dialog = fresh.get_by_role("dialog", name="Tags of 12 pictures")
    dialog.get_by_role("combobox", name="Add tags").fill("bulk，Ｂulk, other")
    dialog.get_by_role("button", name="Save").click()
    expect(toasts(fresh)).to_have_text("Tags of 12 pictures changed.")
    check(fresh, 0)
    act(fresh, "Tags")
    fresh.get_by_role("combobox", name="Remove tags").fill("BULK")
    fresh.get_by_role("button", name="Save").click()
    expect(toasts(fresh).last).to_have_text("Tags of 1 picture changed.")
    fresh.goto("/admin/gallery/?tags=bulk")
    expect(fresh.locator(".results__count")).to_have_text("11 pictures")
    fresh.goto("/admin/gallery/?tags=other")
    expect(fresh.locator(".results__count")).to_have_text("12 pictures")


def test_export_is_a_zip_of_the_selection(fresh: Page, tmp_path: Path) -> None:
    check(fresh, 0)
    check(fresh, 2)
    act(fresh, "Export")
    with fresh.expect_download() as download:
        fresh.get_by_role("dialog").get_by_role("button", name="Download").click()
    path = tmp_path / "export.zip"
    download.value.save_as(path)
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert len([name for name in archive.namelist() if name.endswith(".jpg")]) == 2
    assert download.value.suggested_filename.endswith(".zip")
    expect(toasts(fresh)).to_have_text("The archive of 2 pictures is being downloaded.")


def test_export_asks_how_shows_the_first_name_and_remembers(fresh: Page, tmp_path: Path) -> None:
    check(fresh, 0)
    check(fresh, 1)
    act(fresh, "Export")
    dialog = fresh.get_by_role("dialog", name="Export 2 pictures")
    names = dialog.get_by_label("File names")
    expect(names).to_have_value("")
    names.fill("{nothing}")
    expect(dialog.get_by_text("There is no field {nothing}.")).to_be_visible()
    dialog.get_by_role("button", name="Download").click()
    expect(dialog).to_be_visible()
    names.fill("n{width}_{id}")
    expect(dialog.locator("[data-name]")).to_have_text(re.compile(r"n40_\d+\.jpg"))
    dialog.get_by_label("Write prompt and parameters into them").check()
    with fresh.expect_download() as download:
        names.press("Enter")
    expect(dialog).to_be_hidden()
    download.value.save_as(tmp_path / "export.zip")
    with zipfile.ZipFile(tmp_path / "export.zip") as archive:
        first, second = archive.namelist()[:2]
        assert re.fullmatch(r"n40_\d+\.jpg", first)
        assert first != second
        assert b"AIPromptInformation" in archive.read(first)
    fresh.reload()
    fresh.locator(".card__link").first.click()
    fresh.locator(".detail [data-export]").click()
    dialog = fresh.get_by_role("dialog", name="Export 1 picture")
    names = dialog.get_by_label("File names")
    expect(names).to_have_value("n{width}_{id}")
    expect(dialog.get_by_label("Write prompt and parameters into them")).to_be_checked()
    names.fill("")
    dialog.get_by_label("Leave the files as they are").check()
    with fresh.expect_download() as download:
        dialog.get_by_role("button", name="Download").click()
    fresh.keyboard.press("Escape")


def test_export_of_everything_that_matches(fresh: Page, tmp_path: Path) -> None:
    check(fresh, 0)
    fresh.goto(fresh.url + "&page_size=5")
    act(fresh, "Select all 12 that match")
    act(fresh, "Export")
    with fresh.expect_download() as download:
        fresh.get_by_role("dialog").get_by_role("button", name="Download").click()
    download.value.save_as(tmp_path / "export.zip")
    with zipfile.ZipFile(tmp_path / "export.zip") as archive:
        assert len([name for name in archive.namelist() if name.endswith(".jpg")]) == 12
    fresh.goto("/admin/gallery/?page_size=50")


def test_pictures_go_to_the_trash_and_come_back(fresh: Page) -> None:
    before = int(total(fresh).inner_text())
    check(fresh, 0)
    check(fresh, 2, "Shift")
    act(fresh, "Delete")
    dialog = fresh.get_by_role("dialog")
    expect(dialog).to_contain_text("Delete 3 pictures?")
    dialog.get_by_role("button", name="Cancel").click()
    expect(fresh.locator(".card")).to_have_count(12)
    delete(fresh, "Move to trash")
    expect(toasts(fresh)).to_have_text("3 pictures moved to the trash.")
    expect(fresh.locator(".card")).to_have_count(9)
    expect(total(fresh)).to_have_text(str(before - 3))
    expect(bar(fresh)).to_be_hidden()
    fresh.get_by_role("button", name="Undo").click()
    expect(fresh.locator(".card")).to_have_count(12)
    expect(total(fresh)).to_have_text(str(before))


def test_undo_stays_for_ten_seconds(fresh: Page) -> None:
    fresh.clock.install()
    check(fresh, 0)
    delete(fresh, "Move to trash")
    undo = fresh.get_by_role("button", name="Undo")
    expect(undo).to_be_visible()
    fresh.mouse.move(5, 5)
    fresh.clock.run_for(9_000)
    expect(undo).to_be_visible()
    fresh.clock.run_for(3_000)
    expect(undo).to_have_count(0)


def test_trash_restores_and_is_emptied(fresh: Page) -> None:
    fresh.locator("#select-page").click()
    delete(fresh, "Move to trash")
    expect(fresh.get_by_text("Nothing found")).to_be_visible()
    name = fresh.url.partition("search=")[2]
    fresh.goto(f"/admin/gallery/trash/?search={name}")
    expect(fresh.locator(".card")).to_have_count(12)
    check(fresh, 0)
    act(fresh, "Restore")
    expect(toasts(fresh)).to_have_text("1 picture restored.")
    expect(fresh.locator(".card")).to_have_count(11)
    check(fresh, 0)
    act(fresh, "Delete")
    dialog = fresh.get_by_role("dialog")
    expect(dialog.get_by_role("button")).to_have_text(["Cancel", "Delete for good"])
    dialog.get_by_role("button", name="Delete for good").click()
    expect(fresh.locator(".card")).to_have_count(10)
    fresh.get_by_role("link", name="Empty the trash").click()
    dialog = fresh.get_by_role("dialog", name="Empty the trash?")
    number = re.findall(r"\d+", dialog.inner_text())[0]  # also what other tests have left there
    assert int(number) >= 10
    dialog.get_by_role("button", name="Delete for good").click()
    expect(toasts(fresh).last).to_have_text(f"{number} pictures deleted.")
    fresh.goto("/admin/gallery/trash/")
    expect(fresh.get_by_text("The trash is empty", exact=True)).to_be_visible()
    fresh.goto(f"/admin/gallery/?search={name}")
    expect(fresh.locator(".card")).to_have_count(1)


def test_pictures_are_deleted_for_good_with_their_files(fresh: Page, server: Server) -> None:
    media = Path(server.environment["MEDIA_ROOT"])
    before = len([path for path in media.rglob("*") if path.is_file()])
    fresh.locator("#select-page").click()
    delete(fresh, "Delete for good")
    expect(toasts(fresh)).to_have_text("12 pictures deleted.")
    after = len([path for path in media.rglob("*") if path.is_file()])
    assert before - after == 24


def test_what_has_gone_meanwhile_is_not_in_the_question(fresh: Page) -> None:
    ids = fresh.locator(".card").evaluate_all("cards => cards.map((card) => card.dataset.id)")
    fresh.locator("#select-page").click()
    gone = fresh.request.delete(
        f"/api/v1/admin/gallery/images/{ids[0]}/", headers={"X-CSRFToken": token(fresh)}
    )
    assert gone.status == 204
    act(fresh, "Delete")
    expect(fresh.get_by_role("dialog")).to_contain_text("Delete 11 pictures?")
    fresh.get_by_role("dialog").get_by_role("button", name="Delete for good").click()
    expect(toasts(fresh)).to_have_text("11 pictures deleted.")


def test_server_that_fails_half_way_is_told_and_the_rest_stays(server: Server, page: Page) -> None:
    """More than one step of 250: the second one fails."""
    fill(server, [{"prompt": f"halfway {number}", "size": (8, 8)} for number in range(260)])
    page.context.allowed_errors.append("503")
    steps: list[int] = []

    def answer(route: Route) -> None:
        steps.append(len(json.loads(route.request.post_data or "{}")["image_ids"]))
        if len(steps) == 2:
            route.fulfill(status=503, json={"detail": "The database does not answer."})
        else:
            route.continue_()

    page.route("**/images/trash/", answer)
    page.goto("/admin/gallery/?search=halfway")
    check(page, 0)
    act(page, "Select all 260 that match")
    delete(page, "Move to trash")
    expect(toasts(page)).to_have_text(
        "250 pictures moved to the trash. The database does not answer."
    )
    assert steps == [250, 10]
    expect(page.locator(".results__count")).to_have_text("10 pictures")


def test_server_that_is_away_changes_nothing(fresh: Page) -> None:
    fresh.context.allowed_errors.append("ERR_FAILED")
    before = total(fresh).inner_text()
    fresh.route("**/images/favorite/", lambda route: route.abort())
    heart = fresh.locator(".card").first.get_by_role("button", name="Favourite")
    heart.click()
    expect(toasts(fresh)).to_have_text(re.compile("The server did not answer"))
    expect(heart).to_have_attribute("aria-pressed", "false")
    assert total(fresh).inner_text() == before


def test_long_action_shows_progress_and_stops(fresh: Page, server: Server) -> None:
    fill(server, [{"prompt": f"slowly {number}", "size": (8, 8)} for number in range(260)])
    fresh.goto("/admin/gallery/?search=slowly")
    fresh.route("**/images/tags/", lambda route: (fresh.wait_for_timeout(1500), route.continue_()))
    check(fresh, 0)
    act(fresh, "Select all 260 that match")
    act(fresh, "Tags")
    fresh.get_by_role("combobox", name="Add tags").fill("slow")
    fresh.get_by_role("button", name="Save").click()
    progress = fresh.locator("action-progress")
    expect(progress).to_contain_text("Saving…")
    progress.get_by_role("button", name="Stop").click()
    expect(toasts(fresh)).to_have_text(
        "Tags of 250 pictures changed. Stopped; the rest is unchanged."
    )
    fresh.goto("/admin/gallery/?tags=slow")
    expect(fresh.locator(".results__count")).to_have_text("250 pictures")


def token(page: Page) -> str:
    return page.locator("meta[name=csrf-token]").get_attribute("content") or ""
