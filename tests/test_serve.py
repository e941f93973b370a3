"""The program as a user starts it, on every store."""

import http.client
import json
import os
import re
import signal
import socket
import sqlite3
import sys
import time
import urllib.error
import urllib.request
from contextlib import closing
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection

from tests.server import ROOT, Server
from tests.stores import OwnRedis, wait_until


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


@pytest.fixture(
    params=["suite", pytest.param("redis", marks=[pytest.mark.once, pytest.mark.redis])]
)
def store(request, tmp_path, django_db_setup, django_db_blocker):
    """Environment of the store that the suite runs on, and of Redis beside SQLite.

    A database server's database is that of the tests, emptied afterwards.
    """
    if request.param == "redis":
        with OwnRedis(tmp_path / "redis") as redis:
            yield {"SERVER_STORAGE_TYPE": "redis", "SERVER_STORAGE_URL": redis.url}
    elif connection.vendor == "sqlite":
        yield {"SERVER_STORAGE_TYPE": "local"}
    else:
        server = os.environ["SERVER_STORAGE_URL"].rpartition("/")[0]
        yield {
            "SERVER_STORAGE_TYPE": os.environ["SERVER_STORAGE_TYPE"],
            "SERVER_STORAGE_URL": f"{server}/{connection.settings_dict['NAME']}",
        }
        with django_db_blocker.unblock():
            call_command("flush", interactive=False, verbosity=0)


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


def test_the_port_is_left_while_the_last_answers_are_given(tmp_path):
    with Server(tmp_path, SERVER_WORKERS="2") as server, socket.socket() as slow:
        slow.connect(("127.0.0.1", server.port))
        slow.sendall(b"POST /admin/login/ HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx")
        time.sleep(0.5)
        server.process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + 20
        while True:
            try:
                urllib.request.urlopen(f"{server.url}/healthz", timeout=10).close()
            except urllib.error.URLError as error:
                if isinstance(error.reason, ConnectionRefusedError):
                    break  # not left waiting
            except ConnectionError:
                pass  # accepted by a process that was just ending
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert server.process.poll() is None  # the slow one still has its time


def test_one_process_is_replaced_while_a_client_keeps_its_connection(tmp_path):
    with (
        Server(tmp_path) as server,
        closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)) as client,
    ):

        def ask() -> tuple[int, str | None]:
            client.request("GET", "/healthz")
            answer = client.getresponse()
            answer.read()
            return answer.status, answer.headers["Connection"]

        assert ask() == (200, None)
        before = server.worker
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "Reloaded" in server.output, timeout=180)
        time.sleep(2)  # longer than a process that is told to stop waits for such a client
        assert ask() == (200, "close")
        wait_until(lambda: before not in server.workers)
        assert ask() == (200, None)
        assert "SigBlk:\t0000000000000000" in Path(f"/proc/{server.worker}/status").read_text()
        assert server.stop() == 0


def test_a_process_that_dies_is_replaced_and_a_release_that_does_not_start_is_not_taken(tmp_path):
    program = tmp_path / "manage.py"
    program.symlink_to(ROOT / "manage.py")
    server = Server(tmp_path)
    server.command = (sys.executable, str(program), "serve")
    with server:
        before = server.worker
        os.kill(before, signal.SIGKILL)
        wait_until(lambda: f"Process {before} has ended (SIGKILL)" in server.output, timeout=60)
        with urllib.request.urlopen(f"{server.url}/healthz", timeout=60) as answer:
            assert answer.status == 200
        serving = server.worker
        refused = "Not reloaded: the new process did not serve (exit status {})"
        with closing(sqlite3.connect(tmp_path / "data/grok2api.sqlite3")) as database, database:
            database.execute("DELETE FROM django_migrations WHERE app = 'gallery' AND id > 1")
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: refused.format(1) in server.output, timeout=60)
        assert "the database is of an earlier release; restart, do not reload." in server.output
        program.unlink()
        program.write_text("raise SystemExit(3)")
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: refused.format(3) in server.output, timeout=60)
        assert server.worker == serving
        assert request(server, "/v1/models")[0] == 200
        assert server.stop() == 0
