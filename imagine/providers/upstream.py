"""Talks HTTP to one upstream: a request is sent once, and every failure is a `ProviderError`.

A request for pictures may be charged as soon as the upstream has read it. So it is sent again only
if it surely was not: no connection was made, or it was refused for its key or rate.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import ClientError, ClientResponse
from yarl import URL

from imagine import notices
from imagine.models import UpstreamNotice
from imagine.threads import in_thread

from .base import ProviderError
from .bodies import (
    NOT_CONNECTED,
    Answer,
    expect_readable,
    failures_named,
    read_bounded,
    read_json,
)
from .client import Client, is_success
from .failures import failure
from .keyring import EVERY_MODEL, KeyRing, UpstreamKey
from .verdicts import FOR_ANOTHER_KEY, Verdict

MAX_ANSWER = 256 * 1024 * 1024
"""Bytes: ten pictures of 16 MB as base64, and room."""

LONGEST_REFUSAL = 64 * 1024 * 1024
"""Bytes: FastAPI explains what is wrong with a request by repeating it, including its pictures."""

READ_AT_ONCE = 256
"""Answers that are partly in memory: a thousand may come in the same second."""

CONNECT_SECONDS = 10
PAUSES = (0.25, 1.0)
"""Seconds before a request is sent again."""

LONGEST_WAIT = 3
"""Seconds of a Retry-After that we wait out; longer ones are passed to the client."""

EVENTS = {
    Verdict.LIMITED: UpstreamNotice.Event.LIMITED,
    Verdict.NO_CREDIT: UpstreamNotice.Event.NO_CREDIT,
    Verdict.REFUSED_KEY: UpstreamNotice.Event.REFUSED,
    Verdict.REFUSED_FOR_MODEL: UpstreamNotice.Event.REFUSED,
}
"""What the administrator is told about a key, by verdict."""

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
        # The pause between two bytes is not limited: a model paints in silence.
        self.http = Client(CONNECT_SECONDS)

    async def close(self) -> None:
        await self.http.aclose()

    async def get(self, path: str, seconds: float, limit: int) -> Any:
        """Return the JSON of a GET, requested once and with one key.

        A key that may not ask this may still paint, so nothing is concluded from a refusal.

        Raises:
            ProviderError: also where it takes longer than `seconds`, or more than `limit` bytes.
        """
        with failures_named(), self.keys.taking() as key:
            async with asyncio.timeout(seconds):
                response = await self.http.send("GET", self._url(path), headers=key.headers)
                try:
                    body = await read_bounded(response, limit)
                finally:
                    response.close()
        if not is_success(response):
            raise failure(response.status, response.headers, body)
        return read_json(body)

    async def read(self, answer: Answer) -> bytes:
        """Return an answer's body; a few hundred are read at once, the rest waits in its socket.

        What broke off is as long as it came, and `answer.broke_off` says why.

        Raises:
            ProviderError: it is too long, or nothing of it came.
        """
        async with self.reading:
            return await answer.body(MAX_ANSWER)

    @asynccontextmanager
    async def stream(self, path: str, **content: Any) -> AsyncIterator[Answer]:
        """Yield the upstream's answer, a 2xx, whose body is still to be read inside the block.

        Raises:
            ProviderError: also for what fails while the body is read.
        """
        deadline = asyncio.get_running_loop().time() + self.timeout
        with failures_named():
            async with asyncio.timeout_at(deadline):
                response, key = await self._insist(path, content)
            try:
                yield Answer(response, key, deadline)
            finally:
                response.close()

    async def _insist(
        self, path: str, content: Mapping[str, Any]
    ) -> tuple[ClientResponse, UpstreamKey]:
        """Send until it is heard: with each key once, and three times if that helps."""
        model = _model(content)
        pauses = iter(PAUSES)
        refused: list[UpstreamKey] = []
        limited: ProviderError | None = None  # a limit passes, whatever became of the other keys
        while True:
            try:
                return await self._send(path, content, model, refused)
            except NOT_CONNECTED as error:
                if (pause := next(pauses, None)) is None:
                    raise
                logger.warning("%s cannot be reached: %s", self.base_url, error)
                await asyncio.sleep(pause)
            except ProviderError as error:
                if error.upstream_status is None or error.verdict not in FOR_ANOTHER_KEY:
                    if limited is not None and error.verdict is Verdict.LIMITED:
                        raise limited from None  # now every key rests: the upstream said why
                    raise
                if error.verdict is Verdict.LIMITED:
                    limited = error
                if self.keys.has_another(model, refused):
                    continue
                pause = next(pauses, None)
                if limited is None or pause is None or (limited.retry_after or 0) > LONGEST_WAIT:
                    raise limited or error from None
                # Slightly longer than requested: two clocks never quite agree.
                await asyncio.sleep((limited.retry_after or pause) + 0.05)

    async def _send(
        self, path: str, content: Mapping[str, Any], model: str, refused: list[UpstreamKey]
    ) -> tuple[ClientResponse, UpstreamKey]:
        """Return the answer, a 2xx, and its key; a refused key is added to `refused`."""
        with self.keys.taking(model, refused) as key:
            response = await self.http.send("POST", self._url(path), headers=key.headers, **content)
            if is_success(response):
                try:
                    expect_readable(response)
                except ProviderError:
                    response.close()
                    raise
                return response, key
            body = await _complaint(response)
            error = failure(response.status, response.headers, body)
            logger.warning(
                "%s answered %s (%s): %s", self.base_url, response.status, error.verdict, error.said
            )
            if error.verdict in FOR_ANOTHER_KEY:
                refused.append(key)
                seconds = self.keys.set_aside(key, error, model)
                if error.verdict is Verdict.LIMITED:
                    error.retry_after = seconds
                await self._note(key, error, seconds)
            raise error

    def _url(self, path: str) -> URL:
        return URL(f"{self.base_url}{path}")

    async def _note(self, key: UpstreamKey, error: ProviderError, seconds: int) -> None:
        event = EVENTS[error.verdict]
        logger.warning("%s: the key %s… was %s", self.base_url, key.prefix, event)
        await in_thread(
            notices.record,
            upstream=self.base_url,
            key_prefix=key.prefix,
            event=event,
            seconds=seconds,
            said=error.said,
        )


async def _complaint(response: ClientResponse) -> bytes:
    """Return the body of a refusal; empty if it is unreadable, since the status says enough."""
    try:
        return await read_bounded(response, LONGEST_REFUSAL)
    except (ClientError, ProviderError) as error:
        logger.warning("The body of HTTP status %s cannot be read: %s", response.status, error)
        return b""
    finally:
        response.close()


def _model(content: Mapping[str, Any]) -> str:
    """Return the model whose limits and permissions a request meets."""
    body = content.get("json") or content.get("data") or {}
    return str(body.get("model", EVERY_MODEL)) if isinstance(body, Mapping) else EVERY_MODEL
