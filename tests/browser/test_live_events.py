"""The open page hears of changes elsewhere, and asks where it cannot hear."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Request, expect

from gallery.tests.drawing import draw
from tests.server import Server

from .library import fill
from .test_gallery_browse import upload

EVENTS = "**/admin/gallery/live/events/"
HIDE = """(hidden) => {
  Object.defineProperty(document, "hidden", {configurable: true, get: () => hidden});
  document.dispatchEvent(new Event("visibilitychange"));
}"""


@pytest.fixture(scope="module", autouse=True)
def library(server: Server) -> list[int]:
    return fill(server, [{"prompt": "the first"}])


@pytest.fixture
def asked(page: Page) -> Iterator[list[str]]:
    """What the page asks for by itself, one word each."""
    words: list[str] = []

    def note(request: Request) -> None:
        if "/live/" in request.url:
            words.append(request.url.partition("/live/")[2].partition("/")[0])

    page.on("request", note)
    yield words
    page.remove_listener("request", note)


def hear(page: Page) -> None:
    """Open the gallery and wait until it hears."""
    with page.expect_response(EVENTS) as answer:
        page.goto("/admin/gallery/")
    assert answer.value.status == 200
    page.wait_for_timeout(1000)


def news(page: Page, server: Server, number: int) -> None:
    """A picture arrives in the library, and the page says so."""
    old = page.locator(".arrivals").inner_text()
    upload(server, draw(color=f"#{number * 40:02x}0000"), f"news {number}")
    expect(page.locator(".arrivals")).not_to_have_text(old, timeout=15_000)


def test_what_arrives_is_said(page: Page, server: Server) -> None:
    """By a page that asks only when it hears: see the next test."""
    hear(page)
    news(page, server, 1)
    news(page, server, 2)
    expect(page.locator(".arrivals")).to_have_text("2 new pictures, show")


def test_a_page_that_hears_does_not_ask(page: Page, asked: list[str]) -> None:
    hear(page)
    asked.clear()
    page.wait_for_timeout(6000)
    assert asked == []


def test_a_page_that_is_refused_asks(page: Page, server: Server, asked: list[str]) -> None:
    page.context.allowed_errors.append("503")
    page.route(EVENTS, lambda route: route.fulfill(status=503, body="no"))
    page.goto("/admin/gallery/")
    page.wait_for_timeout(3000)
    news(page, server, 3)
    assert (asked.count("events"), asked.count("statistics") >= 1) == (1, True)


def test_a_stream_that_breaks_off_is_opened_again(page: Page, server: Server) -> None:
    page.context.allowed_errors += ["ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE", "ERR_EMPTY"]
    hear(page)
    assert server.stop() == 0
    page.wait_for_timeout(500)
    with page.expect_response(EVENTS, timeout=20_000):
        server.start()
    page.wait_for_timeout(1500)
    news(page, server, 4)  # by hearing, as in the first test


def test_a_hidden_page_has_no_stream(page: Page, server: Server, asked: list[str]) -> None:
    hear(page)
    with page.expect_event("requestfailed", lambda request: "/live/events/" in request.url):
        page.evaluate(HIDE, True)
    asked.clear()
    upload(server, draw(color="#00ee00"), "news unseen")
    page.wait_for_timeout(6000)
    assert asked == []
    with page.expect_response(EVENTS):
        page.evaluate(HIDE, False)
    expect(page.locator(".arrivals")).to_have_text("1 new picture, show", timeout=2000)
