"""Describes the programs that IMAGINE_UPSTREAM_URL may point to, before any is asked.

Other programs are learned about from their refusals (`learned`).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from django.conf import settings

from gallery.files.pictures import nearest_aspect_ratio

from .base import ImageRequest, ProviderError
from .learned import Lack


@dataclass(frozen=True, slots=True)
class Kind:
    """One program or service.

    Attributes:
        lacks: what it cannot do, so that it is not tried.
        model: what our two names stand for there; `edit_model` for edits, where that is another.
        qualities: those that it takes; empty where any may be.
        passes_over: fields that it refuses or does nothing with.
        sizes: the only ones that it knows, by their ratios; empty where any may be.
        has_sizes: whether it knows `size` at all.
        names_format: whether it is to be told to send bytes, and answers with links otherwise.
        most_sources: pictures that it edits at once.
        has_masks: whether it edits a part of a picture.
    """

    lacks: frozenset[Lack] = frozenset()
    model: str = ""
    edit_model: str = ""
    qualities: tuple[str, ...] = ()
    passes_over: frozenset[str] = frozenset()
    sizes: Mapping[str, str] = field(default_factory=dict)
    has_sizes: bool = True
    names_format: bool = False
    most_sources: int = 16
    has_masks: bool = True

    def takes(self, name: str, value: Any) -> bool:
        """Return whether the field with this value means anything there."""
        if name == "quality" and self.qualities and value not in self.qualities:
            return False
        return name not in self.passes_over

    def size_of(self, aspect_ratio: str) -> str:
        """Return the size of nearest proportions, if it has only a few."""
        across, down = map(float, aspect_ratio.split(":"))
        return self.sizes[nearest_aspect_ratio(across, down, among=self.sizes)]


UNKNOWN = Kind()

OPENAI = Kind(model="gpt-image-2", passes_over=frozenset(("aspect_ratio", "resolution", "seed")))

XAI = Kind(  # docs.x.ai: edits are JSON alone, `size` is refused, nothing is streamed
    lacks=frozenset((Lack.FORMS, Lack.STREAMS)),
    model="grok-imagine-image-2.0",
    qualities=("auto", "low", "medium"),
    passes_over=frozenset((
        "style", "background", "moderation", "input_fidelity", "output_format",
        "output_compression", "seed",
    )),
    has_sizes=False,
    names_format=True,
    most_sources=5,
    has_masks=False,
)  # fmt: skip

LITELLM = Kind(lacks=frozenset((Lack.STREAMS,)))
"""It calls its own upstream, which charges, and fails with a 500 when it should stream."""

GROK2API = Kind(  # both of its generations, in Python and in Go
    lacks=frozenset((Lack.PLAIN_IMAGE,)),
    model="grok-imagine-image",
    edit_model="grok-imagine-image-edit",
    qualities=("low", "medium"),
    passes_over=frozenset((
        "style", "background", "moderation", "input_fidelity", "output_format",
        "output_compression", "seed",
    )),
    sizes={"1:1": "1024x1024", "3:2": "1792x1024", "2:3": "1024x1792", "16:9": "1280x720",
           "9:16": "720x1280"},
    names_format=True,
    most_sources=7,
    has_masks=False,
)  # fmt: skip
"""One generation takes ratios; the other takes sizes, and only some: so both are sent."""

KINDS = {"openai": OPENAI, "xai": XAI, "litellm": LITELLM, "grok2api": GROK2API}
"""Kinds by their names in IMAGINE_UPSTREAM_KIND."""

ADDRESSES = {"https://api.openai.com": OPENAI, "https://api.x.ai": XAI}
"""Kinds that are known by their address."""

_found: dict[str, Kind] = {}
"""Kinds that were recognised by their list of models, by address."""


def kind_of_upstream() -> Kind:
    """Return what IMAGINE_UPSTREAM_KIND names, else what address or list have revealed."""
    url: str = settings.IMAGINE_UPSTREAM_URL
    return _named(settings.IMAGINE_UPSTREAM_KIND, url) or _found.get(url, UNKNOWN)


@lru_cache(maxsize=4)
def _named(name: str, url: str) -> Kind | None:
    by_address = (kind for start, kind in ADDRESSES.items() if url.startswith(start))
    return KINDS.get(name) or next(by_address, None)


def find_out(listed: Collection[str]) -> bool:
    """Recognise the upstream by its list of models; return whether that is new.

    No other program lists such a model. A proxy that lists other models, too, is not recognised: it
    stands before several upstreams, and supports more than this one.
    """
    is_grok2api = GROK2API.edit_model in listed and all(name.startswith("grok") for name in listed)
    if kind_of_upstream() is not UNKNOWN or not is_grok2api:
        return False
    _found[settings.IMAGINE_UPSTREAM_URL] = GROK2API
    return True


def forget() -> None:
    """Recognise the upstream again: another program may answer there."""
    _found.clear()


def expect_editable(request: ImageRequest, kind: Kind) -> None:
    """Check that a request's pictures can be edited there, before anything is spent.

    Raises:
        ProviderError: 400
    """
    if len(request.sources) > kind.most_sources:
        raise _refusal(
            f"This model edits at most {kind.most_sources} pictures at once.",
            code="invalid_value",
            param="image",
        )
    given: Collection[str] = [name for name in ("mask", "markup") if getattr(request, name)]
    for name in () if kind.has_masks else given:
        raise _refusal(
            f"This model takes no {name}: say in the prompt what is to be changed.",
            code="unsupported_parameter",
            param=name,
        )


def _refusal(message: str, *, code: str, param: str) -> ProviderError:
    return ProviderError(message, status=400, type="invalid_request_error", code=code, param=param)
