"""A finished generation in the shape of OpenAI's images API."""

import time
from collections.abc import Mapping
from typing import Any

import orjson
import pybase64
from django.http import HttpResponse

from imagine.dialects import Answer
from imagine.generate import Run, StoredImage
from imagine.links import Links

NO_TOKENS: Mapping[str, Any] = {
    "input_tokens": 0,
    "input_tokens_details": {"image_tokens": 0, "text_tokens": 0},
    "output_tokens": 0,
    "total_tokens": 0,
}
"""For upstreams that do not count tokens: OpenAI's clients require the object."""


def images_response(run: Run, answer: Answer, links: Links) -> HttpResponse:
    """The answer without streaming; `size` is the first picture's true size."""
    images = sorted(run.images, key=lambda image: image.index)
    body: dict[str, Any] = {
        "created": int(run.generation.created_at.timestamp()),
        "data": [image_data(image, answer, links) for image in images],
        "model": images[0].model,
        "size": f"{images[0].width}x{images[0].height}",
        "output_format": output_format(images[0]),
        "usage": usage(run),
    }
    for name in ("quality", "background"):
        if (value := getattr(run.request, name)) not in ("", "auto"):
            body[name] = value
    return HttpResponse(orjson.dumps(body), content_type="application/json")


def image_data(image: StoredImage, answer: Answer, links: Links) -> dict[str, Any]:
    """One element of `data`. A picture that could not be stored is in the answer alone."""
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


def usage(run: Run) -> dict[str, Any]:
    """OpenAI's `usage` object, whole."""
    return {**NO_TOKENS, **run.usage.tokens}


def output_format(image: StoredImage) -> str:
    return image.content_type.removeprefix("image/")


def models_response(models: tuple[str, ...]) -> dict[str, Any]:
    return {"object": "list", "data": [model_data(model) for model in models]}


def model_data(model: str) -> dict[str, Any]:
    return {"id": model, "object": "model", "created": _STARTED, "owned_by": "grok2api"}


_STARTED = int(time.time())
