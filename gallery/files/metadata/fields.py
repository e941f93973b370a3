"""Collects the texts of a picture file of any format."""

from dataclasses import dataclass, field
from datetime import datetime

from grok2api.runtime.json_bounds import MOST_CONTAINERS

from . import exif
from .embedded import clean
from .formats import format_of

MAX_TEXT = 16 * 1024 * 1024
"""Characters of one text that is read; a longer one stays in the file alone."""


@dataclass(frozen=True, slots=True)
class Fields:
    """Texts by their place in the file."""

    text: dict[str, str] = field(
        default_factory=dict
    )  # PNG text chunks; the `comment` of a GIF or JPEG
    exif: dict[str, str] = field(default_factory=dict)  # by the names of EXIF_NAMES
    xmp: str = ""
    credentials: bool = False
    taken_at: datetime | None = None

    @property
    def raw(self) -> dict[str, str]:
        """Return every text under a name of its own."""
        places = {f"png:{key}": value for key, value in self.text.items()}
        places |= {f"exif:{key}": value for key, value in self.exif.items()}
        if self.xmp:
            places["xmp"] = self.xmp
        return places


def fields_of(data: bytes) -> Fields:
    """Return the texts in a file; none if its format is unknown."""
    found = format_of(data)
    text, block, xmp, credentials = found.texts(data) if found else ({}, b"", b"", False)
    if (
        len(xmp) > MAX_TEXT
        or xmp.count(b"<") + xmp.count(b'"') > MOST_CONTAINERS
        or not xmp.strip()
    ):
        xmp = b""  # parsed, its tags and values take dozens of times its size
    return Fields(
        text={key: clean(value) for key, value in text.items() if len(value) <= MAX_TEXT},
        exif={key: clean(value) for key, value in exif.texts(block) if len(value) <= MAX_TEXT},
        xmp=clean(xmp.decode("utf-8", "replace")),
        taken_at=exif.taken_at(block),
        # A manifest may lie elsewhere, and the packet say where.
        credentials=credentials or b"dcterms:provenance" in xmp,
    )
