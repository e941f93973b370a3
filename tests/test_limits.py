"""What one client may take of a server: bytes, threads, connections."""

import gzip
import http.client
import itertools
import json
import socket
import sys
import time
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.raw import LAST, converse, request
from tests.server import Server
from tests.test_live_events import EVENTS, Listener, session_of

pytestmark = pytest.mark.once

KEY = f"Authorization: Bearer {Server.api_key}"
GENERATIONS = "/v1/images/generations"
GALLERY = "/api/v1/admin/gallery/"
MB = 1024 * 1024


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("limits")) as running:
        yield running


@pytest.fixture(scope="module")
def session(server):
    return f"Cookie: sessionid={session_of(server)}"


def announced(path, length, *headers, kind="application/json", method="POST"):
    return request(method, path, f"Content-Type: {kind}", f"Content-Length: {length}", *headers)


def memory(server):
    """Bytes that the process has now."""
    status = Path(f"/proc/{server.worker}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) * 1024


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        (GENERATIONS, (), 401),
        (GENERATIONS, ("Authorization: Bearer sk-of-nobody",), 401),
        ("/v1/images/edits", (), 401),
        ("/v1/nothing", (), 404),
        (f"{GALLERY}images/", (), 401),
        (f"{GALLERY}images/", ("Authorization: Bearer sk-of-nobody",), 401),
        (f"{GALLERY}images/delete/", ("Cookie: sessionid=of-nobody",), 401),
        ("/admin/login/", (), 413),
        ("/admin/login/", (KEY,), 413),
        ("/admin/gallery/export/", ("Cookie: sessionid=of-nobody",), 413),
    ],
)
@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=x", "application/json"])
def test_a_stranger_is_answered_before_a_large_body_is_read(server, path, headers, status, kind):
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
        client.sendall(announced(path, 2_000_000, *headers, kind=kind))
        assert client.recv(12) == b"HTTP/1.1 %d" % status


def test_what_a_stranger_sends_all_the_same_is_not_kept(server):
    before = memory(server)
    form = b"username=" + b"%41" * (20 * MB)
    kind = "application/x-www-form-urlencoded"
    asked = announced("/admin/login/", len(form), "Connection: close", kind=kind)
    [answer] = converse(server.port, asked + form, seconds=60)
    assert (answer.status, json.loads(answer.body)["detail"]) == (
        413,
        "The request body is larger than 2.5 MB.",
    )
    [answer] = converse(server.port, announced("/admin/login/", MB, "Expect: 100-continue"))
    assert (answer.status, json.loads(answer.body)["detail"]) == (
        413,
        "Sign in first: without it a request may have 64 kB.",
    )
    grown = memory(server) - before
    assert grown < 20 * MB


@pytest.mark.parametrize(
    ("path", "kind", "length", "status", "word"),
    [
        ("/admin/gallery/export/", "text/plain", int(2.5 * MB) + 1, 413, "2.5 MB"),
        (f"{GALLERY}images/delete/", "application/json", 16 * MB + 1, 413, "a selection instead"),
        (f"{GALLERY}images/", "multipart/form-data; boundary=x", 256 * MB + 1, 413, "256 MB"),
        (GENERATIONS, "application/json", 64 * MB + 1, 413, "64 MB. Send large pictures to"),
        ("/v1/chat/completions", "", 64 * MB + 1, 413, "64 MB. Send large pictures to"),
        ("/v1/images/edits", "multipart/form-data; boundary=x", 256 * MB + 1, 413, "256 MB."),
    ],
)
def test_each_address_has_a_limit_of_its_own(server, session, path, kind, length, status, word):
    [answer] = converse(
        server.port, announced(path, length, session, "Connection: close", kind=kind), seconds=3
    )
    assert (answer.status, word in json.loads(answer.body)["detail"]) == (status, True)


def test_bodies_up_to_the_limits_are_read(server, session):
    ids = json.dumps({"image_ids": [10**9 + number for number in range(100_000)]}).encode()
    asked = request("POST", f"{GALLERY}images/delete/", KEY, "Content-Type: application/json",
                    body=ids)  # fmt: skip
    assert converse(server.port, asked + LAST, seconds=60)[0].status == 200
    picture = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'
    form = picture + b"x" * (20 * MB) + b"\r\n--x--\r\n"
    kind = "Content-Type: multipart/form-data; boundary=x"
    asked = request("POST", f"{GALLERY}images/", KEY, kind, body=form)
    answer = converse(server.port, asked + LAST, seconds=60)[0]
    assert (answer.status, "file" in json.loads(answer.body)) == (400, True)
    wrong = json.dumps({"prompt": "a", "n": 0, "image": "A" * 20 * MB}).encode()
    asked = request("POST", GENERATIONS, KEY, "Content-Type: application/json", body=wrong)
    answer = converse(server.port, asked + LAST, seconds=60)[0]
    assert (answer.status, json.loads(answer.body)["error"]["param"]) == (400, "n")


def test_json_of_more_values_than_any_request_has_is_refused(server):
    before = memory(server)
    body = b'{"prompt": "a", "x": [' + b"[]," * (20 * MB) + b"[]]}"
    asked = request("POST", GENERATIONS, KEY, "Content-Type: application/json", body=body)
    answer = converse(server.port, asked + LAST, seconds=60)[0]
    assert (answer.status, json.loads(answer.body)["error"]["code"]) == (400, "too_many_values")
    assert memory(server) - before < 250 * MB


@pytest.mark.parametrize(
    ("path", "coding"),
    [(GENERATIONS, "br"), (f"{GALLERY}images/delete/", "gzip"), ("/admin/login/", "gzip")],
)
def test_a_body_in_a_coding_that_is_not_taken_is_refused(server, path, coding):
    asked = request("POST", path, KEY, f"Content-Encoding: {coding}", body=b"\x1f\x8b")
    answers = converse(server.port, asked + LAST)
    assert [answer.status for answer in answers] == [415, 200]
    assert ("gzip" in answers[0].headers["accept-encoding"]) == (path == GENERATIONS)


def chunked(data, *cuts):
    """The data in chunks that end at these places."""
    edges = [0, *cuts, len(data)]
    pieces = [data[start:end] for start, end in itertools.pairwise(edges)]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def test_the_gateway_inflates_what_a_key_sends(server):
    json_kind, packed = "Content-Type: application/json", "Content-Encoding: gzip"
    wrong = gzip.compress(json.dumps({"prompt": "a" * 30_000, "n": 0}).encode())
    form = (b'--x\r\nContent-Disposition: form-data; name="prompt"\r\n\r\na\r\n'
            b'--x\r\nContent-Disposition: form-data; name="n"\r\n\r\n0\r\n--x--\r\n')  # fmt: skip
    form_kind = "Content-Type: multipart/form-data; boundary=x"
    in_chunks = "Transfer-Encoding: chunked"
    asked = [
        request("POST", GENERATIONS, KEY, json_kind, packed, body=wrong),
        request("POST", GENERATIONS, KEY, json_kind, packed, in_chunks) + chunked(wrong, 3, 9, 10),
        request("POST", "/v1/images/edits", KEY, form_kind, packed, body=gzip.compress(form)),
        request("POST", GENERATIONS, json_kind, packed, body=wrong),
        request("POST", GENERATIONS, KEY, json_kind, packed, body=wrong[:-3]),
        request("POST", GENERATIONS, KEY, json_kind, packed, in_chunks) + chunked(b"{}{}", 2),
        request("GET", "/v1/models", KEY, packed),
    ]
    *answers, _last = converse(server.port, b"".join(asked) + LAST, seconds=30)
    told = [(answer.status, json.loads(answer.body).get("error", {})) for answer in answers]
    assert [(status, error.get("param"), error.get("code")) for status, error in told] == [
        (400, "n", "invalid_value"),
        (400, "n", "invalid_value"),
        (400, "n", "invalid_value"),
        (401, None, "invalid_api_key"),
        (400, None, "invalid_encoding"),
        (400, None, "invalid_encoding"),
        (200, None, None),
    ]


def test_a_bomb_is_refused_before_it_has_burst(server):
    before = memory(server)
    bomb = gzip.compress(bytes(60 * MB), 9)
    kind = "Content-Type: application/json"
    asked = request("POST", GENERATIONS, KEY, kind, "Content-Encoding: gzip", body=bomb)
    answer = converse(server.port, asked + LAST, seconds=30)[0]
    assert (answer.status, json.loads(answer.body)["error"]["code"]) == (413, "too_large")
    assert memory(server) - before < 20 * MB


def test_slow_bodies_and_slow_readers_stand_in_nobodys_way(server, session):
    """More of each than there are threads; each of the others is answered soon."""
    script = next((Path("staticfiles").rglob("*.js")), None)
    assert script is not None, "make build"
    large = max(Path("staticfiles").rglob("*.js"), key=lambda path: path.stat().st_size)
    slow = [
        announced("/admin/login/", 1000, kind="application/x-www-form-urlencoded") + b"a",
        announced(f"{GALLERY}images/", 10 * MB, KEY, kind="multipart/form-data; boundary=x"),
        announced(GENERATIONS, 10 * MB, KEY) + b"{",
        request("GET", f"/{large}") * 8,
        request("POST", GENERATIONS, "Transfer-Encoding: chunked") + b"1\r\n",
        b"GET / HTTP/1.1\r\nX: ",
    ]
    with ExitStack() as stack:
        for start in slow:
            for _ in range(20):
                client = stack.enter_context(socket.socket())
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                client.connect(("127.0.0.1", server.port))
                client.sendall(start)
        time.sleep(0.5)
        for path, header in (
            ("/healthz", KEY), ("/readyz", KEY), ("/v1/models", KEY), (f"{GALLERY}images/", KEY),
            ("/admin/gallery/", session), ("/admin/login/", "X: y"),
        ):  # fmt: skip
            began = time.monotonic()
            asked = request("GET", path, header, "Connection: close")
            assert [answer.status for answer in converse(server.port, asked)] == [200]
            assert time.monotonic() - began < 15  # the slow ones have 20 seconds


def test_a_user_has_a_bound_of_event_streams(server):
    session = session_of(server)
    with ExitStack() as stack:
        for _ in range(64):
            stack.enter_context(Listener(server, session))
        with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)) as more:
            more.request("GET", EVENTS, headers={"Cookie": f"sessionid={session}"})
            answer = more.getresponse()
            assert (answer.status, answer.headers["Retry-After"]) == (429, "600")
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)) as more:
            more.request("GET", EVENTS, headers={"Cookie": f"sessionid={session}"})
            if more.getresponse().status == 200:
                return
        time.sleep(0.2)
    pytest.fail("No stream is given up.")


FEW = """
import resource, sys, os
resource.setrlimit(resource.RLIMIT_NOFILE, (100, 300))
os.execv(sys.executable, [sys.executable, "manage.py", "serve"])
"""


def few(folder, **environment):
    """A server that may have 150 connections."""
    server = Server(folder, **environment)
    server.command = (sys.executable, "-c", FEW)
    return server


def test_idle_connections_make_room_for_others(tmp_path):
    with few(tmp_path) as server, ExitStack() as stack:
        for number in range(400):
            client = stack.enter_context(socket.socket())
            client.connect(("127.0.0.1", server.port))
            if number % 2:
                client.sendall(b"GET / HTTP/1.1\r\nX: ")
            if number % 50 == 0:
                assert converse(server.port, LAST)[0].status == 200
        assert converse(server.port, LAST)[0].status == 200
        assert "Too many open files" not in server.output


SLOW_BODY = announced("/admin/login/", 60_000, kind="application/x-www-form-urlencoded") + b"a"


def test_strangers_with_slow_bodies_make_room_for_others(tmp_path):
    with few(tmp_path) as server, ExitStack() as stack:
        for number in range(300):
            client = stack.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            client.sendall(SLOW_BODY)
            if number % 50 == 0:
                assert converse(server.port, LAST)[0].status == 200
        assert converse(server.port, LAST)[0].status == 200


def test_an_address_has_a_quarter_of_all_connections(tmp_path):
    waiting = request("GET", "/healthz")
    with few(tmp_path, TRUSTED_PROXIES="192.0.2.1") as server, ExitStack() as stack:
        first = stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=9))
        first.sendall(waiting)
        assert first.recv(12) == b"HTTP/1.1 200"
        crowd = [
            stack.enter_context(
                socket.create_connection(
                    ("127.0.0.1", server.port), timeout=9, source_address=("127.0.0.2", 0)
                )
            )
            for _ in range(60)
        ]
        assert converse(server.port, LAST)[0].status == 200
        crowd[-1].sendall(waiting)
        assert crowd[-1].recv(12) == b"HTTP/1.1 200"
        assert [client.recv(1) for client in crowd[:20]] == [b""] * 20
