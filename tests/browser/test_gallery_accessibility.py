"""WCAG 2.2 AA by axe-core, touch targets, odd texts, empty and broken things."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, StorageState, expect

from tests.server import ROOT, Server

from .library import PARAMETERS, fill

AXE = ROOT / "node_modules/axe-core/axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

TOO_SMALL = """() => [...document.querySelectorAll(
  ".button, .select, .input, .card__check, .heart, .nav__link, a.pager__link, .stage__step"
)].filter((each) => each.checkVisibility())
  .map((each) => [each.className, each.getBoundingClientRect()])
  .filter(([, box]) => box.width && (box.height < 43.9 || box.width < 43.9))
  .map(([name, box]) => `${name} ${box.width}x${box.height}`)"""
"""What a finger could miss: less than 44 pixels a side."""

ODD = [
    {"prompt": "long " * 1000, "tags": ["x" * 64, "很长的标签" * 8]},
    {"prompt": "🦊🌲 👩‍👩‍👧‍👦 a fox family 🇨🇳", "tags": ["🦊"], "favorite": True},
    {"prompt": "مدينة قديمة عند الغروب، ضوء ذهبي", "tags": ["مدينة"]},
    {"prompt": "<b>bold</b> <script>window.hacked = 1</script> & \"quotes\"",
     "tags": ["<img src=x onerror='window.hacked = 1'>"], "metadata": PARAMETERS},
    {"prompt": "A" * 400, "size": (400, 100)},
    {"prompt": "", "size": (100, 400)},
    {"prompt": "broken"},
]  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def library(server: Server) -> list[int]:
    """Pictures of all odd kinds; the last one's files are damaged."""
    ids = fill(server, ODD)
    media = Path(server.environment["MEDIA_ROOT"])
    newest = max(media.rglob("*.jpg"), key=lambda path: path.stat().st_mtime)
    for path in (newest, newest.with_suffix(".thumb.webp")):
        path.write_bytes(b"broken")
    return ids


@pytest.fixture(params=["light", "dark"])
def look(
    request: pytest.FixtureRequest,
    new_context: Callable[..., BrowserContext],
    signed_in: StorageState,
) -> Iterator[Page]:
    """A page that axe may look at; its styles are not under the policy."""
    assert AXE.exists() or pytest.skip("axe-core is not installed")
    context = new_context(
        storage_state=signed_in,
        color_scheme=request.param,
        bypass_csp=True,
        reduced_motion="reduce",
    )
    yield context.new_page()


def violations(page: Page) -> list[tuple[str, str]]:
    page.evaluate(AXE.read_text() + "\n;0")
    options = {"runOnly": RULES, "preload": False}
    found: dict[str, Any] = page.evaluate(f"axe.run(document, {json.dumps(options)})")
    return [(rule["id"], node["html"]) for rule in found["violations"] for node in rule["nodes"]]


def test_axe_finds_nothing_on_any_page(look: Page, library: list[int]) -> None:
    found = {}
    for address in (
        "/admin/gallery/?view=list",
        "/admin/gallery/?view=grid",
        "/admin/gallery/?search=nothing&model=x",
        "/admin/gallery/?start_date=never",
        f"/admin/gallery/?image={library[3]}",
        f"/admin/gallery/?image={library[0]}",  # with a long prompt
        "/admin/gallery/trash/",
        "/admin/gallery/trash/empty/",
        f"/admin/gallery/images/{library[0]}/delete/",
    ):
        look.goto(address, wait_until="networkidle")
        found[address] = violations(look)
    look.goto("/admin/gallery/")
    for opener, closer in (("#more", "Escape"), ("#keys", "Escape"), ("#select-page", None)):
        look.locator(opener).click()
        found[opener] = violations(look)
        if closer:
            look.keyboard.press(closer)
    for action in ("tags", "delete"):
        look.locator(f"[data-action={action}]").click()
        found[action] = violations(look)
        look.keyboard.press("Escape")
    look.context.clear_cookies()
    look.goto("/admin/login/")
    found["login"] = violations(look)
    assert {place: what for place, what in found.items() if what} == {}


def test_odd_texts_are_shown_and_never_run(page: Page, library: list[int]) -> None:
    for address in ("/admin/gallery/?view=list", "/admin/gallery/?view=grid"):
        page.goto(address, wait_until="networkidle")
        text = page.locator("#results").inner_text()
        for picture in ODD[1:5]:
            assert picture["prompt"] in text
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.goto(f"/admin/gallery/?image={library[3]}")
    expect(page.locator(".facts__prompt")).to_have_text(ODD[3]["prompt"])
    expect(page.locator(".tags__list .chip__text")).to_have_text(ODD[3]["tags"])
    page.get_by_role("button", name="Zoom in").click()
    assert page.evaluate("window.hacked") is None


def test_broken_picture_is_said_to_be_broken(page: Page) -> None:
    page.goto("/admin/gallery/?search=broken", wait_until="networkidle")
    expect(page.locator(".card").first).to_contain_text("The picture cannot be shown")
    page.locator(".card__link").first.click()
    stage = page.locator(".image-dialog[open] image-stage")
    expect(stage.get_by_text("The picture cannot be shown")).to_be_visible()
    for image in stage.locator(".stage__picture img").all():
        expect(image).to_be_hidden()


def test_fingers_find_their_targets(phone: Page, library: list[int]) -> None:
    for address in ("/admin/gallery/", f"/admin/gallery/?image={library[0]}"):
        phone.goto(address, wait_until="networkidle")
        small = phone.evaluate(TOO_SMALL)
        assert small == []
        assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_motion_is_reduced_where_it_is_asked_for(
    new_context: Callable[..., BrowserContext], signed_in: StorageState
) -> None:
    context = new_context(storage_state=signed_in, reduced_motion="reduce")
    page = context.new_page()
    page.goto("/admin/gallery/")
    seconds = page.locator(".card").first.evaluate("e => getComputedStyle(e).transitionDuration")
    assert seconds == "0s"


def test_empty_library_invites(
    chromium: Any, tmp_path: Path, new_context: Callable[..., BrowserContext]
) -> None:
    with Server(tmp_path) as empty:
        page = new_context(base_url=empty.url).new_page()
        page.goto("/admin/login/?next=/admin/gallery/")
        page.get_by_label("Username").fill("admin")
        page.get_by_label("Password").fill(empty.password)
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_text("Your first picture will appear here")).to_be_visible()
        expect(page.locator(".statistic__value")).to_have_text(["0", "0 B", "0"])
        fill(empty, [{"prompt": "the only one", "size": (90, 160)}])
        page.reload()
        expect(page.locator(".card")).to_have_count(1)
        expect(page.locator(".results__count")).to_have_text("1 picture")
