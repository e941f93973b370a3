"""Builds the answer of OpenAI's images API from a finished generation, and its headers.

Only requests that were counted say what their key may still request: no query is made for it.
"""

import re
import time
from collections.abc import Mapping, Sequence
from functools import cache
from math import ceil
from typing import Any

import orjson
import pybase64
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse

from imagine.dialects import Answer
from imagine.formats import short_name
from imagine.limits import Allowance
from imagine.links import Links
from imagine.models import Generation
from imagine.providers.base import ImageProvider
from imagine.providers.reported import TICKS_PER_DOLLAR
from imagine.records import StoredImage
from imagine.run import Run

COUNTED = "imagine.allowance"
"""The request attribute that holds what its answer will tell, whatever the answer."""

UNTOLD = re.compile(r"[^!-+\--~]")
"""Characters of a field's name that a header cannot hold, or that would end it in the list."""
MAX_NAME = 60
MAX_NAMES = 1000
"""Characters of all names together: proxies refuse answers whose headers exceed 4 kB."""

NO_TOKENS: Mapping[str, Any] = {
    "input_tokens": 0,
    "input_tokens_details": {"image_tokens": 0, "text_tokens": 0},
    "output_tokens": 0,
    "total_tokens": 0,
}
"""The usage for upstreams that do not count tokens: OpenAI's clients require the object."""


def images_body(run: Run, answer: Answer, links: Links) -> dict[str, Any]:
    """Return the body without streaming; `size` is the first picture's true size."""
    images = sorted(run.images, key=lambda image: image.index)
    body: dict[str, Any] = {
        "created": int(run.generation.created_at.timestamp()),
        "data": [image_data(image, answer, links) for image in images],
        "model": images[0].model,
        "size": size(images[0]),
        "output_format": output_format(images[0]),
        "usage": usage(run),
    }
    for name in ("quality", "background"):
        if (value := getattr(run.request, name)) not in ("", "auto"):
            body[name] = value
    if run.ignored:
        body["ignored"] = run.ignored
    return body


def headers(run: Run, *ignored: str) -> dict[str, str]:
    """Say where the answer can be had again, and name parameters without effect, if any."""
    names = [*run.ignored, *ignored]
    told = ", ".join(filter(None, (UNTOLD.sub("", name)[:MAX_NAME] for name in names)))
    if len(told) > MAX_NAMES:
        told = told[:MAX_NAMES].rpartition(",")[0] + ", ..."
    address = {"Content-Location": task_path(run.generation)}
    return {**address, "X-Ignored-Parameters": told} if told else address


def task_path(generation: Generation) -> str:
    """Return the path of a generation's outcome."""
    return f"{_tasks()}{generation.task_id}"


@cache
def _tasks() -> str:
    return reverse("imagine_api:task", args=["-"]).removesuffix("-")


def note_allowance(request: HttpRequest, generation: Generation) -> None:
    """Remember that this request was counted, and what is left after it."""
    request.META[COUNTED] = generation.allowance


def tell_allowance(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Add the headers of what was noted to an answer."""
    for name, value in allowance_headers(request.META.get(COUNTED)).items():
        response[name] = value
    return response


def allowance_headers(allowance: Allowance | None) -> dict[str, str]:
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


def json_response(body: dict[str, Any], headers: Mapping[str, str]) -> HttpResponse:
    return HttpResponse(orjson.dumps(body), content_type="application/json", headers=dict(headers))


def image_data(image: StoredImage, answer: Answer, links: Links) -> dict[str, Any]:
    """Return an element of `data`. A picture that could not be stored is in the answer alone."""
    data: dict[str, Any] = {}
    if answer.response_format != "b64_json" and image.image_id is not None:
        data["url"] = links.to(image.image_id, image.content_type)
    if answer.response_format != "url" or image.image_id is None:
        data["b64_json"] = pybase64.b64encode_as_string(image.data)
    if image.revised_prompt:
        data["revised_prompt"] = image.revised_prompt
    if image.image_id is not None:
        data["image_id"] = image.image_id
    return data


def data_url(image: StoredImage) -> str:
    """Return the picture's bytes as a `data:` URL."""
    return f"data:{image.content_type};base64,{pybase64.b64encode_as_string(image.data)}"


def usage(run: Run) -> dict[str, Any]:
    """Return OpenAI's complete `usage` object, with xAI's cost if known: an unknown cost is not
    0."""
    cost = run.cost.usd
    told = {} if cost is None else {"cost_in_usd_ticks": int(cost * TICKS_PER_DOLLAR)}
    return {**NO_TOKENS, **run.usage.tokens, **told}


def size(image: StoredImage) -> str:
    """Return a picture's pixels as OpenAI writes them."""
    return f"{image.width}x{image.height}" if image.width else "auto"


def output_format(image: StoredImage) -> str:
    return short_name(image.content_type)


def models_response(models: Sequence[str], provider: ImageProvider) -> dict[str, Any]:
    return {"object": "list", "data": [model_data(model, provider) for model in models]}


def model_data(model: str, provider: ImageProvider) -> dict[str, Any]:
    """Describe a model; a retired one names the model that answers for it."""
    data = {"id": model, "object": "model", "created": _STARTED, "owned_by": "grok2api"}
    served_by = provider.retired.get(model)
    return data | ({"status": "retired", "served_by": served_by} if served_by else {})


_STARTED = int(time.time())
