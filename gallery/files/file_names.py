"""Names of people's files: kept as they came, and made valid on every system when given back."""

import re
import unicodedata
from collections.abc import Iterable

from ..text import UNSEEN

MAX_NAME = 255
"""Characters of a name that are kept: more than any system takes."""
MAX_SUFFIX = 16
"""Characters after a name's last dot that survive a cut; longer ones are not a suffix."""
MAX_GIVEN = 180
"""Bytes of UTF-8 of a name that is given out, leaving room for a number."""

FORBIDDEN = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*\s]+')
"""Characters that Windows, macOS or Linux refuse in a name, and blanks."""
RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d|conin\$|conout\$)(?:[ .].*)?", re.IGNORECASE)
"""Names of devices on Windows, which no suffix makes valid."""


def clean(name: str) -> str:
    """Return a file's name as it is stored: the last part of its path, without invisible
    characters.

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
    """Return a name for a file of this type that is valid on Windows, macOS and Linux.

    It is never empty and ends in one of the type's suffixes; if it has another one or none, the
    first is appended.
    """
    stem, suffix = _parts(name)
    if suffix.lower().removeprefix(".") not in suffixes:
        stem, suffix = name, f".{suffixes[0]}"
    stem = safe_part(stem, MAX_GIVEN - len(suffix)) or "picture"
    return f"_{stem}{suffix}" if RESERVED.fullmatch(stem) else stem + suffix


def safe_part(text: str, most: int) -> str:
    """Return a text as part of a name: at most so many bytes, without dots or dashes at either
    end."""
    words = FORBIDDEN.sub("-", unicodedata.normalize("NFC", text))
    shown = "".join(each for each in words if unicodedata.category(each)[0] != "C")
    return shown.encode()[:most].decode("utf-8", "ignore").strip("-. ")


def numbered(name: str, marks: Iterable[str], used: set[str]) -> str:
    """Return the name, numbered before its suffix if necessary, so that it is not in `used`.

    It is added to `used`. Names that differ only in case are the same, as on most systems.
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
    """Split a name into its stem and its suffix, which has the dot and may be empty."""
    stem, dot, suffix = name.rpartition(".")
    return (stem, dot + suffix) if stem and 0 < len(suffix) <= MAX_SUFFIX else (name, "")
