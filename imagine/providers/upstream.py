"""One HTTP upstream: a request goes out once, and every way to fail has its `ProviderError`.

A request for pictures may be charged as soon as the upstream has read it, so it is sent again
only where it surely was not: no connection came about, or it was refused for its key or rate.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

import aiohttp
import orjson
from aiohttp import ClientResponse
from yarl import URL

from imagine import notices
from imagine.models import UpstreamNotice
from imagine.threads import in_thread

from .base import ProviderError
from .client import Client, is_success
from .failures import failure
from .keyring import KeyRing, UpstreamKey

MAX_ANSWER = 256 * 1024 * 1024
"""Bytes: ten pictures of 16 MB, as base64 and with room."""

READ_AT_ONCE = 256
"""Answers that are in memory half-read: a thousand may come in the same second."""

CONNECT_SECONDS = 10
PAUSES = (0.25, 1.0)
"""Seconds before a request is sent again."""

LONGEST_WAIT = 3
"""Seconds of a Retry-After that we wait out; longer ones are the client's to wait."""

NOT_CONNECTED = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
"""No connection came about, so nothing was sent."""

logger = logging.getLogger(__name__)


class Upstream:
    """Requests to the images API at `base_url`.

    Args:
        secrets: its keys, separated by commas.
        timeout: seconds for a whole call, from sending to the last byte.
    """

    def __init__(self, base_url: str, secrets: str, timeout: float) -> None:
        self.base_url = base_url.rstrip("/")
        self.keys = KeyRing(secrets)
        self.timeout = timeout
        self.reading = asyncio.Semaphore(READ_AT_ONCE)
        # Between two bytes nothing is limited: a model paints in silence.
        self.http = Client(CONNECT_SECONDS)

    async def close(self) -> None:
        await self.http.aclose()

    async def post(self, path: str, **content: Any) -> Any:
        """The JSON that the upstream answers to a POST.

        Args:
            content: `json`, or `data` and `files`, as `Client.send` takes them.

        Raises:
            ProviderError
        """
        async with self.stream(path, **content) as response:
            return await self.read(response)

    async def get(self, path: str, seconds: float, limit: int) -> Any:
        """The JSON that the upstream answers to a GET, asked once and with one key.

        A key that may not ask this may still paint, so nothing is concluded from a refusal.

        Raises:
            ProviderError: also where it takes longer than `seconds`, or more than `limit` bytes.
        """
        with _failures_named(), self.keys.taking() as key:
            async with asyncio.timeout(seconds):
                response = await self.http.send("GET", self._url(path), headers=key.headers)
                try:
                    body = await read_bounded(response, limit)
                finally:
                    response.close()
        if not is_success(response):
            raise failure(response.status, response.headers, body)
        return read_json(body)

    async def read(self, response: ClientResponse) -> Any:
        """The JSON of an answer; a few hundred are read at once, the rest waits in its socket."""
        async with self.reading:
            return read_json(await read_bounded(response, MAX_ANSWER))

    @asynccontextmanager
    async def stream(self, path: str, **content: Any) -> AsyncIterator[ClientResponse]:
        """The upstream's answer, a 2xx, whose body is still to be read inside the block.

        Raises:
            ProviderError: also for what fails while the body is read.
        """
        with _failures_named():
            async with asyncio.timeout(self.timeout):
                response = await self._insist(path, content)
                try:
                    yield response
                finally:
                    response.close()

    async def _insist(self, path: str, content: Mapping[str, Any]) -> ClientResponse:
        """Send until it was heard; at most three times."""
        for pause in PAUSES:
            try:
                return await self._send(path, content)
            except NOT_CONNECTED as error:
                logger.warning("%s cannot be reached: %s", self.base_url, error)
                await asyncio.sleep(pause)
            except ProviderError as error:
                if not self._may_send_again(error):
                    raise
                if not self.keys.has_another:
                    # A little more than asked: two clocks never agree wholly.
                    await asyncio.sleep((error.retry_after or pause) + 0.05)
        return await self._send(path, content)

    def _may_send_again(self, error: ProviderError) -> bool:
        if error.upstream_status == 429:
            return self.keys.has_another or (error.retry_after or 0) <= LONGEST_WAIT
        return error.upstream_status in (401, 403) and self.keys.has_another

    async def _send(self, path: str, content: Mapping[str, Any]) -> ClientResponse:
        with self.keys.taking() as key:
            response = await self.http.send("POST", self._url(path), headers=key.headers, **content)
            if is_success(response):
                return response
            try:
                body = await read_bounded(response, 1024 * 1024)
            finally:
                response.close()
            error = failure(response.status, response.headers, body)
            if response.status == 429:
                rest = self.keys.rest(key, error.retry_after)
                await self._note(key, UpstreamNotice.Event.LIMITED, rest)
            elif response.status in (401, 403):
                await self._note(key, UpstreamNotice.Event.REFUSED, self.keys.refuse(key))
            raise error

    def _url(self, path: str) -> URL:
        return URL(f"{self.base_url}{path}")

    async def _note(self, key: UpstreamKey, event: UpstreamNotice.Event, seconds: int) -> None:
        logger.warning("%s: the key %s… was %s", self.base_url, key.prefix, event)
        await in_thread(
            notices.record,
            upstream=self.base_url,
            key_prefix=key.prefix,
            event=event,
            seconds=seconds,
        )


def read_json(body: bytes | str) -> Any:
    """The JSON of an upstream's answer.

    Raises:
        ProviderError: it is something else, such as a proxy's HTML page.
    """
    with suppress(orjson.JSONDecodeError):
        return orjson.loads(body)
    try:
        return json.loads(body)  # is more lenient: half an emoji, NaN
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
            raise ProviderError(
                f"The upstream's answer is longer than {limit // 1024 // 1024} MB.",
                code="upstream_bad_answer",
                upstream_status=response.status,
            )
        pieces.append(piece)
    return b"".join(pieces)


@contextmanager
def _failures_named() -> Iterator[None]:
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
        raise ProviderError(
            "The connection to the upstream broke off.", code="upstream_broke_off"
        ) from error
