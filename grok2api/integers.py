"""Reads whole numbers and ids from addresses, forms, headers, JSON and settings."""

import re

MAX_ID = 2**63 - 1
"""The largest id that every database can be asked for."""

WHOLE = re.compile(r"[+-]?[0-9]{1,20}")


def read_integer(value: object, *, least: int | None = None, most: int | None = None) -> int | None:
    """Read a whole number: an `int`, a `float` without a fraction, or a text of ASCII digits with
    or without a sign, of at most twenty.

    Returns None for anything else, `True` and `False` among it, and for what is out of bounds.
    """
    if isinstance(value, str):
        digits = value.strip()
        value = int(digits) if WHOLE.fullmatch(digits) else None
    elif isinstance(value, float):
        value = int(value) if value.is_integer() else None
    if type(value) is not int:
        return None
    if (least is not None and value < least) or (most is not None and value > most):
        return None
    return value


def read_id(value: object) -> int | None:
    """Read the id of a row; returns None for a value that no row can have."""
    return read_integer(value, least=1, most=MAX_ID)
