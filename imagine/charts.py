"""Computes stacked columns, one for each day, to be drawn as SVG.

Heights are parts of 100, from the bottom; a column and the gap after it are 10 wide.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

STEP = 10
MOST_SERIES = 6
"""More names than these are drawn as one: nobody distinguishes more colours."""

Values = Mapping[tuple[date, str], Decimal]


@dataclass(frozen=True, slots=True)
class Part:
    """The part of a column that belongs to a name; `series` is its colour."""

    series: str
    label: str
    bottom: float
    height: float

    @property
    def y(self) -> float:
        """Where it begins in SVG, which counts from the top."""
        return round(100 - self.bottom - self.height, 3)


@dataclass(frozen=True, slots=True)
class Column:
    day: date
    x: int
    parts: Sequence[Part]


@dataclass(frozen=True, slots=True)
class Chart:
    columns: Sequence[Column]
    top: Decimal  # the value of the upper edge

    is_whole: bool = False  # its values are counts

    @property
    def width(self) -> int:
        return STEP * len(self.columns)

    @property
    def marks(self) -> list[str]:
        """The labels at the upper edge, half-way down and at the bottom."""
        middle = self.top / 2
        is_shown = not self.is_whole or middle == int(middle)
        return [_plain(self.top), _plain(middle) if is_shown else "", "0"]


def grouped(totals: Mapping[str, Decimal], rest: str) -> dict[str, str]:
    """Map each name to the one it is drawn under, largest first; small ones share the name
    `rest`."""
    ranked = sorted(totals, key=lambda name: (-totals[name], name))
    own = ranked if len(ranked) <= MOST_SERIES else ranked[: MOST_SERIES - 1]
    return {name: name if name in own else rest for name in ranked}


def stacked(
    values: Values,
    *,
    days: Sequence[date],
    names: Mapping[str, str],
    say: Callable[[Decimal], str] = str,
    is_whole: bool = False,
) -> Chart:
    """Return the columns of these days, each with the parts of these names from the bottom up.

    Args:
        values: by day and name; what is not there is nothing.
        names: and the series of each, in the order in which they are drawn.
        say: a value in words.
    """
    sums = [
        sum((values.get((day, name), Decimal(0)) for name in names), Decimal(0)) for day in days
    ]
    top = nice(max(sums, default=Decimal(0)))
    columns = []
    for number, day in enumerate(days):
        bottom, parts = Decimal(0), []
        for name, kind in names.items():
            if value := values.get((day, name)):
                height = 100 * value / top
                parts.append(
                    Part(kind, f"{name}: {say(value)}", _rounded(bottom), _rounded(height))
                )
                bottom += height
        columns.append(Column(day, STEP * number, parts))
    return Chart(columns, top, is_whole)


def nice(most: Decimal) -> Decimal:
    """Round up to a number with a single nonzero digit; 1 for nothing."""
    if most <= 0:
        return Decimal(1)
    power = Decimal(1).scaleb(most.adjusted())
    return next(step * power for step in (1, 2, 3, 4, 5, 6, 8, 10) if step * power >= most)


def _plain(value: Decimal) -> str:
    return f"{value.normalize():f}"


def _rounded(part: Decimal) -> float:
    return round(float(part), 3)
