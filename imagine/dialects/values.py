"""Reads values of a request's fields strictly; errors name the field."""

from collections.abc import Collection, Mapping
from typing import Any

from grok2api.integers import read_integer


class InvalidRequest(ValueError):
    """The client's mistake: `param` names the field, `status` is the HTTP status to answer."""

    def __init__(
        self, message: str, *, param: str | None = None, code: str | None = None, status: int = 400
    ) -> None:
        super().__init__(message)
        self.param = param
        self.code = code
        self.status = status


def text(fields: Mapping[str, Any], name: str, limit: int) -> str:
    """Return a text of at most `limit` characters; empty if the field is absent."""
    value = fields.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidRequest(f"'{name}' must be a string.", param=name, code="invalid_type")
    if len(value) > limit:
        raise InvalidRequest(
            f"'{name}' is too long: {len(value)} characters, and at most {limit} are allowed.",
            param=name,
            code="string_above_max_length",
        )
    # Databases and files can hold neither of them.
    if "\x00" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise InvalidRequest(
            f"'{name}' holds a character that is not text.", param=name, code="invalid_value"
        )
    return value


def choice(
    fields: Mapping[str, Any], name: str, options: Collection[str], *, any_other: bool = False
) -> str:
    """Return one of the options, in lower case; empty if the field is absent.

    Args:
        any_other: whether another text is let pass, as it came.
    """
    given = text(fields, name, 100).strip()
    value = given.lower()
    if value and value not in options:
        if any_other:
            return given
        raise InvalidRequest(
            f"'{name}' must be one of {', '.join(options)}.", param=name, code="invalid_value"
        )
    return value


def integer(fields: Mapping[str, Any], name: str, lowest: int, highest: int) -> int | None:
    """Return a whole number within these bounds, or None if the field is absent."""
    value = fields.get(name)
    if value is None or value == "":
        return None
    if (number := read_integer(value)) is None:
        raise InvalidRequest(f"'{name}' must be a whole number.", param=name, code="invalid_type")
    if not lowest <= number <= highest:
        raise InvalidRequest(
            f"'{name}' must be from {lowest} to {highest}.", param=name, code="invalid_value"
        )
    return number


def boolean(fields: Mapping[str, Any], name: str) -> bool:
    """Return whether the field is true; an absent one is not."""
    value = fields.get(name)
    if isinstance(value, str):
        value = {"true": True, "1": True, "false": False, "0": False, "": False}.get(value.lower())
    elif value is None:
        value = False
    if not isinstance(value, bool):
        raise InvalidRequest(f"'{name}' must be true or false.", param=name, code="invalid_type")
    return value
