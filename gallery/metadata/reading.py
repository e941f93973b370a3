"""Which tool made a picture, and with what prompt."""

from collections.abc import Callable
from dataclasses import replace

from . import (
    a1111,
    comfyui,
    draw_things,
    easy_diffusion,
    fooocus,
    grok2api,
    invokeai,
    iptc,
    midjourney,
    novelai,
    swarmui,
    xmp,
)  # fmt: skip
from .embedded import Embedded, clean, json_object, plain
from .fields import Fields, fields_of

READERS: tuple[Callable[[Fields], Embedded | None], ...] = (
    swarmui.read,
    invokeai.read,
    novelai.read,
    grok2api.read,
    easy_diffusion.read,
    comfyui.read,
    fooocus.read,
    draw_things.read,
    midjourney.read,
    a1111.read,
    iptc.read,
)
"""The first that knows the texts wins: those with marks of their own come before the general."""


def read(data: bytes, *, hidden: str = "") -> Embedded:
    """What the file says of its making; every text of it is in `raw`, known tool or not.

    Args:
        hidden: the text in the picture's pixels (`stealth.hidden_text`), which counts where
            the file says nothing else.
    """
    fields = fields_of(data)
    found = _by_tool(fields)
    if found is None and hidden:
        texts = {key: str(value) for key, value in (json_object(hidden) or {}).items()}
        if "Comment" not in texts and "Description" not in texts:
            texts = {"parameters": hidden}
        fields = replace(fields, text={**fields.text, **texts})
        found = _by_tool(fields)
    found = found or Embedded()
    return replace(
        found,
        prompt=clean(found.prompt),
        negative_prompt=clean(found.negative_prompt),
        model=clean(found.model),
        parameters=plain(found.parameters),
        raw=fields.raw,
        credentials=fields.credentials,
        source_type=xmp.source_type(fields.xmp),
    )


def _by_tool(fields: Fields) -> Embedded | None:
    return next(filter(None, (reader(fields) for reader in READERS)), None)
