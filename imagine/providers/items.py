"""Reads one element of an answer's `data`: a picture as base64, or a link to it."""

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

import pybase64

from .base import ProviderError
from .failures import blocked, failure_within
from .verdicts import Verdict

LISTS = ("data", "images", "image", "output")
"""Where the pictures are, for OpenAI and for others."""

HOLDERS = (
    *LISTS, "result", "results", "predictions", "artifacts", "image_base64", "image_urls", "item",
    "choices", "message", "delta", "candidates", "content", "parts", "inlineData", "inline_data",
)  # fmt: skip
"""What pictures are within if an upstream passes on an answer of another API: a conversation,
Gemini, Vertex, Cloudflare, DashScope, or its own envelope around OpenAI's."""

DEEPEST = 10
LONG = 500
"""Characters: a longer text without blanks is base64."""

MARKDOWN = re.compile(r"!\[[^\[\]]{0,200}\]\(\s*((?:https?://|data:image/)[^)\s]+)")
"""A picture in an assistant's message."""

ENCODED = ("b64_json", "b64", "base64", "image_base64", "bytesBase64Encoded")
LINKS = ("url", "image_url", "link")
PIECE = 64 * 1024
"""Bytes that are decoded at once."""

BLANKS = b" \t\n\r\v\f="
LONGEST_LINK = 4000

URL_ALPHABET = bytes.maketrans(b"-_", b"+/")


class Undecodable(ProviderError):
    """The content is not a picture to us; `data` is all of it."""

    def __init__(self, data: bytes) -> None:
        super().__init__(
            "The upstream's picture is not valid base64.",
            code="upstream_bad_answer",
            upstream_status=200,
        )
        self.data = data


@dataclass(frozen=True, slots=True)
class Link:
    """The address of a picture that was not sent along."""

    url: str


def items_of(answer: dict[str, Any]) -> list[Any]:
    """Return the pictures of an answer, from their usual place or another; empty if it has none."""
    items = _listed(answer)
    return items if any(map(_is_item, items)) else list(_found(answer, DEEPEST)) or items


def _listed(answer: dict[str, Any]) -> list[Any]:
    for name in LISTS:
        items = answer.get(name)
        if isinstance(items, list) and items:
            return items
        if isinstance(items, dict | str) and items:
            return [items]
    return []


def _found(value: Any, depth: int) -> Iterator[Any]:
    """Return the pictures within a value: all of a list, or those of an object's first holder."""
    if isinstance(value, list) and depth:
        for each in value:
            yield from _found(each, depth - 1)
    elif isinstance(value, dict) and depth and not value.get("error"):
        if _is_item(value):
            yield value
            return
        for name in HOLDERS:
            within = value.get(name)
            if isinstance(within, str):
                found = MARKDOWN.findall(within) if name == "content" else _bare(within)
            else:
                found = list(_found(within, depth - 1))
            if found:
                yield from found
                return
    elif isinstance(value, str):
        yield from _bare(value)


def is_encoded(text: str) -> bool:
    """Return whether it is a picture as `decode` accepts it, not a link or a sentence."""
    is_word = len(text) > LONG and " " not in text and text.isascii()
    return _is_data(text) or (is_word and not _is_address(text))


def _bare(text: str) -> list[str]:
    """Return the text if it is a link or a picture."""
    return [text] if _is_address(text) or is_encoded(text) else []


def _is_item(item: Any) -> bool:
    """Return whether it is a picture or a link to one, or says that one is withheld."""
    if not isinstance(item, dict):
        return isinstance(item, bytes | str)
    texts = (item.get(name) for name in (*ENCODED, "image"))
    has_text = any(isinstance(text, str) and text.strip() for text in texts)
    return has_text or bool(_link_of(item)) or _is_withheld(item)


def read_item(item: Any) -> bytes | Link:
    """Return the bytes of one element, or the link to them.

    Raises:
        ProviderError
    """
    if isinstance(item, bytes):
        return item
    if isinstance(item, str) and item.strip():
        return _read_text(item.strip())
    if not isinstance(item, dict):
        raise bad_answer("The upstream's list of pictures holds something else.")
    if _is_withheld(item):
        raise blocked()
    for name in ENCODED:
        if isinstance(encoded := item.get(name), str) and encoded.strip():
            return Link(encoded.strip()) if _is_address(encoded) else decode(encoded)
    if link := _link_of(item):
        is_picture = _is_data(link) or (len(link) > LONGEST_LINK and not _is_address(link))
        return decode(link) if is_picture else Link(link)
    if isinstance(image := item.get("image"), str) and image.strip():
        return _read_text(image.strip())
    said = failure_within(item)
    if said.verdict is not Verdict.FAULT:
        raise said
    raise without_picture("The upstream sent neither a picture nor a link.", said)


def decode(encoded: str) -> bytes:
    """Decode base64 in any form.

    It may begin with `data:…;base64,`, use the alphabet of URLs, be broken into lines, lack its
    padding or be escaped; `data:` without base64 is decoded, too.

    Raises:
        Undecodable
    """
    head, comma, rest = encoded.partition(",") if _is_data(encoded) else ("", "", encoded)
    if comma and not head.rstrip().lower().endswith("base64"):
        return _unescaped(rest.encode(errors="replace"))
    try:
        return pybase64.b64decode(rest, validate=True)
    except (binascii.Error, ValueError):
        pass
    try:
        written = rest.encode()
        if head and b"%" in written:
            written = _unescaped(written)
        plain = written.translate(URL_ALPHABET, BLANKS)
        return pybase64.b64decode(plain + b"=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise Undecodable(encoded.encode(errors="replace")) from None


def _unescaped(text: bytes) -> bytes:
    """Replace each `%41` by its byte.

    It works in pieces, which keep escapes whole, since each byte becomes an object.
    """
    pieces, start = [], 0
    while start < len(text):
        end = start + PIECE
        if end < len(text) and (escape := text.rfind(b"%", end - 2, end)) >= 0:
            end = escape
        pieces.append(unquote_to_bytes(text[start:end]))
        start = end
    return b"".join(pieces)


def without_picture(message: str, said: ProviderError) -> ProviderError:
    """Return the error of an answer that is fine except that it has no picture."""
    error = bad_answer(f"{message} {said.said}".strip(), code="no_picture")
    error.said, error.usage = said.said, said.usage
    return error


def bad_answer(message: str, code: str = "upstream_bad_answer") -> ProviderError:
    return ProviderError(message, code=code, upstream_status=200)


def _link_of(item: dict[str, Any]) -> str:
    for name in LINKS:
        link = item.get(name)
        if isinstance(link, dict):  # as in OpenAI's chat: {"image_url": {"url": …}}
            link = link.get("url")
        if isinstance(link, str) and link.strip():
            return link.strip()
    return ""


def _read_text(text: str) -> bytes | Link:
    """Return a picture or a link from an unlabelled text; JPEG's base64 begins like a path."""
    if _is_address(text):
        return Link(text)
    try:
        return decode(text)
    except Undecodable:
        if len(text) > LONGEST_LINK:
            raise
        return Link(text)


def _is_address(text: str) -> bool:
    return text.lstrip()[:8].lower().startswith(("http://", "https://"))


def _is_data(text: str) -> bool:
    return text.lstrip()[:5].lower() == "data:"


def _is_withheld(item: dict[str, Any]) -> bool:
    """Return whether moderation withheld the picture: xAI says so plainly, Azure by category."""
    if item.get("respect_moderation") is False:
        return True
    results = (item.get("content_filter_results"), item.get("prompt_filter_results"))
    categories = (one for each in results if isinstance(each, dict) for one in each.values())
    filtered = any(isinstance(one, dict) and one.get("filtered") is True for one in categories)
    return filtered and not (item.get("b64_json") or item.get("url"))
