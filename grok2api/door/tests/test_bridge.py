"""WSGI behind ASGI: what is whole leaves its thread at once, and no reader holds one."""

import asyncio
import io
import threading

import pytest

from grok2api.door import bridge
from grok2api.door.bridge import Bridge

SCOPE = {
    "type": "http", "method": "GET", "path": "/ä b", "query_string": b"q=\xc3\xa4",
    "http_version": "1.1", "scheme": "http", "server": ("192.0.2.9", 80),
    "client": ("192.0.2.1", 5), "headers": [
        (b"host", b"a"), (b"content-type", b"text/plain"), (b"content-length", b"3"),
        (b"x-two", b"1"), (b"x-two", b"2"),
    ],
}  # fmt: skip


class Streamed:
    """An answer of these pieces, closed when it is over."""

    streaming = True

    def __init__(self, *pieces):
        self.pieces = iter(pieces)
        self.closed = threading.Event()

    def __iter__(self):
        return self.pieces

    def close(self):
        self.closed.set()


async def stays():
    await asyncio.sleep(3600)


async def leaves():
    return {"type": "http.disconnect"}


async def ask(application, *, receive=stays, send=None, threads=1, **scope):
    """The messages that were sent."""
    sent = []

    async def keep(message):
        sent.append(message)

    of = Bridge(application, threads=threads)
    await of({**SCOPE, **scope}, io.BytesIO(b"abc"), receive, send or keep)
    return sent


def start(status=200, body=b"", more=None):
    messages = [{"type": "http.response.start", "status": status, "headers": [(b"x-a", b"b")]}]
    return [*messages, {"type": "http.response.body", "body": body}]


async def test_the_application_gets_the_request_and_its_body():
    def application(environ, start_response):
        start_response("201 Created", [("X-A", "b")])
        names = ("REQUEST_METHOD", "PATH_INFO", "QUERY_STRING", "REMOTE_ADDR", "SERVER_NAME",
                 "CONTENT_TYPE", "CONTENT_LENGTH", "HTTP_HOST", "HTTP_X_TWO")  # fmt: skip
        lines = [environ[name].encode("latin-1") for name in names]
        return [*lines, environ["wsgi.input"].read()]

    body = "GET/ä bq=ä192.0.2.1192.0.2.9text/plain3a1,2abc".encode()
    assert await ask(application) == start(201, body)


async def test_head_has_no_body():
    answer = Streamed(b"x")

    def application(environ, start_response):
        start_response("200 OK", [("X-A", "b")])
        return answer

    assert await ask(application, method="HEAD") == start()
    assert answer.closed.is_set()


async def test_a_stream_comes_in_pieces(monkeypatch):
    monkeypatch.setattr(bridge, "PIECE", 4)
    answer = Streamed(b"abc", b"def", b"ghij", b"k")

    def application(environ, start_response):
        start_response("200 OK", [("X-A", "b")])
        return answer

    sent = await ask(application)
    assert [message.get("body") for message in sent] == [None, b"abcdef", b"ghij", b"k"]
    assert [message.get("more_body", False) for message in sent] == [False, True, True, False]
    assert answer.closed.is_set()


async def test_a_reader_who_leaves_ends_the_stream(monkeypatch):
    monkeypatch.setattr(bridge, "PIECE", 1)
    endless = iter(lambda: b"x", b"")
    answer = Streamed()
    answer.pieces = endless

    def application(environ, start_response):
        start_response("200 OK", [("X-A", "b")])
        return answer

    async with asyncio.timeout(30):
        await ask(application, receive=leaves)
    assert answer.closed.is_set()


async def test_a_reader_who_reads_nothing_holds_no_thread(monkeypatch):
    monkeypatch.setattr(bridge, "PIECE", 1)

    def application(environ, start_response):
        start_response("200 OK", [("X-A", "b")])
        return Streamed(b"a", b"b") if environ["PATH_INFO"] == "/slow" else [b"fast"]

    of = Bridge(application, threads=1)
    never = asyncio.Event()

    async def stalled(message):
        if "body" in message:
            await never.wait()

    fast = []

    async def keep(message):
        fast.append(message)

    slow = [
        asyncio.create_task(of({**SCOPE, "path": "/slow"}, io.BytesIO(), stays, stalled))
        for _ in range(20)
    ]
    async with asyncio.timeout(30):
        await of(SCOPE, io.BytesIO(), stays, keep)
    assert fast == start(body=b"fast")
    for task in slow:
        task.cancel()
    await asyncio.gather(*slow, return_exceptions=True)


async def test_what_an_application_raises_is_raised():
    closed = Streamed()

    def broken():
        yield b"x"
        raise LookupError("gone")

    closed.pieces = broken()

    def application(environ, start_response):
        start_response("200 OK", [])
        return closed

    with pytest.raises(LookupError, match="gone"):
        await ask(application)
    assert closed.closed.is_set()


async def test_a_stranger_with_many_cookies_stands_in_nobodys_way():
    begin, answered = threading.Event(), []

    def application(environ, start_response):
        begin.wait(30)
        answered.append(environ["REMOTE_ADDR"])
        start_response("200 OK", [])
        return [b""]

    of = Bridge(application, threads=2)

    async def drop(message):
        pass

    def asks(address, cookie):
        headers = [(b"host", b"a"), (b"cookie", cookie)]
        scope = {**SCOPE, "client": (address, 1), "headers": headers}
        return asyncio.create_task(of(scope, io.BytesIO(), stays, drop))

    tasks = [asks("192.0.2.1", b"sessionid=%d" % number) for number in range(50)]
    await asyncio.sleep(0)
    tasks += [asks("192.0.2.2", b"sessionid=one") for _ in range(2)]
    await asyncio.sleep(0)
    begin.set()
    async with asyncio.timeout(30):
        await asyncio.gather(*tasks)
    assert len(answered) == 52
    last = max(place for place, address in enumerate(answered) if address == "192.0.2.2")
    assert last < 10
