"""Names exported files by a template such as `{date}_{model}_{prompt:40}_{id}`.

The names are valid on Windows, macOS and Linux, and differ by more than case.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from string import Formatter
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from ..files.file_names import FORBIDDEN, RESERVED

if TYPE_CHECKING:
    from ..models import Image

NOT_LITERAL = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]')

MAX_TEMPLATE = 200  # characters
MAX_VALUE = 80  # bytes of UTF-8 of one field
MAX_STEM = 180  # bytes of UTF-8, so that the whole name stays far below every system's limit
KEY = 6  # characters
EMPTY = "\0"
GAP = re.compile(rf"(?<![-_. ])([-_. ]*+){EMPTY}[-_. {EMPTY}]*")
"""Fields without a value, and what separates them from their neighbours."""
LENGTH = re.compile("[1-9][0-9]?")

FIELDS: dict[str, Callable[["Image", datetime], str]] = {
    "date": lambda _image, moment: f"{moment:%Y%m%d}",
    "time": lambda _image, moment: f"{moment:%H%M%S}",
    "model": lambda image, _moment: image.model,
    "prompt": lambda image, _moment: image.prompt,
    "ratio": lambda image, _moment: image.aspect_ratio.replace(":", "x"),
    "width": lambda image, _moment: str(image.width),
    "height": lambda image, _moment: str(image.height),
    "name": lambda image, _moment: image.download_name.rpartition(".")[0],
    "id": lambda image, _moment: str(image.pk),
    "key": lambda image, _moment: image.filename[:KEY],
}
"""What a template may name; `key` is the beginning of the file's name in the library."""


@dataclass(frozen=True, slots=True)
class NameTemplate:
    """A parsed template: texts, each followed by a field and the most characters to take of it."""

    parts: tuple[tuple[str, str, int], ...]

    def name(self, image: "Image", moment: datetime, used: set[str]) -> str:
        """Return the picture's name and add it to `used`; `moment` is its local time of
        creation."""
        stem, suffix = self._stem(image, moment), image.filename.rpartition(".")[2]
        name, number = f"{stem}.{suffix}", 1
        while name.casefold() in used:
            again = f"-{number}" if number > 1 else ""
            name, number = f"{stem}-{image.pk}{again}.{suffix}", number + 1
        used.add(name.casefold())
        return name

    def _stem(self, image: "Image", moment: datetime) -> str:
        text = ""
        for literal, field, most in self.parts:
            text += _shown(literal)
            if field:
                text += _safe(FIELDS[field](image, moment), most) or EMPTY
        text = GAP.sub(lambda gap: gap[1] if 0 < gap.start() < gap.end() < len(text) else "", text)
        stem = _cut(text, MAX_STEM).strip("-. ") or str(image.pk)
        return f"_{stem}" if RESERVED.fullmatch(stem) else stem


def read_template(text: str) -> NameTemplate | None:
    """Parse a template; return None for an empty one.

    Raises:
        ValidationError: it names no field that there is, or what no file's name may have.
    """
    if len(text) > MAX_TEMPLATE:
        raise ValidationError(
            _("A template has at most %(most)d characters."), params={"most": MAX_TEMPLATE}
        )
    try:
        parts = list(Formatter().parse(text.strip()))
    except ValueError:
        raise ValidationError(_("Unbalanced brace: fields are written as {prompt}.")) from None
    return NameTemplate(tuple(_part(*part) for part in parts)) if parts else None


def _part(
    literal: str, field: str | None, size: str | None, conversion: str | None
) -> tuple[str, str, int]:
    if found := NOT_LITERAL.search(literal):
        raise ValidationError(
            _("“%(sign)s” cannot be in the name of a file on every system."),
            params={"sign": found[0]},
        )
    if field is not None and (field not in FIELDS or conversion):
        raise ValidationError(
            _("There is no field {%(field)s}. Fields are %(fields)s."),
            params={
                "field": field[:40] + (f"!{conversion}" if conversion else ""),
                "fields": ", ".join(f"{{{each}}}" for each in FIELDS),
            },
        )
    if size and not LENGTH.fullmatch(size):
        raise ValidationError(
            _("{%(field)s:%(size)s}: give a number of characters from 1 to 99."),
            params={"field": field, "size": size[:40]},
        )
    return literal, field or "", int(size) if size else MAX_VALUE


def _safe(text: str, most: int) -> str:
    """Return a text, cut to so many characters, as a valid part of a file's name."""
    shown = _shown(FORBIDDEN.sub("-", text[: 2 * MAX_VALUE]))
    return _cut(shown[:most], MAX_VALUE).strip("-. ")


def _shown(text: str) -> str:
    """Return a text in composed form, without invisible characters."""
    composed = unicodedata.normalize("NFC", text)
    return "".join(each for each in composed if unicodedata.category(each)[0] != "C")


def _cut(text: str, size: int) -> str:
    return text.encode("utf-8", "ignore")[:size].decode("utf-8", "ignore")
