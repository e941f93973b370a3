"""What the pictures of a page weigh on fine displays."""

import re
import subprocess
import sys
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, StorageState

from tests.server import ROOT, Server

FIFTY = """
import tests.browser.painted_library
from gallery.models import Image
from gallery.tests import adding
images = list(Image.objects.order_by("pk"))
for number in range(30):
    with images[number % len(images)].file.open() as file:
        adding.add_image(data=file.read(), source=Image.Source.GENERATED, prompt="once more")
"""

MOST = {1: 2.0, 2: 2.5, 3: 2.5}
"""Megabytes of a first visit by ratio of pixels."""


@pytest.fixture(scope="module", autouse=True)
def library(server: Server) -> None:
    command = [sys.executable, "manage.py", "shell", "--command", FIFTY]
    subprocess.run(command, cwd=ROOT, env=server.environment, check=True, stdout=subprocess.DEVNULL)


@pytest.mark.parametrize("ratio", [1, 2, 3])
def test_page_of_fifty_loads_thumbnails_and_no_original(
    new_context: Callable[..., BrowserContext], signed_in: StorageState, ratio: int
) -> None:
    context = new_context(
        viewport={"width": 390, "height": 844},
        device_scale_factor=ratio,
        has_touch=True,
        is_mobile=True,
        storage_state=signed_in,
    )
    page = context.new_page()
    client = context.new_cdp_session(page)
    client.send("Network.enable")
    sizes: list[float] = []
    addresses: list[str] = []
    client.on("Network.responseReceived", lambda e: addresses.append(e["response"]["url"]))
    client.on("Network.loadingFinished", lambda e: sizes.append(e["encodedDataLength"]))
    page.goto("/admin/gallery/")
    for card in page.locator(".card").all():
        card.scroll_into_view_if_needed()
        card.locator("img").evaluate("image => image.decode()")
    large = page.locator(".card img").evaluate_all(
        "all => all.map((each) => each.currentSrc.includes('size=1024'))"
    )
    oblong = page.locator(".card img").evaluate_all(
        "all => all.map((each) => each.getAttribute('width') !== each.getAttribute('height'))"
    )
    pictures = [re.search(r"/images/\d+/(\w+)/", address) for address in addresses]
    assert len(large) == 50
    assert {found[1] for found in pictures if found} == {"thumbnail"}
    assert sum(sizes) < MOST[ratio] * 1e6
    if ratio == 3:  # of a square picture the 512 pixels fill the card, of others they do not
        assert large == oblong


def test_first_visit_loads_little_code(
    new_context: Callable[..., BrowserContext], signed_in: StorageState
) -> None:
    context = new_context(storage_state=signed_in)
    page = context.new_page()
    client = context.new_cdp_session(page)
    client.send("Network.enable")
    code: set[str] = set()
    sizes: dict[str, float] = {}
    client.on(
        "Network.responseReceived",
        lambda e: code.add(e["requestId"]) if e["type"] in {"Script", "Stylesheet"} else None,
    )
    client.on(
        "Network.loadingFinished", lambda e: sizes.update({e["requestId"]: e["encodedDataLength"]})
    )
    page.goto("/admin/gallery/", wait_until="networkidle")
    assert 30_000 < sum(sizes[each] for each in code) < 64 * 1024
