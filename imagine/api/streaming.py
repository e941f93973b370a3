"""A generation as Server-Sent Events, with OpenAI's names and fields.

`url`, `image_id`, `index` and `model` are ours beside theirs.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pybase64
from django.http import StreamingHttpResponse

from imagine.dialects import Answer
from imagine.generate import Run, StoredImage
from imagine.links import Links
from imagine.providers.base import PartialImage, ProviderError

from . import answers
from .errors import ApiError

KEEP_ALIVE_SECONDS = 10.0
"""Proxies close connections that are silent for half a minute or more."""


async def event_response(
    run: Run, answer: Answer, links: Links, operation: str
) -> StreamingHttpResponse:
    """The stream of a generation.

    A failure that comes before the first event and soon is an ordinary error answer; a later
    one is an `error` event.

    Args:
        operation: "image_generation" or "image_edit", the beginning of the events' names.

    Raises:
        ProviderError
    """
    pictures = _Pictures(run)
    try:
        await pictures.wait(KEEP_ALIVE_SECONDS)
        pictures.raise_early_failure()
    except BaseException:
        pictures.close()
        raise
    return StreamingHttpResponse(
        _events(pictures, run, answer, links, operation),
        content_type="text/event-stream",
        headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"},
    )


class _Pictures:
    """The run's events one by one, with a wait that can be given up and taken up again."""

    def __init__(self, run: Run) -> None:
        self.events = run.events()
        self.task = asyncio.create_task(self._next())

    async def _next(self) -> PartialImage | StoredImage | None:
        return await anext(self.events, None)

    async def wait(self, seconds: float) -> bool:
        """Whether there is something to take."""
        done, _ = await asyncio.wait({self.task}, timeout=seconds)
        return bool(done)

    def raise_early_failure(self) -> None:
        if self.task.done():
            self.task.result()

    def take(self) -> PartialImage | StoredImage | None:
        """The next picture; None at the end."""
        picture = self.task.result()
        self.task = asyncio.create_task(self._next())
        return picture

    def close(self) -> None:
        self.task.cancel()


async def _events(
    pictures: _Pictures, run: Run, answer: Answer, links: Links, operation: str
) -> AsyncIterator[bytes]:
    began = time.monotonic()
    try:
        while True:
            if not await pictures.wait(KEEP_ALIVE_SECONDS):
                yield f": {time.monotonic() - began:.0f} s\n\n".encode()
                continue
            picture = pictures.take()
            if picture is None:
                return
            if isinstance(picture, PartialImage):
                yield _event(f"{operation}.partial_image", _partial(run, picture))
            else:
                completed = _completed(run, picture, answer, links)
                yield _event(f"{operation}.completed", completed)
    except ProviderError as error:
        envelope = json.dumps(ApiError.from_provider(error).envelope)
        yield f"event: error\ndata: {envelope}\n\n".encode()
    finally:
        pictures.close()


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


def _completed(run: Run, picture: StoredImage, answer: Answer, links: Links) -> dict[str, Any]:
    return {
        **answers.image_data(picture, answer, links),
        "created_at": int(time.time()),
        "size": f"{picture.width}x{picture.height}",
        "quality": run.request.quality or "auto",
        "background": run.request.background or "auto",
        "output_format": answers.output_format(picture),
        "usage": answers.usage(run),
        "model": picture.model,
        "index": picture.index,
    }
