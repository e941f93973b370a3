"""Builds the answer of OpenAI's images API from a finished generation."""

import re
import time
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import pybase64
from django.http import HttpResponse

from imagine.dialects import Answer
from imagine.formats import SVG
from imagine.links import Links
from imagine.providers import get_provider
from imagine.providers.base import ImageProvider, ImageRequest
from imagine.providers.reported import ticks
from imagine.records import StoredImage
from imagine.run import Run

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
        "size": images[0].size,
        "output_format": output_format(images[0]),
        "usage": usage(run),
    }
    for name in ("quality", "background"):
        if (value := getattr(run.request, name)) not in ("", "auto"):
            body[name] = value
    if ignored := get_provider().ignores(run.request):
        body["ignored"] = ignored
    return body


def told_ignored(request: ImageRequest, *more: str) -> dict[str, str]:
    """Name parameters without effect in a header; empty if there are none."""
    ignored = [*get_provider().ignores(request), *more]
    told = ", ".join(filter(None, (UNTOLD.sub("", name)[:MAX_NAME] for name in ignored)))
    if len(told) > MAX_NAMES:
        told = told[:MAX_NAMES].rpartition(",")[0] + ", ..."
    return {"X-Ignored-Parameters": told} if told else {}


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
    told = {} if cost is None else {"cost_in_usd_ticks": ticks(cost)}
    return {**NO_TOKENS, **run.usage.tokens, **told}


def output_format(image: StoredImage) -> str:
    return "svg" if image.content_type == SVG else image.content_type.rpartition("/")[2]


def models_response(models: Sequence[str], provider: ImageProvider) -> dict[str, Any]:
    return {"object": "list", "data": [model_data(model, provider) for model in models]}


def model_data(model: str, provider: ImageProvider) -> dict[str, Any]:
    """Describe a model; a retired one names the model that answers for it."""
    data = {"id": model, "object": "model", "created": _STARTED, "owned_by": "grok2api"}
    served_by = provider.retired.get(model)
    return data | ({"status": "retired", "served_by": served_by} if served_by else {})


_STARTED = int(time.time())
