"""The providers' HTTP client against servers that do what they should not."""

import asyncio
import gc
import gzip
import json
import socket
import ssl
import threading
import time
import zlib

import aiohttp
import pytest
from yarl import URL

from imagine.providers import client as client_module
from imagine.providers import upstream as upstream_module
from imagine.providers.base import ProviderError
from imagine.providers.client import Client, form
from imagine.providers.upstream import Upstream, read_bounded

from .raw_server import RawServer, answer, self_signed
from .upstream import post_json

OK = b"HTTP/1.1 200 OK\r\n"
TWELVE = b'{"a": 12}'
WHOLE = OK + b"Content-Length: 9\r\n\r\n" + TWELVE
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
GZIP = OK + b"Content-Encoding: gzip\r\n"
BROKE_OFF = (424, "upstream_broke_off", None)
NO_JSON = (424, "upstream_bad_answer", 200)
UNREACHABLE = (502, "upstream_unreachable", None)


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    """No proxy of whoever runs the tests, and no pause before the next try."""
    for scheme in ("http", "https", "all", "no"):
        monkeypatch.delenv(f"{scheme}_proxy", raising=False)
        monkeypatch.delenv(f"{scheme}_proxy".upper(), raising=False)
    monkeypatch.setattr(upstream_module, "PAUSES", (0, 0))
    monkeypatch.setattr(upstream_module, "MAX_ANSWER", 1024 * 1024)


@pytest.fixture
def certificate(tmp_path, monkeypatch):
    """Of `localhost`; the client trusts it and no other."""
    path = self_signed(tmp_path)
    context = ssl.create_default_context(cafile=path)
    monkeypatch.setattr(client_module, "trust", lambda: context)
    return path


async def post(url, seconds=5, **content):
    """What a POST by an `Upstream` gives: JSON, or status, code and upstream's status."""
    upstream = Upstream(url, "key", seconds)
    try:
        return await post_json(
            upstream, "/v1/images/generations", **(content or {"json": {"n": 1}})
        )
    except ProviderError as error:
        return error.status, error.code, error.upstream_status
    finally:
        await upstream.close()


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (answer(WHOLE), {"a": 12}),
        (answer(OK + b"Content-Length: 9\r\n\r\n", b'{"a"', b": 12}"), {"a": 12}),
        (answer(CHUNKED + b"4\r\n", b'{"a"\r\n5', b"\r\n: 12}\r\n0\r\n\r\n"), {"a": 12}),
        (answer(OK + b"\r\n", TWELVE), {"a": 12}),
        (answer(b"HTTP/1.0 200 OK\r\n\r\n", TWELVE), {"a": 12}),
        (answer(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + WHOLE), {"a": 12}),
        (answer(WHOLE.replace(b"OK", b"OK\r\nX: " + b"x" * 30_000)), {"a": 12}),
        (answer(GZIP + b"\r\n", gzip.compress(TWELVE)), {"a": 12}),
        (
            answer(OK + b"Content-Encoding: deflate\r\n\r\n", zlib.compress(TWELVE)[2:-4]),
            {"a": 12},
        ),
        (answer(), BROKE_OFF),
        (answer(reset=True), BROKE_OFF),
        (answer(OK + b"X: y"), BROKE_OFF),
        (answer(b"SSH-2.0-OpenSSH\r\n\r\n"), BROKE_OFF),
        (answer(OK + b"Content-Length: 10\r\n\r\n" + TWELVE), BROKE_OFF),
        (answer(OK + b"Content-Length: 10\r\n\r\n", TWELVE, reset=True), BROKE_OFF),
        (answer(OK + b"\r\n", TWELVE, reset=True), BROKE_OFF),
        (answer(OK + b"\r\n" + TWELVE, reset=True), BROKE_OFF),
        (answer(CHUNKED + b"9\r\n" + TWELVE + b"\r\n"), BROKE_OFF),
        (answer(CHUNKED + b"zz\r\n"), BROKE_OFF),
        (answer(CHUNKED + b"9\r\n" + TWELVE + b"\r\n", b"zz\r\n", keep=True), BROKE_OFF),
        (answer(GZIP + b"Content-Length: 9\r\n\r\n" + TWELVE), BROKE_OFF),
        (answer(GZIP + b"\r\n", gzip.compress(TWELVE * 99)[:30], b"x" * 99, keep=True), BROKE_OFF),
        (answer(GZIP + b"\r\n", gzip.compress(b" " * 50_000_000)), NO_JSON),
        (answer(WHOLE.replace(TWELVE, b"<html></>")), NO_JSON),
        (answer(b"HTTP/1.1 204 No Content\r\n\r\n"), NO_JSON),
        # What is said of a failure may be lost; its status is not.
        (
            answer(b"HTTP/1.1 500 Oh\r\nContent-Length: 3\r\n\r\nno"),
            (424, "upstream_failed", 500),
        ),
        (
            answer(b"HTTP/1.1 503 Oh\r\nContent-Encoding: gzip\r\n\r\nno"),
            (502, "upstream_failed", 503),
        ),
        (answer(b"HTTP/1.1 413 Oh\r\n\r\n" + b"x" * 1_100_000), (413, "upstream_refused", 413)),
        (answer(b"HTTP/1.1 413 Oh\r\n\r\n<html>"), (413, "upstream_refused", 413)),
        (answer(OK + b"Content-Encoding: utf-8\r\n\r\n" + TWELVE), {"a": 12}),
        (
            answer(b"HTTP/1.1 307 On\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n"),
            (502, "upstream_failed", 307),
        ),
    ],
)
async def test_each_answer_has_its_outcome_and_costs_one_request(reply, expected):
    with RawServer(reply) as server:
        assert await post(server.url) == expected
        assert len(server.received) == 1


@pytest.mark.parametrize("coding", ["br", "zstd", "compress", "gzip, br"])
async def test_an_encoding_that_was_not_asked_for_is_named(coding):
    foreign = WHOLE.replace(b"OK", b"OK\r\nContent-Encoding: " + coding.encode())
    with RawServer(answer(foreign)) as server:
        upstream = Upstream(server.url, "key", 5)
        with pytest.raises(ProviderError) as failure:
            await post_json(upstream, "", json={"n": 1})
        await upstream.close()
        assert len(server.received) == 1
    assert (failure.value.status, failure.value.code) == (424, "upstream_bad_answer")
    assert str(failure.value).endswith(f"not asked for: {coding}.")


async def test_call_is_limited_as_a_whole_and_nothing_else_is():
    with RawServer(answer(OK + b"Content-Length: 9\r\n\r\n", b"{", keep=True)) as server:
        assert await post(server.url, seconds=0.5) == (424, "upstream_timeout", None)
    client = Client(connecting=10)
    assert client.session.timeout == aiohttp.ClientTimeout(total=None, connect=10, sock_read=None)
    await client.aclose()


async def test_what_cannot_be_connected_to_is_named_so(tmp_path):
    with socket.socket() as taken, RawServer(answer(WHOLE), self_signed(tmp_path)) as secured:
        taken.bind(("127.0.0.1", 0))
        for url in (
            f"http://127.0.0.1:{taken.getsockname()[1]}",
            "http://nowhere.invalid",
            secured.url,  # nobody has signed its certificate
            "http://127.0.0.1:0",
        ):
            assert await post(url) == UNREACHABLE
        assert secured.received == []


async def test_connection_that_does_not_come_about_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(upstream_module, "CONNECT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server:
        waiting = [socket.socket() for _ in range(3)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(server.getsockname())
        assert await post(f"http://127.0.0.1:{server.getsockname()[1]}") == UNREACHABLE
        for one in waiting:
            one.close()


async def test_certificate_has_to_be_of_the_host_or_of_the_server_named(certificate):
    with RawServer(answer(WHOLE), certificate) as server:
        assert await post(server.url.replace("127.0.0.1", "localhost")) == {"a": 12}
        assert await post(server.url) == UNREACHABLE
        client = Client(connecting=10)
        for name in ("localhost", "example.com"):
            try:
                response = await client.send("GET", URL(server.url), server_name=name)
                assert (name, await read_bounded(response, 9)) == ("localhost", TWELVE)
                response.close()
            except aiohttp.ClientConnectorCertificateError:
                assert name == "example.com"
        await client.aclose()
        assert server.names == ["localhost", None, None, None, "localhost", "example.com"]


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
@pytest.mark.parametrize("secured", [False, True], ids=["http", "https"])
def test_idle_connection_that_was_closed_is_not_used_for_a_post(secured, loop, certificate):
    """aiohttp itself sees only what its event loop has seen already."""

    is_closed = threading.Event()

    def reply(connection):
        connection.sendall(WHOLE)
        time.sleep(0.05)
        connection.shutdown(socket.SHUT_RDWR)
        is_closed.set()

    async def ask():
        upstream = Upstream(url, "", 5)
        for _ in range(5):
            assert await post_json(upstream, "/x", json={}) == {"a": 12}
            assert is_closed.wait(30)  # the event loop must not see it meanwhile
            is_closed.clear()
        await upstream.close()

    with RawServer(reply, certificate if secured else None) as server:
        url = server.url.replace("127.0.0.1", "localhost")
        new_loop = pytest.importorskip("uvloop").new_event_loop if loop == "uvloop" else None
        with asyncio.Runner(loop_factory=new_loop) as runner:
            runner.run(ask())
        assert len(server.received) == 5


async def test_post_that_was_heard_is_not_sent_again_over_a_new_connection():
    replies = [answer(WHOLE, keep=True), answer(reset=True), answer(WHOLE)]

    with RawServer(lambda connection: replies.pop(0)(connection)) as server:
        upstream = Upstream(server.url, "", 5)
        assert await post_json(upstream, "/x", json={}) == {"a": 12}
        with pytest.raises(ProviderError) as raised:
            await post_json(upstream, "/x", json={})
        await upstream.close()
        assert (raised.value.code, len(server.received)) == ("upstream_broke_off", 2)


async def test_get_is_sent_again_where_it_may_be():
    for again, requests in ((False, 1), (True, 2)):
        with RawServer(answer()) as server:
            client = Client(connecting=10)
            with pytest.raises(aiohttp.ClientError):
                await client.send("GET", URL(server.url), again=again)
            await client.aclose()
            assert len(server.received) == requests


async def test_request_has_these_headers_and_no_cookie_comes_back():
    cookie = WHOLE.replace(b"OK\r\n", b"OK\r\nSet-Cookie: a=b\r\n")
    with RawServer(answer(cookie, keep=True)) as server:
        upstream = Upstream(server.url, "secret", 5)
        for _ in range(2):
            await post_json(upstream, "/v1/x", json={"prompt": "雪", "n": 1, "seed": None})
        await upstream.close()
    body = '{"prompt":"雪","n":1,"seed":null}'.encode()
    for request in server.received:
        head, _, content = request.partition(b"\r\n\r\n")
        first, *headers = head.decode().split("\r\n")
        assert (first, content) == ("POST /v1/x HTTP/1.1", body)
        fields = dict(line.split(": ", 1) for line in headers)
        assert fields == {
            "Host": f"127.0.0.1:{server.port}",
            "Authorization": "Bearer secret",
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            "User-Agent": "grok2api-gallery",
            "Accept": "*/*",
            "Accept-Encoding": "gzip, deflate",
        }


async def test_large_bodies_arrive_whole():
    picture = bytes(range(256)) * 20_000  # 5 MB
    files = [("image", ("0.png", picture, "image/png"))]
    with RawServer(answer(WHOLE, keep=True)) as server:
        assert await post(server.url, json={"image": "x" * 5_000_000}) == {"a": 12}
        assert await post(server.url, data={"prompt": "雪"}, files=files) == {"a": 12}
    first, second = (request.partition(b"\r\n\r\n")[2] for request in server.received)
    assert json.loads(first) == {"image": "x" * 5_000_000}
    assert picture in second


async def test_form_has_the_bytes_that_browsers_send():
    fields = {"prompt": '雪 "a"', "n": 2, "stream": True}
    files = [
        ("image[]", ("0.png", b"PNG", "image/png")),
        ("mask", ("1.webp", b"\r\n", "image/webp")),
    ]
    writer = form(fields, files)
    content = await writer.as_bytes()
    assert content.replace(writer.boundary.encode(), b"=").decode() == (
        '--=\r\nContent-Disposition: form-data; name="prompt"\r\n\r\n雪 "a"\r\n'
        '--=\r\nContent-Disposition: form-data; name="n"\r\n\r\n2\r\n'
        '--=\r\nContent-Disposition: form-data; name="stream"\r\n\r\ntrue\r\n'
        '--=\r\nContent-Disposition: form-data; name="image[]"; filename="0.png"\r\n'
        "Content-Type: image/png\r\n\r\nPNG\r\n"
        '--=\r\nContent-Disposition: form-data; name="mask"; filename="1.webp"\r\n'
        "Content-Type: image/webp\r\n\r\n\r\n\r\n"
        "--=--\r\n"
    )
    assert writer.size == len(content)


async def test_environment_names_the_proxy(monkeypatch):
    with RawServer(answer(WHOLE)) as proxy:
        monkeypatch.setenv("http_proxy", f"http://user:p%40ss@127.0.0.1:{proxy.port}")
        assert await post("http://far.invalid:99") == {"a": 12}
        monkeypatch.delenv("http_proxy")
        monkeypatch.setenv("all_proxy", f"127.0.0.1:{proxy.port}")
        assert await post("http://far.invalid") == {"a": 12}
        monkeypatch.setenv("no_proxy", "other.invalid, far.invalid")
        assert await post("http://far.invalid") == UNREACHABLE
        monkeypatch.delenv("no_proxy")
        monkeypatch.setenv("all_proxy", f"socks5://127.0.0.1:{proxy.port}")
        assert await post("http://far.invalid") == UNREACHABLE
    first, second = (request.split(b"\r\n") for request in proxy.received)
    assert first[0] == b"POST http://far.invalid:99/v1/images/generations HTTP/1.1"
    assert {b"Host: far.invalid:99", b"Proxy-Authorization: Basic dXNlcjpwQHNz"} < set(first)
    assert second[0] == b"POST http://far.invalid/v1/images/generations HTTP/1.1"


async def test_cancelled_requests_leave_nothing_open():
    with RawServer(
        answer(OK + b"Content-Length: 9\r\n\r\n", b"{", TWELVE[1:], keep=True)
    ) as server:
        upstream = Upstream(server.url, "key", 5)
        for step in range(25):
            size = 2_000_000 if step % 2 else 1
            task = asyncio.create_task(post_json(upstream, "/x", json={"a": "x" * size}))
            await asyncio.sleep(0.003 * step)
            task.cancel()
            await asyncio.wait([task])
        gc.collect()  # a connection that nobody closed would warn
        assert await post_json(upstream, "/x", json={}) == {"a": 12}
        assert [key.in_flight for key in upstream.keys.keys] == [0]
        await upstream.close()
    assert asyncio.all_tasks() == {asyncio.current_task()}
