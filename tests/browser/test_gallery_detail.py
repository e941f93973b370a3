"""One picture in front of the list, in a real browser."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, StorageState, expect

from tests.server import Server

from .library import PARAMETERS, fill, many


@pytest.fixture(scope="module", autouse=True)
def library(server: Server) -> list[int]:
    """Eight pictures, the newest first; the second page of five begins with number 5."""
    pictures = many(8)
    pictures[1] |= {
        "metadata": {"embedded": {"parameters": PARAMETERS}},
        "tags": ["Night", "night"],
        "size": (400, 400),
    }
    return fill(server, pictures)


@pytest.fixture
def gallery(page: Page) -> Page:
    page.goto("/admin/gallery/?page_size=5")
    return page


def dialog(page: Page) -> Locator:
    return page.locator("dialog.image-dialog")


def open_picture(page: Page, place: int) -> None:
    page.locator(".card__link").nth(place).click()
    expect(dialog(page).locator(".detail:not(.detail--coming)")).to_be_visible()


def prompt(page: Page) -> Locator:
    return dialog(page).locator(".detail:not(.detail--coming) .facts__prompt")


def toasts(page: Page) -> Locator:
    return page.locator(".toast__text")


def test_picture_opens_at_its_own_address_and_back_closes_it(
    gallery: Page, library: list[int]
) -> None:
    open_picture(gallery, 1)
    assert gallery.url.endswith(f"?page_size=5&image={library[1]}")
    expect(prompt(gallery)).to_have_text("Picture 001 of a red house")
    facts = dialog(gallery).locator(".facts__list").first.locator("dd")
    expect(facts).to_have_text(
        [
            "grok-imagine-1.0", "1:1", "400 × 400", re.compile(r"^[\d.]+ KB$"),
            re.compile(r"20\d\d"), re.compile(r"20\d\d"), "Generated",
            "the request that made the picture", re.compile(r"\.jpg$"),
        ]
    )  # fmt: skip
    gallery.go_back()
    expect(dialog(gallery)).to_be_hidden()
    assert gallery.url.endswith("?page_size=5")
    expect(gallery.locator(".card__link").nth(1)).to_be_focused()
    gallery.go_forward()
    expect(prompt(gallery)).to_have_text("Picture 001 of a red house")
    gallery.keyboard.press("Escape")
    expect(dialog(gallery)).to_be_hidden()


def test_picture_can_be_linked(gallery: Page, library: list[int]) -> None:
    gallery.goto(f"/admin/gallery/?image={library[7]}&page_size=5")
    expect(prompt(gallery)).to_have_text("Picture 007 of a red house")
    gallery.get_by_role("link", name="Close").click()
    expect(dialog(gallery)).to_be_hidden()
    assert "image" not in gallery.url


def test_next_and_previous_go_across_pages(gallery: Page) -> None:
    open_picture(gallery, 4)
    gallery.get_by_role("link", name="Next picture").click()
    expect(prompt(gallery)).to_have_text("Picture 005 of a red house")
    gallery.keyboard.press("ArrowRight")
    expect(prompt(gallery)).to_have_text("Picture 006 of a blue house")
    gallery.keyboard.press("ArrowRight")
    expect(prompt(gallery)).to_have_text("Picture 007 of a red house")
    expect(gallery.get_by_role("link", name="Next picture")).to_have_count(0)
    for number in range(6, 3, -1):
        gallery.keyboard.press("ArrowLeft")
        expect(prompt(gallery)).to_contain_text(f"Picture 00{number}")
    gallery.go_back()
    expect(dialog(gallery)).to_be_hidden()


def test_neighbours_are_loaded_before_they_are_asked_for(gallery: Page, library: list[int]) -> None:
    with gallery.expect_request(f"**/images/{library[2]}/file/"):
        open_picture(gallery, 1)
    gallery.wait_for_load_state("networkidle")
    asked: list[str] = []
    gallery.on("request", lambda request: asked.append(request.url))
    gallery.keyboard.press("ArrowRight")
    expect(prompt(gallery)).to_have_text("Picture 002 of a blue house")
    assert [url for url in asked if url.endswith(f"/admin/gallery/images/{library[2]}/")] == []


def test_picture_is_zoomed_and_moved(gallery: Page) -> None:
    open_picture(gallery, 1)
    scale = dialog(gallery).locator(".stage__scale")
    expect(scale).to_have_text("Fit")
    gallery.get_by_role("button", name="Zoom in").click()
    expect(scale).to_have_text("1.4×")
    gallery.keyboard.press("+")
    expect(scale).to_have_text("2.0×")
    picture = dialog(gallery).locator(".stage__picture")
    before = picture.bounding_box()
    box = dialog(gallery).locator("image-stage").bounding_box()
    assert before and box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    gallery.mouse.move(x, y)
    gallery.mouse.down()
    gallery.mouse.move(x + 80, y + 30)
    gallery.mouse.up()
    after = picture.bounding_box()
    assert after
    assert (round(after["x"] - before["x"]), round(after["y"] - before["y"])) == (80, 30)
    gallery.mouse.wheel(0, 300)
    expect(scale).not_to_have_text("2.0×")
    gallery.keyboard.press("0")
    expect(scale).to_have_text("Fit")
    gallery.mouse.dblclick(x, y)
    expect(scale).to_have_text("2.5×")


def test_prompt_is_copied(
    new_context: Callable[..., BrowserContext], signed_in: StorageState
) -> None:
    context = new_context(
        storage_state=signed_in, permissions=["clipboard-read", "clipboard-write"]
    )
    page = context.new_page()
    page.goto("/admin/gallery/")
    open_picture(page, 0)
    page.get_by_role("button", name="Copy").click()
    expect(toasts(page)).to_have_text("Prompt copied.")
    assert page.evaluate("navigator.clipboard.readText()") == "Picture 000 of a blue house"


def test_embedded_parameters_are_shown(gallery: Page) -> None:
    open_picture(gallery, 1)
    gallery.get_by_text("Embedded generation parameters").click()
    parameters = dialog(gallery).locator(".facts__parameters")
    assert parameters.locator("dt").all_inner_texts() == list(PARAMETERS)
    assert parameters.locator("dd").all_inner_texts() == [str(v) for v in PARAMETERS.values()]


def test_picture_is_downloaded(gallery: Page) -> None:
    open_picture(gallery, 0)
    with gallery.expect_download() as download:
        gallery.get_by_role("link", name="Download").click()
    assert re.fullmatch(r"[0-9a-f]{32}\.jpg", download.value.suggested_filename)


def test_prompt_is_edited_by_keyboard_found_and_undone(gallery: Page) -> None:
    open_picture(gallery, 3)
    was = "Picture 003 of a red house"
    edit = dialog(gallery).get_by_text("Edit the prompt")
    edit.focus()
    gallery.keyboard.press("Enter")
    field = dialog(gallery).get_by_role("textbox", name="Prompt")
    expect(field).to_be_focused()
    expect(field).to_have_value(was)
    gallery.keyboard.press("Escape")
    expect(field).to_be_hidden()
    expect(edit).to_be_focused()
    gallery.keyboard.press("Enter")
    field.fill("灯塔 <b>x</b>\nf x")
    gallery.keyboard.press("Escape")
    expect(field).to_have_value("灯塔 <b>x</b>\nf x")
    field.press("Control+Enter")
    expect(prompt(gallery)).to_have_text("灯塔 <b>x</b>\nf x")
    expect(toasts(gallery)).to_have_text("Prompt saved.")
    expect(dialog(gallery).locator(".facts__list dd").nth(7)).to_have_text("edited by a person")
    gallery.goto("/admin/gallery/?search=灯塔")
    expect(gallery.locator(".card")).to_have_count(1)
    gallery.keyboard.press("Control+z")
    expect(gallery.locator(".card")).to_have_count(0)
    gallery.goto("/admin/gallery/history/")
    expect(gallery.get_by_text("Prompt edited")).to_be_visible()
    gallery.goto("/admin/gallery/?page_size=5")
    open_picture(gallery, 3)
    expect(prompt(gallery)).to_have_text(was)


def test_what_is_half_typed_stays_while_one_looks_at_other_pictures(gallery: Page) -> None:
    open_picture(gallery, 4)
    tag = gallery.get_by_role("combobox", name="Add tags")
    tag.fill("kept tag")
    tag.press("Enter")
    expect(dialog(gallery).get_by_text("kept tag", exact=True)).to_be_visible()
    tag.fill("half a tag")
    gallery.get_by_role("button", name="Remove the tag kept tag").click()
    expect(dialog(gallery).get_by_text("kept tag", exact=True)).to_have_count(0)
    expect(tag).to_have_value("half a tag")
    dialog(gallery).get_by_text("Edit the prompt").click()
    text = dialog(gallery).get_by_role("textbox", name="Prompt")
    text.fill("half a prompt")
    gallery.get_by_role("link", name="Previous picture").click()
    expect(prompt(gallery)).to_have_text("Picture 003 of a red house")
    expect(tag).to_have_value("")
    for _ in range(2):
        gallery.keyboard.press("Escape")
    expect(dialog(gallery)).to_be_hidden()
    open_picture(gallery, 4)
    expect(tag).to_have_value("half a tag")
    dialog(gallery).get_by_text("Edit the prompt").click()
    expect(text).to_have_value("half a prompt")
    gallery.get_by_role("button", name="Cancel").click()
    tag.press("Enter")
    expect(dialog(gallery).get_by_text("half a tag", exact=True)).to_be_visible()
    gallery.keyboard.press("Escape")
    gallery.keyboard.press("Escape")
    open_picture(gallery, 4)
    expect(tag).to_have_value("")
    dialog(gallery).get_by_text("Edit the prompt").click()
    expect(text).to_have_value("Picture 004 of a blue house")


def test_picture_that_is_closed_twice_at_once_leaves_the_gallery_open(gallery: Page) -> None:
    address = gallery.url
    open_picture(gallery, 0)
    gallery.evaluate("""() => {
      const page = document.querySelector("gallery-page");
      page.closeImage();
      page.closeImage();
    }""")
    expect(dialog(gallery)).to_be_hidden()
    open_picture(gallery, 1)
    gallery.keyboard.press("Escape")
    expect(dialog(gallery)).to_be_hidden()
    assert gallery.url == address


def test_prompt_is_edited_on_a_phone(phone: Page) -> None:
    phone.goto("/admin/gallery/?page_size=5")
    open_picture(phone, 4)
    dialog(phone).get_by_text("编辑提示词").tap()
    field = dialog(phone).get_by_role("textbox", name="提示词")
    field.fill("手机上写的")
    phone.get_by_role("button", name="取消").tap()
    expect(field).to_be_hidden()
    dialog(phone).get_by_text("编辑提示词").tap()
    expect(field).to_have_value("Picture 004 of a blue house")
    field.fill("手机上写的")
    phone.get_by_role("button", name="保存").tap()
    expect(prompt(phone)).to_have_text("手机上写的")
    phone.get_by_role("button", name="撤销").last.tap()
    expect(prompt(phone)).to_have_text("Picture 004 of a blue house")


def test_prompt_is_generated_again(gallery: Page) -> None:
    open_picture(gallery, 0)
    gallery.get_by_role("link", name="Generate again with this prompt").click()
    gallery.wait_for_url("**/admin/imagine/**")
    expect(gallery.get_by_label("Prompt")).to_have_value("Picture 000 of a blue house")


def test_heart_marks_the_favourite_everywhere(gallery: Page) -> None:
    open_picture(gallery, 2)
    gallery.keyboard.press("f")
    heart = dialog(gallery).get_by_role("button", name="Favourite")
    expect(heart).to_have_attribute("aria-pressed", "true")
    gallery.keyboard.press("Escape")
    card = gallery.locator(".card").nth(2).get_by_role("button", name="Favourite")
    expect(card).to_have_attribute("aria-pressed", "true")
    gallery.goto("/admin/gallery/?favorite=true")
    expect(gallery.locator(".card")).to_have_count(1)


def test_tags_are_added_completed_undone_and_removed(gallery: Page) -> None:
    open_picture(gallery, 2)
    field = gallery.get_by_role("combobox", name="Add tags")
    tags = dialog(gallery).locator(".tags__list .chip__text")
    gallery.keyboard.press("t")
    expect(field).to_be_focused()
    gallery.keyboard.type("风景，Ａ, a")
    gallery.keyboard.press("Enter")
    expect(tags).to_have_text(["Ａ", "风景"])
    expect(field).to_be_focused()
    expect(field).to_have_value("")
    gallery.keyboard.type("ni")
    expect(dialog(gallery).get_by_role("option")).to_have_text(re.compile(r"^night\s*3$"))
    gallery.keyboard.press("ArrowDown")
    gallery.keyboard.press("Enter")
    gallery.keyboard.press("Enter")
    expect(tags).to_have_text(["Ａ", "night", "风景"])
    gallery.get_by_role("button", name="Undo").last.click()
    expect(tags).to_have_text(["Ａ", "风景"])
    gallery.get_by_role("button", name="Remove the tag 风景").click()
    expect(tags).to_have_text(["Ａ"])
    gallery.get_by_role("button", name="Undo").last.click()
    expect(tags).to_have_text(["Ａ", "风景"])
    field.fill("x" * 65)
    gallery.context.allowed_errors.append("400")
    field.press("Enter")
    expect(dialog(gallery).get_by_role("alert")).to_have_text("A tag has at most 64 characters.")
    expect(field).to_have_value("x" * 65)
    gallery.keyboard.press("Escape")
    gallery.goto("/admin/gallery/?search=tag:风景")
    expect(gallery.locator(".card")).to_have_count(1)


def test_picture_is_deleted_and_the_next_one_shown(gallery: Page, server: Server) -> None:
    fill(server, [{"prompt": f"going {number}", "size": (20, 20)} for number in (1, 2)])
    gallery.reload()
    open_picture(gallery, 0)
    expect(prompt(gallery)).to_have_text("going 2")
    gallery.keyboard.press("x")
    gallery.get_by_role("button", name="Move to trash").click()
    expect(prompt(gallery)).to_have_text("going 1")
    expect(toasts(gallery)).to_have_text("1 picture moved to the trash.")
    gallery.get_by_role("link", name="Delete", exact=True).click()
    gallery.get_by_role("button", name="Delete for good").click()
    expect(prompt(gallery)).to_have_text("Picture 000 of a blue house")
    gallery.get_by_role("button", name="Undo").click()
    gallery.keyboard.press("Escape")
    expect(gallery.locator(".card").first).to_contain_text("going 2")


def test_finger_swipes_to_the_next_picture(phone: Page) -> None:
    phone.goto("/admin/gallery/?search=house&page_size=5")
    phone.locator(".card__link").first.tap()
    expect(prompt(phone)).to_contain_text("Picture 000")
    swipe(phone, -150, 0)
    expect(prompt(phone)).to_contain_text("Picture 001")
    swipe(phone, 150, 0)
    expect(prompt(phone)).to_contain_text("Picture 000")
    swipe(phone, 0, 150)
    expect(dialog(phone)).to_be_hidden()


def swipe(page: Page, dx: int, dy: int) -> None:
    client = page.context.new_cdp_session(page)
    box = page.locator("image-stage").bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 3
    client.send(
        "Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]}
    )
    for step in (0.3, 0.7, 1):
        point = {"x": x + dx * step, "y": y + dy * step}
        client.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
    client.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def test_picture_that_is_gone_is_told(gallery: Page, library: list[int]) -> None:
    gallery.context.allowed_errors.append("404")
    gallery.evaluate("document.querySelector('.card__link').dataset.image = '999999'")
    gallery.locator(".card__link").first.click()
    expect(toasts(gallery)).to_have_count(1)
    expect(dialog(gallery)).to_be_hidden()
    assert "image" not in gallery.url
