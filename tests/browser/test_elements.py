"""Our elements leave the page and come back, and are there before their children."""

from collections import Counter

import pytest
from playwright.sync_api import Page, expect

from tests.server import Server

from .library import fill, many

OURS = "[...document.querySelectorAll('*')].filter((each) => customElements.get(each.localName))"
REPLACE = f"""() => {{
  for (const each of {OURS}) {{
    const place = document.createComment("");
    each.replaceWith(place);
    place.replaceWith(each);
  }}
}}"""
REMOVE = f"() => {{ for (const each of {OURS}) each.remove(); }}"

SLOWLY = """() => {
  document.open();
  document.write("<!doctype html><main data-id='1'><p data-prompt>words</p><copy-button hidden>");
  const early = document.querySelector("copy-button").hidden;
  document.write("<button>Copy</button></copy-button></main>");
  document.close();
  return early;
}"""


@pytest.fixture(scope="module", autouse=True)
def library(server: Server) -> list[int]:
    return fill(server, many(3))


def listeners(page: Page) -> Counter[tuple[str, str]]:
    """How many listeners the document, the window and <body> have of each event."""
    client = page.context.new_cdp_session(page)
    found: Counter[tuple[str, str]] = Counter()
    for name in ("document", "window", "document.body"):
        target = client.send("Runtime.evaluate", {"expression": name})["result"]["objectId"]
        heard = client.send("DOMDebugger.getEventListeners", {"objectId": target})
        found.update((name, each["type"]) for each in heard["listeners"])
    return found


HTMX = {
    ("document", "DOMContentLoaded"): 2, ("document.body", "htmx:abort"): 1,
    ("window", "popstate"): 1,
}  # fmt: skip
MODULES = {("document", "library-changed"): 2, ("document", "results-changed"): 1}


@pytest.mark.parametrize(
    ("address", "others"), [("/admin/gallery/", HTMX | MODULES), ("/admin/imagine/", {})]
)
def test_elements_take_their_listeners_along_and_bring_them_back(
    page: Page, address: str, others: dict[tuple[str, str], int]
) -> None:
    page.goto(address, wait_until="networkidle")
    before = listeners(page)
    assert before["document", "toast"] == 1
    page.evaluate(REPLACE)
    assert listeners(page) == before
    page.evaluate(REMOVE)
    assert listeners(page) == others


def test_keys_act_once_after_all_elements_were_put_back(page: Page) -> None:
    page.goto("/admin/gallery/")
    page.evaluate(REPLACE)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press(" ")
    expect(page.locator("[data-count]")).to_have_text("1 selected")
    page.keyboard.press("Enter")
    expect(page.locator(".facts__prompt").last).to_have_text("Picture 001 of a red house")


def test_element_awaits_its_children(page: Page) -> None:
    page.goto("/admin/gallery/")
    assert page.evaluate(SLOWLY) is True
    expect(page.get_by_role("button", name="Copy")).to_be_visible()
