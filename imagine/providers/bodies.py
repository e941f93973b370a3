"""An upstream's answer as it is read: limited in time and length, and of use half-read."""

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
"""The code of an answer that is, which nothing else has that fails while a body is read."""

DECODED = {"", "identity", "gzip", "deflate", "utf-8", "utf8", "none", "aws-chunked"}
"""Encodings of an answer that are undone before anybody reads it, and mistakes for none."""

FOREIGN = re.compile(r"content-encoding: \w+ \((\w+)\)")
"""How aiohttp names an encoding that it knows and cannot undo."""

NOT_CONNECTED = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
"""No connection came about, so nothing was sent."""


class Answer:
    """A 2xx of the upstream, whose body is still to be read.

    Attributes:
        key: that it was asked with.
        broke_off: why there is no more of the body than was read.
        begun: what was read of it to see what it is.
    """

    def __init__(self, response: ClientResponse, key: UpstreamKey, deadline: float) -> None:
        self.response = response
        self.key = key
        self.deadline = deadline  # of the event loop's clock
        self.broke_off: ProviderError | None = None
        self.begun = b""

    async def is_stream(self) -> bool:
        """Whether it is one of events. Some servers say so of a whole answer, too.

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
        """The body as it comes. Only the waiting is limited, not what is done with a piece."""
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
    """The JSON of an upstream's answer, and what is nearly JSON.

    Raises:
        ProviderError: it is something else, such as a proxy's HTML page.
    """
    if holds_too_many(body):
        raise ProviderError(
            "The upstream's answer holds more lists than any.",
            code="upstream_bad_answer",
            upstream_status=200,
        )
    with suppress(orjson.JSONDecodeError):
        return orjson.loads(body)
    try:
        # More lenient: half an emoji, NaN, line breaks in a text; a byte order mark, a wrong byte.
        text = body if isinstance(body, str) else body.decode(json.detect_encoding(body), "replace")
        return json.loads(text.removeprefix("\ufeff"), strict=False)
    except (ValueError, RecursionError):
        raise ProviderError(
            "The upstream's answer is not JSON.", code="upstream_bad_answer", upstream_status=200
        ) from None


async def read_bounded(response: ClientResponse, limit: int) -> bytes:
    """The body, decoded.

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
    """See that the body comes as it is, or in an encoding that was asked for.

    Raises:
        ProviderError
    """
    named = response.headers.getall("content-encoding", [])
    codings = {each.strip().lower() for line in named for each in line.split(",")}
    if not codings <= DECODED:
        raise unreadable(", ".join(named), response.status)


def foreign_encoding(error: aiohttp.ClientError) -> str:
    """The encoding in which an answer cannot be read at all; empty where it is something else."""
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
    """Transport errors inside the block become `ProviderError`s."""
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
