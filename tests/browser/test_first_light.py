"""A newcomer's first five minutes: one server, one browser, nothing made up."""

import re

import pytest
from openai import OpenAI
from playwright.sync_api import Page, expect

from tests.browser.conftest import sign_in
from tests.server import Server

PROMPT = "美丽的日落海景"


class MakeRun(Server):
    """Started by the README's command."""

    command = ("make", "--silent", "run")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with MakeRun(tmp_path_factory.mktemp("make-run")) as running:
        yield running


@pytest.fixture(scope="module")
def generated(server):
    """Three pictures made through the API, as the README's curl makes them."""
    client = OpenAI(base_url=f"{server.url}/v1", api_key=server.api_key)
    answers = [
        client.images.generate(prompt=PROMPT, model="grok-imagine-1.0", n=2),
        client.images.generate(prompt="a red fox", model="grok-imagine-1.0", size="1536x1024"),
    ]
    return [picture for answer in answers for picture in answer.data]


def cards(page: Page):
    return page.locator("main [data-id]")


def test_generated_pictures_stand_in_the_gallery(generated, page):
    assert all(picture.url and picture.b64_json for picture in generated)
    page.goto("/admin/gallery/")
    expect(page.get_by_text("3 pictures", exact=True)).to_be_visible()
    expect(page.get_by_text(PROMPT).first).to_be_visible()
    loaded = "images => images.every(image => image.complete && image.naturalWidth > 0)"
    page.wait_for_load_state("networkidle")
    assert page.locator("main img").evaluate_all(loaded)


def test_search_filters_and_reset_have_their_state_in_the_address(generated, page):
    # A choice asks at once and the button asks again, which cuts the first request.
    page.context.allowed_errors += ["htmx:sendAbort, ", "htmx:afterRequest, "]
    page.goto("/admin/gallery/")
    page.get_by_role("searchbox", name="Search").fill("日落")
    page.get_by_role("searchbox", name="Search").press("Enter")
    expect(page.get_by_text("2 pictures", exact=True)).to_be_visible()
    expect(page).to_have_url(re.compile(r"search=%E6%97%A5%E8%90%BD"))
    page.reload()
    expect(page.get_by_text("2 pictures", exact=True)).to_be_visible()
    page.get_by_role("link", name="Reset").click()
    expect(page.get_by_text("3 pictures", exact=True)).to_be_visible()
    page.get_by_label("Aspect ratio").select_option("3:2")
    page.get_by_role("button", name="Filter", exact=True).click()
    expect(page.get_by_text("1 picture", exact=True)).to_be_visible()
    page.wait_for_load_state("networkidle")
    page.get_by_role("button", name="Filter", exact=True).click()  # nothing new is asked
    page.wait_for_load_state("networkidle")
    page.go_back()
    expect(page.get_by_text("3 pictures", exact=True)).to_be_visible()


def test_views_and_sorts(generated, page):
    page.goto("/admin/gallery/?view=list&sort_by=created_at&sort_order=asc")
    expect(page.locator("tbody tr").last).to_contain_text("a red fox")
    page.goto("/admin/gallery/?view=list&sort_by=created_at&sort_order=desc")
    expect(page.locator("tbody tr").first).to_contain_text("a red fox")
    page.goto("/admin/gallery/?view=grid")
    expect(page.locator("tbody tr")).to_have_count(0)


def test_a_picture_is_looked_at_tagged_downloaded_and_deleted(generated, page):
    page.goto("/admin/gallery/?search=fox")
    page.get_by_text("a red fox").first.click()
    detail = page.locator("article.detail")
    expect(detail).to_be_visible()
    for fact in ("a red fox", "sample-painter", "3:2", "KB"):
        expect(detail).to_contain_text(fact)
    detail.get_by_role("combobox", name="Add tags").fill("animal， fox")
    detail.get_by_role("button", name="Add", exact=True).click()
    expect(detail.get_by_role("button", name="Remove the tag fox")).to_be_visible()
    detail.get_by_role("button", name="Remove the tag animal").click()
    expect(detail.get_by_role("button", name="Remove the tag animal")).to_have_count(0)
    with page.expect_download() as download:
        detail.get_by_role("link", name="Download").click()
    assert download.value.path().read_bytes()[:3] == b"\xff\xd8\xff"
    page.goto("/admin/gallery/?tags=fox")
    expect(page.get_by_text("1 picture", exact=True)).to_be_visible()


def test_a_picture_is_deleted_without_a_script(generated, server, new_context):
    page = new_context(java_script_enabled=False).new_page()
    sign_in(page, server)
    page.goto("/admin/gallery/?search=日落")
    expect(page.get_by_text("2 pictures", exact=True)).to_be_visible()
    page.get_by_text(PROMPT).first.click()
    page.get_by_role("link", name="Delete").click()
    page.get_by_role("button", name=re.compile("for good|permanently", re.IGNORECASE)).click()
    page.goto("/admin/gallery/?search=日落")
    expect(page.get_by_text("1 picture", exact=True)).to_be_visible()
    assert len(list((server.folder / "media").rglob("*.jpg"))) == 2


@pytest.mark.parametrize(
    ("locale", "title"), [("zh-CN", "图库"), ("en-US", "Gallery"), ("fr-FR", "图库")]
)
def test_the_language_is_the_browsers_and_chinese_by_default(
    generated, server, new_context, locale, title
):
    page = new_context(locale=locale).new_page()
    sign_in(page, server)
    page.goto("/admin/gallery/")
    expect(page).to_have_title(re.compile(title))


def test_the_language_can_be_switched(generated, page):
    page.goto("/admin/gallery/?view=list")
    page.get_by_role("button", name="中文").click()
    expect(page).to_have_title(re.compile("图库"))
    expect(page).to_have_url(re.compile("view=list"))


def test_imagine_paints_and_the_picture_stands_in_the_gallery(page):
    page.goto("/admin/imagine/")
    expect(page.get_by_text(re.compile("sample", re.IGNORECASE)).first).to_be_visible()
    page.get_by_label("Prompt").fill("a lighthouse at dawn")
    page.get_by_role("button", name="Generate").click()
    link = page.locator("main a[href*='/admin/gallery/?image=']").first
    expect(link).to_be_visible(timeout=20_000)
    link.click()
    expect(page.locator("article.detail")).to_contain_text("a lighthouse at dawn")
    page.goto("/admin/gallery/?search=lighthouse")
    expect(page.get_by_text("1 picture", exact=True)).to_be_visible()
