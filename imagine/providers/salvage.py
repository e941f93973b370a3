"""Pictures in an answer that nothing else can read: cut short, or no JSON. Pure."""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

WHOLE = re.compile(r'"(b64_json|url)"\s*:\s*("(?:[^"\\]++|\\.)++")', re.DOTALL)
"""A picture or a link with its closing quotation mark: what has none may lack its end."""


def whole_pictures(text: str) -> list[dict[str, Any]]:
    """The pictures and links that are whole in a text, as elements of `data`, in their order."""
    return list(_found(text))


def _found(text: str) -> Iterator[dict[str, Any]]:
    for match in WHOLE.finditer(text):
        with suppress(ValueError):
            yield {match[1]: json.loads(match[2], strict=False)}
