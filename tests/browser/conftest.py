"""Fixtures with a real Chromium and a real server process."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, StorageState, sync_playwright

from tests.server import Server

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-first-run",
]  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(autouse=True)
def media_folder() -> None:
    """Override the suite's folder: the server has one of its own."""


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    if CHROMIUM is None:
        assert os.environ.get("CI") != "true", "Chromium is not installed."
        pytest.skip("Chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Run one server for all tests of a module, with an empty library at its start."""
    with Server(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture
def new_context(chromium: Browser, server: Server) -> Iterator[Callable[..., BrowserContext]]:
    """Return a factory of browser contexts; a test fails if a page logs an error or leaves the
    site.

    `context.allowed_errors` lists texts of console errors that the test provokes on purpose.
    """
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def new(**options: Any) -> BrowserContext:
        options.setdefault("locale", "en-US")
        options.setdefault("base_url", server.url)
        context = chromium.new_context(**options)
        context.allowed_errors = []  # type: ignore[attr-defined]
        context.on(
            "console",
            lambda message: (
                errors.append(message.text)
                if message.type == "error"
                and not any(text in message.text for text in context.allowed_errors)
                else None
            ),
        )
        context.on("weberror", lambda error: errors.append(str(error.error)))
        contexts.append(context)
        return context

    yield new
    for context in contexts:
        context.cookies()  # hears what the browser has said until now
    said = list(errors)
    for context in contexts:
        context.close()  # cuts requests that are under way, which htmx calls errors
    assert said == []


def sign_in(page: Page, server: Server) -> None:
    page.goto("/admin/login/")
    page.locator("input[name=username]").fill("admin")
    page.locator("input[name=password]").fill(server.password)
    page.locator("input[name=password]").press("Enter")
    page.wait_for_url("**/admin/**")


@pytest.fixture(scope="module")
def signed_in(chromium: Browser, server: Server) -> StorageState:
    """Return the administrator's session cookies: `new_context(storage_state=signed_in)`."""
    context = chromium.new_context(base_url=server.url)
    sign_in(context.new_page(), server)
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture
def page(new_context: Callable[..., BrowserContext], signed_in: StorageState) -> Page:
    """Open a desktop page in English, signed in as the administrator."""
    context = new_context(viewport={"width": 1280, "height": 900}, storage_state=signed_in)
    return context.new_page()


@pytest.fixture
def phone(new_context: Callable[..., BrowserContext], signed_in: StorageState) -> Page:
    """Open a phone in Chinese, signed in as the administrator."""
    context = new_context(
        viewport={"width": 390, "height": 844},
        locale="zh-CN",
        has_touch=True,
        is_mobile=True,
        storage_state=signed_in,
    )
    return context.new_page()
