"""Speaks xAI's official images API (docs.x.ai, model capabilities, images)."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from django.conf import settings

from .base import DEFAULT_MODEL, EDIT_MODEL, Event, ImageProvider, ImageRequest, Offer
from .kinds import XAI, expect_editable
from .picture_upstream import PictureUpstream

OWN_MODEL = "grok-imagine-image"
NEWEST = "grok-imagine-image-2.0"
RETIRED = {"grok-imagine-image-quality": NEWEST, "grok-imagine-image-pro": NEWEST}
"""Models retired on 2 November 2026, and those that answer for them (docs.x.ai, migration)."""
MODELS = (OWN_MODEL, NEWEST, *RETIRED)
RESOLUTIONS = ("1k", "2k")


class XaiProvider(ImageProvider):
    """Pictures by Grok. It refuses `size`, `style` and `background`, and does not stream."""

    name = "xai"
    models = MODELS
    retired = RETIRED
    default_model = NEWEST
    default_edit_model = NEWEST
    takes = frozenset(("size", "resolution", "quality"))

    def __init__(self) -> None:
        self.upstream = PictureUpstream(settings.XAI_BASE_URL, settings.XAI_API_KEY)

    @classmethod
    def priced_model(cls, request: ImageRequest) -> str:
        return upstream_model(request.model)

    @classmethod
    def offer(cls, model: str, *, edits: bool = False) -> Offer:
        takes = takes_quality(upstream_model(model))
        return Offer(RESOLUTIONS, tuple(q for q in XAI.qualities if takes and q != "auto"))

    def ignores(self, request: ImageRequest) -> list[str]:
        ignored = set(super().ignores(request))
        if request.quality and not (
            takes_quality(upstream_model(request.model)) and request.quality in XAI.qualities
        ):
            ignored.add("quality")
        return sorted(ignored)

    async def generate(self, request: ImageRequest) -> AsyncGenerator[Event, None]:
        body = request_body(request)
        path = "/images/edits" if request.sources else "/images/generations"
        pictures = self.upstream.pictures(path, model=body["model"], most=request.n, json=body)
        async with aclosing(pictures) as events:
            async for event in events:
                yield event

    async def fetch(self, url: str) -> bytes:
        return await self.upstream.fetch(url)

    async def close(self) -> None:
        await self.upstream.close()


def takes_quality(model: str) -> bool:
    """Return whether a model takes a quality: only the newest does."""
    return RETIRED.get(model, model) == NEWEST


def request_body(request: ImageRequest) -> dict[str, Any]:
    """Return the request in xAI's fields."""
    body: dict[str, Any] = {
        "model": upstream_model(request.model),
        "prompt": request.prompt,
        "n": request.n,
        "response_format": "b64_json",
    }
    for name in ("aspect_ratio", "resolution", "user"):
        if value := getattr(request, name):
            body[name] = value
    if takes_quality(body["model"]) and request.quality in XAI.qualities:
        body["quality"] = request.quality
    expect_editable(request, XAI)
    sources = [{"url": source.data_url, "type": "image_url"} for source in request.sources]
    if sources:
        body |= {"image": sources[0]} if len(sources) == 1 else {"images": sources}
    return body


def upstream_model(model: str) -> str:
    """Return xAI's name for this model: our two names stand for its own image model."""
    return OWN_MODEL if model in (DEFAULT_MODEL, EDIT_MODEL) else model
