"""Speaks OpenAI's images API: to OpenAI, LiteLLM, or another instance of this program."""

import json
import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from django.conf import settings

from .base import (
    DEFAULT_MODEL,
    EDIT_MODEL,
    MADE_BY_US,
    Event,
    ImageProvider,
    ImageRequest,
    Offer,
    PartialImage,
    ProviderError,
)
from .kinds import (
    LITELLM,
    OPENAI,
    UNKNOWN,
    Kind,
    expect_editable,
    find_out,
    forget,
    kind_of_upstream,
)
from .learned import BESIDE_SIZE, Lack, Learned, told_by
from .model_list import ModelList
from .one_by_one import one_by_one
from .picture_upstream import PictureUpstream
from .verdicts import Verdict

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
    "21:9": "1680x720",
    "5:2": "1600x640",
}
"""Exact sizes of each ratio, in multiples of 16 as OpenAI's models require."""

FIXED_SIZES = ("gpt-image-1", "chatgpt-image", "dall-e")
"""Prefixes of the models that only take three sizes."""

FIELDS = (
    "quality", "background", "output_format", "output_compression", "moderation", "style", "user",
    "input_fidelity", "aspect_ratio", "resolution", "seed",
)  # fmt: skip
"""Fields of a request that are passed on under their own names."""

OPENAI_MODELS = ("gpt-", "chatgpt-", "dall-e")
"""Prefixes of the models whose servers refuse fields that OpenAI does not have."""

RESOLUTIONS = ("1k", "2k")
QUALITIES = {
    "dall-e-3": ("standard", "hd"),
    "dall-e": (),
    "gpt-image-2.5": ("low", "medium", "high", "xhigh", "max"),
    "gpt-image-2.6": ("low", "medium", "high", "xhigh", "max"),
    "": ("low", "medium", "high"),
}
"""The choice of qualities, by the prefixes of models' names."""

MAKES_PICTURES = re.compile(
    r"imag(?:e|ine)|dall-e|diffusion|sd[x3]|flux|seedream|nano-banana|recraft|ideogram|midjourney"
    r"|kolors|hidream|photon|playground-v|firefly|janus|cogview|wanx|paint|draw"
)
"""Words in the names of models that make pictures."""


OF_MODELS = re.compile("model|模型")
"""What refusals of an unknown model contain."""


class OpenAIProvider(ImageProvider):
    """Pictures from IMAGINE_UPSTREAM_URL."""

    name = "openai"
    models = ()
    any_model = True
    passes_on = True

    def __init__(self) -> None:
        self.upstream = PictureUpstream(
            settings.IMAGINE_UPSTREAM_URL, settings.IMAGINE_UPSTREAM_KEY
        )
        self.model_list = ModelList(self.upstream)
        self.learned = Learned()

    async def list_models(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.all_models, *await self._listed())))

    async def _listed(self) -> tuple[str, ...]:
        """Return the upstream's list, which may reveal what it is."""
        listed = await self.model_list.read()
        find_out(listed)
        return listed

    async def stand_in(self, model: str) -> str | None:
        """Return our own name if the upstream lists its models and this is none of them."""
        listed = () if kind_of_upstream() is OPENAI else await self._listed()
        return None if not listed or model in listed else DEFAULT_MODEL

    async def has(self, model: str) -> bool:
        """Accept our own names and listed ones; without a list, names that say they make images."""
        if model in (*self.all_models, *_named()):
            return True
        listed = await self._listed()
        return model in listed or (not listed and await self.makes_pictures(model))

    async def makes_pictures(self, model: str) -> bool:
        """Accept our own names and those that say so; an upstream's list does not tell."""
        if model in (*self.all_models, *_named()):
            return True
        return MAKES_PICTURES.search(model.lower()) is not None

    def ignores(self, request: ImageRequest) -> list[str]:
        if not (asked := request.parameters()):
            return []
        kind = kind_for(self.priced_model(request))
        ignored = {
            name for name, value in asked.items() if value != "auto" and not kind.takes(name, value)
        }
        return sorted(ignored - MADE_BY_US - _told_by_size(request))

    @classmethod
    def offer(cls, model: str, *, edits: bool = False) -> Offer:
        name = upstream_model(model, edits=edits)
        kind = kind_for(name)
        usual = next(found for start, found in QUALITIES.items() if _own(name).startswith(start))
        return Offer(
            resolutions=RESOLUTIONS if kind.takes("resolution", "2k") else (),
            qualities=tuple(q for q in kind.qualities or usual if q != "auto"),
            seeds=kind.takes("seed", 0),
            is_certain=kind not in (UNKNOWN, LITELLM),
        )

    @classmethod
    def priced_model(cls, request: ImageRequest) -> str:
        return upstream_model(request.model, edits=bool(request.sources))

    async def generate(self, request: ImageRequest) -> AsyncGenerator[Event, None]:
        for _ in range(len(Lack) + 2):
            kind = kind_of_upstream()
            expect_editable(request, kind)
            model = upstream_model(request.model, edits=bool(request.sources))
            tried = asked_for(request) - kind.lacks
            tried = {lack for lack in tried if not self.learned.lacks(lack, model)}
            if request.n > 1 and Lack.SEVERAL not in tried:
                asking: AsyncGenerator[Event, None] = one_by_one(request, self.generate)
            else:
                asking = self._ask(request, tried)
            try:
                async with aclosing(asking) as events:
                    async for event in events:
                        if isinstance(event, PartialImage):
                            self.learned.has_streamed(model)
                        yield event
                return
            except ProviderError as error:
                if await self._knows_better(request, error):
                    continue
                lack = told_by(error, tried)
                if lack is None:
                    raise
                self.learned.note(lack, model)
                # A failure other than a refusal may have been charged.
                refused = error.verdict is Verdict.BAD_REQUEST or lack is Lack.FORMS
                if not (refused and self.learned.lacks(lack, model)):
                    raise

    async def _knows_better(self, request: ImageRequest, error: ProviderError) -> bool:
        """Return whether the refusal of our own name has revealed what the upstream is."""
        if request.model not in (DEFAULT_MODEL, EDIT_MODEL):
            return False
        said = f"{error.code} {error.param} {error}".lower()
        is_of_model = error.verdict is Verdict.BAD_REQUEST and OF_MODELS.search(said) is not None
        return is_of_model and find_out(await self.model_list.read())

    def _ask(self, request: ImageRequest, tried: set[Lack]) -> AsyncGenerator[Event, None]:
        body = request_body(request)
        if request.size and Lack.RATIOS not in tried:
            body = {name: value for name, value in body.items() if name not in BESIDE_SIZE}
        if Lack.STREAMS in tried:
            body |= {"stream": True, "partial_images": request.partial_images}
        path, content = "/images/generations", dict[str, Any](json=body)
        if request.sources and Lack.FORMS in tried:
            fields = {name: _as_field(value) for name, value in body.items()}
            files = form_files(request, plain=Lack.PLAIN_IMAGE in tried)
            path, content = "/images/edits", {"data": fields, "files": files}
        elif request.sources:
            path, content = "/images/edits", {"json": body | json_sources(request)}
        return self.upstream.pictures(path, model=body["model"], most=request.n, **content)

    async def fetch(self, url: str) -> bytes:
        return await self.upstream.fetch(url)

    async def close(self) -> None:
        forget()
        await self.upstream.close()


def request_body(request: ImageRequest) -> dict[str, Any]:
    """Return the request in OpenAI's fields, and in xAI's if the model is not one of OpenAI's.

    `response_format` is sent only if it is wanted: newer models refuse it, and either answer is
    understood.
    """
    model = upstream_model(request.model, edits=bool(request.sources))
    kind = kind_for(model)
    body: dict[str, Any] = {"model": model, "prompt": request.prompt, "n": request.n}
    for name in FIELDS:
        if (value := getattr(request, name)) not in ("", None) and kind.takes(name, value):
            body[name] = value
    body |= request.others
    if size := _size(request, model, kind):
        body["size"] = size
    if kind.names_format:
        body["response_format"] = "b64_json"
    return body


def asked_for(request: ImageRequest) -> set[Lack]:
    """Return which parts of this request some upstreams do not support."""
    wanted = {
        Lack.STREAMS: settings.IMAGINE_UPSTREAM_STREAMS
        and request.partial_images > 0
        and request.n == 1,
        Lack.SEVERAL: request.n > 1,
        Lack.FORMS: bool(request.sources),
        Lack.PLAIN_IMAGE: len(request.sources) == 1,
        Lack.RATIOS: request.size is not None,
    }
    return {lack for lack, is_wanted in wanted.items() if is_wanted}


def json_sources(request: ImageRequest) -> dict[str, Any]:
    """Return the pictures of an edit in xAI's JSON, for upstreams that take no form."""
    named = [{"url": source.data_url, "type": "image_url"} for source in request.sources]
    found: dict[str, Any] = {"image": named[0]} if len(named) == 1 else {"images": named}
    if request.mask is not None:
        found["mask"] = {"url": request.mask.data_url, "type": "image_url"}
    return found


def form_files(
    request: ImageRequest, *, plain: bool = True
) -> list[tuple[str, tuple[str, bytes, str]]]:
    """Return the pictures of an edit in OpenAI's form: `image`, or `image[]` for several.

    Args:
        plain: whether a single one goes without the brackets.
    """
    name = "image" if plain and len(request.sources) == 1 else "image[]"
    named = [(name, source) for source in request.sources]
    named += [
        (field, picture)
        for field, picture in (("mask", request.mask), ("markup", request.markup))
        if picture is not None
    ]
    return [
        (field, (f"{number}.{source.suffix}", source.data, source.content_type))
        for number, (field, source) in enumerate(named)
    ]


def _as_field(value: Any) -> Any:
    """Return a value in the form's notation."""
    return json.dumps(value) if isinstance(value, bool | dict | list) else value


def _told_by_size(request: ImageRequest) -> set[str]:
    return {"resolution"} if request.size or request.named_size else set()


def kind_for(model: str) -> Kind:
    """Return what the upstream is for this model: any may have OpenAI's own behind it."""
    kind = kind_of_upstream()
    return OPENAI if kind in (UNKNOWN, LITELLM) and _own(model).startswith(OPENAI_MODELS) else kind


def _own(model: str) -> str:
    """Return the maker's name of a model: proxies write `openai/gpt-image-2`."""
    return model.rpartition("/")[2]


def upstream_model(model: str, *, edits: bool = False) -> str:
    """Return the upstream's name for this model: our two names stand for its own image model."""
    if model not in (DEFAULT_MODEL, EDIT_MODEL):
        return model
    kind = kind_of_upstream()
    for_edits = (settings.IMAGINE_UPSTREAM_EDIT_MODEL, kind.edit_model)
    names = for_edits if edits or model == EDIT_MODEL else ()
    return next(filter(None, (*names, settings.IMAGINE_UPSTREAM_MODEL, kind.model)), model)


def _named() -> tuple[str, ...]:
    """Return the name that the administrator, or what is known of the upstream, gives its
    models."""
    named = (settings.IMAGINE_UPSTREAM_MODEL, settings.IMAGINE_UPSTREAM_EDIT_MODEL)
    return (upstream_model(DEFAULT_MODEL), upstream_model(EDIT_MODEL), *filter(None, named))


def _size(request: ImageRequest, model: str, kind: Kind) -> str:
    if kind.sizes:
        return kind.size_of(request.aspect_ratio) if request.aspect_ratio else ""
    if not kind.has_sizes:
        return ""
    if _own(model).startswith(FIXED_SIZES):
        if not request.aspect_ratio:
            return ""
        across, down = map(float, request.aspect_ratio.split(":"))
        return SIZES["1:1" if across == down else "3:2" if across > down else "2:3"]
    if request.size:
        return f"{request.size[0]}x{request.size[1]}"
    if request.named_size:
        return request.named_size
    return SIZES.get(request.aspect_ratio, "") if kind is OPENAI else ""
