"""Looking through the library in a real browser."""

import re
import urllib.request
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, StorageState, expect

from gallery.tests.drawing import draw
from tests.server import Server

from .conftest import sign_in
from .dripping import dripping
from .library import fill, many

MOST_CODE = 64_000
"""Bytes of scripts and styles over the wire, of a first visit."""

SHIFTS = """
window.shifts = [];
const corner = ({x, y}) => `${x},${y}`;
new PerformanceObserver((list) => {
  for (const {node, previousRect, currentRect} of list.getEntries().flatMap((e) => e.sources))
    window.shifts.push(`${node?.className}: ${corner(previousRect)} to ${corner(currentRect)}`);
}).observe({type: "layout-shift", buffered: true});
"""

OWN_WORDS = """() => {
  for (const other of document.querySelectorAll("bdi, option, .brand, [lang=en], .card__link"))
    other.remove();
  const labels = [...document.querySelectorAll("[aria-label], [placeholder], [title]")];
  return document.body.innerText + labels
    .map((each) => `${each.ariaLabel ?? ""} ${each.placeholder ?? ""} ${each.title}`).join(" ");
}"""
"""What the page says by itself: without prompts, tags, models and the other language's name."""


TEXTS = "options => options.map((each) => each.text)"


@pytest.fixture(scope="module", autouse=True)
def library(server: Server) -> list[int]:
    """120 pictures; see `many`."""
    return fill(server, many(120))


@pytest.fixture
def gallery(page: Page) -> Page:
    page.goto("/admin/gallery/")
    page.evaluate("window.sameDocument = true")
    return page


def prompts(page: Page) -> list[str]:
    return page.locator("#results .card__link").all_inner_texts()


def query(page: Page) -> str:
    return page.url.partition("?")[2]


def choose(page: Page, name: str) -> None:
    """Open the sort menu and take an order."""
    page.locator("#sort").click()
    page.locator(".menu__item", has_text=name).click()


def test_cards_show_picture_prompt_ratio_and_size(gallery: Page) -> None:
    expect(gallery.locator(".card")).to_have_count(50)
    card = gallery.locator(".card").first
    expect(card).to_contain_text("Picture 000 of a blue house")
    expect(card.locator(".card__facts")).to_have_text(re.compile(r"16:9\s*\d+ B|16:9\s*[\d.]+ KB"))
    image = card.locator("img")
    assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
    shadow = "getComputedStyle(document.querySelector('.card')).boxShadow"
    assert gallery.evaluate(shadow) == "none"
    card.hover()
    gallery.wait_for_function(f"() => {shadow} !== 'none'")
    expect(card.locator(".card__link")).to_have_attribute("title", "Picture 000 of a blue house")


def test_nothing_moves_while_a_page_loads(
    new_context: Callable[..., BrowserContext],
    server: Server,
    signed_in: StorageState,
    library: list[int],
) -> None:
    with dripping(server.port) as slow:
        context = new_context(
            base_url=slow, storage_state=signed_in, viewport={"width": 1280, "height": 900}
        )
        page = context.new_page()
        page.add_init_script(SHIFTS)
        for address in (
            "/admin/gallery/",
            "/admin/gallery/?view=list",
            "/admin/gallery/?view=grid",
            f"/admin/gallery/?image={library[60]}",
            "/admin/gallery/trash/",
            "/admin/imagine/",
        ):
            page.goto(address, wait_until="networkidle")
            assert page.evaluate("window.shifts") == [], address


def test_view_is_toggled_and_remembered(gallery: Page) -> None:
    gallery.locator("#view-list").click()
    expect(gallery.locator("tbody tr")).to_have_count(50)
    assert query(gallery) == "view=list"
    gallery.goto("/admin/gallery/")
    row = gallery.locator("tbody tr").first
    expect(row.locator("td").nth(2)).to_have_text("Picture 000 of a blue house")
    assert [text.strip() for text in row.locator("td").all_inner_texts()[3:6]] == [
        "grok-imagine-1.0-edit", "16:9", "160 × 90",
    ]  # fmt: skip
    expect(row.locator("td").nth(8)).to_have_text(re.compile("night.*城市|城市.*night", re.DOTALL))
    gallery.locator("#view-grid").click()
    expect(gallery.locator(".card")).to_have_count(50)


def test_pages_change_the_results_alone_and_back_works(gallery: Page) -> None:
    below = gallery.get_by_role("navigation", name="Pages, below")
    next_page = below.get_by_role("link", name="Next page")
    next_page.focus()
    place = gallery.evaluate("scrollY")
    assert place > 1000
    next_page.press("Enter")
    gallery.wait_for_url("**/?page=2")
    expect(gallery.locator(".card").first).to_contain_text("Picture 050")
    assert gallery.evaluate("document.querySelector('#results').getBoundingClientRect().top >= 0")
    expect(next_page).to_be_focused()
    next_page.press("Enter")
    gallery.wait_for_url("**/?page=3")
    expect(gallery.locator(".card")).to_have_count(20)
    gallery.go_back()
    expect(gallery.locator(".card").first).to_contain_text("Picture 050")
    gallery.go_back()
    expect(gallery.locator(".card").first).to_contain_text("Picture 000")
    gallery.wait_for_function("place => Math.abs(scrollY - place) < 5", arg=place)
    gallery.go_forward()
    expect(gallery.locator(".card").first).to_contain_text("Picture 050")
    assert gallery.evaluate("window.sameDocument") is True


def test_pages_by_number_and_of_another_size(gallery: Page) -> None:
    top = gallery.get_by_role("navigation", name="Pages", exact=True)
    top.get_by_label("Go to page").fill("3")
    top.get_by_role("button", name="Go").click()
    gallery.wait_for_url("**/?page=3")
    expect(gallery.locator(".card")).to_have_count(20)
    top.get_by_role("link", name="First page").click()
    expect(gallery.locator(".card").first).to_contain_text("Picture 000")
    top.get_by_role("link", name="Last page").click()
    expect(gallery.locator(".card").first).to_contain_text("Picture 100")
    gallery.locator("#size-20").click()
    expect(gallery.locator(".card")).to_have_count(20)
    expect(top).to_contain_text(re.compile(r"1\s+2\s+3\s+…\s+6"))
    gallery.goto("/admin/gallery/")
    expect(gallery.locator(".card")).to_have_count(20)
    gallery.locator("#size-50").click()
    expect(gallery.locator(".card")).to_have_count(50)


def test_search_by_enter_and_by_button(gallery: Page) -> None:
    gallery.get_by_role("searchbox").fill("red picture 01")
    gallery.get_by_role("searchbox").press("Enter")
    expect(gallery.get_by_text("7 pictures", exact=True)).to_be_visible()
    found = [1, 11, 13, 15, 17, 19, 101]
    assert prompts(gallery) == [f"Picture {number:03} of a red house" for number in found]
    expect(gallery.get_by_role("searchbox")).to_have_value("red picture 01")
    expect(gallery.get_by_role("searchbox")).to_be_focused()
    gallery.get_by_role("searchbox").fill("城市")
    gallery.get_by_role("button", name="Filter").click()
    expect(gallery.get_by_text("20 pictures", exact=True)).to_be_visible()
    assert query(gallery) == "search=%E5%9F%8E%E5%B8%82"
    assert gallery.evaluate("window.sameDocument") is True


def test_filters_with_counts_stand_as_chips(gallery: Page) -> None:
    options = gallery.get_by_label("Model").locator("option").evaluate_all(TEXTS)
    assert options == ["All models", "grok-imagine-1.0 (80)", "grok-imagine-1.0-edit (40)"]
    options = gallery.get_by_label("Aspect ratio").locator("option").evaluate_all(TEXTS)
    assert options == ["All ratios", "1:1 (90)", "16:9 (30)"]
    gallery.get_by_label("Model").select_option("grok-imagine-1.0-edit")
    expect(gallery.get_by_text("40 pictures", exact=True)).to_be_visible()
    gallery.get_by_label("Aspect ratio").select_option("16:9")
    expect(gallery.get_by_text("10 pictures", exact=True)).to_be_visible()
    gallery.locator("#more").click()
    gallery.locator("#tags").fill("night，城市")
    gallery.get_by_text("any of them").click()
    gallery.get_by_role("button", name="Apply").click()
    chips = gallery.get_by_role("list", name="Active filters").locator(".chip__text")
    expect(chips).to_have_text(
        ["Model: grok-imagine-1.0-edit", "Aspect ratio: 16:9", "Tag, or: night", "Tag, or: 城市"]
    )
    gallery.get_by_role("link", name="Remove the filter Aspect ratio 16:9").click()
    expect(chips).to_have_count(3)
    gallery.get_by_role("link", name="Reset").click()
    expect(gallery.get_by_text("120 pictures", exact=True)).to_be_visible()
    assert gallery.evaluate("window.sameDocument") is True


def test_nothing_found_says_which_filter_to_drop(gallery: Page) -> None:
    gallery.goto("/admin/gallery/?search=blue&model=another&tags=night")
    expect(gallery.get_by_text("Nothing found")).to_be_visible()
    offers = gallery.locator(".suggestions a")
    expect(offers).to_have_text(["Without “another”: 12 pictures"])
    offers.click()
    expect(gallery.get_by_text("12 pictures", exact=True)).to_be_visible()


def test_timeline_filters_by_a_click(gallery: Page) -> None:
    bars = gallery.get_by_role("navigation", name="Timeline").get_by_role("link")
    expect(bars.last).to_have_attribute("aria-label", re.compile(r"20 pictures|10 pictures"))
    bars.first.click()
    gallery.wait_for_url("**start_date=**")
    days = gallery.get_by_role("navigation", name="Timeline").locator("[aria-current]")
    expect(days.first).to_be_visible()
    shown = gallery.locator(".results__count").inner_text()
    assert re.fullmatch(r"(10|20) pictures", shown)
    days.first.click()
    chips = gallery.get_by_role("list", name="Active filters").locator(".chip__text")
    expect(chips).to_have_text([re.compile(r"^\s*From: "), re.compile(r"^\s*To: ")])
    assert gallery.evaluate("window.sameDocument") is True


def test_four_sorts(gallery: Page) -> None:
    first: dict[str, str] = {}
    for name in ("Oldest first", "Largest first", "Smallest first", "Newest first"):
        choose(gallery, name)
        expect(gallery.locator("#sort")).to_contain_text(name)
        first[name] = gallery.locator(".card").first.inner_text()
    assert "Picture 119" in first["Oldest first"]
    assert "Picture 000" in first["Newest first"]
    assert ["16:9" in first[f"{size} first"] for size in ("Largest", "Smallest")] == [True, False]


def test_list_is_sorted_by_its_headers(gallery: Page) -> None:
    gallery.locator("#view-list").click()
    header = gallery.get_by_role("columnheader")
    expect(header.filter(has_text="Time")).to_have_attribute("aria-sort", "descending")
    gallery.locator("#by-time").click()
    expect(header.filter(has_text="Time")).to_have_attribute("aria-sort", "ascending")
    expect(gallery.locator("tbody tr").first).to_contain_text("Picture 119")
    gallery.locator("#by-size").click()
    expect(header.filter(has_text="Size")).to_have_attribute("aria-sort", "descending")
    expect(header.filter(has_text="Time")).not_to_have_attribute("aria-sort", "ascending")
    gallery.locator("#view-grid").click()


def test_cards_of_numbers_filter_by_tag(gallery: Page) -> None:
    values = gallery.locator(".statistic__value").all_inner_texts()
    assert values[0] == "120"
    assert re.fullmatch(r"\d+\.\d (KB|MB)", values[1])
    assert int(values[2]) >= 1
    tags = gallery.locator(".statistic__tags .chip")
    expect(tags).to_have_text([re.compile(r"night\s*24"), re.compile(r"城市\s*20")])
    tags.nth(1).click()
    expect(gallery.get_by_text("20 pictures", exact=True)).to_be_visible()


def test_language_is_switched_and_nothing_is_left_in_the_other(gallery: Page, phone: Page) -> None:
    gallery.get_by_role("button", name="切换为中文").click()
    expect(gallery.locator("html")).to_have_attribute("lang", "zh-hans")
    gallery.locator("#view-grid").click()
    expect(gallery.locator(".results__count")).to_have_text("120 张图片")
    words = re.findall(r"[A-Za-z]{2,}", gallery.evaluate(OWN_WORDS))
    assert set(words) <= {"KB", "MB", "GB", "API", "EN", "Esc", "Delete"}
    gallery.goto("/admin/gallery/")
    gallery.get_by_role("button", name="EN").click()
    expect(gallery.locator("html")).to_have_attribute("lang", "en")
    phone.goto("/admin/gallery/")
    expect(phone.locator(".results__count")).to_have_text("120 张图片")


def test_theme_is_chosen_and_stays_without_a_flash(gallery: Page) -> None:
    light = gallery.evaluate("getComputedStyle(document.body).backgroundColor")
    gallery.get_by_label("Menu").click()
    gallery.get_by_role("button", name="Dark").click()
    dark = gallery.evaluate("getComputedStyle(document.body).backgroundColor")
    assert dark != light
    gallery.reload()
    assert gallery.locator("html").get_attribute("data-theme") == "dark"
    assert gallery.evaluate("getComputedStyle(document.body).backgroundColor") == dark


def test_first_visit_is_light(page: Page) -> None:
    requests: list[str] = []
    client = page.context.new_cdp_session(page)
    client.send("Network.enable")
    sizes: dict[str, float] = {}
    urls: dict[str, str] = {}
    client.on(
        "Network.responseReceived", lambda e: urls.update({e["requestId"]: e["response"]["url"]})
    )
    client.on(
        "Network.loadingFinished", lambda e: sizes.update({e["requestId"]: e["encodedDataLength"]})
    )
    page.on("request", lambda request: requests.append(request.url))
    page.goto("/admin/gallery/", wait_until="networkidle")
    others = [url for url in requests if "/images/" not in url]
    weight = sum(size for key, size in sizes.items() if "/images/" not in urls[key])
    assert len(others) <= 15, others
    assert weight < 100 * 1024
    code = sum(size for key, size in sizes.items() if re.search(r"\.(js|css)$", urls[key]))
    assert code <= MOST_CODE


def test_new_pictures_announce_themselves(gallery: Page, server: Server) -> None:
    for color in ("#aa0000", "#00aa00"):
        upload(server, draw(color=color), f"news {color}")
    sign = gallery.get_by_role("button", name="2 new pictures, show")
    expect(sign).to_be_visible(timeout=15_000)
    expect(gallery.locator(".statistic__value").first).to_have_text("122")
    expect(gallery.locator(".card").first).to_contain_text("Picture 000")
    sign.click()
    expect(gallery.locator(".card").first).to_contain_text("news #00aa00")
    expect(sign).to_have_count(0)
    assert gallery.evaluate("window.sameDocument") is True


def test_end_of_the_session_leads_to_the_login(gallery: Page, server: Server) -> None:
    gallery.context.allowed_errors.append("401")
    gallery.context.clear_cookies()
    gallery.locator("#bottom-page-2").click()
    gallery.wait_for_url("**/admin/login/**")
    sign_in(gallery, server)


def upload(server: Server, data: bytes, prompt: str) -> None:
    body = b""
    for name, value in (("prompt", prompt.encode()), ('file"; filename="x.jpg', data)):
        body += (
            f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode()
            + value
            + b"\r\n"
        )
    request = urllib.request.Request(
        f"{server.url}/api/v1/admin/gallery/images/",
        data=body + b"--b--\r\n",
        headers={
            "Authorization": f"Bearer {server.api_key}",
            "Content-Type": "multipart/form-data; boundary=b",
        },
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        assert response.status == 201


def test_a_search_too_long_for_an_address_is_stored(library, page):
    page.goto("/admin/gallery/")
    box = page.get_by_role("searchbox", name="Search")
    box.fill("海" * 3_000)
    box.press("Enter")
    page.wait_for_url("**?q=*")
    assert page.get_by_role("searchbox", name="Search").input_value() == "海" * 3_000
    page.get_by_text("Nothing found").first.wait_for()
