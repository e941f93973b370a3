"""Limits how many lists and objects JSON from outside may have, before it is parsed."""

from typing import Any

MOST_CONTAINERS = 200_000
"""An empty list takes two bytes in JSON, and seventy in memory."""


def holds_too_many(text: bytes | str, most: int = MOST_CONTAINERS) -> bool:
    """Return whether JSON has more lists and objects than any that means something.

    Brackets inside its strings count, too. They are searched for one by one, which takes a
    fiftieth of what `count` takes on a picture in base64, and stops where there are too many.
    """
    brackets: tuple[Any, Any] = ("[", "{") if isinstance(text, str) else (b"[", b"{")
    for bracket in brackets:
        at = text.find(bracket)
        while at >= 0:
            most -= 1
            if most < 0:
                return True
            at = text.find(bracket, at + 1)
    return False
