"""One request in, one answer out: the server at its socket, against what clients may send.

`test_upgrades.py` has the clients that offer another protocol, and nginx between.
"""

import json
import socket
import time

import pytest

from tests.raw import LAST, converse, read_answers, request
from tests.server import Server

pytestmark = pytest.mark.once

KEY = f"Authorization: Bearer {Server.api_key}"
GENERATIONS = "/v1/images/generations"
SMUGGLED = request("DELETE", "/smuggled")
UPGRADES = {
    "h2c": ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAEAAEAA"),
    "websocket": (
        "Connection: keep-alive, Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ),
    "tls": ("Connection: upgrade", "Upgrade: TLS/1.2, HTTP/1.1"),
    "two": ("Upgrade: foo", "Connection: close-not", "Connection: UPGRADE", "Upgrade: bar"),
}  # fmt: skip


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("sockets")) as running:
        yield running


def statuses(server, *segments, **how):
    return [answer.status for answer in converse(server.port, *segments, **how)]


def chunked(*pieces):
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in (*pieces, b""))


@pytest.mark.parametrize("upgrade", UPGRADES.values(), ids=UPGRADES)
@pytest.mark.parametrize("apart", [True, False])
def test_the_body_of_a_request_with_an_upgrade_is_no_request(server, upgrade, apart):
    head = request("POST", GENERATIONS, *upgrade, f"Content-Length: {len(SMUGGLED)}")
    segments = [head, SMUGGLED, LAST] if apart else [head + SMUGGLED + LAST]
    assert statuses(server, *segments) == [401, 200]


@pytest.mark.parametrize("upgrade", UPGRADES.values(), ids=UPGRADES)
def test_the_chunks_of_a_request_with_an_upgrade_are_no_request(server, upgrade):
    head = request("POST", GENERATIONS, *upgrade, "Transfer-Encoding: chunked")
    body = chunked(SMUGGLED, SMUGGLED)
    assert statuses(server, head, body, LAST) == [401, 200]
    assert statuses(server, head, body[:40], body[40:], LAST) == [401, 200]


@pytest.mark.parametrize("upgrade", UPGRADES.values(), ids=UPGRADES)
def test_a_body_that_comes_with_an_upgrade_is_read(server, upgrade):
    body = json.dumps({"prompt": "a cat", "n": 0}).encode()
    asked = request("POST", GENERATIONS, KEY, *upgrade, body=body)
    wrong, fine = converse(server.port, asked[: -len(body)], body, LAST)
    assert (wrong.status, json.loads(wrong.body)["error"]["param"]) == (400, "n")
    assert (fine.status, json.loads(fine.body)) == (200, {"status": "ok"})


@pytest.mark.parametrize("upgrade", UPGRADES.values(), ids=UPGRADES)
def test_requests_with_an_upgrade_may_follow_each_other(server, upgrade):
    get = request("GET", "/healthz", *upgrade)
    head = request("HEAD", "/healthz", *upgrade)
    post = request("POST", "/nothing/here", *upgrade, body=b"x" * 100)
    assert statuses(server, get + head + post + get + LAST, bodiless=[1]) == [
        200, 200, 404, 200, 200
    ]  # fmt: skip


def test_a_head_in_pieces_with_an_upgrade_is_one_request(server):
    whole = request("POST", GENERATIONS, *UPGRADES["h2c"], body=SMUGGLED)
    pieces = [whole[start : start + 29] for start in range(0, len(whole), 29)]
    assert statuses(server, *pieces, LAST) == [401, 200]


def test_many_requests_at_once_are_answered_in_their_order(server):
    wanted = [request("GET", f"/v1/models/{number}") for number in range(300)]
    found = converse(server.port, b"".join([*wanted, LAST]), seconds=60)
    assert [answer.status for answer in found] == [401] * 300 + [200]


def test_a_queued_request_is_given_its_body(server):
    body = json.dumps({"prompt": "a cat", "n": 0, "user": "x" * 40_000}).encode()
    first = request("GET", "/v1/models")
    post = request("POST", GENERATIONS, KEY, "Content-Type: application/json", body=body)
    head = post[: -len(body)]
    assert statuses(server, first + post + LAST) == [401, 400, 200]
    assert statuses(server, first + head, body + LAST) == [401, 400, 200]
    assert statuses(server, first + post + first + post + LAST) == [401, 400, 401, 400, 200]
    chunks = request("POST", GENERATIONS, KEY, "Transfer-Encoding: chunked")
    chunks += chunked(body[:20_000], body[20_000:])
    assert statuses(server, first + chunks + post + LAST) == [401, 400, 400, 200]


@pytest.mark.parametrize(
    ("asked", "answers"),
    [
        (request("GET", "/v1/models"), [401]),
        (request("GET", "/admin/login/"), [200]),
        (request("POST", GENERATIONS, KEY, body=b'{"prompt": "a cat"}'), [200]),
        (request("GET", "/v1/models") * 20 + request("GET", "/healthz"), [401] * 20 + [200]),
        (request("GET", "/v1/models") + request("POST", GENERATIONS, KEY, body=b"{}"), [401, 400]),
        (request("GET", "/v1/models") + b"garbage\r\n\r\n", [401, 400]),
        (request("GET", "/v1/models") + request("POST", "/a", "Content-Length: 9") + b"x", [401]),
        (request("GET", "/v1/models") + b"GET / HTT", [401]),
        (request("POST", GENERATIONS, KEY, "Content-Length: 9") + b"x", []),
        (b"GET / HTT", []),
        (b"", []),
    ],
)
def test_a_client_that_ends_its_side_hears_its_answers(server, asked, answers):
    received = b""
    with socket.create_connection(("127.0.0.1", server.port), timeout=15) as client:
        client.sendall(asked)
        client.shutdown(socket.SHUT_WR)
        while piece := client.recv(65536):
            received += piece
    assert [answer.status for answer in read_answers(received, set())] == answers


@pytest.mark.parametrize("expects", ["100-continue", "100-Continue"])
def test_a_client_that_waits_for_100_is_told_to_go_on(server, expects):
    body = json.dumps({"prompt": "a cat", "n": 0}).encode()
    asked = request("POST", GENERATIONS, KEY, f"Expect: {expects}", body=body)
    assert statuses(server, asked[: -len(body)], body, LAST) == [100, 400, 200]


MALFORMED = {
    "two lengths": ("Content-Length: 5", "Content-Length: 5"),
    "two different lengths": ("Content-Length: 5", "Content-Length: 0"),
    "a list of lengths": ("Content-Length: 5, 5",),
    "a signed length": ("Content-Length: +5",),
    "a length in hex": ("Content-Length: 0x5",),
    "no length": ("Content-Length:",),
    "a negative length": ("Content-Length: -5",),
    "an endless length": (f"Content-Length: {'9' * 40}",),
    "length and chunks": ("Content-Length: 5", "Transfer-Encoding: chunked"),
    "chunks and length": ("Transfer-Encoding: chunked", "Content-Length: 5"),
    "an unknown encoding": ("Transfer-Encoding: xchunked",),
    "chunked is not last": ("Transfer-Encoding: chunked, identity",),
    "chunked twice": ("Transfer-Encoding: chunked", "Transfer-Encoding: identity"),
    "an empty encoding": ("Transfer-Encoding:", "Content-Length: 5"),
    "a space before the colon": ("Content-Length : 5",),
    "a folded line": ("X-Folded: one", " two"),
    "a folded encoding": ("Transfer-Encoding:", " chunked"),
    "a second host": ("Host: elsewhere",),
    "a second type": ("Content-Type: text/plain", "Content-Type: application/json"),
    "a line without a colon": ("nonsense",),
    "a zero byte": ("X-Zero: a\0b",),
    "a bare return": ("X-Return: a\rb",),
}


@pytest.mark.parametrize("headers", MALFORMED.values(), ids=MALFORMED)
def test_a_head_of_two_meanings_is_refused(server, headers):
    asked = request("POST", GENERATIONS, *headers) + b"12345" + SMUGGLED + LAST
    assert statuses(server, asked) == [400]
    asked = request("POST", GENERATIONS, *headers)
    assert statuses(server, asked, b"12345" + SMUGGLED, LAST) == [400]


BAD_CHUNKS = [
    b"0x5\r\n12345\r\n0\r\n\r\n", b"5\n12345\n0\n\n", b"5\r\n123456\r\n0\r\n\r\n",
    b"-5\r\n12345\r\n",
    b"fffffffffffffffff\r\n12345\r\n0\r\n\r\n", b"\r\n12345\r\n", b"5 5\r\n12345\r\n0\r\n\r\n",
]  # fmt: skip


@pytest.mark.parametrize("body", BAD_CHUNKS)
@pytest.mark.parametrize("path", [GENERATIONS, "/admin/login/", "/nothing/here"])
def test_chunks_that_are_none_end_the_connection_with_one_answer(server, body, path):
    head = request("POST", path, KEY, "Transfer-Encoding: chunked")
    for segments in ([head + body + LAST], [head, body + LAST]):
        found = statuses(server, *segments)
        assert len(found) == 1
        assert 400 <= found[0] < 500


def test_lines_that_end_without_a_return_are_refused(server):
    assert statuses(server, b"GET /healthz HTTP/1.1\nHost: a\n\n" + LAST) == [400]
    assert statuses(server, b"GET /healthz HTTP/1.1\r\nHost: a\n\r\n" + LAST) == [400]


def test_garbage_behind_a_request_is_refused_after_its_answer(server):
    asked = request("GET", "/v1/models")
    assert statuses(server, asked + b"garbage\r\n\r\n" + LAST) == [401, 400]
    generation = request("POST", GENERATIONS, KEY, body=b'{"prompt": "a cat"}')
    assert statuses(server, generation + b"\0\0\0", seconds=30) == [200, 400]


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        (b"CONNECT example.org:443 HTTP/1.1\r\nHost: example.org\r\n\r\n", 501),
        (b"GET /healthz HTTP/2.0\r\nHost: a\r\n\r\n", 505),
        (b"GET /healthz\r\n\r\n", 505),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (request("POST", GENERATIONS, "Transfer-Encoding: chunked", version="1.0"), 400),
        (b"GET /\xc3\xbc HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET /healthz?\xff HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ],
)
def test_what_is_no_request_of_ours_has_one_answer(server, asked, status):
    [answer] = converse(server.port, asked + LAST)
    assert (answer.status, answer.headers["connection"]) == (status, "close")
    assert set(json.loads(answer.body)) == {"error", "detail"}


@pytest.mark.parametrize(
    ("target", "host", "status"),
    [
        ("http://a/healthz", "Host: a", 200), ("HTTP://A:80/healthz", "Host: a:80", 200),
        ("http://b/healthz", "Host: a", 400), ("http://a:81/healthz", "Host: a", 400),
        ("http://a@b/healthz", "Host: b", 400), ("/healthz", "X: y", 400),
        ("/healthz", "Host: a", 200),
    ],
)  # fmt: skip
def test_a_request_names_one_host(server, target, host, status):
    asked = f"GET {target} HTTP/1.1\r\n{host}\r\nConnection: close\r\n\r\n".encode()
    assert statuses(server, asked) == [status]


def test_the_old_version_is_answered_and_closed(server):
    asked = request("GET", "/healthz", *UPGRADES["h2c"], version="1.0")
    assert statuses(server, asked + LAST) == [200]


def test_a_trailer_is_no_header(server):
    head = request("POST", GENERATIONS, "Transfer-Encoding: chunked")
    trailer = b"2\r\n{}\r\n0\r\n" + KEY.encode() + b"\r\n\r\n"
    assert statuses(server, head + trailer + LAST) == [401, 200]


def test_a_header_with_an_underscore_is_not_taken_for_another_one(server):
    proxied = request("GET", "/v1/models", KEY.replace("Authorization", "Authorization_"))
    proxied += request("GET", "/api/v1/admin/gallery/stats/", f"HTTP_{KEY}")
    assert statuses(server, proxied + LAST) == [401, 401, 200]


@pytest.mark.parametrize("length", [60, 63])
def test_headers_up_to_64_kb_are_read(server, length):
    cookie = f"Cookie: csrftoken={'x' * length * 1024}"
    assert statuses(server, request("GET", "/admin/login/", cookie) + LAST) == [200, 200]
    link = request("GET", f"/healthz?{'x' * length * 1024}")
    assert statuses(server, link + LAST) == [200, 200]


@pytest.mark.parametrize("line", ["Cookie: a={}", "X: {}", "{}: x"])
def test_larger_headers_are_refused_with_a_sentence(server, line):
    asked = request("GET", "/healthz", line.format("x" * 65 * 1024))
    [answer] = converse(server.port, asked + LAST)
    assert (answer.status, json.loads(answer.body)) == (
        431,
        {
            "error": {
                "message": "The request's headers are larger than 64 kB.",
                "type": "invalid_request_error",
                "param": None,
                "code": "headers_too_large",
            },
            "detail": "The request's headers are larger than 64 kB.",
        },
    )


ENDLESS = {
    "a line": b"GET /" + b"x" * 200_000,
    "a header's name": b"GET / HTTP/1.1\r\n" + b"x" * 200_000,
    "a header's value": b"GET / HTTP/1.1\r\nX: " + b"x" * 200_000,
    "headers": b"GET / HTTP/1.1\r\n" + b"X: x\r\n" * 40_000,
}


@pytest.mark.parametrize("endless", ENDLESS.values(), ids=ENDLESS)
def test_a_head_without_an_end_is_refused_when_it_is_too_long(server, endless):
    assert statuses(server, endless) == [431]


def test_trailers_without_an_end_are_refused(server):
    head = request("POST", GENERATIONS, "Transfer-Encoding: chunked")
    trailers = b"2\r\n{}\r\n0\r\n" + b"X: x\r\n" * 40_000
    assert len(statuses(server, head + trailers)) == 1


def test_a_client_that_sends_more_than_it_may_hears_its_answer(server):
    head = request("POST", GENERATIONS, KEY, f"Content-Length: {1024**3}", "Connection: close")
    [answer] = converse(server.port, head + b"x" * 20_000_000)
    assert (answer.status, json.loads(answer.body)["error"]["code"]) == (413, "too_large")


def test_the_connection_serves_on_after_a_body_that_nobody_wanted(server):
    head = request("POST", "/admin/nothing/", "Transfer-Encoding: chunked")
    assert statuses(server, head, chunked(b"x" * 1000), LAST) == [411, 200]


def test_connections_without_a_request_are_closed_in_the_end(server):
    began = time.monotonic()
    sockets = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(2)]
    sockets[1].sendall(b"GET / HTTP/1.1\r\nX: ")
    while time.monotonic() - began < 18:
        time.sleep(1)
        sockets[1].sendall(b"x")
    for connection, expected in zip(sockets, (b"", b"HTTP/1.1 408"), strict=True):
        connection.settimeout(15)
        assert connection.recv(12) == expected
        connection.close()
