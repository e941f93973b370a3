"""What a key may still ask, in the headers of OpenAI's answers.

Only answers have them to requests that were counted: nothing is asked for them of the database.
"""

from math import ceil

from django.http import HttpRequest, HttpResponseBase

from imagine.limits import Allowance
from imagine.models import Generation

COUNTED = "imagine.allowance"
"""Where a request keeps what is to be told with its answer, whatever that will be."""


def note(request: HttpRequest, generation: Generation) -> None:
    """Remember that this request was counted, with what it leaves."""
    request.META[COUNTED] = generation.allowance


def tell(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """The answer, with the headers of what was noted."""
    for name, value in headers_of(request.META.get(COUNTED)).items():
        response[name] = value
    return response


def headers_of(allowance: Allowance | None) -> dict[str, str]:
    """Limit, what is left of it, and when all of it is there again; empty without a limit."""
    if allowance is None:
        return {}
    return {
        "x-ratelimit-limit-requests": str(allowance.limit),
        "x-ratelimit-remaining-requests": str(allowance.remaining),
        "x-ratelimit-reset-requests": _duration(allowance.reset),
    }


def _duration(seconds: float) -> str:
    """As OpenAI writes it: `1m0s`, `17s`."""
    minutes, rest = divmod(ceil(seconds), 60)
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"
