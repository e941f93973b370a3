"""A real HTTP server on loopback that speaks the images API, and fails on demand in every way."""

import base64
import json
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from gallery.tests.drawing import draw
from imagine.providers.bodies import read_json

Reply = Callable[["Handler"], None]


@dataclass
class Received:
    """A request as it arrived."""

    path: str
    headers: dict[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.content)


@dataclass
class Upstream:
    """Answers each request with the next of `replies`, and finally always with the last one.

    `files` are answered to a GET; `received` and `fetched` record the requests.
    """

    replies: list[Reply] = field(default_factory=list)
    files: dict[str, Reply] = field(default_factory=dict)
    received: list[Received] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.upstream = self  # type: ignore[attr-defined]
        self.stopping = threading.Event()
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stopping.set()
        self.server.shutdown()
        self.server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/v1"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    content = b""  # of the request that is being answered

    def do_POST(self) -> None:
        upstream: Upstream = self.server.upstream  # type: ignore[attr-defined]
        content = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.content = content
        upstream.received.append(Received(self.path, headers, content))
        replies = upstream.replies
        (replies.pop(0) if len(replies) > 1 else replies[0])(self)

    def do_GET(self) -> None:
        upstream: Upstream = self.server.upstream  # type: ignore[attr-defined]
        upstream.fetched.append(self.path)
        upstream.files.get(self.path, send(404, b"gone"))(self)

    def log_message(self, *args: object) -> None:
        pass

    def head(self, status: int, length: int | None, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if length is None:
            self.send_header("Connection", "close")
            self.close_connection = True
        else:
            self.send_header("Content-Length", str(length))
        self.end_headers()


def send(status: int, content: Any, **headers: str) -> Reply:
    """Reply with bytes as they are, or anything else as JSON."""
    is_json = not isinstance(content, bytes)
    body = json.dumps(content).encode() if is_json else content
    headers.setdefault("Content_Type", "application/json" if is_json else "text/html")

    def reply(handler: Handler) -> None:
        handler.head(status, len(body), **headers)
        handler.wfile.write(body)

    return reply


def pictures(*data: bytes, **more: Any) -> Reply:
    """Reply with an images response in base64; without arguments, with one drawn picture."""
    items = [{"b64_json": base64.b64encode(one).decode()} for one in data or (draw(96, 64),)]
    return send(200, {"created": 1, "data": items, **more})


def stall(handler: Handler) -> None:
    """Do not answer until the test is over."""
    handler.server.upstream.stopping.wait(30)  # type: ignore[attr-defined]
    handler.close_connection = True


def drip(handler: Handler) -> None:
    """Send a byte now and then, for ever."""
    handler.head(200, None, Content_Type="application/json")
    while not handler.server.upstream.stopping.wait(0.05):  # type: ignore[attr-defined]
        try:
            handler.wfile.write(b" ")
        except OSError:
            return


def slam(handler: Handler) -> None:
    """Close the connection without a word."""
    handler.close_connection = True
    handler.connection.shutdown(socket.SHUT_RDWR)


def break_off(handler: Handler) -> None:
    """Send less than the announced length."""
    handler.head(200, 100_000, Content_Type="application/json")
    handler.wfile.write(b'{"data": [{"b64_json": "/9j/')
    handler.close_connection = True


def endless(handler: Handler) -> None:
    """Send more than anybody can want."""
    handler.head(200, None, Content_Type="application/json")
    try:
        block = b" " * 16 * 1024 * 1024
        while True:
            handler.wfile.write(block)
    except OSError:
        pass


async def post_json(upstream: Any, path: str, **content: Any) -> Any:
    """Return the JSON of an answer, requested as the providers do."""
    async with upstream.stream(path, **content) as answer:
        body = await upstream.read(answer)
        if answer.broke_off is not None:
            raise answer.broke_off
        return read_json(body)


def held(until: threading.Event, reply: Reply) -> Reply:
    """Send the reply as soon as the event is set."""

    def later(handler: Handler) -> None:
        until.wait(30)
        reply(handler)

    return later


def after(seconds: float, reply: Reply) -> Reply:
    def later(handler: Handler) -> None:
        time.sleep(seconds)
        reply(handler)

    return later
