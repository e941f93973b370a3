"""A program that is stopped or killed in the middle of a generation."""

import contextlib
import sqlite3
import threading

import httpx2
import pytest

from tests.server import Server

from .test_generate import wait_until
from .upstream import Upstream, after, pictures, stall

pytestmark = [pytest.mark.slow, pytest.mark.once]


@pytest.fixture
def upstream():
    with Upstream([pictures()]) as server:
        yield server


@pytest.fixture
def server(tmp_path, upstream):
    with Server(
        tmp_path, IMAGINE_UPSTREAM_URL=upstream.url, SERVER_STORAGE_TYPE="local"
    ) as running:
        yield running


def ask(server):
    """A request that nobody waits for."""

    def post():
        headers = {"Authorization": f"Bearer {Server.api_key}"}
        with contextlib.suppress(httpx2.TransportError):
            httpx2.post(
                f"{server.url}/v1/images/generations", json={"prompt": "a fox"}, headers=headers
            )

    threading.Thread(target=post).start()


def rows(server):
    with sqlite3.connect(server.folder / "data" / "grok2api.sqlite3") as database:
        generations = database.execute("SELECT status, error_code FROM imagine_generation")
        images = database.execute("SELECT COUNT(*) FROM gallery_image")
        return generations.fetchall(), images.fetchone()[0]


def test_program_that_is_told_to_stop_finishes_what_it_has_begun(server, upstream):
    upstream.replies = [after(2, pictures())]
    ask(server)
    wait_until(lambda: upstream.received)
    assert server.stop() == 0
    assert rows(server) == ([("succeeded", "")], 1)


def test_program_that_was_killed_says_so_when_it_is_back(server, upstream):
    upstream.replies = [stall]
    ask(server)
    wait_until(lambda: upstream.received)
    server.kill()
    assert rows(server) == ([("pending", "")], 0)
    server.start()
    assert rows(server) == ([("interrupted", "interrupted")], 0)
