"""The list pages by keyboard and by dropped files, in a real browser."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from gallery.tests.drawing import draw
from tests.server import Server

from .library import fill, many

DROP = """([bytes, name]) => {
  const transfer = new DataTransfer();
  transfer.items.add(new File([new Uint8Array(bytes)], name, {type: "image/jpeg"}));
  for (const type of ["dragenter", "dragover", "drop"]) {
    document.body.dispatchEvent(
      new DragEvent(type, {dataTransfer: transfer, bubbles: true, cancelable: true})
    );
    if (type === "dragenter") {
      window.dropShown = !document.querySelector(".drop").hidden;
    }
  }
}"""


@pytest.fixture(scope="module", autouse=True)
def library(server: Server) -> list[int]:
    return fill(server, many(12))


@pytest.fixture
def gallery(page: Page) -> Page:
    page.goto("/admin/gallery/?view=grid")
    return page


def focused(page: Page) -> str:
    text = page.evaluate("document.activeElement.closest('[data-id]')?.innerText ?? ''")
    return text[:11].strip()


def test_arrows_move_enter_opens_space_selects(gallery: Page) -> None:
    gallery.keyboard.press("ArrowRight")
    assert focused(gallery) == "Picture 000"
    columns = gallery.evaluate(
        "getComputedStyle(document.querySelector('.grid')).gridTemplateColumns.split(' ').length"
    )
    gallery.keyboard.press("ArrowDown")
    assert focused(gallery) == f"Picture {columns:03}"
    gallery.keyboard.press("ArrowRight")
    gallery.keyboard.press("ArrowUp")
    assert focused(gallery) == "Picture 001"
    gallery.keyboard.press(" ")
    gallery.keyboard.press("End")
    assert focused(gallery) == "Picture 011"
    gallery.keyboard.press("Shift+ ")
    expect(gallery.locator("[data-count]")).to_have_text("11 selected")
    gallery.keyboard.press("Escape")
    expect(gallery.locator("[data-count]")).to_be_hidden()
    gallery.keyboard.press("Home")
    gallery.keyboard.press("Enter")
    expect(gallery.locator(".detail:not(.detail--coming) .facts__prompt")).to_have_text(
        "Picture 000 of a blue house"
    )


def test_letters_search_switch_views_and_help(gallery: Page) -> None:
    gallery.keyboard.press("l")
    expect(gallery.locator("tbody tr")).to_have_count(12)
    gallery.keyboard.press("g")
    expect(gallery.locator(".card")).to_have_count(12)
    gallery.keyboard.press("/")
    expect(gallery.get_by_role("searchbox")).to_be_focused()
    gallery.keyboard.type("glx?")
    expect(gallery.get_by_role("searchbox")).to_have_value("glx?")
    gallery.get_by_role("searchbox").fill("")
    gallery.locator("h1").click(force=True)
    gallery.keyboard.press("?")
    help_dialog = gallery.get_by_role("dialog", name="Keyboard")
    expect(help_dialog).to_be_visible()
    expect(help_dialog.locator("dd")).to_have_count(13)
    gallery.keyboard.press("Escape")
    expect(help_dialog).to_be_hidden()


def test_letters_act_on_the_focused_picture(gallery: Page) -> None:
    gallery.keyboard.press("ArrowRight")
    gallery.keyboard.press("f")
    heart = gallery.locator(".card").first.get_by_role("button", name="Favourite")
    expect(heart).to_have_attribute("aria-pressed", "true")
    gallery.keyboard.press("x")
    gallery.get_by_role("button", name="Move to trash").click()
    expect(gallery.locator(".card")).to_have_count(11)
    gallery.wait_for_function("() => document.activeElement.matches('.card__link')")
    assert focused(gallery) == "Picture 001"
    gallery.get_by_role("button", name="Undo").click()
    expect(gallery.locator(".card")).to_have_count(12)
    gallery.keyboard.press("ArrowRight")
    gallery.keyboard.press("t")
    expect(gallery.get_by_role("combobox", name="Add tags")).to_be_focused()


def test_keys_pressed_while_a_picture_is_on_its_way_are_done_when_it_is_there(
    gallery: Page, library: list[int]
) -> None:
    held: list[Route] = []
    later = re.compile(rf"/images/({library[5]}|{library[6]})/\?")
    gallery.route(later, lambda route: held.append(route))
    gallery.locator(f".card__link[data-image='{library[4]}']").click()
    prompt = gallery.locator(".detail:not(.detail--coming) .facts__prompt")
    expect(prompt).to_have_text("Picture 004 of a blue house")
    with gallery.expect_response("**/preferences/"):  # asked for with the first key
        gallery.keyboard.press("0")
    for key in ("ArrowRight", "f", "ArrowRight", "t"):
        gallery.keyboard.press(key)
    expect(gallery.locator(".detail--coming .facts__prompt")).to_have_text(
        "Picture 005 of a red house"
    )
    with gallery.expect_response("**/images/favorite/") as marked:
        held.pop(0).continue_()
    assert marked.value.request.post_data_json == {"image_ids": [library[5]], "favorite": True}
    held.pop(0).continue_()
    expect(prompt).to_have_text("Picture 006 of a blue house")
    expect(gallery.get_by_role("combobox", name="Add tags")).to_be_focused()


def test_files_are_dropped_and_chosen(gallery: Page, tmp_path: Path) -> None:
    gallery.evaluate(DROP, [list(draw(50, 50, color="#123456")), "dropped.jpg"])
    assert gallery.evaluate("window.dropShown") is True
    expect(gallery.locator(".toast__text")).to_have_text("1 picture added.")
    expect(gallery.locator(".card")).to_have_count(13)
    expect(gallery.locator(".statistic__value").first).to_have_text("13")
    good, bad = tmp_path / "good.png", tmp_path / "bad.png"
    good.write_bytes(draw(30, 30, color="#654321", format="PNG"))
    bad.write_bytes(b"no picture")
    gallery.context.allowed_errors.append("400")
    with gallery.expect_file_chooser() as chooser:
        gallery.get_by_role("button", name="Upload pictures").click()
    chooser.value.set_files([good, bad])
    told = gallery.locator(".toast__text").last
    expect(told).to_contain_text("1 picture added. 1 file was not added: bad.png:")
    expect(gallery.locator(".card")).to_have_count(14)


def test_picture_that_nobody_has_seen_yet_is_not_deleted_without_a_question(
    gallery: Page, library: list[int]
) -> None:
    held: list[Route] = []
    gallery.route(re.compile(rf"/images/{library[5]}/\?"), lambda route: held.append(route))
    gallery.locator(f".card__link[data-image='{library[4]}']").click()
    prompt = gallery.locator(".detail:not(.detail--coming) .facts__prompt")
    expect(prompt).to_have_text("Picture 004 of a blue house")
    with gallery.expect_response("**/preferences/"):  # asked for with the first key
        gallery.keyboard.press("0")
    gallery.keyboard.press("ArrowRight")
    gallery.keyboard.press("Delete")
    expect(gallery.locator(".detail--coming")).to_be_visible()
    held.pop(0).continue_()
    expect(prompt).to_have_text("Picture 005 of a red house")
    expect(gallery.get_by_role("dialog").last).to_contain_text("Delete")
    expect(gallery.locator("confirm-dialog dialog")).to_be_visible()
