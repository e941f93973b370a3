"""Reads the bodies of requests completely before anybody works on them.

So a slow sender holds a connection, and no thread. A sender of more than 64 kB must be known: key
or session are checked first, and the rest of a stranger's body is not even kept. Large bodies are
read a few at a time per address; the others wait unread. A compressed body is read whole before it
is inflated, and only from a known sender.
"""

import asyncio
import errno
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from io import SEEK_END, SEEK_SET, BytesIO
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from .codings import coding_of, inflated
from .refusals import Refusal, Refused

Message = Any
Receive = Callable[[], Awaitable[Message]]

SMALL = 64 * 1024
"""Bytes that anybody may send."""

IN_MEMORY = 1024 * 1024
"""Bytes beyond which a body is kept in a file."""

PATIENCE = 30.0
"""Seconds for any body, to which each received byte adds."""

RATE = 4096
"""Bytes per second of the slowest acceptable client."""

AT_ONCE = 8
"""Large bodies from one address that are read at the same time."""

TURN_SECONDS = 60.0
"""How long a large body waits for its address's turn."""

CROWDED = Refusal(
    503, "busy", "Too many large bodies come from this address. Try again in a moment.",
    [(b"retry-after", b"5")],
)  # fmt: skip
SLOW = Refusal(408, "too_slow", "The request's body comes too slowly.")
FULL = Refusal(507, "disk_full", "The disk is full. Nothing was stored.")
LENGTHLESS = Refusal(
    411, "length_required", "Send the length of the body in a Content-Length header."
)


class ClientGone(Exception):
    """The connection broke before the end of the body, so there is nobody to answer."""


class Stranger(Exception):
    """A sender whom neither a key nor a session names has sent more than `SMALL` bytes."""


class Body:
    """A body as `Bodies.read` yields it: its facts, and its bytes as a file at its beginning."""

    def __init__(self, give_up_turn: Callable[[], None] = lambda: None) -> None:
        self.file: IO[bytes] = BytesIO()
        self.length = 0
        self.is_whole = False
        self.give_up_turn = give_up_turn
        """For callers that keep a large body longer than they work on it."""

    @property
    def is_large(self) -> bool:
        return self.length > SMALL


class Bodies:
    """Reads the bodies of a process."""

    def __init__(self, *, at_once: int = AT_ONCE) -> None:
        self._at_once = at_once
        self._turns: dict[str, tuple[asyncio.Semaphore, int]] = {}

    @asynccontextmanager
    async def read(
        self,
        scope: Message,
        receive: Receive,
        *,
        too_large: Refusal,
        limit: int,
        is_known: Callable[[], Awaitable[bool]],
        plain_alone: bool = False,
    ) -> AsyncIterator[Body]:
        """Read the request's body. A large one holds its address's turn until the block ends.

        Args:
            limit: the most bytes that it may have, compressed or not.
            plain_alone: whether a compressed body is refused.

        Raises:
            Refused: with the answer for the client.
            Stranger
            ClientGone
        """
        headers = dict(scope["headers"])
        announced = int(headers.get(b"content-length", 0))
        comes = announced > 0 or b"transfer-encoding" in headers
        coding = coding_of(scope["headers"], plain_alone=plain_alone) if comes else b""
        if announced > limit:
            raise Refused(too_large)
        body = Body()
        try:
            if announced <= SMALL:
                await _take(receive, body, min(SMALL, limit))
            if body.length > limit:
                raise Refused(too_large)
            if body.is_whole and not body.is_large and not (coding and body.length):
                yield body
                return
            if not await is_known():
                raise Stranger
            scope.get("state", {}).get("is_known", bool)()
            async with self._turn((scope.get("client") or ("",))[0]) as body.give_up_turn:
                with _kept(body):
                    await _take(receive, body, limit)
                    if body.length > limit:
                        raise Refused(too_large)
                    if coding:
                        await _inflate(body, coding, limit, too_large)
                    yield body
        finally:
            body.file.close()

    @asynccontextmanager
    async def _turn(self, address: str) -> AsyncIterator[Callable[[], None]]:
        """Wait for a turn of this address; return what ends it before the block does."""
        turns, users = self._turns.get(address) or (asyncio.Semaphore(self._at_once), 0)
        self._turns[address] = turns, users + 1
        has_turn = False

        def give_up() -> None:
            nonlocal has_turn
            if has_turn:
                has_turn = False
                turns.release()

        try:
            try:
                async with asyncio.timeout(TURN_SECONDS):
                    has_turn = await turns.acquire()
            except TimeoutError:
                raise Refused(CROWDED) from None
            yield give_up
        finally:
            give_up()
            turns, users = self._turns.pop(address)
            if users > 1:
                self._turns[address] = turns, users - 1


def _kept(body: Body) -> IO[bytes]:
    """Return the body's file as one that moves from memory to disk when it grows."""
    file: Any = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115
    file.write(body.file.getvalue())  # type: ignore[attr-defined]
    file.seek(0, SEEK_SET if body.is_whole else SEEK_END)
    body.file = file
    return body.file


async def _take(receive: Receive, body: Body, limit: int) -> None:
    """Read until the body's end, or until it has more than `limit` bytes.

    Raises:
        Refused: it comes too slowly, or there is no room for it.
        ClientGone
    """
    began = asyncio.get_running_loop().time()
    while not body.is_whole and body.length <= limit:
        try:
            async with asyncio.timeout_at(began + PATIENCE + body.length / RATE):
                message = await receive()
        except TimeoutError:
            raise Refused(SLOW) from None
        if message["type"] == "http.disconnect":
            raise ClientGone
        piece = message.get("body", b"")
        body.length += len(piece)
        _write(body.file, piece)
        body.is_whole = not message.get("more_body", False)
    body.file.seek(0, SEEK_SET if body.is_whole else SEEK_END)


async def _inflate(body: Body, coding: bytes, limit: int, too_large: Refusal) -> None:
    """Replace the body by its decompressed content.

    Raises:
        Refused
    """
    sent, length = body.file, body.length
    body.file, body.length = SpooledTemporaryFile(max_size=IN_MEMORY), 0  # noqa: SIM115
    with sent:
        async for piece in inflated(sent, length, coding):
            body.length += len(piece)
            if body.length > limit:
                raise Refused(too_large)
            _write(body.file, piece)
    body.file.seek(0)


def _write(file: IO[bytes], piece: bytes) -> None:
    """Write a piece of the body.

    Raises:
        Refused: there is no room for it.
    """
    try:
        file.write(piece)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise Refused(FULL) from error
        raise


def headers_for(body: Body, headers: list[tuple[bytes, bytes]]) -> Iterator[tuple[bytes, bytes]]:
    """Return the request's headers for the complete body: with a length, and without a coding."""
    for name, value in headers:
        if name not in (b"content-length", b"transfer-encoding", b"content-encoding"):
            yield name, value
    if body.length or any(name == b"content-length" for name, _ in headers):
        yield b"content-length", str(body.length).encode()
