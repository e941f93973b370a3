"""The pictures in an upstream's answer: base64 or links, blocked or broken."""

import base64
import binascii
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

from gallery.pictures import MAX_BYTES

from .base import BrokenImage, Event, GeneratedImage, ProviderError, Usage
from .failures import blocked, complaint_of
from .fetching import Fetcher

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
    named = answer.get("model")
    for index, item in enumerate(items):
        try:
            yield GeneratedImage(
                index,
                await read_item(item, fetcher),
                model=named[:100] if isinstance(named, str) and named else model,
                revised_prompt=_revised_prompt(item),
            )
        except ProviderError as error:
            yield BrokenImage(index, error)


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
        return base64.b64decode("".join(encoded.split()), validate=True)
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
        if isinstance(usage.get(name), int)
    }
    details = usage.get("input_tokens_details")
    if isinstance(details, dict):
        tokens["input_tokens_details"] = {
            name: count
            for name in ("image_tokens", "text_tokens")
            if isinstance(count := details.get(name, 0), int)
        }
    ticks = usage.get("cost_in_usd_ticks")
    cost = ticks / TICKS_PER_DOLLAR if isinstance(ticks, int) and 0 <= ticks < 10**15 else None
    return Usage(tokens, cost)


def _revised_prompt(item: dict[str, Any]) -> str:
    revised = item.get("revised_prompt")
    return revised.replace("\x00", "")[:32_000] if isinstance(revised, str) else ""


def _bad_answer(message: str, code: str = "upstream_bad_answer") -> ProviderError:
    return ProviderError(message, code=code, upstream_status=200)
