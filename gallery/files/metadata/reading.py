"""Finds out which tool made a picture, and from what prompt."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace

from . import (  # fmt: skip
    a1111,
    comfyui,
    draw_things,
    easy_diffusion,
    fooocus,
    grok2api,
    invokeai,
    iptc,
    midjourney,
    named,
    novelai,
    swarmui,
    xmp,
)
from .embedded import Embedded, clean, is_dump, json_object, plain
from .fields import Fields, fields_of

READERS: tuple[Callable[[Fields], Embedded | None], ...] = (
    swarmui.read,
    invokeai.read,
    novelai.read,
    grok2api.read,
    fooocus.read,
    easy_diffusion.read,
    comfyui.read,
    draw_things.read,
    midjourney.read,
    a1111.read,
    iptc.read,
    named.read,
)
"""Readers that recognise their texts by a mark come before the general ones."""


def read(data: bytes, *, hidden: str = "") -> Embedded:
    """Return what the file says of its making; `raw` has every text, even if no tool is recognised.

    Args:
        hidden: the text in the picture's pixels (`stealth.hidden_text`) or in a file beside it,
            which counts where the file itself has no prompt.
    """
    fields = fields_of(data)
    found = _by_tool(fields)
    if hidden and not (found and found.prompt):
        more = _with_hidden(fields, hidden)
        if (beside := _by_tool(more)) is not None:
            found, fields = beside, more
    return _told(found, fields)


def _with_hidden(fields: Fields, hidden: str) -> Fields:
    """Return the fields together with a hidden text, under the name that it would have in the
    file."""
    if xmp.is_packet(hidden):
        return fields if fields.xmp else replace(fields, xmp=hidden)
    said = json_object(hidden)
    if said is None and is_dump(hidden):
        return fields
    texts = {key: _as_field(value) for key, value in (said or {}).items()}
    name = "workflow" if '"class_type"' in hidden or '"nodes"' in hidden else "parameters"
    return replace(fields, text={**fields.text, name: hidden, **texts})


def _told(found: Embedded | None, fields: Fields) -> Embedded:
    found = found or Embedded()
    return replace(
        found,
        prompt=clean(found.prompt),
        negative_prompt=clean(found.negative_prompt),
        model=clean(found.model),
        parameters=plain(found.parameters),
        raw=fields.raw,
        credentials=fields.credentials,
        taken_at=fields.taken_at,
        source_type=xmp.source_type(fields.xmp),
    )


def read_again(data: bytes, kept: Mapping[str, object]) -> Embedded:
    """Return what the file says, supplemented by `kept`.

    These are texts stored as `Embedded.raw` when the file was first read, which may have been in
    its pixels or beside it. They count if the file has no prompt.
    """
    fields = fields_of(data)
    found = _by_tool(fields)
    is_own = bool(found and found.prompt.strip())
    texts = {name: text for name, text in kept.items() if isinstance(text, str)}
    if is_own:
        texts = {name: texts[name] for name in texts.keys() - fields.raw.keys()}
    more = replace(
        fields,
        text=fields.text | _at(texts, "png:"),
        exif=fields.exif | _at(texts, "exif:"),
        xmp=texts.get("xmp", fields.xmp),
    )
    return _told(found if is_own else _by_tool(more), more)


def _at(kept: Mapping[str, str], place: str) -> dict[str, str]:
    """Return the stored texts of a place, by their names there."""
    return {name.removeprefix(place): kept[name] for name in kept if name.startswith(place)}


def _as_field(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _by_tool(fields: Fields) -> Embedded | None:
    """Return the result of the first reader with a prompt, else of the first that knows the
    texts."""
    first: Embedded | None = None
    for reader in READERS:
        found = reader(fields)
        if found and found.prompt.strip():
            return found
        first = first or found
    return first
