"""Computes what a request may cost at most, and what it did cost, exact to the tick.

The upstream's own number stands before any that is computed here. What nobody can tell is None,
and never 0. `estimate` and `settle` do no I/O; `most` and `settled` ask the price book in force:
the file that ships, and IMAGINE_PRICES.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from math import ceil
from pathlib import Path

from django.conf import settings

from imagine.models import Generation
from imagine.providers import provider_class
from imagine.providers.base import MAY_HAVE_COST, ImageRequest, ProviderError, Usage
from imagine.providers.verdicts import Verdict

from .book import EDIT, PICTURE, SOURCE, TOKENS_PER_PICTURE, Book, Tariff
from .reading import read_book

Basis = Generation.CostBasis

MOST = Decimal(100_000)
"""US dollars of one request; a higher cost is a mistake or a lie, and no column holds it."""

NAMED_SIZE = re.compile(r"([0-9]{1,2}(?:\.[0-9])?)[kK]")

MILLION = 1_000_000
"""The tokens that a price of tokens is for."""

MOST_TOKENS_PER_PICTURE = 6240
"""The default for what the book does not list: gpt-image-1 at high quality."""

PIXELS_PER_PICTURE = 1024 * 1536
"""Pixels of a picture whose tokens the book lists; a larger one has more in proportion."""

DEAREST_USUAL_QUALITY = "high"
"""The dearest quality that `auto` may turn out to be."""

TOKENS_PER_SOURCE = 7300
"""The most tokens of a source picture at high fidelity (OpenAI, images and vision)."""

TOKENS_PER_PARTIAL = 100
"""From OpenAI's page on image generation, streaming."""

TOKENS_BESIDE_PROMPT = 64
"""Tokens around the prompt, which itself has at most one for each byte."""

PERHAPS_CHARGED = (Verdict.MODERATED, Verdict.FORBIDDEN)

WITHOUT_PRICE = frozenset((
    "negative_prompt", "steps", "num_inference_steps", "guidance_scale", "cfg_scale", "cfg",
    "sampler", "sampler_name", "scheduler", "safety_identifier", "safety_checker", "watermark",
))  # fmt: skip
"""Fields of other servers for which nobody charges."""


@dataclass(frozen=True, slots=True)
class Cost:
    """US dollars and the origin of the number; None if it is unknown."""

    usd: Decimal | None
    basis: Basis


UNKNOWN = Cost(None, Basis.UNKNOWN)
NOTHING = Cost(Decimal(0), Basis.COMPUTED)


def book() -> Book:
    """Return the price book in force."""
    return _book(settings.IMAGINE_PRICES)


def most(request: ImageRequest, at: datetime) -> Decimal | None:
    """Return the most US dollars that a request may cost; None if its model has no price."""
    if _asks_for_more(request):
        return None
    model = provider_class().priced_model(request)
    return estimate(book(), request, model=model, day=at.date())


def settled(
    request: ImageRequest, usage: Usage, errors: Sequence[ProviderError], at: datetime
) -> Cost:
    """Return what a request has cost.

    Args:
        errors: why pictures did not come.
        at: when it was asked, in UTC.
    """
    model = provider_class().priced_model(request)
    cost = settle(book(), request, usage, errors, model=model, day=at.date())
    is_by_picture = cost.basis is Basis.COMPUTED and cost.usd and not usage.tokens
    return UNKNOWN if is_by_picture and _asks_for_more(request) else cost


def _asks_for_more(request: ImageRequest) -> bool:
    """Return whether the upstream is sent fields that the book does not know, and may charge
    for."""
    return bool(request.others.keys() - WITHOUT_PRICE) and provider_class().passes_on


@lru_cache(maxsize=4)
def _book(path: str) -> Book:
    return read_book(Path(path) if path else None)


def estimate(book: Book, request: ImageRequest, *, model: str, day: date) -> Decimal | None:
    """Return the most that a request may cost, in US dollars; None if its model has no price.

    Args:
        model: as the upstream calls it.
    """
    tariff = book.tariff(model, day)
    if tariff is None:
        return None
    if tariff.is_per_picture:
        usd = _pictures(tariff, request, [request.quality or "auto"], request.n)
    else:
        usd = _tokens(tariff, _most_tokens(tariff, request))
    return min(usd, MOST)


def settle(
    book: Book,
    request: ImageRequest,
    usage: Usage,
    errors: Sequence[ProviderError],
    *,
    model: str,
    day: date,
) -> Cost:
    """Return what a request has cost, after all that the upstream said of it.

    Args:
        errors: why pictures did not come.
    """
    # If each was a request of its own, one may have been charged without saying so.
    is_all_told = (
        usage.is_whole
        or usage.pictures >= request.n
        or request.n == 1
        or all(map(_is_surely_uncharged, errors))
    )
    if usage.cost_usd is not None and is_all_told:
        return Cost(usage.cost_usd, Basis.UPSTREAM)
    tariff = (usage.model and book.tariff(usage.model, day)) or book.tariff(model, day)
    if tariff is not None and tariff.is_free:
        return NOTHING
    if not usage.pictures and errors and all(map(_is_surely_uncharged, errors)):
        return NOTHING
    if tariff is None or not is_all_told:
        return UNKNOWN
    if not tariff.is_per_picture:
        counts = _counts(request, usage)
        return UNKNOWN if counts is None else _computed(_tokens(tariff, counts))
    if not usage.pictures or (usage.pictures < request.n and not usage.is_whole):
        return UNKNOWN  # it broke off, and who knows how many were made
    served = "" if usage.quality == "auto" else usage.quality
    qualities = [served, request.quality, "auto"]
    return _computed(_pictures(tariff, request, qualities, usage.pictures))


def _computed(usd: Decimal) -> Cost:
    return Cost(usd, Basis.COMPUTED) if usd <= MOST else UNKNOWN


def _is_surely_uncharged(error: ProviderError) -> bool:
    """Return whether the upstream was not asked, or refused before it made anything.

    A picture that moderation refused may have been made, and xAI charges for refused prompts.
    """
    return error.status != MAY_HAVE_COST and error.verdict not in PERHAPS_CHARGED


def _pictures(
    tariff: Tariff, request: ImageRequest, qualities: Sequence[str], number: int
) -> Decimal:
    units = (EDIT, PICTURE) if request.sources else (PICTURE,)
    each = tariff.find(units, qualities, request.resolution)
    sources: Decimal = len(request.sources) * (tariff.amount(SOURCE) or Decimal(0))
    return number * each + sources


def _tokens(tariff: Tariff, counts: Mapping[str, int]) -> Decimal:
    """Return the cost of so many tokens of each kind; a kind without a price is not cheaper."""
    text_in = tariff.amount("text_in") or Decimal(0)
    image_in = _or(tariff.amount("image_in"), text_in)
    image_out = tariff.amount("image_out") or Decimal(0)
    each = {
        "text_in": text_in,
        "cached_text_in": _or(tariff.amount("cached_text_in"), text_in),
        "image_in": image_in,
        "cached_image_in": _or(tariff.amount("cached_image_in"), image_in),
        "image_out": image_out,
        "text_out": _or(tariff.amount("text_out"), image_out),
    }
    return sum((count * each[kind] for kind, count in counts.items()), Decimal(0)) / MILLION


def _or(amount: Decimal | None, other: Decimal) -> Decimal:
    return other if amount is None else amount


def _most_tokens(tariff: Tariff, request: ImageRequest) -> dict[str, int]:
    """Return the most tokens that a request may need; nobody can foresee the exact number."""
    asked = "" if request.quality == "auto" else request.quality
    if any(unit == TOKENS_PER_PICTURE for unit, _, _ in tariff.lines):
        qualities = (asked, DEAREST_USUAL_QUALITY)
        each = int(tariff.find((TOKENS_PER_PICTURE,), qualities, request.resolution))
    else:
        each = MOST_TOKENS_PER_PICTURE
    if pixels := _pixels(request):
        each = max(each, ceil(each * pixels / PIXELS_PER_PICTURE))
    sources = len(request.sources) + sum(map(bool, (request.mask, request.markup)))
    return {
        "text_in": len(request.prompt.encode()) + TOKENS_BESIDE_PROMPT,
        "image_in": sources * TOKENS_PER_SOURCE,
        "image_out": request.n * (each + request.partial_images * TOKENS_PER_PARTIAL),
    }


def _pixels(request: ImageRequest) -> int:
    """Return the requested pixels; 0 if the model chooses. A name like 2K means a square."""
    if request.size is not None:
        return request.size[0] * request.size[1]
    found = NAMED_SIZE.fullmatch(request.named_size)
    return int((float(found[1]) * 1024) ** 2) if found else 0


def _counts(request: ImageRequest, usage: Usage) -> dict[str, int] | None:
    """Return tokens by kind, as the upstream reports them; None if it does not, or not plausibly.

    The images API does not say what kind it made: those are pictures. Unspecified input is text,
    unless pictures were given, which are dearer. Unspecified cached tokens are text, which saves
    the least.
    """
    given, made = usage.tokens.get("input_tokens", 0), usage.tokens.get("output_tokens", 0)
    if not given or (usage.pictures and not made):
        return None  # no prompt is without tokens, and no picture: nobody has counted
    inside = usage.tokens.get("input_tokens_details", {})
    text, image = inside.get("text_tokens", 0), inside.get("image_tokens", 0)
    rest = max(0, given - text - image)
    if request.sources:
        image += rest
    else:
        text += rest
    kinds = inside.get("cached_tokens_details", {})
    cached_image = min(image, kinds.get("image_tokens", 0))
    cached_text = min(text, kinds.get("text_tokens", 0))
    cached = max(0, inside.get("cached_tokens", 0) - cached_text - cached_image)
    more = min(text - cached_text, cached)
    cached_text += more
    cached_image += min(image - cached_image, cached - more)
    written = min(made, usage.tokens.get("output_tokens_details", {}).get("text_tokens", 0))
    return {
        "text_in": text - cached_text,
        "cached_text_in": cached_text,
        "image_in": image - cached_image,
        "cached_image_in": cached_image,
        "text_out": written,
        "image_out": made - written,
    }
