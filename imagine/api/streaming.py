"""Streams a generation as Server-Sent Events, with OpenAI's names and fields.

`url`, `image_id`, `index` and `model` are ours beside theirs.
"""

import asyncio
import json
import time
import weakref
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from typing import Any, Protocol

import orjson
import pybase64
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse

from imagine.dialects import Answer
from imagine.links import Links
from imagine.providers.base import PartialImage, ProviderError
from imagine.records import StoredImage
from imagine.run import Run, RunEvent, Started

from . import answers
from .errors import ApiError

KEEP_ALIVE_SECONDS = 10.0
"""Proxies close connections that are silent for half a minute or more."""


class Language(Protocol):
    """The names and fields of a stream's events in one of the APIs."""

    def begin(self) -> bytes:
        """Return what comes before any event."""

    def tell(self, event: RunEvent) -> bytes:
        """Return the text for an event; empty if this API has none for it."""

    def fail(self, error: ProviderError) -> bytes:
        """Return the text for a failure after the stream has begun."""

    def end(self) -> bytes:
        """Return the text for a successful end."""


async def event_response(
    run: Run,
    language: Language,
    headers: Mapping[str, str],
    closing: Callable[[], object] = lambda: None,
) -> StreamingHttpResponse:
    """Stream a generation.

    A failure that comes soon, before the first event, is an ordinary error answer; a later one is
    an event.

    Args:
        closing: called once, when nobody reads the stream any more, however it ended.

    Raises:
        ProviderError
    """
    pictures = _Pictures(run, closing)
    try:
        await pictures.wait(KEEP_ALIVE_SECONDS)
        pictures.raise_early_failure()
    except BaseException:
        pictures.close()
        raise
    events = _events(pictures, language)
    # A client may leave before the first event is read: then the generator never begins to run,
    # and has no end either.
    weakref.finalize(events, _close_in, asyncio.get_running_loop(), pictures).atexit = False
    return StreamingHttpResponse(
        events,
        content_type="text/event-stream",
        headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no", **headers},
    )


async def kept_alive_response(
    run: Run, build: Callable[[], bytes], headers: Mapping[str, str]
) -> HttpResponseBase:
    """Send the plain answer after spaces, which JSON ignores, so that no proxy gives up.

    A generation that ends soon has its own status; later the status is 200, and an error is in the
    body.

    Args:
        build: returns the body of a generation that ended with pictures.

    Raises:
        ProviderError
    """
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no", **headers}
    if await run.is_done_within(KEEP_ALIVE_SECONDS):
        await run.finished()
        return HttpResponse(build(), content_type="application/json", headers=headers)
    return StreamingHttpResponse(
        _kept_alive(run, build), content_type="application/json", headers=headers
    )


async def _kept_alive(run: Run, build: Callable[[], bytes]) -> AsyncIterator[bytes]:
    yield b" "
    while not await run.is_done_within(KEEP_ALIVE_SECONDS):
        yield b" "
    try:
        await run.finished()
        yield build()
    except ProviderError as error:
        yield json.dumps(ApiError.from_provider(error).envelope).encode()


def _close_in(loop: asyncio.AbstractEventLoop, pictures: "_Pictures") -> None:
    with suppress(RuntimeError):  # a loop that has ended
        loop.call_soon_threadsafe(pictures.close)


class _Pictures:
    """The run's events one by one, with a wait that can be interrupted and resumed."""

    def __init__(self, run: Run, closing: Callable[[], object]) -> None:
        self.events = run.events()
        self.closing: Callable[[], object] | None = closing
        self.task = asyncio.create_task(self._next())

    async def _next(self) -> RunEvent | None:
        return await anext(self.events, None)

    async def wait(self, seconds: float) -> bool:
        """Wait, and return whether there is an event to take."""
        done, _ = await asyncio.wait({self.task}, timeout=seconds)
        return bool(done)

    def raise_early_failure(self) -> None:
        if self.task.done():
            self.task.result()

    def take(self) -> RunEvent | None:
        """Return the next picture; None at the end."""
        picture = self.task.result()
        self.task = asyncio.create_task(self._next())
        return picture

    def close(self) -> None:
        self.task.cancel()
        closing, self.closing = self.closing, None
        if closing is not None:
            closing()


async def _events(pictures: _Pictures, language: Language) -> AsyncIterator[bytes]:
    began = time.monotonic()
    try:
        if told := language.begin():
            yield told
        while True:
            if not await pictures.wait(KEEP_ALIVE_SECONDS):
                yield f": {time.monotonic() - began:.0f} s\n\n".encode()
                continue
            event = pictures.take()
            told = language.end() if event is None else language.tell(event)
            if told:
                yield told
            if event is None:
                return
    except ProviderError as error:
        yield language.fail(error)
    finally:
        pictures.close()


class ImageEvents:
    """OpenAI's events of the images API.

    Args:
        operation: "image_generation" or "image_edit", the beginning of the events' names.
    """

    def __init__(self, run: Run, answer: Answer, links: Links, operation: str) -> None:
        self.run, self.answer, self.links, self.operation = run, answer, links, operation
        self.completed = 0

    def begin(self) -> bytes:
        return b""

    def tell(self, event: RunEvent) -> bytes:
        if isinstance(event, Started):
            return _event("task.started", {"seconds": time.monotonic() - event.at})
        if isinstance(event, PartialImage):
            return _event(f"{self.operation}.partial_image", _partial(self.run, event))
        self.completed += 1
        is_last = self.completed == self.run.request.n
        fields = _completed(self.run, event, self.answer, self.links, is_last=is_last)
        return _event(f"{self.operation}.completed", fields)

    def fail(self, error: ProviderError) -> bytes:
        envelope = json.dumps(ApiError.from_provider(error).envelope)
        return f"event: error\ndata: {envelope}\n\n".encode()

    def end(self) -> bytes:
        return b""


def _event(name: str, fields: dict[str, Any]) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (name.encode(), orjson.dumps({"type": name, **fields}))


def _partial(run: Run, picture: PartialImage) -> dict[str, Any]:
    request = run.request
    return {
        "b64_json": pybase64.b64encode_as_string(picture.data),
        "created_at": int(time.time()),
        "size": f"{request.size[0]}x{request.size[1]}" if request.size else "auto",
        "quality": request.quality or "auto",
        "background": request.background or "auto",
        "output_format": request.output_format or "jpeg",
        "partial_image_index": picture.step,
        "index": picture.index,
    }


def _completed(
    run: Run, picture: StoredImage, answer: Answer, links: Links, *, is_last: bool
) -> dict[str, Any]:
    """Give the last picture tokens and cost of the whole request: clients add up what they read."""
    return {
        **answers.image_data(picture, answer, links),
        "created_at": int(time.time()),
        "size": answers.size(picture),
        "quality": run.request.quality or "auto",
        "background": run.request.background or "auto",
        "output_format": answers.output_format(picture),
        "usage": answers.usage(run) if is_last else answers.NO_TOKENS,
        "model": picture.model,
        "index": picture.index,
    }
