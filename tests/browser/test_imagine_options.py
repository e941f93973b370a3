"""Resolution, quality, seed and format, prices before and outcomes after, in a real browser."""

import base64
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, Route, StorageState, expect

from gallery.tests.drawing import draw
from imagine.tests.upstream import Upstream, send
from tests.server import Server

from .test_gallery_accessibility import violations
from .test_imagine import generate, tiles

PAINTED = {"model": "grok-imagine-image-2.0", "usage": {"cost_in_usd_ticks": 600_000_000}}
LARGE = base64.b64encode(draw(1536, 1024)).decode()
ITEM = {"b64_json": LARGE, "revised_prompt": "two foxes"}


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    with Upstream([send(200, {"created": 1, "data": [ITEM], **PAINTED})]) as running:
        yield running


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, upstream: Upstream) -> Iterator[Server]:
    folder: Path = tmp_path_factory.mktemp("server")
    with Server(folder, XAI_API_KEY="xai-tests", XAI_BASE_URL=upstream.url) as running:
        yield running


@pytest.fixture
def studio(page: Page) -> Page:
    page.goto("/admin/imagine/")
    return page


def price(page: Page):
    return page.locator("[data-price]")


def unfold(page: Page) -> None:
    page.locator(".options summary").click()


def test_choices_follow_the_model_and_the_price_follows_the_choices(
    studio: Page, upstream: Upstream
) -> None:
    expect(price(studio)).to_have_text("At most $0.02.")
    expect(studio.get_by_label("Quality")).to_be_hidden()
    unfold(studio)
    expect(studio.get_by_label("Quality")).to_be_hidden()  # this model takes none
    expect(studio.get_by_label("Seed")).to_be_hidden()
    studio.get_by_label("Model").select_option("grok-imagine-image-2.0")
    studio.get_by_label("Quality").select_option("medium")
    studio.get_by_label("Resolution").select_option("2k")
    studio.get_by_label("File format").select_option("webp")
    studio.locator(".numbers__one", has_text="2").click()
    expect(price(studio)).to_have_text("At most $0.16: 2 × $0.08.")
    generate(studio, "two of them", 2)
    expect(tiles(studio, "done")).to_have_count(2)
    sent = upstream.received[-1].json
    assert {name: sent[name] for name in ("quality", "resolution", "n")} == {
        "quality": "medium", "resolution": "2k", "n": 1,
    }  # fmt: skip
    outcome = tiles(studio, "done").first.locator(".outcome")
    expect(outcome.locator("summary")).to_contain_text("1536×1024")
    expect(outcome.locator("summary")).to_contain_text("$0.06")
    outcome.locator("summary").focus()
    studio.keyboard.press("Enter")
    expect(outcome.locator("tbody tr", has_text="File format")).to_have_text("File formatWEBPWEBP")
    expect(outcome.locator("tbody tr", has_text="Cost")).to_have_text(
        "Costat most $0.08$0.06, reported by the upstream"
    )
    studio.reload()
    expect(studio.locator(".outcome")).to_have_count(2)
    expect(studio.locator(".outcome__prompt")).to_have_count(0)
    studio.locator(".outcome summary").first.click()
    expect(studio.locator(".outcome__prompt bdi")).to_have_text("two foxes")
    expect(studio.get_by_label("Quality")).to_have_value("medium")  # all is as it was left
    expect(studio.get_by_label("File format")).to_have_value("webp")
    unfold(studio)
    expect(studio.locator("[data-set]")).to_have_text("2k · medium · WEBP")
    studio.reload()
    expect(studio.get_by_label("Quality")).to_be_hidden()
    studio.get_by_label("Model").select_option("grok-imagine-image")
    expect(studio.locator("[data-set]")).to_have_text("2k · WEBP")
    studio.get_by_label("Model").select_option("grok-imagine-image-2.0")
    expect(studio.locator("[data-set]")).to_have_text("2k · medium · WEBP")


def test_what_is_wrong_is_said_before_anything_is_asked(studio: Page, upstream: Upstream) -> None:
    before = len(upstream.received)
    prompt = studio.get_by_label("Prompt", exact=True)
    prompt.evaluate(
        "field => { field.removeAttribute('maxlength'); field.value = 'x'.repeat(32001) }"
    )
    prompt.dispatch_event("change")
    expect(price(studio)).to_contain_text("at most 32000 characters")
    expect(prompt).to_have_attribute("aria-invalid", "true")
    studio.get_by_role("button", name="Generate").click()
    expect(studio.locator(".tile[data-state]")).to_have_count(0)
    prompt.fill("short")
    expect(price(studio)).to_have_text("At most $0.02.")
    assert len(upstream.received) == before


def test_fine_display_loads_small_copies_and_no_original(
    new_context: Callable[..., BrowserContext], signed_in: StorageState
) -> None:
    page = new_context(
        viewport={"width": 390, "height": 844}, device_scale_factor=3, storage_state=signed_in
    ).new_page()
    loaded: list[str] = []
    page.on("response", lambda each: loaded.append(each.url))
    page.goto("/admin/imagine/")
    generate(page, "on a fine display")
    made = tiles(page, "done").locator(".tile__picture")
    for _ in range(2):  # as it comes, and as one of the earlier ones
        expect(made).to_have_count(1)
        made.evaluate("image => image.decode()")
        assert made.evaluate("image => image.currentSrc.includes('size=1024')")
        page.reload()
        made = page.locator(".tile__picture").first
    page.locator("[data-edit]").first.click()
    page.locator(".source img").evaluate("image => image.decode()")
    assert [url for url in loaded if "/v1/files/" in url or "/file/" in url] == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_options_and_outcomes_fit_a_phone_in_chinese(
    new_context: Callable[..., BrowserContext], signed_in: StorageState, theme: str
) -> None:
    page = new_context(
        viewport={"width": 360, "height": 800}, locale="zh-CN", color_scheme=theme,
        storage_state=signed_in, bypass_csp=True, reduced_motion="reduce",
    ).new_page()  # fmt: skip
    page.goto("/admin/imagine/?model=grok-imagine-image-2.0&quality=low&prompt=x")
    expect(page.get_by_label("质量")).to_have_value("low")
    expect(price(page)).to_have_text("最多 $0.04。")
    if not page.locator(".outcome").count():
        page.get_by_role("button", name="生成", exact=True).click()
    page.locator(".outcome summary").first.click()
    expect(page.locator(".outcome table").first).to_contain_text("上游报告")
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    assert violations(page) == []


def test_tile_opens_at_once_on_a_slow_line(studio: Page) -> None:
    generate(studio, "on a slow line")
    made = tiles(studio, "done").filter(has_text="on a slow line")
    expect(made.locator(".tile__picture")).to_be_visible()
    held: list[Route] = []
    studio.route("**/admin/gallery/images/*/?image=*", lambda route: held.append(route))
    made.get_by_role("link").first.click()
    dialog = studio.get_by_role("dialog")
    expect(dialog.locator(".detail--coming")).to_contain_text("on a slow line")
    preview = dialog.locator(".stage__preview").get_attribute("src") or ""
    assert "/thumbnail/" in preview
    held[0].continue_()
    expect(dialog.get_by_role("button", name="Favourite")).to_be_visible()
    studio.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    assert studio.url.endswith("/admin/imagine/")
