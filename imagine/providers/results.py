"""Reads the pictures in an upstream's answer: whole or streamed, as base64 or behind links."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass, field, replace
from typing import Any

from gallery.files.pictures import MAX_BYTES
from gallery.soundness import MAX_PROMPT_LENGTH
from gallery.transfer.found_files import is_picture
from imagine.masking import masked

from .base import (
    BrokenImage,
    Event,
    FoundLink,
    GeneratedImage,
    PartialImage,
    ProviderError,
    Usage,
)
from .bodies import read_json
from .complaints import clean
from .failures import blocked, failure_within
from .items import Link, Undecodable, bad_answer, decode, items_of, read_item, without_picture
from .reported import added, read_usage, usage_told
from .salvage import whole_pictures
from .sse import EventReader, EventTooLong, ServerEvent
from .verdicts import Verdict

MAX_EVENT = 2 * MAX_BYTES
"""Bytes of one event in a stream: a picture as base64, and room."""

Fetch = Callable[[str], Awaitable[bytes]]
"""Returns the bytes behind a link, or raises a ProviderError."""

logger = logging.getLogger(__name__)


async def read_body(
    body: bytes,
    *,
    model: str,
    fetch: Fetch,
    most: int | None = None,
    broke_off: ProviderError | None = None,
) -> AsyncGenerator[Event, None]:
    """Do the same as `read_results` for an answer's body, in whatever format.

    Args:
        broke_off: why the body is incomplete.

    Raises:
        ProviderError: there is no picture in it.
    """
    failure = broke_off
    if is_picture(body):
        content: Any = {"data": [body]}
    elif _is_stream(body):
        async with aclosing(
            read_stream(_once(body), model=model, fetch=fetch, most=most)
        ) as events:
            async for event in events:
                yield event
        return
    else:
        try:
            if broke_off is not None:
                raise broke_off
            content = read_json(body)
            if isinstance(content, list) and content:
                content = {"data": content}
        except ProviderError as error:
            failure = error
            content = {"data": whole_pictures(body.decode(errors="replace"))}
            if not content["data"]:
                raise
    del body
    count = len(content["data"]) if failure is not None else 0
    reading = read_results(content, model=model, fetch=fetch, most=most, is_whole=failure is None)
    async with aclosing(reading) as events:
        async for event in events:
            yield event
    if failure is not None:
        yield BrokenImage(count, failure)


async def read_results(
    answer: Any, *, model: str, fetch: Fetch, most: int | None = None, is_whole: bool = True
) -> AsyncGenerator[Event, None]:
    """Yield usage and pictures of an images response; each picture fails alone.

    Links are fetched all at once, and told of before the first of them has come.

    Args:
        model: what made them, where the answer does not say.
        most: pictures that were asked for; those beyond are neither decoded nor fetched.
        is_whole: whether it has all that was made.

    Raises:
        ProviderError: it is no images response, or one without pictures.
    """
    if not isinstance(answer, dict):
        raise bad_answer("The upstream's answer is not an object.")
    items = _wanted(answer, most)
    yield replace(_usage(answer), is_whole=is_whole)
    if not items:
        raise _no_pictures(answer)
    links = _Links(fetch)
    try:
        for index in range(len(items)):
            # Popped, to free a picture's base64 while the picture waits to be stored.
            item = items[index]
            items[index] = None
            found = _event(index, item, _text(answer.get("model"), 100) or model)
            del item
            if isinstance(found, FoundLink):
                links.begin(found)
            yield found
        async for event in links.ended():
            yield event
    finally:
        links.give_up()


async def read_stream(
    pieces: AsyncIterator[bytes], *, model: str, fetch: Fetch, most: int | None = None
) -> AsyncGenerator[Event, None]:
    """Yield the events of a streamed images response, with as many pictures as were requested.

    An unreadable event is skipped, since the picture may come after it.

    Raises:
        ProviderError: an `error` event came, or no picture.
    """
    count, usage = 0, Usage()
    trouble = _Trouble()
    links = _Links(fetch)
    try:
        async for answer in _answers(pieces, trouble):
            if isinstance(answer, PartialImage):
                yield replace(answer, index=count)
                continue
            items = _wanted(answer, most, count)
            told = _usage(answer)
            if not told.pictures:  # some tell it once, after the pictures
                told = replace(usage, tokens=told.tokens, cost_usd=told.cost_usd)
            elif usage.pictures:
                told = added(usage, told)
            usage = told
            yield usage
            for item in items:
                found = _event(count, item, _text(answer.get("model"), 100) or model)
                count += 1
                if isinstance(found, FoundLink):
                    links.begin(found)
                yield found
        yield replace(usage, is_whole=trouble.ending is None)
        async for event in links.ended():
            yield event
    finally:
        links.give_up()
    if count and trouble.ending:
        yield BrokenImage(count, trouble.ending)
    elif not count:
        nothing = "The upstream's stream ended without a picture."
        raise trouble.ending or trouble.unreadable or bad_answer(nothing, code="no_picture")


def _wanted(answer: dict[str, Any], most: int | None, count: int = 0) -> list[Any]:
    """Return the pictures of an answer, limited to what was requested; `count` came before."""
    items = items_of(answer)
    if most is None or count + len(items) <= most:
        return items
    logger.warning("The upstream sent %d pictures instead of %d", count + len(items), most)
    return items[: most - count]


@dataclass(slots=True)
class _Trouble:
    """A problem with a stream: an event that was skipped, or its end."""

    unreadable: ProviderError | None = None
    ending: ProviderError | None = None


async def _answers(
    pieces: AsyncIterator[bytes], trouble: _Trouble
) -> AsyncIterator[dict[str, Any] | PartialImage]:
    """Yield pictures of a stream, finished or not, until it ends, well or not."""
    try:
        async for message in _server_events(pieces):
            if message.data.strip() == "[DONE]":
                return
            try:
                answer = _answer_of(message)
            except _Unreadable as error:
                trouble.unreadable = error.failure
                logger.warning("An event of a stream was skipped: %s", error.failure)
                continue
            if answer is not None:
                yield answer
    except ProviderError as error:
        trouble.ending = error


@dataclass(slots=True)
class _Links:
    """Links that are being fetched in parallel."""

    fetch: Fetch
    tasks: "dict[asyncio.Task[bytes], FoundLink]" = field(default_factory=dict)

    def begin(self, found: FoundLink) -> None:
        self.tasks[asyncio.ensure_future(self._get(found.url))] = found

    async def _get(self, url: str) -> bytes:
        return await self.fetch(url)

    async def ended(self) -> AsyncIterator[GeneratedImage | BrokenImage]:
        """Yield the result of each, in the order in which they end."""
        while self.tasks:
            done, _ = await asyncio.wait(self.tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                found = self.tasks.pop(task)
                try:
                    data = task.result()
                except ProviderError as error:
                    yield BrokenImage(found.index, error)
                else:
                    yield GeneratedImage(
                        found.index, data, model=found.model, revised_prompt=found.revised_prompt
                    )

    def give_up(self) -> None:
        for task in self.tasks:
            task.cancel()


class _Unreadable(Exception):
    """The event is not one of OpenAI's."""

    def __init__(self, failure: ProviderError) -> None:
        self.failure = failure


def _event(index: int, item: Any, model: str) -> GeneratedImage | BrokenImage | FoundLink:
    try:
        picture = read_item(item)
    except Undecodable as error:
        return BrokenImage(index, error, error.data)
    except ProviderError as error:
        return BrokenImage(index, error)
    revised = _text(item.get("revised_prompt"), MAX_PROMPT_LENGTH) if isinstance(item, dict) else ""
    if isinstance(picture, Link):
        return FoundLink(index, clean(picture.url), model, revised)
    return GeneratedImage(index, picture, model=model, revised_prompt=revised)


async def _server_events(pieces: AsyncIterator[bytes]) -> AsyncIterator[ServerEvent]:
    reader = EventReader(MAX_EVENT)
    try:
        async for piece in pieces:
            for event in reader.feed(piece):
                yield event
    except EventTooLong:
        size = MAX_EVENT // 1024 // 1024
        raise bad_answer(f"The upstream's stream has an event longer than {size} MB.") from None
    except ProviderError:
        # The part before the connection was lost may be complete.
        for event in reader.end():
            yield event
        raise
    for event in reader.end():
        yield event


def _answer_of(message: ServerEvent) -> dict[str, Any] | PartialImage | None:
    """Return an event as an answer with `data`, an unfinished picture, or nothing of interest.

    Raises:
        ProviderError: it tells of a failure.
        _Unreadable
    """
    try:
        fields = read_json(message.data)
        if not isinstance(fields, dict):
            raise bad_answer("The upstream's stream holds something else than events.")
    except ProviderError as error:
        pictures = [] if "partial" in message.type else whole_pictures(message.data)
        if not pictures or "partial_image" in message.data[:200]:
            raise _Unreadable(error) from None
        return {"data": pictures}
    kind = str(fields.get("type") or message.type)
    if fields.get("error") or "error" in (kind, message.type) or kind.endswith(".failed"):
        raise failure_within(fields)
    if kind.endswith(".partial_image"):
        return _partial(fields)
    if kind.endswith(".completed"):
        return {**fields, "data": [fields]}
    return fields if items_of(fields) or usage_told(fields) is not None else None


def _partial(fields: dict[str, Any]) -> PartialImage | None:
    """Return an unfinished picture; an unreadable one does no harm."""
    step = fields.get("partial_image_index")
    encoded = fields.get("b64_json")
    if not isinstance(encoded, str):
        return None
    with suppress(ProviderError):
        data = decode(encoded)
        return PartialImage(0, step if isinstance(step, int) else 0, data)
    return None


def _usage(answer: dict[str, Any]) -> Usage:
    """Return the cost that it reports; surplus pictures were made and paid for, too."""
    return replace(
        read_usage(answer),
        pictures=len(items_of(answer)),
        model=_text(answer.get("model"), 100),
        quality=_text(answer.get("quality"), 16).lower(),
    )


def _no_pictures(answer: dict[str, Any]) -> ProviderError:
    """Return why an answer has no pictures: an error in spite of its status, or moderation.

    An empty list is how xAI withholds all of them.
    """
    said = failure_within(answer)
    if said.verdict is not Verdict.FAULT:
        return said
    if answer.get("data") == [] and not said.said:
        return blocked()
    return without_picture("The upstream sent no picture.", said)


def _is_stream(body: bytes) -> bool:
    """Return whether a body without the media type of an event stream is one."""
    return body[:1000].lstrip(b"\xef\xbb\xbf \r\n").startswith((b"data:", b"event:", b":", b"id:"))


async def _once(body: bytes) -> AsyncIterator[bytes]:
    yield body


def _text(value: Any, limit: int) -> str:
    return masked(clean(value[:limit]))[:limit] if isinstance(value, str) else ""
