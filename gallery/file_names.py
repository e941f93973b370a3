"""The names that people's files have: kept as they came, and given back so that every system takes
them. Pure.
"""

import re
import unicodedata
from collections.abc import Iterable

from .text import UNSEEN

MAX_NAME = 255
"""Characters of a name that are kept: more than any system takes."""
MAX_SUFFIX = 16
"""Characters behind a name's last dot that stay when it is cut; more are no suffix."""
MAX_GIVEN = 180
"""Bytes of UTF-8 of a name that is given out, so that others have room to number it."""

FORBIDDEN = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*\s]+')
"""What Windows, macOS or Linux do not take in a name, and blanks."""
RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d|conin\$|conout\$)(?:[ .].*)?", re.IGNORECASE)
"""Names of devices on Windows, with whatever suffix."""


def clean(name: str) -> str:
    """The name of a file as it is kept: the last part of its path, without what is not seen.

    One of more than 255 characters is cut before its suffix.
    """
    last = UNSEEN.sub("", name.replace("\\", "/")).rstrip("/ ").rpartition("/")[2]
    last = unicodedata.normalize("NFC", last).strip()
    if not last.strip("."):
        return ""
    if len(last) > MAX_NAME:
        stem, suffix = _parts(last)
        last = stem[: MAX_NAME - len(suffix)] + suffix
    return last


def safe(name: str, suffixes: tuple[str, ...]) -> str:
    """The name for a file of such a kind, which Windows, macOS and Linux take; never empty.

    It ends with one of the kind's suffixes: where it has another one or none, with the first.
    """
    stem, suffix = _parts(name)
    if suffix.lower().removeprefix(".") not in suffixes:
        stem, suffix = name, f".{suffixes[0]}"
    stem = safe_part(stem, MAX_GIVEN - len(suffix)) or "picture"
    return f"_{stem}{suffix}" if RESERVED.fullmatch(stem) else stem + suffix


def safe_part(text: str, most: int) -> str:
    """A text as a part of a name: at most so many bytes, and no dot or dash at its ends."""
    words = FORBIDDEN.sub("-", unicodedata.normalize("NFC", text))
    shown = "".join(each for each in words if unicodedata.category(each)[0] != "C")
    return shown.encode()[:most].decode("utf-8", "ignore").strip("-. ")


def numbered(name: str, marks: Iterable[str], used: set[str]) -> str:
    """The name, or the first with a mark before its suffix that is unlike every name in `used`.

    It joins them. Names that differ only in capitals are alike, as on most systems.
    """
    stem, suffix = _parts(name)
    given = name
    for mark in marks:
        if given.casefold() not in used:
            break
        given = f"{stem}-{mark}{suffix}"
    used.add(given.casefold())
    return given


def _parts(name: str) -> tuple[str, str]:
    """A name's stem and its suffix with the dot, which may be empty."""
    stem, dot, suffix = name.rpartition(".")
    return (stem, dot + suffix) if stem and 0 < len(suffix) <= MAX_SUFFIX else (name, "")
