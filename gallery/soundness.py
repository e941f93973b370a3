"""Checks that every database can store a value, every page show it and every search sort it.

These checks are for values that come from outside as a whole row: records of backups and of the
original grok2api. They do no I/O.
"""

import math
from datetime import UTC, datetime
from typing import Any

MAX_PROMPT_LENGTH = 32_000
"""Characters of the longest prompt that OpenAI's image models take."""
MAX_MODEL_LENGTH = 100

MAX_ROW_ID = 2**52
"""Far below 2^53, above which browsers round ids, so that later ids fit, too."""

MAX_DEPTH = 30
"""Levels of nested values: MariaDB takes 32, and parsers recurse."""

EARLIEST = datetime(1000, 1, 2, tzinfo=UTC)
LATEST = datetime(9998, 12, 31, tzinfo=UTC)
"""The last year whose successor every calendar still knows; the first is MySQL's."""


class Unsound(ValueError):
    """The value cannot be stored in a row; the message says why."""


def sound_text(value: object, *, limit: int) -> str:
    """Return the text if it has at most `limit` characters and each of them can be stored.

    Raises:
        Unsound
    """
    if not isinstance(value, str):
        raise Unsound("must be a text")
    if len(value) > limit:
        raise Unsound(f"has more than {limit} characters")
    _require_storable(value)
    return value


def sound_number(value: object, *, least: int, most: int) -> int:
    """Return the whole number; `True` is not one.

    Raises:
        Unsound
    """
    if type(value) is not int:
        raise Unsound("must be a whole number")
    if not least <= value <= most:
        raise Unsound(f"must be from {least} to {most}")
    return value


def sound_flag(value: object) -> bool:
    """Return true or false, refusing what is only truthy or falsy.

    Raises:
        Unsound
    """
    if not isinstance(value, bool):
        raise Unsound("must be true or false")
    return value


def sound_moment(value: object) -> datetime:
    """Return the moment of an ISO 8601 text in UTC; without a zone it is local time.

    Raises:
        Unsound
    """
    from django.utils import timezone  # here, since a process without Django reads pictures, too

    try:
        moment = datetime.fromisoformat(sound_text(value, limit=64))
        moment = moment if timezone.is_aware(moment) else timezone.make_aware(moment)
        moment = moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Unsound("must be a moment in ISO 8601") from None
    if not EARLIEST <= moment <= LATEST:
        raise Unsound("must lie between the years 1000 and 9998")
    return moment


def sound_json(value: object) -> dict[str, Any]:
    """Return the object if all its texts and numbers can be stored and it is not nested too deeply.

    Raises:
        Unsound
    """
    if not isinstance(value, dict):
        raise Unsound("must be an object")
    level: list[object] = [value]
    for _ in range(MAX_DEPTH):
        following: list[object] = []
        for each in level:
            following += _require_sound(each)
        if not following:
            return value
        level = following
    raise Unsound(f"is nested more than {MAX_DEPTH} deep")


def _require_sound(value: object) -> list[object]:
    """Check a value, and return what has to be checked inside it."""
    if isinstance(value, str):
        _require_storable(value)
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise Unsound("contains NaN or an infinity")
    elif isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise Unsound("has a name that is not a text")
        return [*value, *value.values()]
    elif isinstance(value, list | tuple):
        return list(value)
    elif value is not None and not isinstance(value, int):  # a bool is an int
        raise Unsound("contains a value that is not JSON")
    return []


def _require_storable(text: str) -> None:
    if "\0" in text:
        raise Unsound("holds a NUL")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Unsound("holds half a character") from None
