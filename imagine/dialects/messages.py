"""Reads a person's message in a conversation: texts and pictures."""

from collections.abc import Iterator
from typing import Any

from .references import SourceReference
from .values import InvalidRequest

TEXTS = ("text", "input_text")
PICTURES = ("image_url", "input_image", "image")
"""Types of a message's parts that are pictures, in chat completions and in responses."""


def read_content(content: Any, param: str) -> tuple[str, list[SourceReference]]:
    """Return the text of a message, and its pictures.

    Args:
        param: the field that holds the conversation.

    Raises:
        InvalidRequest: it has no text, or something else than texts and pictures.
    """
    texts, pictures = [], []
    for part in _parts(content):
        kind = part.get("type")
        if kind in PICTURES:
            pictures.append(SourceReference(_link(part, param), param))
        elif kind in TEXTS and isinstance(part.get("text"), str):
            texts.append(part["text"])
        else:
            raise InvalidRequest(
                f"A message may contain texts and pictures, but not '{str(kind)[:50]}'.",
                param=param,
                code="invalid_value",
            )
    text = "\n".join(texts).strip()
    if not text:
        raise InvalidRequest(
            "The last message of the user has no text: it is the prompt of the picture.",
            param=param,
            code="invalid_value",
        )
    return text, pictures


def link_of(part: Any) -> str:
    """Return the link to a picture of a conversation; empty if it has none."""
    if isinstance(part, dict):
        part = part.get("image_url") or part.get("url") or part.get("image")
    if isinstance(part, dict):
        part = part.get("url")
    return part if isinstance(part, str) else ""


def _parts(content: Any) -> Iterator[dict[str, Any]]:
    for part in content if isinstance(content, list) else [content]:
        if isinstance(part, str):
            yield {"type": "text", "text": part}
        elif isinstance(part, dict):
            yield {"type": "text", **part} if "text" in part else part
        elif part is not None:
            yield {"type": type(part).__name__}


def _link(part: dict[str, Any], param: str) -> str:
    if link := link_of(part):
        return link
    raise InvalidRequest(
        f"A picture in '{param}' must be a data: URL or a link; files are not kept here.",
        param=param,
        code="invalid_type",
    )
