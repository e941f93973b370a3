"""Reads and checks files of prices line by line; `docs/prices.md` explains their columns."""

import csv
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path

from .book import (
    PER_PICTURE,
    PER_TOKEN,
    PICTURE,
    QUALITIES,
    RESOLUTIONS,
    TOKENS_PER_PICTURE,
    Book,
    Tariff,
)

SHIPPED = Path(__file__).with_name("prices.csv")
COLUMNS = ("model", "valid_from", "unit", "quality", "resolution", "amount", "source")
UNITS = (*PER_PICTURE, *PER_TOKEN, TOKENS_PER_PICTURE)

DEAREST = Decimal(10_000)
"""US dollars of a picture or a million tokens; a higher price is a typing error."""

MOST_TOKENS = Decimal(10_000_000)

DECIMALS = {**dict.fromkeys(PER_PICTURE, 10), **dict.fromkeys(PER_TOKEN, 4), TOKENS_PER_PICTURE: 0}
"""Decimals by unit, so that every cost is a whole number of ticks."""

Line = Mapping[str, str]
Found = dict[tuple[str, date], tuple[int, Tariff]]


class WrongPrices(ValueError):
    """A file of prices is unusable; the message names the file and the line."""


class _WrongLine(ValueError):
    def __init__(self, number: int, reason: str) -> None:
        super().__init__(f"line {number}: {reason}")


def read_book(own: Path | None = None) -> Book:
    """Return the prices that ship, preceded by those of one's own file.

    Raises:
        WrongPrices
    """
    tariffs = read_tariffs(SHIPPED)
    return Book([*tariffs, *read_tariffs(own, is_own=True)] if own else tariffs)


def read_tariffs(path: Path, *, is_own: bool = False) -> list[Tariff]:
    """Return the tariffs of one file.

    Raises:
        WrongPrices: of the first line that is wrong.
    """
    try:
        found = _read(path.read_text(encoding="utf-8-sig"), is_own)
    except OSError as error:
        raise WrongPrices(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise WrongPrices(f"{path} cannot be read: it is not UTF-8 text.") from None
    except _WrongLine as error:
        raise WrongPrices(f"{path}, {error}") from None
    return [tariff for _, tariff in found.values()]


def _read(text: str, is_own: bool) -> Found:
    found: Found = {}
    for number, line in _lines(text):
        models = " ".join(line["model"].lower().split())
        day = _day(number, line["valid_from"])
        _, tariff = found.setdefault(
            (models, day), (number, Tariff(tuple(models.split()), day, is_own))
        )
        unit, amount = _choice(number, line, "unit", UNITS), _amount(number, line)
        is_priced_so = unit in PER_PICTURE
        if tariff.lines and tariff.is_per_picture != is_priced_so:
            raise _WrongLine(number, f"{models} is priced per picture and per token; keep one.")
        place = (
            unit,
            _choice(number, line, "quality", ("", *QUALITIES)),
            _choice(number, line, "resolution", ("", *RESOLUTIONS)),
        )
        if any(place[1:]) and unit not in (*PER_PICTURE[:2], TOKENS_PER_PICTURE):
            raise _WrongLine(number, f"{unit} has neither quality nor resolution.")
        if place in tariff.lines:
            raise _WrongLine(number, f"the same of {models} is said above.")
        tariff.lines[place] = amount
    for number, tariff in found.values():
        needed = (PICTURE,) if tariff.is_per_picture else ("text_in", "image_out")
        for unit in needed:
            if not any(line[0] == unit for line in tariff.lines):
                models = " ".join(tariff.patterns)
                raise _WrongLine(number, f"the price of {models} lacks a line of the unit {unit}.")
    return found


def _lines(text: str) -> Iterator[tuple[int, Line]]:
    """Yield number and fields of each line; an empty model or source repeats the line above."""
    rows = enumerate(text.splitlines(), 1)
    written = ((number, row) for number, row in rows if row.strip() and not row.startswith("#"))
    number, row = next(written, (1, ""))
    if _fields(number, row) != [*COLUMNS]:
        raise _WrongLine(number, f"the first one must be {','.join(COLUMNS)}.")
    above = {"model": "", "valid_from": "", "source": ""}
    for number, row in written:
        fields = _fields(number, row)
        if len(fields) != len(COLUMNS):
            raise _WrongLine(number, f"it has {len(fields)} fields instead of {len(COLUMNS)}.")
        line = dict(zip(COLUMNS, fields, strict=True))
        if not line["model"]:
            if line["valid_from"]:
                raise _WrongLine(number, "it has a date and no model.")
            line |= {name: above[name] for name in ("model", "valid_from")}
        line["source"] = line["source"] or above["source"]
        for name in ("model", "source"):
            if not line[name]:
                raise _WrongLine(number, f"it has no {name}.")
        above = line
        yield number, line


def _fields(number: int, row: str) -> list[str]:
    try:
        return [value.strip() for value in next(csv.reader([row], strict=True), [])]
    except csv.Error as error:
        raise _WrongLine(number, f"it is not CSV: {error}.") from None


def _choice(number: int, line: Line, name: str, options: tuple[str, ...]) -> str:
    value = line[name].lower()
    if value not in options:
        named = ", ".join(filter(None, options))
        raise _WrongLine(number, f"the {name} must be one of {named}, not {line[name]!r}.")
    return value


def _day(number: int, value: str) -> date:
    try:
        return date.fromisoformat(value) if value else date.min
    except ValueError:
        raise _WrongLine(
            number, f"valid_from must be a day such as 2026-11-02, not {value!r}."
        ) from None


def _amount(number: int, line: Line) -> Decimal:
    value, unit = line["amount"], line["unit"].lower()
    try:
        amount = Decimal(value)
    except InvalidOperation:
        amount = Decimal("NaN")
    most = MOST_TOKENS if unit == TOKENS_PER_PICTURE else DEAREST
    if not (amount.is_finite() and 0 <= amount <= most):
        raise _WrongLine(number, f"the amount must be from 0 to {most}, not {value!r}.")
    if amount != round(amount, DECIMALS[unit]):
        raise _WrongLine(
            number, f"the amount {value} has more than {DECIMALS[unit]} digits after the point."
        )
    return amount
