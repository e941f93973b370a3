"""What a reader finds in a picture file."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from math import isfinite
from typing import Any

from grok2api.runtime.json_bounds import holds_too_many

PARSER_VERSION = 4
"""Goes up when a reader learns something, so that stored raw texts can be read again."""

MAX_TABLE = 20_000  # characters of a table that are looked at
LEAST_ROWS = 4
ROW = re.compile(r"(?:\[\w+\]\s*)?[A-Z][\w /()-]{1,40}? *\t?: ")
"""`File Name      : x.jpg`, also with the group before it."""
MAX_RAW = 256_000
"""Characters that a row keeps of a file's texts as they are, and of its parameters."""
MAX_FACT = 32_000
"""Characters that a row keeps of one parameter. So long may a prompt be."""
MARK = 50
"""Characters that say that something was cut."""
MAX_PLAIN = 1_000_000
"""Characters of a text, other than JSON, in which prompt and parameters are looked for."""
MAX_DEPTH = 20
"""Parameters nested deeper are kept as their JSON text."""


@dataclass(frozen=True, slots=True)
class Embedded:
    """A prompt and its parameters as a tool wrote them.

    `raw` holds every text of the file by its place (`png:parameters`, `exif:UserComment`,
    `xmp`), so that what a reader does not understand is there too.
    """

    tool: str = ""  # empty: texts are there, but no known tool's
    prompt: str = ""
    negative_prompt: str = ""
    model: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    raw: Mapping[str, str] = field(default_factory=dict)
    credentials: bool = False  # C2PA content credentials are in the file
    source_type: str = ""  # the last word of IPTC's DigitalSourceType address, where given
    taken_at: datetime | None = None  # by EXIF; local, where that names no zone

    def as_dict(self) -> dict[str, Any]:
        """For a JSON column: what is empty is left out, what is too long is cut with a mark.

        The file itself keeps all of it.
        """
        values = {
            "tool": self.tool,
            "negative_prompt": cut(self.negative_prompt, MAX_FACT),
            "parameters": _kept(self.parameters, MAX_FACT),
            "credentials": self.credentials,
            "source_type": self.source_type,
            "raw": _kept(self.raw, MAX_RAW),
        }
        return {"parser": PARSER_VERSION, **{key: value for key, value in values.items() if value}}


def cut(text: str, most: int) -> str:
    """The text, or its beginning with a mark that says how much there is."""
    if len(text) <= most:
        return text
    mark = f" … ({len(text)} characters in the file)"
    return text[: max(0, most - len(mark))] + mark


def _kept(values: Mapping[str, Any], longest: int) -> dict[str, Any]:
    """Values in their order, each cut to `longest`, and so many that all take `MAX_RAW` at most."""
    kept: dict[str, Any] = {}
    left = MAX_RAW
    for name, value in values.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        most = min(longest, left - len(name))
        if most < MARK:
            kept["…"] = f"{len(values) - len(kept)} more in the file"
            break
        kept[name] = value if len(text) <= most else cut(text, most)
        left -= len(name) + min(len(text), most)
    return kept


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
    if not text.lstrip().startswith("{") or holds_too_many(text):
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def is_dump(text: str) -> bool:
    """Whether a text lists facts about a file, as `exiftool` does: in JSON, XML or rows."""
    start = text.lstrip("\ufeff \t\r\n")
    if start.startswith(("<?xml", "<x:xmpmeta", "<rdf:RDF", "<?xpacket")):
        return True
    if start.startswith(("[", "{")):
        if holds_too_many(start):
            return True
        try:
            json.loads(start)
        except (ValueError, RecursionError):
            pass
        else:
            return True
    lines = [line for line in start[:MAX_TABLE].split("\n") if line.strip()]
    rows = sum(bool(ROW.match(line)) for line in lines)
    return rows >= LEAST_ROWS and rows > len(lines) * 0.8


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
