"""Reads what an upstream reports on tokens and cost, and drops what is malformed.

Gateways differ: OpenAI's images API has `input_tokens` and `output_tokens`, LiteLLM puts
`prompt_tokens` and `completion_tokens` beside or instead of them, and some write numbers as texts.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from grok2api.integers import read_integer

from .base import Usage

TICKS_PER_DOLLAR = 10_000_000_000
"""xAI counts cost in ticks (docs.x.ai)."""

MOST_TICKS = 10**15
"""100,000 dollars: no answer costs as much, and a report that says so is wrong."""

NAMES = {
    "input_tokens": ("input_tokens", "prompt_tokens"),
    "output_tokens": ("output_tokens", "completion_tokens"),
    "total_tokens": ("total_tokens",),
}
DETAILS = {
    "input_tokens_details": ("input_tokens_details", "prompt_tokens_details"),
    "output_tokens_details": ("output_tokens_details", "completion_tokens_details"),
}
KINDS = ("image_tokens", "text_tokens")


def read_usage(answer: Mapping[str, Any]) -> Usage:
    """Return OpenAI's token counts and xAI's cost."""
    usage = answer.get("usage")
    if not isinstance(usage, dict):
        return Usage()
    tokens: dict[str, Any] = {}
    for name, called in NAMES.items():
        if (count := _first_count(usage, called)) is not None:
            tokens[name] = count
    for name, called in DETAILS.items():
        for details in filter(None, map(usage.get, called)):
            if isinstance(details, dict) and name not in tokens:
                tokens[name] = _details(details)
    both = tokens.keys() & {"input_tokens", "output_tokens"}
    if both:
        tokens.setdefault("total_tokens", sum(tokens[name] for name in both))
    return Usage(tokens, read_cost(usage))


def usage_told(answer: Any) -> Usage | None:
    """Return the usage in an answer, refusal or event, beside its error or inside of it.

    Return None if there is none: then what was reported before remains valid.
    """
    if not isinstance(answer, dict):
        return None
    for fields in (answer, answer.get("error")):
        if isinstance(fields, dict):
            usage = read_usage(fields)
            if usage.tokens or usage.cost_usd is not None:
                return usage
    return None


def read_cost(usage: Mapping[str, Any]) -> Decimal | None:
    """Return `cost_in_usd_ticks` in US dollars; None if it is not a number of ticks."""
    ticks = read_integer(usage.get("cost_in_usd_ticks"), least=0, most=MOST_TICKS - 1)
    return None if ticks is None else Decimal(ticks) / TICKS_PER_DOLLAR


def added(one: Usage, other: Usage) -> Usage:
    """Add two usages, as of two pictures of a stream; a cost that one lacks is unknown."""
    costs = [usage.cost_usd for usage in (one, other) if usage.cost_usd is not None]
    return replace(
        other,
        tokens=_sum(one.tokens, other.tokens),
        cost_usd=sum(costs, Decimal(0)) if len(costs) == 2 else None,
        pictures=one.pictures + other.pictures,
    )


def _sum(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _sum(one.get(name, {}), other.get(name, {}))
        if isinstance(one.get(name, other.get(name)), Mapping)
        else one.get(name, 0) + other.get(name, 0)
        for name in dict.fromkeys((*one, *other))
    }


def _details(details: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {name: _first_count(details, [name]) or 0 for name in KINDS}
    if cached := _first_count(details, ["cached_tokens"]):
        found["cached_tokens"] = cached
    if isinstance(kinds := details.get("cached_tokens_details"), dict):
        found["cached_tokens_details"] = {name: _first_count(kinds, [name]) or 0 for name in KINDS}
    return found


def _first_count(usage: Mapping[str, Any], names: Iterable[str]) -> int | None:
    """Return the first of these that is a number of tokens, preferably not 0."""
    counts = [count for name in names if (count := read_integer(usage.get(name))) is not None]
    sane = [count for count in counts if 0 <= count < 2**53]  # what JSON readers keep exact
    return next(filter(None, sane), sane[0] if sane else None)
