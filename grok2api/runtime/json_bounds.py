"""How many lists and objects JSON from outside may have, looked at before it is read. Pure."""

MOST_CONTAINERS = 200_000
"""An empty list takes two bytes there, and seventy when read."""


def holds_too_many(text: bytes | str, most: int = MOST_CONTAINERS) -> bool:
    """Whether JSON has more lists and objects than any that means something.

    Brackets within its texts count too.
    """
    if isinstance(text, str):
        return text.count("[") + text.count("{") > most
    return text.count(b"[") + text.count(b"{") > most
