"""What every provider takes and gives."""

import base64
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

DEFAULT_MODEL = "grok-imagine-1.0"
EDIT_MODEL = "grok-imagine-1.0-edit"
"""Our own names for a provider's image model: they stay when the provider changes."""


class ProviderError(Exception):
    """Why there is no picture. `status`, `type`, `code` and `param` are those of our own answer.

    `upstream_status` is the HTTP status that the upstream gave, where it gave one;
    `retry_after` is in seconds.
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
    ) -> None:
        super().__init__(message)
        self.status = status
        self.type = type
        self.code = code
        self.param = param
        self.retry_after = retry_after
        self.upstream_status = upstream_status


@dataclass(frozen=True, slots=True)
class SourceImage:
    """A picture to be edited: whole, and of a format that the library knows."""

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
    """A checked request, in neither dialect. Empty strings and None: the provider's default."""

    prompt: str
    model: str = DEFAULT_MODEL
    n: int = 1
    aspect_ratio: str = ""
    size: tuple[int, int] | None = None  # pixels
    resolution: str = ""  # "1k" or "2k"
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

    def parameters(self) -> dict[str, Any]:
        """What was asked beside prompt, model, number and ratio, as JSON."""
        asked = {
            "size": f"{self.size[0]}x{self.size[1]}" if self.size else "",
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
    """An unfinished picture, to look at; `step` counts from 0."""

    index: int
    step: int
    data: bytes


@dataclass(frozen=True, slots=True)
class BrokenImage:
    """One of n pictures did not come; the others are not touched by it."""

    index: int
    error: ProviderError


@dataclass(frozen=True, slots=True)
class Usage:
    """What the upstream says it cost; `tokens` is OpenAI's `usage` object."""

    tokens: Mapping[str, Any] = field(default_factory=dict)
    cost_usd: Decimal | None = None


Event = GeneratedImage | PartialImage | BrokenImage | Usage


class ImageProvider(ABC):
    """A source of pictures."""

    name: str
    models: tuple[str, ...]
    """Model ids that it answers to; our own two are added for every provider."""

    any_model = False
    """Whether it takes ids that are not in `models` too: the upstream knows them."""

    @abstractmethod
    def generate(self, request: ImageRequest) -> AsyncIterator[Event]:
        """Pictures in the order in which they come.

        Raises:
            ProviderError: there will be no (further) picture.
        """

    async def close(self) -> None:  # noqa: B027  (not every provider has something to close)
        """Let go of connections."""

    def knows(self, model: str) -> bool:
        return self.any_model or model in self.all_models

    async def list_models(self) -> tuple[str, ...]:
        """Ids to tell a client: those known here, and those that the upstream tells, if it does."""
        return self.all_models

    @property
    def all_models(self) -> tuple[str, ...]:
        return (DEFAULT_MODEL, EDIT_MODEL, *self.models)
