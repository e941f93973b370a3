"""The pictures in an upstream's answer: base64 or links, blocked or broken."""

import binascii
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pybase64
from aiohttp import ClientResponse

from gallery.models import MAX_PROMPT_LENGTH
from gallery.pictures import MAX_BYTES

from .base import BrokenImage, Event, GeneratedImage, PartialImage, ProviderError, Usage
from .failures import blocked, complaint_of, failure
from .fetching import Fetcher
from .sse import EventReader, EventTooLong, ServerEvent
from .upstream import read_json

MAX_EVENT = 2 * MAX_BYTES
"""Bytes of one event in a stream: a picture as base64, and room."""

TICKS_PER_DOLLAR = Decimal(10_000_000_000)
"""xAI counts cost in ticks (docs.x.ai)."""


async def read_results(answer: Any, *, model: str, fetcher: Fetcher) -> AsyncIterator[Event]:
    """Usage and pictures of an images response; each picture fails alone.

    Args:
        model: what made them, where the answer does not say.

    Raises:
        ProviderError: it is no images response, or one without pictures.
    """
    if not isinstance(answer, dict):
        raise _bad_answer("The upstream's answer is not an object.")
    yield read_usage(answer)
    items = answer.get("data")
    if not isinstance(items, list) or not items:
        said = complaint_of(answer).message
        raise _bad_answer(f"The upstream sent no picture. {said}".strip(), code="no_picture")
    for index in range(len(items)):
        # Popped, so that while a picture waits to be stored its base64 is not kept beside it.
        item = items[index]
        items[index] = None
        try:
            data = await read_item(item, fetcher)
            revised_prompt = _text(item.get("revised_prompt"), MAX_PROMPT_LENGTH)
            del item
            yield GeneratedImage(
                index,
                data,
                model=_text(answer.get("model"), 100) or model,
                revised_prompt=revised_prompt,
            )
        except ProviderError as error:
            yield BrokenImage(index, error)


async def read_stream(
    response: ClientResponse, *, model: str, fetcher: Fetcher
) -> AsyncIterator[Event]:
    """The events of a streamed images response.

    Raises:
        ProviderError: an `error` event came, or what is no event of OpenAI's.
    """
    count = 0
    async for message in _server_events(response):
        if message.data == "[DONE]":
            return
        fields = _event_fields(message.data)
        kind = str(fields.get("type") or message.type)
        if kind.endswith(".partial_image"):
            if glimpse := _glimpse(fields, count):
                yield glimpse
        elif kind.endswith(".completed"):
            completed = {**fields, "data": [fields]}
            async for event in read_results(completed, model=model, fetcher=fetcher):
                if isinstance(event, GeneratedImage | BrokenImage):
                    event = replace(event, index=count)
                yield event
            count += 1
    if not count:
        raise _bad_answer("The upstream's stream ended without a picture.", code="no_picture")


async def _server_events(response: ClientResponse) -> AsyncIterator[ServerEvent]:
    reader = EventReader(MAX_EVENT)
    try:
        async for piece in response.content.iter_any():
            for event in reader.feed(piece):
                yield event
    except EventTooLong:
        size = MAX_EVENT // 1024 // 1024
        raise _bad_answer(f"The upstream's stream has an event longer than {size} MB.") from None


def _event_fields(data: str) -> dict[str, Any]:
    fields = read_json(data)
    if not isinstance(fields, dict):
        raise _bad_answer("The upstream's stream holds something else than events.")
    if fields.get("error"):
        raise _failure_event(fields)
    return fields


def _glimpse(fields: dict[str, Any], index: int) -> PartialImage | None:
    """An unfinished picture; one that cannot be read costs nothing but itself."""
    step = fields.get("partial_image_index")
    with suppress(ProviderError):
        data = decode(str(fields.get("b64_json")))
        return PartialImage(index, step if isinstance(step, int) else 0, data)
    return None


def _failure_event(fields: dict[str, Any]) -> ProviderError:
    """An error in the middle of a stream has no status; its type tells whose mistake it was."""
    said = complaint_of(fields)
    if "user_error" in said.type or "invalid_request" in said.type:
        return failure(400, {}, json.dumps(fields).encode())
    if "rate_limit" in said.type or said.code == "rate_limit_exceeded":
        return failure(429, {}, json.dumps(fields).encode())
    return ProviderError(f"The upstream failed. It says: {said.message}", upstream_status=200)


async def read_item(item: Any, fetcher: Fetcher) -> bytes:
    """The bytes of one element of `data`.

    Raises:
        ProviderError
    """
    if not isinstance(item, dict):
        raise _bad_answer("The upstream's list of pictures holds something else.")
    if item.get("respect_moderation") is False:
        raise blocked()
    encoded, link = item.get("b64_json"), item.get("url")
    if isinstance(encoded, str) and encoded:
        return decode(encoded)
    if isinstance(link, str) and link:
        return decode(link) if link.startswith("data:") else await fetcher.fetch(link, MAX_BYTES)
    raise _bad_answer("The upstream sent neither a picture nor a link.", code="no_picture")


def decode(encoded: str) -> bytes:
    """Base64, with or without `data:…;base64,` before it.

    Raises:
        ProviderError
    """
    if encoded.startswith("data:"):
        encoded = encoded.partition(",")[2]
    try:
        return pybase64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        pass  # unless it is broken into lines
    try:
        return pybase64.b64decode("".join(encoded.split()), validate=True)
    except (binascii.Error, ValueError):
        raise _bad_answer("The upstream's picture is not valid base64.") from None


def read_usage(answer: dict[str, Any]) -> Usage:
    """OpenAI's token counts and xAI's cost, of what is well-formed."""
    usage = answer.get("usage")
    if not isinstance(usage, dict):
        return Usage()
    tokens: dict[str, Any] = {
        name: usage[name]
        for name in ("input_tokens", "output_tokens", "total_tokens")
        if _is_count(usage.get(name))
    }
    details = usage.get("input_tokens_details")
    if isinstance(details, dict):
        tokens["input_tokens_details"] = {
            name: count
            for name in ("image_tokens", "text_tokens")
            if _is_count(count := details.get(name, 0))
        }
    ticks = usage.get("cost_in_usd_ticks")
    cost = ticks / TICKS_PER_DOLLAR if isinstance(ticks, int) and 0 <= ticks < 10**15 else None
    return Usage(tokens, cost)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and 0 <= value < 2**53  # what every JSON reader keeps exact


def _text(value: Any, limit: int) -> str:
    """A text as every database and every client takes it: no NUL, no half of an emoji."""
    if not isinstance(value, str):
        return ""
    return value[:limit].replace("\x00", "").encode(errors="replace").decode()


def _bad_answer(message: str, code: str = "upstream_bad_answer") -> ProviderError:
    return ProviderError(message, code=code, upstream_status=200)
