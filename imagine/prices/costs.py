"""Prices requests by the book in force: the file that ships, and IMAGINE_PRICES."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from imagine.providers import provider_class
from imagine.providers.base import ImageRequest, ProviderError, Usage

from . import reckoning
from .book import Book
from .reading import read_book
from .reckoning import UNKNOWN, Basis, Cost

WITHOUT_PRICE = frozenset((
    "negative_prompt", "steps", "num_inference_steps", "guidance_scale", "cfg_scale", "cfg",
    "sampler", "sampler_name", "scheduler", "safety_identifier", "safety_checker", "watermark",
))  # fmt: skip
"""Fields of other servers for which nobody charges."""


def book() -> Book:
    """Return the price book in force."""
    return _book(settings.IMAGINE_PRICES)


def most(request: ImageRequest, at: datetime) -> Decimal | None:
    """Return the most US dollars that a request may cost; None if its model has no price."""
    if _asks_for_more(request):
        return None
    model = provider_class().priced_model(request)
    return reckoning.estimate(book(), request, model=model, day=at.date())


def settled(
    request: ImageRequest, usage: Usage, errors: Sequence[ProviderError], at: datetime
) -> Cost:
    """Return what a request has cost.

    Args:
        errors: why pictures did not come.
        at: when it was asked, in UTC.
    """
    model = provider_class().priced_model(request)
    cost = reckoning.settle(book(), request, usage, errors, model=model, day=at.date())
    is_by_picture = cost.basis is Basis.COMPUTED and cost.usd and not usage.tokens
    return UNKNOWN if is_by_picture and _asks_for_more(request) else cost


def _asks_for_more(request: ImageRequest) -> bool:
    """Return whether the upstream is sent fields that the book does not know, and may charge
    for."""
    return provider_class().passes_on and bool(request.others.keys() - WITHOUT_PRICE)


@lru_cache(maxsize=4)
def _book(path: str) -> Book:
    return read_book(Path(path) if path else None)
