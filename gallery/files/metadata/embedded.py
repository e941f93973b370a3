"""Holds what a reader finds in a picture file."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from math import isfinite
from typing import Any

from grok2api.runtime.json_bounds import holds_too_many

from ...soundness import MAX_PROMPT_LENGTH

PARSER_VERSION = 4
"""It grows when a reader learns something, so that stored raw texts can be read again."""

MAX_TABLE = 20_000  # characters of a table that are looked at
LEAST_ROWS = 4
ROW = re.compile(r"(?:\[\w+\]\s*)?[A-Z][\w /()-]{1,40}? *\t?: ")
"""`File Name      : x.jpg`, also with the group before it."""
MAX_RAW = 256_000
"""Characters that a row keeps of a file's raw texts, and of its parameters."""
MAX_FACT = MAX_PROMPT_LENGTH
"""Characters that a row keeps of one parameter: as many as a prompt may have."""
MARK = 50
"""Characters reserved for the mark of a cut."""
MAX_PLAIN = 1_000_000
"""Characters of a text, other than JSON, that is searched for prompt and parameters."""
MAX_DEPTH = 20
"""Parameters nested deeper are kept as their JSON text."""


@dataclass(frozen=True, slots=True)
class Embedded:
    """A prompt and its parameters as a tool wrote them.

    `raw` has every text of the file by its place (`png:parameters`, `exif:UserComment`, `xmp`),
    including what no reader understands.
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
        """Return a value for a JSON column, without empty entries; long ones are cut and marked.

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
    """Return the text, or its beginning with a mark that gives the full length."""
    if len(text) <= most:
        return text
    mark = f" … ({len(text)} characters in the file)"
    return text[: max(0, most - len(mark))] + mark


def _kept(values: Mapping[str, Any], longest: int) -> dict[str, Any]:
    """Return the values in order, each cut to `longest`, as many as fit into `MAX_RAW` together."""
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
    """Return a text that every database stores: without NUL and lone surrogates."""
    return text.rstrip("\0").replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def plain(value: Any, depth: int = 0) -> Any:
    """Return JSON that every database stores: without NaN, infinity, NUL and endless nesting."""
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
    """Return the JSON object in a text, or None. A bare `NaN` is accepted."""
    if not text.lstrip().startswith("{") or holds_too_many(text):
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def is_dump(text: str) -> bool:
    """Return whether a text lists facts about a file, as `exiftool` does: in JSON, XML or rows."""
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
    """Return a JSON value as text; a list of texts is joined by lines, and nothing is empty."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, list):
        return "\n".join(filter(None, map(as_text, value)))
    return "" if value is None or isinstance(value, dict) else str(value)


def chosen(source: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    """Return the entries under these keys that have a value."""
    return {key: source[key] for key in keys if source.get(key) not in (None, "", [], {})}
