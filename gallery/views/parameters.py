"""Lists what is known of how a picture was made, for people to read."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

Fact = tuple[str, str]

NAMES: dict[str, str | Promise] = {
    "tool": gettext_lazy("Tool"),
    "negative_prompt": gettext_lazy("Negative prompt"),
    "revised_prompt": gettext_lazy("Revised prompt"),
    "source_type": gettext_lazy("Kind of source"),
    "credentials": gettext_lazy("Content credentials"),
}
"""Labels of our own keys. All others are the words of the tools that wrote them."""

PARENTS = "parents"
NOT_SHOWN = {"parser", PARENTS}
UNFOLDED = {"parameters"}
"""Keys whose content is listed beside everything else."""
EMBEDDED = "embedded"
"""The key of what the file itself says, which is listed beside what was given with it."""
RAW = "raw"
"""The key of the file's texts as they were: shown only if no reader understood them."""
DEEPEST = 20


def facts_of(metadata: Any) -> list[Fact]:
    """Return (name, value) of everything in the metadata, and never a raw structure.

    An earlier release accepted restored records with metadata of any kind.
    """
    return list(_facts(metadata if isinstance(metadata, Mapping) else {"metadata": metadata}))


def parents_of(metadata: Any) -> list[int]:
    """Return the ids of the pictures that this one was made from."""
    ids = metadata.get(PARENTS) if isinstance(metadata, Mapping) else None
    return [pk for pk in ids if type(pk) is int] if isinstance(ids, list) else []


def _facts(metadata: Mapping[str, Any]) -> Iterator[Fact]:
    understood = bool(metadata.get("tool") or metadata.get("parameters"))
    for key, value in metadata.items():
        if key == EMBEDDED and isinstance(value, Mapping):
            yield from _facts(value)
            continue
        if key in NOT_SHOWN or (key == RAW and understood):
            continue
        unfolded = key in UNFOLDED or key == RAW
        yield from _flat("" if unfolded else str(NAMES.get(key, key)), value)


def _flat(name: str, value: Any, depth: int = 0) -> Iterator[Fact]:
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        value = _parsed(value)
    if isinstance(value, Mapping) and depth < DEEPEST:
        for key, item in value.items():
            yield from _flat(f"{name} · {key}" if name else str(key), item, depth + 1)
    elif isinstance(value, list) and depth < DEEPEST:
        if any(isinstance(item, list | Mapping) for item in value):
            for place, item in enumerate(value, 1):
                yield from _flat(f"{name} {place}".lstrip(), item, depth + 1)
        elif text := ", ".join(filter(None, map(_text, value))):
            yield name, text
    elif text := _text(value):
        yield name, text


def _parsed(text: str) -> Any:
    """Parse a JSON text; return a text that only looks like JSON as it is."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return value if isinstance(value, str) else str(value)
