"""Fixtures of the gateway's tests, which talk to it over a socket, as clients do."""

import shutil
import threading
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest
import uvicorn
from django.db import connections

from imagine import spool, threads
from imagine.keys import create_api_key

from .upstream import Upstream, pictures


class Gateway:
    """The program's ASGI application on a loopback port, in a thread of this process."""

    def __init__(self) -> None:
        self.server = uvicorn.Server(
            uvicorn.Config(
                "grok2api.asgi:application", port=0, log_config=None, lifespan="on", ws="none"
            )
        )
        self.thread = threading.Thread(target=self.server.run)

    def start(self) -> None:
        self.thread.start()
        while not self.server.started:
            assert self.thread.is_alive()
            threading.Event().wait(0.01)
        port = self.server.servers[0].sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join()


@pytest.fixture(autouse=True)
def nothing_left_behind(settings: Any) -> Iterator[None]:
    """Forget what a test could not store: the next test's rows have the same ids."""
    yield
    shutil.rmtree(settings.DATA_DIR / "received" / spool.LEFT, ignore_errors=True)


@pytest.fixture
def gateway(transactional_db: None, settings: Any) -> Iterator[Gateway]:
    """Run a gateway; `transactional_db`, since its threads have their own connections."""
    settings.IMAGINE_PROVIDER = getattr(settings, "IMAGINE_PROVIDER", "sample")
    running = Gateway()
    running.start()
    yield running
    running.stop()
    threads.close_connections()
    connections.close_all()


@pytest.fixture
def secret(transactional_db: None) -> str:
    """Return the secret of an active API key."""
    return create_api_key(name="tests")[1]


@pytest.fixture
def client(gateway: Gateway, secret: str) -> Iterator[httpx2.Client]:
    """Return an HTTP client with an API key."""
    headers = {"Authorization": f"Bearer {secret}", "User-Agent": "test-client"}
    with httpx2.Client(base_url=gateway.url, headers=headers, timeout=30) as http:
        yield http


@pytest.fixture
def upstream(settings: Any) -> Iterator[Upstream]:
    """Run an upstream that answers with one picture until a test says otherwise, and use it."""
    with Upstream([pictures()]) as server:
        settings.IMAGINE_PROVIDER = "openai"
        settings.IMAGINE_UPSTREAM_URL = server.url
        yield server


@pytest.fixture
def ask(client: httpx2.Client) -> Callable[..., httpx2.Response]:
    """Return a function that requests a picture of a fox; keyword arguments are further fields."""

    def ask(**body: Any) -> httpx2.Response:
        return client.post("/v1/images/generations", json={"prompt": "a fox", **body})

    return ask
