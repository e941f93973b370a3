"""Adds what a key may still request to answers, in OpenAI's headers.

Only requests that were counted have them: no query is made for their sake.
"""

from math import ceil

from django.http import HttpRequest, HttpResponseBase

from imagine.limits import Allowance
from imagine.models import Generation

COUNTED = "imagine.allowance"
"""The request attribute that holds what its answer will tell, whatever the answer."""


def note(request: HttpRequest, generation: Generation) -> None:
    """Remember that this request was counted, and what is left after it."""
    request.META[COUNTED] = generation.allowance


def tell(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Add the headers of what was noted to an answer."""
    for name, value in headers_of(request.META.get(COUNTED)).items():
        response[name] = value
    return response


def headers_of(allowance: Allowance | None) -> dict[str, str]:
    """Return the headers for limit, remainder and reset; none without a limit."""
    if allowance is None:
        return {}
    return {
        "x-ratelimit-limit-requests": str(allowance.limit),
        "x-ratelimit-remaining-requests": str(allowance.remaining),
        "x-ratelimit-reset-requests": _duration(allowance.reset),
    }


def _duration(seconds: float) -> str:
    """Format seconds as OpenAI does: `1m0s`, `17s`."""
    minutes, rest = divmod(ceil(seconds), 60)
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"
