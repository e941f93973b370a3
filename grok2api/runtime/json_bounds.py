"""Limits how many lists and objects JSON from outside may have, before it is parsed."""

MOST_CONTAINERS = 200_000
"""An empty list takes two bytes in JSON, and seventy in memory."""


def holds_too_many(text: bytes | str, most: int = MOST_CONTAINERS) -> bool:
    """Return whether JSON has more lists and objects than any that means something.

    Brackets inside its strings count, too.
    """
    if isinstance(text, str):
        return text.count("[") + text.count("{") > most
    return text.count(b"[") + text.count(b"{") > most
