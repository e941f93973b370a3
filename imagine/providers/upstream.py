"""One HTTP upstream: a request goes out once, and every way to fail has its `ProviderError`.

A request for pictures may be charged as soon as the upstream has read it, so it is sent again
only where it surely was not: no connection came about, or it was refused for its key or rate.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import httpx2

from imagine import notices
from imagine.models import UpstreamNotice
from imagine.threads import in_thread

from .base import ProviderError
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
        self.http = httpx2.AsyncClient(
            # Between two bytes nothing is limited: a model paints in silence.
            timeout=httpx2.Timeout(None, connect=CONNECT_SECONDS),
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=100),
            headers={"User-Agent": "grok2api-gallery"},
        )

    async def close(self) -> None:
        await self.http.aclose()

    async def post(self, path: str, **content: Any) -> Any:
        """The JSON that the upstream answers to a POST.

        Args:
            content: `json`, or `data` and `files`, as httpx takes them.

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
                request = self.http.build_request(
                    "GET", f"{self.base_url}{path}", headers=key.headers
                )
                response = await self.http.send(request, stream=True)
                try:
                    body = await read_bounded(response, limit)
                finally:
                    await response.aclose()
        if not response.is_success:
            raise failure(response.status_code, response.headers, body)
        return read_json(body)

    async def read(self, response: httpx2.Response) -> Any:
        """The JSON of an answer; a few hundred are read at once, the rest waits in its socket."""
        async with self.reading:
            return read_json(await read_bounded(response, MAX_ANSWER))

    @asynccontextmanager
    async def stream(self, path: str, **content: Any) -> AsyncIterator[httpx2.Response]:
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
                    await response.aclose()

    async def _insist(self, path: str, content: Mapping[str, Any]) -> httpx2.Response:
        """Send until it was heard; at most three times."""
        for pause in PAUSES:
            try:
                return await self._send(path, content)
            except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
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

    async def _send(self, path: str, content: Mapping[str, Any]) -> httpx2.Response:
        with self.keys.taking() as key:
            request = self.http.build_request(
                "POST", f"{self.base_url}{path}", headers=key.headers, **content
            )
            response = await self.http.send(request, stream=True)
            if response.is_success:
                return response
            try:
                body = await read_bounded(response, 1024 * 1024)
            finally:
                await response.aclose()
            error = failure(response.status_code, response.headers, body)
            if response.status_code == 429:
                rest = self.keys.rest(key, error.retry_after)
                await self._note(key, UpstreamNotice.Event.LIMITED, rest)
            elif response.status_code in (401, 403):
                await self._note(key, UpstreamNotice.Event.REFUSED, self.keys.refuse(key))
            raise error

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
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise ProviderError(
            "The upstream's answer is not JSON.", code="upstream_bad_answer", upstream_status=200
        ) from None


async def read_bounded(response: httpx2.Response, limit: int) -> bytes:
    """The body, decoded.

    Raises:
        ProviderError: it is longer than `limit` bytes.
    """
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > limit:
            raise ProviderError(
                f"The upstream's answer is longer than {limit // 1024 // 1024} MB.",
                code="upstream_bad_answer",
                upstream_status=response.status_code,
            )
    return bytes(body)


@contextmanager
def _failures_named() -> Iterator[None]:
    """Transport errors inside the block become `ProviderError`s."""
    try:
        yield
    except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
        raise ProviderError(
            "The upstream cannot be reached.", code="upstream_unreachable"
        ) from error
    except (TimeoutError, httpx2.TimeoutException) as error:
        raise ProviderError(
            "The upstream did not answer in time.", status=504, code="upstream_timeout"
        ) from error
    except (httpx2.TransportError, httpx2.DecodingError) as error:
        raise ProviderError(
            "The connection to the upstream broke off.", code="upstream_broke_off"
        ) from error
