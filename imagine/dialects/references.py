"""Reads which pictures a request wants to edit."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from grok2api.integers import read_id

from .values import InvalidRequest

MAX_SOURCES = 16

OF_SOURCES = re.compile(r"images?(?:\[(\d{0,4})\])?")
"""Names of sources: `image`, and for several `image[]`, `image[0]` or `images`."""
OF_MASK = re.compile(r"mask(?:\[\d{0,4}\])?")
OF_MARKUP = re.compile(r"markup(?:\[\d{0,4}\])?")


@dataclass(frozen=True, slots=True)
class Made:
    """The picture of an earlier answer, by the id from that answer, which contains a task's id."""

    id: str
    task_id: str


@dataclass(frozen=True, slots=True)
class SourceReference:
    """A picture, as bytes, link or id in the library, and the field that gave it."""

    content: bytes | str | int | Made
    param: str


@dataclass(frozen=True, slots=True)
class References:
    """The pictures of an edit, in their order."""

    sources: Sequence[SourceReference] = ()
    mask: SourceReference | None = None
    markup: SourceReference | None = None  # drawn over the first: what is to be changed there

    def __post_init__(self) -> None:
        """Check the number of pictures, and that nothing says where to edit if there is none.

        Raises:
            InvalidRequest
        """
        if len(self.sources) > MAX_SOURCES:
            raise InvalidRequest(
                f"At most {MAX_SOURCES} pictures can be edited at once.",
                param=self.sources[0].param,
                code="invalid_value",
            )
        if self.mask and self.markup:
            raise InvalidRequest(
                "'markup' and 'mask' cannot be used together.", param="markup", code="invalid_value"
            )
        if not self.sources and (drawn := self.mask or self.markup):
            raise InvalidRequest(
                "There is no picture to which the mask belongs.",
                param=drawn.param,
                code="invalid_value",
            )

    @property
    def all(self) -> list[SourceReference]:
        return [*self.sources, *(each for each in (self.mask, self.markup) if each)]


def names_picture(name: str) -> bool:
    """Return whether a field of this name holds pictures."""
    return any(pattern.fullmatch(name) for pattern in (OF_SOURCES, OF_MASK, OF_MARKUP))


def is_edit(fields: Mapping[str, Any]) -> bool:
    """Return whether a JSON request names a picture, which makes it an edit on any address."""
    return any(value and names_picture(name) for name, value in fields.items())


def read_references(fields: Mapping[str, Any], files: Mapping[str, Sequence[bytes]]) -> References:
    """Read the pictures to edit, the mask and the markup.

    JSON has xAI's `image` and `images`, each `{"url": …}`, or OpenAI's `images` of
    `{"image_url": …}`; a bare string is a link or base64, and `{"image_id": 3}` a picture of the
    library. A form may have any of these as texts.

    Raises:
        InvalidRequest: there is no picture, there are too many, or one is no link.
    """
    sources = [*_files(files, OF_SOURCES, "image"), *_texts(fields, OF_SOURCES)]
    if not sources:
        raise InvalidRequest(
            "Missing required parameter: 'image'.",
            param="image",
            code="missing_required_parameter",
        )
    mask, markup = (
        _only(fields, files, name, pattern)
        for name, pattern in (("mask", OF_MASK), ("markup", OF_MARKUP))
    )
    return References(sources, mask, markup)


def _only(
    fields: Mapping[str, Any],
    files: Mapping[str, Sequence[bytes]],
    name: str,
    pattern: "re.Pattern[str]",
) -> SourceReference | None:
    found = list(_files(files, pattern, name)) or list(_texts(fields, pattern))
    if len(found) > 1:
        raise InvalidRequest(
            f"At most one '{name}' can be given.", param=name, code="invalid_value"
        )
    return found[0] if found else None


def _files(
    files: Mapping[str, Sequence[bytes]], pattern: "re.Pattern[str]", param: str
) -> Iterator[SourceReference]:
    """Return the files under such names; numbered ones in the order of their numbers."""

    for name in sorted(filter(pattern.fullmatch, files), key=_place):
        yield from (SourceReference(content, param) for content in files[name])


def _texts(fields: Mapping[str, Any], pattern: "re.Pattern[str]") -> Iterator[SourceReference]:
    for name in sorted(filter(pattern.fullmatch, fields), key=_place):
        value = fields[name]
        items = value if isinstance(value, list) else [value]
        yield from (SourceReference(_content(item, name), name) for item in items if item)


def _place(name: str) -> int:
    number = name.partition("[")[2].rstrip("]")
    return int(number) if number else -1


def _content(item: Any, name: str) -> str | int:
    if isinstance(item, dict):
        if image_id := read_id(item.get("image_id")):
            return image_id
        item = item.get("image_url") or item.get("url") or item.get("b64_json") or item
        if isinstance(item, dict) and isinstance(item.get("url"), str):
            item = item["url"]
    if not isinstance(item, str) or not item:
        raise InvalidRequest(
            f"'{name}' must be base64, a link to a picture or an image_id of the library.",
            param=name,
            code="invalid_type",
        )
    return item
