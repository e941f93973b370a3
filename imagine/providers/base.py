"""The interface of every provider: requests, events and errors."""

import base64
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, ClassVar

from django.conf import settings

from .verdicts import Verdict

DEFAULT_MODEL = "grok-imagine-1.0"
EDIT_MODEL = "grok-imagine-1.0-edit"
"""Our own names for a provider's image model: they stay when the provider changes."""


MAY_HAVE_COST = 424
"""The HTTP status if money may have been spent and nothing came. Clients repeat a 5xx by
themselves, some of them whatever a header says, and each repetition may cost as much again."""

UNCHARGED = frozenset({"upstream_unreachable", "upstream_key_refused", "upstream_no_credit",
                       "task_expired"})  # fmt: skip
"""Codes of failures before the upstream has done anything. An upstream that refuses, or says when
to come again, has not done anything either."""


OPENAI_IMAGE_MODELS = ("gpt-image-", "chatgpt-image-", "dall-e-")
"""Prefixes of names that many clients have hard-coded."""

MADE_BY_US = frozenset((
    "output_format", "output_compression", "user", "moderation", "sources", "asked_model",
    "partial_images",
))  # fmt: skip
"""Parameters that we handle ourselves, or that do not affect a picture."""


class ProviderError(Exception):
    """The reason why there is no picture; `status`, `type`, `code`, `param` are our answer's.

    A status of 500 or more becomes `MAY_HAVE_COST`, unless it is known that nothing was charged.

    `upstream_status` is the HTTP status from the upstream, if it gave one; `retry_after` is in
    seconds; `said` is its own words, without secrets, for the administrator alone; `usage` is what
    it charged nevertheless.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 502,
        type: str = "upstream_error",  # noqa: A002  (the envelope's word)
        code: str = "upstream_failed",
        param: str | None = None,
        retry_after: int | None = None,
        upstream_status: int | None = None,
        verdict: Verdict = Verdict.FAULT,
        said: str = "",
    ) -> None:
        super().__init__(message)
        was_refused = upstream_status == 503 or 300 <= (upstream_status or 0) < 500
        is_harmless = was_refused or retry_after is not None or code in UNCHARGED
        self.status = status if status < 500 or is_harmless else MAY_HAVE_COST
        self.type = type
        self.code = code
        self.param = param
        self.retry_after = retry_after
        self.upstream_status = upstream_status
        self.verdict = verdict
        self.said = said
        self.usage: Usage | None = None


@dataclass(frozen=True, slots=True)
class SourceImage:
    """A picture to be edited: complete, and in a format that the library knows."""

    data: bytes
    content_type: str
    suffix: str
    width: int  # pixels
    height: int
    image_id: int | None = None  # in the library, where it has it

    @property
    def data_url(self) -> str:
        return f"data:{self.content_type};base64,{base64.b64encode(self.data).decode()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRequest:
    """A checked request, independent of dialects. Empty strings and None: the provider's
    default."""

    prompt: str
    model: str = DEFAULT_MODEL
    n: int = 1
    aspect_ratio: str = ""
    size: tuple[int, int] | None = None  # pixels
    named_size: str = ""  # a size that is neither pixels nor a ratio, such as "2K"
    resolution: str = ""  # "1k", "1.5k" or "2k"
    quality: str = ""
    background: str = ""
    output_format: str = ""  # "png", "jpeg" or "webp"
    output_compression: int | None = None  # 0 to 100
    moderation: str = ""
    style: str = ""
    user: str = ""
    seed: int | None = None
    input_fidelity: str = ""
    partial_images: int = 0
    sources: tuple[SourceImage, ...] = ()  # to be edited; without one it is a generation
    mask: SourceImage | None = None
    markup: SourceImage | None = None  # drawn over the first source
    others: Mapping[str, Any] = field(default_factory=dict)  # fields that only an upstream may know
    asked_model: str = ""  # the name that the client gave, where it stands for `model`

    def parameters(self) -> dict[str, Any]:
        """Return what was requested beside prompt, model, number and ratio, as JSON."""
        asked = {
            **self.others,
            "size": f"{self.size[0]}x{self.size[1]}" if self.size else self.named_size,
            "resolution": self.resolution,
            "quality": self.quality,
            "background": self.background,
            "output_format": self.output_format,
            "output_compression": self.output_compression,
            "moderation": self.moderation,
            "style": self.style,
            "user": self.user,
            "seed": self.seed,
            "input_fidelity": self.input_fidelity,
            "sources": len(self.sources) or None,
            "mask": True if self.mask else None,
            "markup": True if self.markup else None,
            "asked_model": self.asked_model,
            "partial_images": self.partial_images or None,
        }
        return {name: value for name, value in asked.items() if value not in ("", None)}


@dataclass(frozen=True, slots=True)
class GeneratedImage:
    """A finished picture as the upstream gave it; `index` counts from 0 to n - 1."""

    index: int
    data: bytes
    model: str
    revised_prompt: str = ""


@dataclass(frozen=True, slots=True)
class PartialImage:
    """An unfinished picture to look at; `step` counts from 0."""

    index: int
    step: int
    data: bytes


@dataclass(frozen=True, slots=True)
class BrokenImage:
    """One of n pictures did not come, which does not affect the others.

    `data` is what came in its place.
    """

    index: int
    error: ProviderError
    data: bytes = b""


@dataclass(frozen=True, slots=True)
class FoundLink:
    """A picture that is made and paid for, behind a link that is being fetched."""

    index: int
    url: str
    model: str
    revised_prompt: str = ""


@dataclass(frozen=True, slots=True)
class Usage:
    """Pictures and cost as the upstream reports them; `tokens` is OpenAI's `usage` object.

    If a stream has several, each includes what came before it.
    """

    tokens: Mapping[str, Any] = field(default_factory=dict)
    cost_usd: Decimal | None = None
    pictures: int = 0  # in its answer, blocked and broken ones too
    model: str = ""  # what made them, and
    quality: str = ""  # how well, where it says so
    is_whole: bool = False  # there will be no further picture

    @property
    def is_told(self) -> bool:
        """Whether the cost is final: some streams send it after their last picture."""
        return self.is_whole or self.cost_usd is not None or bool(self.tokens)


Event = GeneratedImage | PartialImage | BrokenImage | FoundLink | Usage


@dataclass(frozen=True, slots=True)
class Offer:
    """The choices for a model's pictures, beside their shape and format."""

    resolutions: tuple[str, ...] = ()
    qualities: tuple[str, ...] = ()
    seeds: bool = False
    is_certain: bool = True  # else it is passed on, and the upstream may take it or not


class ImageProvider(ABC):
    """A source of pictures."""

    name: str
    models: tuple[str, ...]
    """Model ids that it accepts; our own two are added for every provider."""

    retired: ClassVar[Mapping[str, str]] = {}
    """Names of retired models, and the model that serves each."""

    default_model = DEFAULT_MODEL
    default_edit_model = EDIT_MODEL
    """The model of an edit that names none."""

    any_model = False
    """Whether it accepts ids that are not in `models`: the upstream knows them."""

    passes_on = False
    """Whether fields and values that we do not know are sent to the upstream."""

    takes: frozenset[str] = frozenset()
    """The parameters (by the names of `ImageRequest.parameters`) that change what it makes."""

    @abstractmethod
    def generate(self, request: ImageRequest) -> AsyncGenerator[Event, None]:
        """Yield pictures as they come.

        Raises:
            ProviderError: there will be no (further) picture.
        """

    @classmethod
    def priced_model(cls, request: ImageRequest) -> str:
        """Return the upstream's name for the model that will be used, by which it is priced."""
        return request.model

    @classmethod
    def offer(cls, model: str, *, edits: bool = False) -> Offer:
        """Return the choices for this model.

        Args:
            edits: whether pictures are to be edited, by another model perhaps.
        """
        return Offer()

    async def fetch(self, url: str) -> bytes:
        """Return the picture behind a link that this provider once gave.

        Raises:
            ProviderError
        """
        raise ProviderError("This provider does not use links.", code="picture_unavailable")

    async def close(self) -> None:  # noqa: B027  (not every provider has something to close)
        """Close all connections."""

    def knows(self, model: str) -> bool:
        return self.any_model or model in self.all_models

    async def resolve(self, model: str) -> str:
        """Return the model for a name, by IMAGINE_MODEL_ALIASES, then by `stand_in`."""
        alias: str | None = settings.IMAGINE_MODEL_ALIASES.get(model)
        if alias is None and model.startswith(OPENAI_IMAGE_MODELS):
            alias = await self.stand_in(model)
        return alias or model

    async def stand_in(self, model: str) -> str | None:
        """Return our model for clients that have a name of OpenAI's hard-coded."""
        return None if model in self.all_models else self.default_model

    async def has(self, model: str) -> bool:
        """Return whether there is such a model, as far as we know."""
        return model in self.all_models

    async def makes_pictures(self, model: str) -> bool:
        """Return whether a conversation with this model can only be about a picture."""
        return model in self.all_models

    def ignores(self, request: ImageRequest) -> list[str]:
        """Return parameters of the request that would change a picture, but have no effect here."""
        given = request.parameters().keys() - self.takes - MADE_BY_US
        return sorted(given)

    async def list_models(self) -> tuple[str, ...]:
        """Return the ids to show to a client: those known here, and those that the upstream
        lists."""
        return self.all_models

    @property
    def all_models(self) -> tuple[str, ...]:
        return (DEFAULT_MODEL, EDIT_MODEL, *self.models)
