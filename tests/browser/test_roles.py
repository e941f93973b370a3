"""A login that may only look is offered nothing else."""

import json
import subprocess
import urllib.request

import pytest

from tests.server import ROOT, Server

CONTROLS = {
    "delete": "[data-delete]",
    "favourite": "[data-favorite]",
    "tag": ".tags__add",
    "upload": "[data-upload]",
    "imagine": ".nav__link[data-generate]",
    "download": "[data-download]",
}

MAKE_USER = """
from django.contrib.auth.models import Group, User
user = User.objects.create_user({name!r}, password={password!r}, is_staff=True)
user.groups.add(Group.objects.get(name={group!r}))
"""


@pytest.fixture(scope="module")
def picture(server) -> int:
    headers = {
        "Authorization": f"Bearer {Server.api_key}",
        "Content-Type": "application/json",
    }
    request = urllib.request.Request(
        f"{server.url}/v1/images/generations", b'{"prompt": "a fox"}', headers
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)["data"][0]["image_id"]


@pytest.mark.parametrize(
    ("group", "offered"), [("Viewers", {"download"}), ("Editors", set(CONTROLS))]
)
def test_only_what_a_role_may_do_is_offered(server, picture, new_context, group, offered):
    command = MAKE_USER.format(name=group, password=server.password, group=group)
    subprocess.run(
        [*server.command[:2], "shell", "-c", command],
        cwd=ROOT, env=server.environment, check=True, capture_output=True,
    )  # fmt: skip
    page = new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.goto("/admin/login/")
    page.locator("input[name=username]").fill(group)
    page.locator("input[name=password]").fill(server.password)
    with page.expect_navigation():
        page.locator("input[name=password]").press("Enter")
    page.goto(f"/admin/gallery/?image={picture}")
    page.locator("[data-download]").first.wait_for()
    assert {
        name
        for name, selector in CONTROLS.items()
        if any(control.is_visible() for control in page.locator(selector).all())
    } == offered
    page.goto("/admin/gallery/")
    for key in ("f", "t", "x", "Delete"):
        page.keyboard.press("ArrowRight")
        page.keyboard.press(key)
        if group == "Viewers":
            assert page.locator(".toast__text").last.inner_text() == (
                "Your account can view this but not change it."
            )
            assert page.locator("dialog[open]").count() == 0
            page.evaluate("document.querySelector('toast-stack').replaceChildren()")
        else:
            page.keyboard.press("Escape")
