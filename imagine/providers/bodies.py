"""Reads an upstream's answer, limited in time and length, and keeps what came of a broken one."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import aiohttp
import orjson
from aiohttp import ClientResponse

from grok2api.runtime.json_bounds import holds_too_many
from imagine.masking import masked

from .base import ProviderError
from .complaints import LONGEST_NAME, clean
from .keyring import UpstreamKey

TOO_LONG = "upstream_bad_answer"
"""The code of an answer that is too long, and of no other failure while a body is read."""

DECODED = {"", "identity", "gzip", "deflate", "utf-8", "utf8", "none", "aws-chunked"}
"""Encodings that are decoded before anybody reads the answer, and mistakes for none."""

FOREIGN = re.compile(r"content-encoding: \w+ \((\w+)\)")
"""aiohttp's message about an encoding that it knows and cannot decode."""

NOT_CONNECTED = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
"""Errors before a connection was made, so that nothing was sent."""


class Answer:
    """A 2xx of the upstream, whose body is still to be read.

    Attributes:
        key: the key that it was requested with.
        broke_off: why the body ended early.
        begun: what was read of it to see what it is.
    """

    def __init__(self, response: ClientResponse, key: UpstreamKey, deadline: float) -> None:
        self.response = response
        self.key = key
        self.deadline = deadline  # of the event loop's clock
        self.broke_off: ProviderError | None = None
        self.begun = b""

    async def is_stream(self) -> bool:
        """Return whether it is an event stream. Some servers call a whole answer that, too.

        Raises:
            ProviderError: it broke off before it began.
        """
        kind = self.response.headers.get("content-type", "")
        if not kind.strip().lower().startswith("text/event-stream"):
            return False
        while not self.begun and (piece := await self._piece()):
            self.begun = piece.lstrip(b"\xef\xbb\xbf \t\r\n")  # however many blanks come
        return self.begun[:1] not in (b"{", b"[")

    async def pieces(self) -> AsyncIterator[bytes]:
        """Yield the body as it comes. Only waiting is limited, not the work on a piece."""
        while piece := self.begun or await self._piece():
            self.begun = b""
            yield piece

    async def _piece(self) -> bytes:
        with failures_named():
            async with asyncio.timeout_at(self.deadline):
                return await self.response.content.readany()

    async def body(self, limit: int) -> bytes:
        pieces, length = [self.begun], len(self.begun)
        try:
            with failures_named():
                async with asyncio.timeout_at(self.deadline):
                    while length <= limit and (piece := await self.response.content.readany()):
                        length += len(piece)
                        pieces.append(piece)
        except ProviderError as error:
            if not length:
                raise
            self.broke_off = error
        if length > limit:
            raise too_long(limit, self.response.status)
        return b"".join(pieces)


def read_json(body: bytes | str) -> Any:
    """Return the JSON of an upstream's answer, or what is nearly JSON.

    Raises:
        ProviderError: it is something else, such as a proxy's HTML page.
    """
    if holds_too_many(body):
        raise ProviderError(
            "The upstream's answer has too many lists.",
            code="upstream_bad_answer",
            upstream_status=200,
        )
    with suppress(orjson.JSONDecodeError):
        return orjson.loads(body)
    try:
        # More lenient: lone surrogates, NaN, line breaks in strings, byte order mark, bad bytes.
        text = body if isinstance(body, str) else body.decode(json.detect_encoding(body), "replace")
        return json.loads(text.removeprefix("\ufeff"), strict=False)
    except (ValueError, RecursionError):
        raise ProviderError(
            "The upstream's answer is not JSON.", code="upstream_bad_answer", upstream_status=200
        ) from None


async def read_bounded(response: ClientResponse, limit: int) -> bytes:
    """Return the decoded body.

    Raises:
        ProviderError: it is longer than `limit` bytes.
    """
    pieces, length = [], 0
    async for piece in response.content.iter_any():
        length += len(piece)
        if length > limit:
            raise too_long(limit, response.status)
        pieces.append(piece)
    return b"".join(pieces)


def too_long(limit: int, status: int) -> ProviderError:
    return ProviderError(
        f"The upstream's answer is longer than {limit // 1024 // 1024} MB.",
        code=TOO_LONG,
        upstream_status=status,
    )


def expect_readable(response: ClientResponse) -> None:
    """Check that the body is unencoded, or in an encoding that was asked for.

    Raises:
        ProviderError
    """
    named = response.headers.getall("content-encoding", [])
    codings = {each.strip().lower() for line in named for each in line.split(",")}
    if not codings <= DECODED:
        raise unreadable(", ".join(named), response.status)


def foreign_encoding(error: aiohttp.ClientError) -> str:
    """Return the encoding that makes an answer unreadable; empty if that is not the problem."""
    if not isinstance(error, aiohttp.ClientResponseError):
        return ""
    found = FOREIGN.search(error.message)
    return found[1] if found else ""


def unreadable(encoding: str, status: int | None = None) -> ProviderError:
    named = masked(clean(encoding))[:LONGEST_NAME]
    return ProviderError(
        f"The upstream's answer has a Content-Encoding that was not asked for: {named}.",
        code="upstream_bad_answer",
        upstream_status=status,
    )


@contextmanager
def failures_named() -> Iterator[None]:
    """Turn transport errors inside the block into `ProviderError`s."""
    try:
        yield
    except (*NOT_CONNECTED, aiohttp.InvalidURL) as error:
        raise ProviderError(
            "The upstream cannot be reached.", code="upstream_unreachable"
        ) from error
    except TimeoutError as error:
        raise ProviderError(
            "The upstream did not answer in time.", status=504, code="upstream_timeout"
        ) from error
    except aiohttp.ClientError as error:
        if foreign := foreign_encoding(error):
            raise unreadable(foreign) from error
        raise ProviderError(
            "The connection to the upstream broke off.", code="upstream_broke_off"
        ) from error
