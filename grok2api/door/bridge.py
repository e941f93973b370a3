"""Bridges ASGI to WSGI: pages in a pool of threads that no client can hold.

A request comes with its complete body, and a complete answer frees its thread at once. A streamed
answer is read piece by piece, each a short job, so a slow reader holds no thread either.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import IO, Any

from grok2api.runtime.pools import Pool

from .queueing import FairQueue

Message = Any
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[dict[str, Any], Any], Iterable[bytes]]

PIECE = 256 * 1024
"""Bytes of a streamed answer that are read at once."""


@dataclass(slots=True)
class Answer:
    """The answer of a WSGI application so far."""

    status: int = 0
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    content: bytes = b""
    rest: Iterator[bytes] | None = None  # what follows the content
    close: Callable[[], None] = lambda: None

    def start(self, status: str, headers: list[tuple[str, str]], error: Any = None) -> None:
        """Implement WSGI's `start_response`, without `write()`, which no application of ours
        uses."""
        self.status = int(status.partition(" ")[0])
        self.headers = [
            (name.strip().encode("latin-1").lower(), value.strip().encode("latin-1"))
            for name, value in headers
        ]


class Bridge:
    """The ASGI side of a WSGI application."""

    def __init__(self, application: Application, *, threads: int) -> None:
        self._application = application
        self._queue = FairQueue(threads)
        self._pages = Pool("pages", threads)
        self._pieces = Pool("pieces", threads)

    async def __call__(self, scope: Message, body: IO[bytes], receive: Receive, send: Send) -> None:
        """Answer a request whose body is complete."""
        begin = partial(self._begin, environ_of(scope, body))
        async with self._queue.turn(*_client(scope)):
            if scope.get("state", {}).get("is_gone", bool)():
                return
            answer = await self._pages.run(begin)
        start = {"type": "http.response.start", "status": answer.status, "headers": answer.headers}
        rest = answer.rest
        await send(start)
        if rest is not None:
            await self._stream(answer, rest, receive, send)
        await send({"type": "http.response.body", "body": answer.content})

    async def _stream(
        self, answer: Answer, rest: Iterator[bytes], receive: Receive, send: Send
    ) -> None:
        """Send all but the last piece, which becomes the content of the answer."""
        leaving = asyncio.create_task(_gone(receive))
        reading: asyncio.Future[tuple[bytes, bool]] | None = None
        is_end = False
        try:
            while not is_end and not leaving.done():
                piece = {"type": "http.response.body", "body": answer.content, "more_body": True}
                await send(piece)
                reading = self._pieces.run(_next_piece, rest)
                answer.content, is_end = await asyncio.shield(reading)
        finally:
            leaving.cancel()
            if reading is not None:
                await asyncio.wait((reading,))  # what is being read cannot be closed
            await self._pieces.run(answer.close)

    def _begin(self, environ: dict[str, Any]) -> Answer:
        """Call the application on a thread; of a streamed answer, read the first piece."""
        answer = Answer()
        parts = self._application(environ, answer.start)
        close = getattr(parts, "close", lambda: None)
        try:
            if environ["REQUEST_METHOD"] == "HEAD":
                close()
            elif getattr(parts, "streaming", False):
                rest = iter(parts)
                answer.content, is_end = _next_piece(rest)
                if is_end:
                    close()
                else:
                    answer.rest, answer.close = rest, close
            else:
                answer.content = b"".join(parts)
                close()
        except BaseException:
            close()
            raise
        return answer


def _client(scope: Message) -> tuple[str, str]:
    """Identify the sender: an address, and within it whoever claims this key or these cookies."""
    wanted = {b"authorization", b"cookie"}
    marks = [value for name, value in scope["headers"] if name in wanted]
    return (scope.get("client") or ("",))[0], str(hash(tuple(marks)))


def _next_piece(rest: Iterator[bytes]) -> tuple[bytes, bool]:
    """Return the next bytes, and whether they are the last."""
    parts, size = [], 0
    for part in rest:
        parts.append(part)
        size += len(part)
        if size >= PIECE:
            return b"".join(parts), False
    return b"".join(parts), True


async def _gone(receive: Receive) -> None:
    """Return when the client has left."""
    while (await receive())["type"] != "http.disconnect":
        pass


def environ_of(scope: Message, body: IO[bytes]) -> dict[str, Any]:
    """Return WSGI's environment of a request (PEP 3333)."""
    server, port = scope.get("server") or ("localhost", 80)
    client, client_port = scope.get("client") or ("", 0)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": scope.get("root_path", ""),
        "PATH_INFO": scope["path"].encode().decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "SERVER_NAME": server,
        "SERVER_PORT": str(port or 0),
        "REMOTE_ADDR": client,
        "REMOTE_PORT": str(client_port),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.input": body,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in scope["headers"]:
        key = name.decode("latin-1").upper().replace("-", "_")
        if key not in ("CONTENT_LENGTH", "CONTENT_TYPE"):
            key = f"HTTP_{key}"
        text = value.decode("latin-1")
        environ[key] = f"{environ[key]},{text}" if key in environ else text
    return environ
