"""Decompresses request bodies (RFC 9110, 8.4.1).

A few bytes can stand for many megabytes, so the result is also limited in proportion to what was
sent.
"""

import asyncio
import zlib
from collections.abc import AsyncIterator, Iterable
from typing import IO

from .refusals import Refusal, Refused

WINDOWS = {b"gzip": 31, b"x-gzip": 31, b"deflate": 15}
"""zlib's `wbits` for each of them."""

PLAIN = (b"", b"identity", b"chunked", b"utf-8", b"utf8")
"""Values that mean no compression; the last two are a frequent mistake for a charset."""

RAW_DEFLATE = -15
"""`deflate` as some clients send it: the data without zlib's head."""

ROOM = 1024 * 1024
GROWTH = 20
"""The most bytes of a body for each that was sent. Base64 and prompts shrink to a tenth at best,
and bombs to a thousandth."""

MEMBERS = 100
"""The most members of a gzip body (RFC 1952, 2.2): each has its price."""

STEP = 256 * 1024
"""Bytes that are decompressed at once: a millisecond's work."""

UNKNOWN_CODING = Refusal(
    415, "unsupported_encoding",
    "Send the body as it is, or with one Content-Encoding: gzip or deflate.",
    [(b"accept-encoding", b"gzip, deflate")],
)  # fmt: skip
PLAIN_ALONE = Refusal(
    415, "unsupported_encoding", "Send the body as it is, without Content-Encoding.",
    [(b"accept-encoding", b"identity")],
)  # fmt: skip
BURSTING = Refusal(
    413, "too_large",
    f"The request body is more than {GROWTH} times as large as what was sent. Send it as it is.",
)  # fmt: skip
BROKEN = Refusal(
    400, "invalid_encoding",
    "The request body does not match its Content-Encoding, or is incomplete.",
)  # fmt: skip


def coding_of(headers: Iterable[tuple[bytes, bytes]], *, plain_alone: bool) -> bytes:
    """Return the body's compression; empty if it is uncompressed.

    Raises:
        Refused: with something that nobody here knows, or with several.
    """
    named = [
        coding.strip().lower()
        for name, value in headers
        if name in (b"content-encoding", b"transfer-encoding")
        for coding in value.split(b",")
    ]
    codings = [each for each in named if each not in PLAIN]
    if codings and plain_alone:
        raise Refused(PLAIN_ALONE)
    if len(codings) > 1 or not WINDOWS.keys() >= {*codings}:
        raise Refused(UNKNOWN_CODING)
    return codings[0] if codings else b""


async def inflated(source: IO[bytes], length: int, coding: bytes) -> AsyncIterator[bytes]:
    """Yield the decompressed bytes of a body of this length, step by step.

    Raises:
        Refused: it is no such body, not a whole one, or one that was made to burst.
    """
    most = ROOM + GROWTH * length
    head = source.read(2)
    window = _window(coding, head)
    pending, made = head, 0
    for _ in range(1 if coding == b"deflate" else MEMBERS):
        inflater = zlib.decompressobj(window)
        while not inflater.eof:
            pending = pending or source.read(STEP)
            try:
                piece = inflater.decompress(pending, STEP)
            except zlib.error:
                raise Refused(BROKEN) from None
            if not (pending or piece or inflater.eof):
                raise Refused(BROKEN)
            pending = inflater.unconsumed_tail
            made += len(piece)
            if made > most:
                raise Refused(BURSTING)
            yield piece
            await asyncio.sleep(0)
        pending = inflater.unused_data or source.read(STEP)
        if not pending:
            return
    raise Refused(BROKEN)


def _window(coding: bytes, head: bytes) -> int:
    has_head = len(head) == 2 and head[0] & 15 == 8 and int.from_bytes(head) % 31 == 0
    return WINDOWS[coding] if has_head or coding != b"deflate" else RAW_DEFLATE
