"""The page of usage: its charts are drawn by the server, and say what the table below them says."""

import json
import urllib.request

import pytest


@pytest.fixture(scope="module")
def used(server):
    """A server with three requests of the day behind it."""
    for number in range(1, 4):
        body = json.dumps({"prompt": "a fox", "n": number, "response_format": "url"}).encode()
        headers = {
            "Authorization": f"Bearer {server.api_key}",
            "Content-Type": "application/json",
        }
        request = urllib.request.Request(f"{server.url}/v1/images/generations", body, headers)
        urllib.request.urlopen(request, timeout=60).close()
    return server


def columns(page, chart):
    """Titles of the columns that have parts."""
    found = page.locator(".chart").nth(chart).locator(".chart__column:has(.chart__part)")
    return [title.strip() for title in found.locator("title").all_text_contents()]


def test_charts_say_what_the_table_says_by_model_and_by_caller(used, page):
    page.goto("/admin/imagine/usage/?days=7")
    day = page.locator(".table tbody td").first.inner_text()
    assert columns(page, 1) == [f"{day} · grok-imagine-1.0: 6"]
    page.get_by_role("link", name="By caller").click()
    page.wait_for_url("**by=caller**")
    assert columns(page, 1) == [f"{day} · default: 6"]
    assert page.locator(".charts__name").all_inner_texts() == ["default\n0.0000"]


def test_charts_fit_a_phone_in_both_themes(used, phone):
    for theme in ("light", "dark"):
        phone.emulate_media(color_scheme=theme)
        phone.goto("/admin/imagine/usage/?days=90")
        assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")
        boxes = [chart.bounding_box() for chart in phone.locator(".chart").all()]
        assert [box["width"] for box in boxes] == [358, 358]
        assert boxes[1]["y"] > boxes[0]["y"] + boxes[0]["height"]
        fill = phone.locator(".chart__part--0").first.evaluate("one => getComputedStyle(one).fill")
        assert fill == {"light": "rgb(13, 122, 98)", "dark": "rgb(67, 201, 166)"}[theme]
