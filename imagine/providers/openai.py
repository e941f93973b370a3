"""Any images API that speaks OpenAI's dialect: OpenAI, LiteLLM, another copy of this program."""

from collections.abc import AsyncIterator
from typing import Any

from django.conf import settings

from .base import DEFAULT_MODEL, EDIT_MODEL, Event, ImageProvider, ImageRequest, ProviderError
from .failures import CLIENT_MISTAKES
from .fetching import Fetcher, origin
from .model_list import ModelList
from .results import read_results, read_stream
from .upstream import Upstream

SIZES = {
    "1:1": "1024x1024",
    "2:3": "1024x1536",
    "3:2": "1536x1024",
    "3:4": "1008x1344",
    "4:3": "1344x1008",
    "9:16": "864x1536",
    "16:9": "1536x864",
    "1:2": "768x1536",
    "2:1": "1536x768",
    "9:19.5": "768x1664",
    "19.5:9": "1664x768",
    "9:20": "720x1600",
    "20:9": "1600x720",
}
"""Exact sizes of each ratio, of multiples of 16 as OpenAI's models ask."""

FIXED_SIZES = ("gpt-image-1", "chatgpt-image", "dall-e")
"""Beginnings of the models that take three sizes and no other."""

OPENAI_MODELS = ("gpt-", "chatgpt-", "dall-e")
"""Beginnings of the models before which a server refuses fields that OpenAI does not have."""


OPENAI_ITSELF = "https://api.openai.com"
OPENAI_MODEL = "gpt-image-2"


class OpenAIProvider(ImageProvider):
    """Pictures from IMAGINE_UPSTREAM_URL."""

    name = "openai"
    models = ()
    any_model = True

    def __init__(self) -> None:
        self.upstream = Upstream(
            settings.IMAGINE_UPSTREAM_URL,
            settings.IMAGINE_UPSTREAM_KEY,
            settings.IMAGINE_TIMEOUT,
        )
        self.model_list = ModelList(self.upstream)
        self.fetcher = Fetcher(self.upstream.http, [origin(settings.IMAGINE_UPSTREAM_URL)])

    async def list_models(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.all_models, *await self.model_list.read())))

    async def generate(self, request: ImageRequest) -> AsyncIterator[Event]:
        body = request_body(request)
        streamed = request.partial_images > 0 and request.n == 1
        if streamed:
            body |= {"stream": True, "partial_images": request.partial_images}
        try:
            async for event in self._ask(request, body):
                yield event
        except ProviderError as error:
            if not (streamed and _cannot_stream(error)):
                raise
            async for event in self._ask(request, request_body(request)):
                yield event

    async def _ask(self, request: ImageRequest, body: dict[str, Any]) -> AsyncIterator[Event]:
        if request.sources:
            asking = self.upstream.stream("/images/edits", data=body, files=form_files(request))
        else:
            asking = self.upstream.stream("/images/generations", json=body)
        async with asking as response:
            if response.headers.get("content-type", "").startswith("text/event-stream"):
                async for event in read_stream(response, model=body["model"], fetcher=self.fetcher):
                    yield event
                return
            answer = await self.upstream.read(response)
        async for event in read_results(answer, model=body["model"], fetcher=self.fetcher):
            yield event

    async def close(self) -> None:
        await self.upstream.close()


def request_body(request: ImageRequest) -> dict[str, Any]:
    """The request in OpenAI's fields, and in xAI's where the model is not one of OpenAI's.

    No `response_format`: newer models refuse it, and either answer is understood.
    """
    model = upstream_model(request.model)
    body: dict[str, Any] = {"model": model, "prompt": request.prompt, "n": request.n}
    names = ["quality", "background", "output_format", "output_compression", "moderation",
             "style", "user", "input_fidelity"]  # fmt: skip
    if not model.startswith(OPENAI_MODELS):
        names += ["aspect_ratio", "resolution", "seed"]
    for name in names:
        if (value := getattr(request, name)) not in ("", None):
            body[name] = value
    if size := _size(request, model):
        body["size"] = size
    return body


def form_files(request: ImageRequest) -> list[tuple[str, tuple[str, bytes, str]]]:
    """The pictures of an edit as OpenAI's form has them: `image`, or `image[]` for several."""
    name = "image" if len(request.sources) == 1 else "image[]"
    named = [(name, source) for source in request.sources]
    if request.mask is not None:
        named.append(("mask", request.mask))
    return [
        (field, (f"{number}.{source.suffix}", source.data, source.content_type))
        for number, (field, source) in enumerate(named)
    ]


def _cannot_stream(error: ProviderError) -> bool:
    """Whether the upstream refused the request, uncharged, because of how it should answer."""
    if error.upstream_status not in CLIENT_MISTAKES:
        return False
    return error.param in ("stream", "partial_images") or "stream" in str(error).lower()


def upstream_model(model: str) -> str:
    """What the upstream calls this model: our two names stand for its own image model."""
    if model not in (DEFAULT_MODEL, EDIT_MODEL):
        return model
    if settings.IMAGINE_UPSTREAM_MODEL:
        return str(settings.IMAGINE_UPSTREAM_MODEL)
    return OPENAI_MODEL if settings.IMAGINE_UPSTREAM_URL.startswith(OPENAI_ITSELF) else model


def _size(request: ImageRequest, model: str) -> str:
    if model.startswith(FIXED_SIZES):
        if not request.aspect_ratio:
            return ""
        across, down = map(float, request.aspect_ratio.split(":"))
        return SIZES["1:1" if across == down else "3:2" if across > down else "2:3"]
    if request.size:
        return f"{request.size[0]}x{request.size[1]}"
    if model.startswith(OPENAI_MODELS):
        return SIZES.get(request.aspect_ratio, "")
    return ""
