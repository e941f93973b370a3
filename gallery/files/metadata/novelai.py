"""Reads NovelAI: PNG texts `Software`, `Description` and a `Comment` of JSON.

Elsewhere all of them are one JSON object in UserComment. They are also hidden in the lowest bits of
the alpha channel (see `stealth`).
"""

from collections.abc import Mapping
from typing import Any

from .embedded import Embedded, as_text, chosen, json_object
from .fields import Fields

SETTINGS = (
    "steps", "sampler", "seed", "scale", "strength", "noise", "width", "height", "n_samples",
)  # fmt: skip


def read(fields: Fields) -> Embedded | None:
    source: Mapping[str, Any] = fields.text
    if "Comment" not in source:
        source = json_object(fields.exif.get("UserComment", "")) or {}
    comment = source.get("Comment")
    comment = (json_object(comment) if isinstance(comment, str) else comment) or {}
    if not isinstance(comment, dict):
        return None
    # Other tools write JSON into `Comment`, too, but only NovelAI's has `uc` (negative prompt).
    if source.get("Software") != "NovelAI" and "uc" not in comment:
        return None
    prompt = as_text(source.get("Description") or comment.get("prompt"))
    negative = as_text(comment.get("uc"))
    return Embedded(
        "novelai",
        _with_characters(prompt, comment.get("v4_prompt")),
        _with_characters(negative, comment.get("v4_negative_prompt")),
        as_text(source.get("Source")),
        chosen(comment, *SETTINGS),
    )


def _with_characters(text: str, found: object) -> str:
    """Join version 4's texts: one for the whole picture, and one for each character in it."""
    caption = found.get("caption") if isinstance(found, dict) else None
    if not isinstance(caption, dict):
        return text
    characters = caption.get("char_captions")
    own = [
        as_text(item.get("char_caption"))
        for item in (characters if isinstance(characters, list) else [])
        if isinstance(item, dict)
    ]
    return "\n".join(filter(None, (text or as_text(caption.get("base_caption")), *own)))
