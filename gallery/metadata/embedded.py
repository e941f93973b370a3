"""What a reader finds in a picture file."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

PARSER_VERSION = 2
"""Goes up when a reader learns something, so that stored raw texts can be read again."""

MAX_DEPTH = 20
"""Parameters nested deeper are kept as their JSON text."""


@dataclass(frozen=True, slots=True)
class Embedded:
    """A prompt and its parameters as a tool wrote them.

    `raw` holds every text of the file by its place (`png:parameters`, `exif:UserComment`,
    `xmp`), whole, so that nothing a reader does not understand is lost.
    """

    tool: str = ""  # empty: texts are there, but no known tool's
    prompt: str = ""
    negative_prompt: str = ""
    model: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    raw: Mapping[str, str] = field(default_factory=dict)
    credentials: bool = False  # C2PA content credentials are in the file
    source_type: str = ""  # the last word of IPTC's DigitalSourceType address, where given

    def as_dict(self) -> dict[str, Any]:
        """For a JSON column: what is empty is left out."""
        values = {
            "tool": self.tool,
            "negative_prompt": self.negative_prompt,
            "parameters": dict(self.parameters),
            "credentials": self.credentials,
            "source_type": self.source_type,
            "raw": dict(self.raw),
        }
        return {"parser": PARSER_VERSION, **{key: value for key, value in values.items() if value}}


def clean(text: str) -> str:
    """A text that every database keeps: no NUL, no half of a surrogate pair."""
    return text.rstrip("\0").replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def plain(value: Any, depth: int = 0) -> Any:
    """JSON that every database takes: no NaN or infinity, no NUL, no endless nesting."""
    if isinstance(value, str):
        return clean(value)
    if depth > MAX_DEPTH:
        return clean(json.dumps(value))
    if isinstance(value, float) and not isfinite(value):
        return str(value)
    if isinstance(value, Mapping):
        return {clean(str(key)): plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item, depth + 1) for item in value]
    return value


def json_object(text: str) -> dict[str, Any] | None:
    """The JSON object in a text, or None when there is none. Bare `NaN` is let pass."""
    if not text.lstrip().startswith("{"):
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def as_text(value: Any) -> str:
    """A JSON value as a text: a list of texts is joined by lines, nothing is empty."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, list):
        return "\n".join(filter(None, map(as_text, value)))
    return "" if value is None or isinstance(value, dict) else str(value)


def chosen(source: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    """Those of the keys that the source has with a value of its own."""
    return {key: source[key] for key in keys if source.get(key) not in (None, "", [], {})}
