"""The Imagine page in a real browser."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

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


def held(upstream: Upstream) -> Event:
    """From now on the upstream answers when this is set."""
    released = Event()

    def reply(handler: Any) -> None:
        released.wait(60)
        pictures()(handler)

    upstream.replies = [reply]
    return released


def test_pictures_appear_and_stand_in_the_gallery(studio: Page, upstream: Upstream) -> None:
    upstream.replies = [after(0.3, pictures())]
    generate(studio, "a fox in the snow", 4)
    expect(studio.get_by_role("status").first).to_have_text("4 in progress")
    expect(tiles(studio, "done")).to_have_count(4)
    expect(studio.get_by_role("status").first).to_have_text(
        "Done. Your pictures are in the gallery."
    )
    made = tiles(studio, "done").first.locator("img")
    expect(made).to_have_count(1)  # its glimpse gives way once it is there
    assert made.evaluate("image => image.naturalWidth") == 96
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


def test_error_that_says_all_is_not_said_twice(studio: Page, upstream: Upstream) -> None:
    def hang_up(handler: Any) -> None:
        handler.close_connection = True

    studio.context.allowed_errors.append("status of")  # type: ignore[attr-defined]
    upstream.replies = [hang_up]
    generate(studio, "something cut off")
    failed = tiles(studio, "failed").filter(has_text="something cut off")
    expect(failed).to_contain_text("The connection to the image model was lost.")
    expect(failed.locator("[data-detail]")).to_be_hidden()


def test_leaving_the_page_loses_nothing(studio: Page, upstream: Upstream) -> None:
    """All that were asked come, also those that were still waiting; a reload shows them."""
    released = held(upstream)
    generate(studio, "kept although nobody waits", 8)
    expect(tiles(studio, "painting")).to_have_count(4)
    assert tiles(studio, "waiting").count() == 4
    studio.goto("/admin/gallery/")
    studio.goto("/admin/imagine/")
    under_way = studio.locator(".tile[data-state=waiting], .tile[data-state=painting]")
    expect(under_way).to_have_count(8)
    expect(under_way.first).to_contain_text("kept although nobody waits")
    released.set()
    expect(under_way).to_have_count(0)
    studio.goto("/admin/gallery/?search=although")
    expect(studio.locator(".card")).to_have_count(8)


def test_finished_tile_opens_over_the_page(studio: Page, upstream: Upstream) -> None:
    upstream.replies = [pictures(), after(3, pictures())]
    generate(studio, "opened over the page")
    expect(tiles(studio, "done")).to_have_count(1)
    generate(studio, "still on its way")
    tiles(studio, "done").get_by_role("link").first.click()
    detail = studio.get_by_role("dialog").locator(".detail")
    expect(detail).to_contain_text("opened over the page")
    detail.get_by_role("button", name="Favourite").click()
    expect(detail.get_by_role("button", name="Favourite")).to_have_attribute("aria-pressed", "true")
    studio.wait_for_function(
        "() => Object.keys(sessionStorage).some((name) => /^changes[.][0-9]+$/.test(name))"
    )
    studio.keyboard.press("Escape")
    expect(studio.get_by_role("dialog")).to_have_count(0)
    assert studio.url.endswith("/admin/imagine/")
    tiles(studio, "done").get_by_role("link").first.click()
    expect(detail).to_be_visible()
    studio.go_back()
    expect(studio.get_by_role("dialog")).to_have_count(0)
    expect(tiles(studio, "done")).to_have_count(2)


def test_picture_over_the_page_offers_nothing_that_leaves_it(
    studio: Page, upstream: Upstream
) -> None:
    upstream.replies = [pictures()]
    generate(studio, "nothing leaves")
    expect(tiles(studio, "done")).to_have_count(1)
    tiles(studio, "done").get_by_role("link").first.click()
    detail = studio.get_by_role("dialog").locator(".detail")
    expect(detail.get_by_role("button", name="Favourite")).to_be_visible()
    for name in ("Sensitive", "Add"):
        expect(detail.get_by_role("button", name=name, exact=True)).to_have_count(0)
    expect(detail.get_by_role("link", name="Delete")).to_have_count(0)
    expect(detail.get_by_role("textbox")).to_have_count(0)
    leading = detail.locator(".facts__body a")
    assert set(leading.evaluate_all("links => links.map(({target}) => target)")) == {"_blank"}


def test_latest_picture_that_was_opened_is_shown(studio: Page, upstream: Upstream) -> None:
    upstream.replies = [pictures()]
    for number, prompt in enumerate(("slow to open", "quick to open"), 1):
        generate(studio, prompt)
        expect(tiles(studio, "done")).to_have_count(number)
    slow, quick = (
        tiles(studio, "done").filter(has_text=prompt).locator("[data-open]").get_attribute(
            "data-open"
        )
        for prompt in ("slow to open", "quick to open")
    )  # fmt: skip
    kept: list[Route] = []
    studio.route(f"**/images/{slow}/?image={slow}", lambda route: kept.append(route))
    studio.evaluate(
        "ids => ids.forEach(id => document.querySelector('picture-over').open(id))", [slow, quick]
    )
    prompt = studio.get_by_role("dialog").locator("[data-prompt]")
    expect(prompt).to_have_text("quick to open")
    with studio.expect_response(f"**/images/{slow}/?image={slow}"):
        kept[0].continue_()
    studio.wait_for_timeout(300)
    expect(prompt).to_have_text("quick to open")


def test_lost_answer_is_asked_for_again_and_paid_once(studio: Page, upstream: Upstream) -> None:
    studio.context.allowed_errors.append("net::ERR")  # type: ignore[attr-defined]
    released = held(upstream)
    before = len(upstream.received)
    lost: list[int] = []

    def lose(route: Route) -> None:
        if lost:
            route.continue_()
            return
        lost.append(route.fetch().status)  # the server has taken them
        route.abort()

    studio.route("**/v1/images/generations", lose)
    generate(studio, "answer lost", 4)
    failed = tiles(studio, "failed").filter(has_text="answer lost")
    expect(failed).to_have_count(4)
    assert lost == [202]
    failed.first.get_by_role("button", name="Try again").click()
    expect(tiles(studio, "painting")).to_have_count(4)
    released.set()
    expect(tiles(studio, "done")).to_have_count(4)
    assert len(upstream.received) - before == 4


def test_server_behind_a_proxy_may_restart(studio: Page, upstream: Upstream) -> None:
    studio.context.allowed_errors.append("status of 502")  # type: ignore[attr-defined]
    upstream.replies = [pictures()]
    before = len(upstream.received)
    away: list[Route] = []

    def restart(route: Route) -> None:
        if away:
            route.continue_()
            return
        away.append(route)
        route.fulfill(status=502, content_type="text/html", body="<h1>502 Bad Gateway</h1>")

    studio.route("**/v1/images/tasks/*", restart)
    generate(studio, "while it restarts")
    waiting = tiles(studio, "waiting").filter(has_text="while it restarts")
    expect(waiting).to_contain_text("The server cannot be reached.")
    expect(tiles(studio, "done")).to_have_count(1)
    assert len(upstream.received) - before == 1


def test_picture_left_before_the_answer_is_cancelled(studio: Page, upstream: Upstream) -> None:
    released = held(upstream)
    generate(studio, "all places taken", 4)
    expect(tiles(studio, "painting")).to_have_count(4)
    kept: list[Route] = []
    studio.route("**/v1/images/generations", lambda route: kept.append(route))
    generate(studio, "left at once")
    left = tiles(studio, "waiting").filter(has_text="left at once")
    left.get_by_role("button", name="Cancel").click()
    expect(left).to_have_count(0)
    expect(studio.get_by_role("status").first).to_have_text("4 in progress")
    with studio.expect_response(lambda one: one.request.method == "DELETE") as cancelled:
        kept[0].continue_()
    assert cancelled.value.status == 204
    released.set()
    expect(tiles(studio, "done")).to_have_count(4)


def test_failure_that_was_tried_again_does_not_come_back(studio: Page, upstream: Upstream) -> None:
    studio.context.allowed_errors.append("status of 4")  # type: ignore[attr-defined]
    upstream.replies = [send(400, {"error": {"message": "no"}}), pictures()]
    generate(studio, "came in the end")
    failed = tiles(studio, "failed").filter(has_text="came in the end")
    failed.get_by_role("button", name="Try again").click()
    expect(tiles(studio, "done").filter(has_text="came in the end")).to_have_count(1)
    studio.reload()
    expect(studio.locator(".tile").filter(has_text="came in the end")).to_have_count(1)


def test_page_says_what_did_not_come(studio: Page, upstream: Upstream) -> None:
    studio.context.allowed_errors.append("status of 4")  # type: ignore[attr-defined]
    status = studio.get_by_role("status").first
    upstream.replies = [send(400, {"error": {"message": "no"}})]
    generate(studio, "only this one")
    expect(status).to_have_text("The picture did not arrive. Nothing was saved.")
    upstream.replies = [send(400, {"error": {"message": "no"}}), pictures()]
    generate(studio, "one of two", 2)
    expect(status).to_have_text(
        "Done, but one picture did not arrive. The others are in the gallery."
    )
    studio.reload()
    for prompt in ("only this one", "one of two"):
        expect(tiles(studio, "failed").filter(has_text=prompt)).to_have_count(1)


def test_waiting_pictures_are_cancelled_at_the_server(studio: Page, upstream: Upstream) -> None:
    released = held(upstream)
    before = len(upstream.received)
    generate(studio, "too many", 8)
    expect(tiles(studio, "painting")).to_have_count(4)
    studio.get_by_role("button", name="Stop").click()
    expect(tiles(studio, "waiting")).to_have_count(0)
    released.set()
    expect(tiles(studio, "done")).to_have_count(4)
    studio.reload()
    expect(tiles(studio, "waiting")).to_have_count(0)
    assert len(upstream.received) - before == 4


def test_generate_again_brings_the_whole_prompt_model_and_ratio(
    studio: Page, upstream: Upstream
) -> None:
    upstream.replies = [pictures()]
    prompt = "一只狐狸在雪地里，" * 1500
    studio.goto("/admin/imagine/?model=some-model")
    studio.get_by_label("16:9").check(force=True)
    generate(studio, prompt)
    expect(tiles(studio, "done")).to_have_count(1)
    assert upstream.received[-1].json["model"] == "some-model"
    studio.goto(tiles(studio, "done").get_by_role("link").first.get_attribute("href") or "")
    studio.get_by_role("link", name="Generate again with this prompt").click()
    studio.wait_for_url("**/admin/imagine/?again=*")
    expect(studio.get_by_label("Prompt", exact=True)).to_have_value(prompt)
    expect(studio.get_by_label("Model")).to_have_value("some-model")
    expect(studio.get_by_label("16:9")).to_be_checked()


def test_endless_mode_goes_on_until_it_is_stopped(studio: Page, upstream: Upstream) -> None:
    # One whose turn has come at this moment cannot be taken back.
    studio.context.allowed_errors.append("status of 409")  # type: ignore[attr-defined]
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
    studio.goto(tiles(studio, "done").get_by_role("link").first.get_attribute("href") or "")
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
    expect(studio.get_by_text("This file is not a picture.")).to_be_visible()
    expect(studio.locator(".source")).to_have_count(0)
