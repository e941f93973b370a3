"""Shows the pictures per day, month or year, as bars that filter."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from django.http import QueryDict

from ..index.tokens import next_month

Unit = Literal["day", "month", "year"]

MOST_DAYS = 62
MOST_MONTHS = 48
MOST_LABELS = 31
BEGINNING: dict[Unit, int] = {"day": 10, "month": 7, "year": 4}
"""How many characters of an ISO date name its period."""
BAR = 100
"""The height of the highest bar, in units of the drawing."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One period: `height` of 0 to `BAR`, `query` the address that shows its pictures."""

    first: date
    last: date
    count: int
    height: int
    query: str
    chosen: bool

    @property
    def top(self) -> int:
        return BAR - self.height


@dataclass(frozen=True, slots=True)
class Axis:
    """The periods that are shown side by side.

    `dates` is what has to be counted for them: those ISO days (2026-11-25) or months (2026-11) in
    which the library has pictures at all.
    """

    unit: Unit
    periods: list[tuple[date, date]]  # first and last day of each
    dates: list[str]

    @property
    def first(self) -> date:
        return self.periods[0][0]

    @property
    def last(self) -> date:
        return self.periods[-1][1]

    @property
    def is_short(self) -> bool:
        """Whether every bar has room for a label."""
        return len(self.periods) <= MOST_LABELS


@dataclass(frozen=True, slots=True)
class Timeline:
    """Bars: without counts (None) they are yet to come, without `exact` they are upper bounds."""

    axis: Axis
    bars: list[Bar]
    is_counted: bool
    exact: bool

    @property
    def is_empty(self) -> bool:
        """Whether no period has any picture, so that the bars would say nothing."""
        return self.is_counted and not any(bar.count for bar in self.bars)


Dates = tuple[date | None, date | None]
"""First and last day that a filter asks for, inclusive."""


def axis_of(days: Collection[str], wanted: Dates) -> Axis | None:
    """Choose the periods to show; return None if the library has no picture.

    Args:
        days: the ISO dates on which it has some.
        wanted: a short period is shown by day, with the rest of its months around it; a long one
            by month or by year.
    """
    if not days:
        return None
    start, end = wanted
    first, last = date.fromisoformat(min(days)), date.fromisoformat(max(days))
    if start and end and start <= end and (end - start).days < MOST_DAYS:
        first, last = _period(start, "month")[0], _period(end, "month")[1]
    unit = _unit(first, last)
    length = BEGINNING["day" if unit == "day" else "month"]
    begin, finish = first.isoformat()[:length], last.isoformat()[:length]
    dates = sorted({day[:length] for day in days if begin <= day[:length] <= finish})
    return Axis(unit, list(_periods(first, last, unit)), dates)


def timeline(
    axis: Axis,
    counts: Mapping[str, int] | None,
    query: QueryDict,
    wanted: Dates,
    *,
    exact: bool = True,
) -> Timeline:
    """Build bars from counts by ISO date or month, each with the address that shows its
    pictures."""
    unit, (start, end) = axis.unit, wanted
    by_text: Counter[str] = Counter()  # a year of days is many dates to be made
    for name, count in (counts or {}).items():
        by_text[name[: BEGINNING[unit]]] += count
    sums = Counter(
        {
            _period(date.fromisoformat((text + "-01-01")[:10]), unit)[0]: count
            for text, count in by_text.items()
        }
    )
    address = _address(query)
    highest = max([sums[begin] for begin, _ in axis.periods] + [1])
    bars = [
        Bar(
            first=begin,
            last=finish,
            count=sums[begin],
            # A picture is seen beside ten thousand others, too.
            height=max(4, round(BAR * sums[begin] / highest)) if sums[begin] else 0,
            query=f"{address}start_date={begin}&end_date={finish}",
            chosen=bool((start or end) and (start or begin) <= begin and finish <= (end or finish)),
        )
        for begin, finish in axis.periods
    ]
    return Timeline(axis, bars, is_counted=counts is not None, exact=exact)


def _unit(first: date, last: date) -> Unit:
    if (last - first).days < MOST_DAYS:
        return "day"
    months = (last.year - first.year) * 12 + last.month - first.month + 1
    return "month" if months <= MOST_MONTHS else "year"


def _periods(first: date, last: date, unit: Unit) -> Iterator[tuple[date, date]]:
    while first <= last:
        begin, finish = _period(first, unit)
        yield begin, finish
        first = finish + timedelta(days=1)


def _period(day: date, unit: Unit) -> tuple[date, date]:
    """Return the first and last day of the period that contains the day."""
    if unit == "day":
        return day, day
    if unit == "month":
        return day.replace(day=1), next_month(day) - timedelta(days=1)
    return date(day.year, 1, 1), date(day.year, 12, 31)


def _address(query: QueryDict) -> str:
    """Return the address to which a period is appended."""
    kept = query.copy()
    for name in ("page", "image", "start_date", "end_date"):
        kept.pop(name, None)
    return f"?{kept.urlencode()}&" if kept else "?"
