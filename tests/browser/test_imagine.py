"""The Imagine page in a real browser."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from imagine.tests.upstream import Upstream, after, pictures, send
from tests.server import Server

from .conftest import sign_in
from .test_gallery_sensitive import blurred, post

expect.set_options(timeout=20_000)  # the machine may be busy with other tests


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    with Upstream([pictures()]) as running:
        yield running


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, upstream: Upstream) -> Iterator[Server]:
    """A server whose upstream the tests command."""
    folder: Path = tmp_path_factory.mktemp("server")
    with Server(folder, IMAGINE_UPSTREAM_URL=upstream.url) as running:
        yield running


@pytest.fixture
def studio(page: Page) -> Page:
    page.goto("/admin/imagine/")
    return page


def generate(page: Page, prompt: str, number: int = 1) -> None:
    page.get_by_label("Prompt", exact=True).fill(prompt)
    page.locator(".numbers__one", has_text=str(number)).click()
    page.get_by_role("button", name="Generate").click()


def tiles(page: Page, state: str):
    return page.locator(f".tile[data-state={state}]")


def test_pictures_appear_and_stand_in_the_gallery(studio: Page, upstream: Upstream) -> None:
    upstream.replies = [after(0.3, pictures())]
    generate(studio, "a fox in the snow", 4)
    expect(studio.get_by_role("status").first).to_have_text("4 under way")
    expect(tiles(studio, "done")).to_have_count(4)
    expect(studio.get_by_role("status").first).to_have_text(
        "Done. Your pictures are in the gallery."
    )
    assert tiles(studio, "done").first.locator("img").evaluate("image => image.naturalWidth") == 96
    tiles(studio, "done").first.get_by_role("link").first.click()
    expect(studio.locator(".detail")).to_contain_text("a fox in the snow")


def test_unfinished_picture_is_shown_while_it_grows(studio: Page, upstream: Upstream) -> None:
    import base64

    from gallery.tests.drawing import draw

    encoded = base64.b64encode(draw(96, 64)).decode()

    def stream(handler):
        handler.head(200, None, Content_Type="text/event-stream")
        for kind, wait in (("partial_image", 1.0), ("completed", 0)):
            event = {"type": f"image_generation.{kind}", "b64_json": encoded}
            handler.wfile.write(f"data: {json.dumps(event)}\n\n".encode())
            handler.wfile.flush()
            upstream.stopping.wait(wait)

    upstream.replies = [stream]
    generate(studio, "a fox")
    expect(studio.locator(".tile__glimpse")).to_be_visible()
    expect(studio.locator("[data-elapsed]").last).to_contain_text(" s")
    expect(tiles(studio, "done")).to_have_count(1)
    expect(studio.locator(".tile__glimpse")).to_have_count(0)


def test_error_says_what_is_wrong_and_can_be_tried_again(studio: Page, upstream: Upstream) -> None:
    studio.context.allowed_errors.append("status of 400")  # type: ignore[attr-defined]
    refusal = {"message": "Not this one.", "code": "moderation_blocked"}
    upstream.replies = [send(400, {"error": refusal}), pictures()]
    generate(studio, "something forbidden")
    failed = tiles(studio, "failed")
    expect(failed).to_contain_text("The image model's moderation has blocked this picture.")
    expect(failed).to_contain_text("Not this one.")
    failed.get_by_role("button", name="Try again").click()
    expect(tiles(studio, "done")).to_have_count(1)


def test_leaving_the_page_loses_nothing(studio: Page, upstream: Upstream) -> None:
    upstream.replies = [after(1.0, pictures())]
    before = len(upstream.received)
    generate(studio, "kept although nobody waits")
    expect(tiles(studio, "painting")).to_have_count(1)
    while len(upstream.received) == before:
        studio.wait_for_timeout(20)
    studio.goto("/admin/gallery/")
    studio.wait_for_timeout(1500)
    studio.reload()
    expect(studio.locator(".card").first).to_contain_text("kept although nobody waits")


def test_endless_mode_goes_on_until_it_is_stopped(studio: Page, upstream: Upstream) -> None:
    upstream.replies = [after(0.1, pictures())]
    studio.locator(".toggle").click()
    generate(studio, "again and again")
    expect(tiles(studio, "done").nth(2)).to_be_visible()
    studio.get_by_role("button", name="Stop").click()
    expect(studio.get_by_role("status").first).to_have_text(
        "Done. Your pictures are in the gallery."
    )
    asked = len(upstream.received)
    studio.wait_for_timeout(500)
    assert len(upstream.received) == asked


def test_earlier_prompts_come_back(studio: Page, upstream: Upstream) -> None:
    upstream.replies = [pictures()]
    generate(studio, "a lighthouse")
    expect(tiles(studio, "done")).to_have_count(1)
    studio.goto("/admin/imagine/?prompt=other")
    expect(studio.get_by_label("Prompt", exact=True)).to_have_value("other")
    studio.get_by_text("Earlier prompts").click()
    studio.get_by_role("button", name="a lighthouse").click()
    expect(studio.get_by_label("Prompt", exact=True)).to_have_value("a lighthouse")


def test_earlier_prompts_complete_what_is_typed(studio: Page, upstream: Upstream) -> None:
    upstream.replies = [pictures()]
    generate(studio, "a castle in the clouds")
    expect(tiles(studio, "done")).to_have_count(1)
    prompt = studio.get_by_label("Prompt", exact=True)
    prompt.fill("")
    prompt.press_sequentially("cast")
    expect(studio.get_by_role("option", name="a castle in the clouds")).to_be_visible()
    prompt.press("ArrowDown")
    prompt.press("Enter")
    expect(prompt).to_have_value("a castle in the clouds")


def test_keyboard_alone_is_enough(studio: Page, upstream: Upstream) -> None:
    upstream.replies = [pictures()]
    studio.get_by_label("Prompt", exact=True).fill("typed")
    studio.get_by_label("1:1").focus()
    studio.keyboard.press("ArrowRight")
    expect(studio.get_by_label("2:3")).to_be_checked()
    studio.get_by_label("Prompt", exact=True).focus()
    studio.keyboard.press("Control+Enter")
    expect(tiles(studio, "done")).to_have_count(1)
    assert upstream.received[-1].json["aspect_ratio"] == "2:3"


def test_page_fits_a_phone_and_speaks_chinese(
    new_context: Callable[..., BrowserContext], server: Server
) -> None:
    context = new_context(
        viewport={"width": 390, "height": 844}, locale="zh-CN", color_scheme="dark"
    )
    page = context.new_page()
    sign_in(page, server)
    page.goto("/admin/imagine/")
    expect(page.get_by_role("button", name="生成", exact=True)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_picture_is_edited_and_keeps_its_shape(
    studio: Page, upstream: Upstream, tmp_path: Path
) -> None:
    from gallery.tests.drawing import draw

    (tmp_path / "source.png").write_bytes(draw(96, 64, format="PNG"))
    upstream.replies = [pictures()]
    studio.locator("input[type=file]").set_input_files(tmp_path / "source.png")
    expect(studio.get_by_label("Same")).to_be_checked()
    generate(studio, "make it night")
    expect(tiles(studio, "done")).to_have_count(1)
    assert upstream.received[-1].path == "/v1/images/edits"
    assert b'name="image"' in upstream.received[-1].content
    assert b"aspect_ratio" not in upstream.received[-1].content
    studio.get_by_role("button", name="Remove").click()
    expect(studio.get_by_label("1:1")).to_be_checked()
    generate(studio, "from words alone")
    expect(tiles(studio, "done")).to_have_count(2)
    assert upstream.received[-1].path == "/v1/images/generations"


def test_picture_of_the_gallery_is_edited(studio: Page, upstream: Upstream) -> None:
    upstream.replies = [pictures()]
    generate(studio, "the parent")
    expect(tiles(studio, "done")).to_have_count(1)
    tiles(studio, "done").get_by_role("link").first.click()
    studio.get_by_role("link", name="Edit this picture").click()
    expect(studio.locator(".source img")).to_have_count(1)
    generate(studio, "the child")
    expect(tiles(studio, "done")).to_have_count(1)
    assert upstream.received[-1].path == "/v1/images/edits"


def test_sensitive_picture_stays_blurred_when_it_is_edited(
    studio: Page, upstream: Upstream
) -> None:
    upstream.replies = [pictures()]
    generate(studio, "to be marked")
    made = tiles(studio, "done")
    made.get_by_role("button", name="Edit this picture").click()
    expect(studio.locator(".source img")).to_have_count(1)
    assert blurred(studio, ".source img") == [False]
    link = made.get_by_role("link").first.get_attribute("href") or ""
    post(studio, "nsfw/", image_ids=[int(link.rpartition("=")[2])])
    studio.goto("/admin/imagine/")
    studio.get_by_role("button", name="Edit this picture").first.click()
    expect(studio.locator(".source img")).to_have_count(1)
    assert blurred(studio, ".source img") == [True]


def test_file_that_is_no_picture_is_refused(studio: Page, tmp_path: Path) -> None:
    (tmp_path / "notes.png").write_text("no picture")
    studio.locator("input[type=file]").set_input_files(tmp_path / "notes.png")
    expect(studio.get_by_text("This file is no picture.")).to_be_visible()
    expect(studio.locator(".source")).to_have_count(0)
