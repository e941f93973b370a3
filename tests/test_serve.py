"""The program as a user starts it, on every store."""

import http.client
import json
import os
import re
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.server import Server

REDIS = os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/8")


def request(server: Server, path: str, data: object = None, *, key: str = Server.api_key):
    """Status, headers and JSON of an answer."""
    body = None if data is None else json.dumps(data).encode()
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
    try:
        with urllib.request.urlopen(
            urllib.request.Request(f"{server.url}{path}", body, headers), timeout=60
        ) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def stores() -> list:
    """The store that the suite runs on, and Redis beside SQLite."""
    kind, url = (
        os.environ.get("SERVER_STORAGE_TYPE", "local"),
        os.environ.get("SERVER_STORAGE_URL", ""),
    )
    if kind in ("pgsql", "mysql"):
        return [pytest.param({"SERVER_STORAGE_TYPE": kind, "SERVER_STORAGE_URL": url}, id=kind)]
    return [
        pytest.param({"SERVER_STORAGE_TYPE": "local"}, id="local"),
        pytest.param(
            {"SERVER_STORAGE_TYPE": "redis", "SERVER_STORAGE_URL": REDIS},
            id="redis",
            marks=pytest.mark.redis,
        ),
    ]


@pytest.fixture(params=stores())
def store(request, django_db_setup, django_db_blocker):
    """Environment of a store; a database server's is the test database, emptied afterwards."""
    environment = dict(request.param)
    if environment.get("SERVER_STORAGE_URL", "").startswith(("postgresql", "mysql")):
        base, _, name = environment["SERVER_STORAGE_URL"].rpartition("/")
        environment["SERVER_STORAGE_URL"] = f"{base}/test_{name}"
        yield environment
        from django.core.management import call_command

        with django_db_blocker.unblock():
            call_command("flush", interactive=False, verbosity=0)
    else:
        yield environment


def kinds(folder):
    return sorted(path.suffix for path in folder.rglob("*.*"))


def test_a_picture_is_generated_kept_and_found_on_every_store(store, tmp_path):
    with Server(tmp_path, **store) as server:
        status, answer = request(
            server,
            "/v1/images/generations",
            {"prompt": "美丽的日落海景", "model": "grok-imagine-1.0", "n": 2},
        )
        assert (status, len(answer["data"])) == (200, 2)
        status, listed = request(server, "/api/v1/admin/gallery/images/?search=%E6%97%A5%E8%90%BD")
        assert (status, listed["count"]) == (200, 2)
        assert {row["prompt"] for row in listed["results"]} == {"美丽的日落海景"}
        assert all(row["model"].startswith("sample") for row in listed["results"])
        with urllib.request.urlopen(answer["data"][0]["url"]) as picture:
            assert picture.read(3) == b"\xff\xd8\xff"
        deadline = time.monotonic() + 30
        while kinds(tmp_path / "media") != [".jpg", ".jpg", ".webp", ".webp"]:
            assert time.monotonic() < deadline, "no thumbnails were made"
            time.sleep(0.1)
        expected = {"status": "ok", "database": "ok", "storage": "ok"}
        if store["SERVER_STORAGE_TYPE"] == "redis":
            expected["redis"] = "ok"
        assert request(server, "/readyz") == (200, expected)
        assert server.stop() == 0


def test_secrets_are_shown_once_and_never_again(tmp_path):
    server = Server(tmp_path, ADMIN_PASSWORD="", API_KEY="")
    with server:
        first = server.output
        assert server.stop() == 0
    password = re.search(r"Password  (\S+)", first)
    key = re.search(r"API key   (sk-\S+)", first)
    assert password and key
    for address in ("/admin/gallery/", "/admin/imagine/", "/v1"):
        assert f"http://127.0.0.1:{server.port}{address}" in first
    with server:
        again = server.output[len(first) :]
        assert password.group(1) not in again
        assert key.group(1) not in again
        assert "/admin/gallery/" in again
        assert request(server, "/v1/models", key=key.group(1))[0] == 200
        assert request(server, "/v1/models", key="sk-wrong")[0] == 401
    kept = b"".join(path.read_bytes() for path in Path(tmp_path / "data").glob("*.sqlite3*"))
    assert key.group(1).encode() not in kept


def test_a_huge_body_is_refused_before_it_is_read(tmp_path):
    with Server(tmp_path) as server:
        for path in ("/v1/images/generations", "/api/v1/admin/gallery/images/"):
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
            connection.putrequest("POST", path)
            connection.putheader("Authorization", f"Bearer {server.api_key}")
            connection.putheader("Content-Type", "application/json")
            connection.putheader("Content-Length", str(2 * 1024**3))
            connection.endheaders()
            answer = connection.getresponse()
            error = json.loads(answer.read())
            assert (answer.status, error["error"]["param"]) == (413, "body")
            connection.close()
