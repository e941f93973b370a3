"""xAI's official images API (docs.x.ai, model capabilities, images)."""

from collections.abc import AsyncIterator
from typing import Any

from django.conf import settings

from .base import DEFAULT_MODEL, EDIT_MODEL, Event, ImageProvider, ImageRequest, ProviderError
from .fetching import Fetcher
from .results import read_results
from .upstream import Upstream

OWN_MODEL = "grok-imagine-image"
MODELS = (
    OWN_MODEL,
    "grok-imagine-image-2.0",
    "grok-imagine-image-quality",
    "grok-imagine-image-pro",
)
MAX_SOURCES = 3
WITH_QUALITY = "grok-imagine-image-2.0"
"""The one model that takes `quality`, and of it `low` and `medium`."""


class XaiProvider(ImageProvider):
    """Pictures by Grok. It refuses `size`, `style` and `background`, and does not stream."""

    name = "xai"
    models = MODELS

    def __init__(self) -> None:
        self.upstream = Upstream(
            settings.XAI_BASE_URL, settings.XAI_API_KEY, settings.IMAGINE_TIMEOUT
        )
        self.fetcher = Fetcher(self.upstream.http)

    async def generate(self, request: ImageRequest) -> AsyncIterator[Event]:
        body = request_body(request)
        path = "/images/edits" if request.sources else "/images/generations"
        answer = await self.upstream.post(path, json=body)
        async for event in read_results(answer, model=body["model"], fetcher=self.fetcher):
            yield event

    async def close(self) -> None:
        await self.upstream.close()


def request_body(request: ImageRequest) -> dict[str, Any]:
    """The request in xAI's fields."""
    own = request.model in (DEFAULT_MODEL, EDIT_MODEL)
    body: dict[str, Any] = {
        "model": OWN_MODEL if own else request.model,
        "prompt": request.prompt,
        "n": request.n,
        "response_format": "b64_json",
    }
    for name in ("aspect_ratio", "resolution", "user"):
        if value := getattr(request, name):
            body[name] = value
    if body["model"] == WITH_QUALITY and request.quality in ("low", "medium"):
        body["quality"] = request.quality
    if len(request.sources) > MAX_SOURCES:
        raise ProviderError(
            f"This model edits at most {MAX_SOURCES} pictures at once.",
            status=400,
            type="invalid_request_error",
            code="invalid_value",
            param="image",
        )
    sources = [{"url": source.data_url, "type": "image_url"} for source in request.sources]
    if sources:
        body |= {"image": sources[0]} if len(sources) == 1 else {"images": sources}
    return body
