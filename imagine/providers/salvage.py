"""Salvages pictures from an answer that nothing else can read: truncated, or not JSON."""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

WHOLE = re.compile(r'"(b64_json|url)"\s*:\s*("(?:[^"\\]++|\\.)++")', re.DOTALL)
"""A picture or a link with its closing quotation mark; without that its end may be missing."""


def whole_pictures(text: str) -> list[dict[str, Any]]:
    """Return the complete pictures and links in a text, as elements of `data`, in order."""
    return list(_found(text))


def _found(text: str) -> Iterator[dict[str, Any]]:
    for match in WHOLE.finditer(text):
        with suppress(ValueError):
            yield {match[1]: json.loads(match[2], strict=False)}
