"""How many pictures per day, month or year, as bars that filter."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from django.http import QueryDict

from ..search.tokens import next_month

Unit = Literal["day", "month", "year"]

MOST_DAYS = 62
MOST_MONTHS = 60
MOST_LABELS = 31
BEGINNING: dict[Unit, int] = {"day": 10, "month": 7, "year": 4}
"""How much of a date's ISO text names its period."""
BAR = 100
"""Height of the highest bar, in units of its picture."""


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
class Timeline:
    unit: Unit
    bars: list[Bar]

    @property
    def first(self) -> date:
        return self.bars[0].first

    @property
    def last(self) -> date:
        return self.bars[-1].last

    @property
    def is_short(self) -> bool:
        """Whether every bar has room for a label."""
        return len(self.bars) <= MOST_LABELS


def timeline(
    days: Mapping[str, int], query: QueryDict, *, start: date | None, end: date | None
) -> Timeline | None:
    """Bars for the library's pictures by local date; None where there are none to show.

    Args:
        days: pictures by ISO date.
        start, end: the dates that the filter asks for, inclusive. A short period is shown by
            day, with the rest of its months around it; a long one by month or by year.
    """
    filled = [day for day, count in days.items() if count > 0]
    if not filled:
        return None
    first, last = date.fromisoformat(min(filled)), date.fromisoformat(max(filled))
    if start and end and start <= end and (end - start).days < MOST_DAYS:
        first, last = _period(start, "month")[0], _period(end, "month")[1]
    unit = _unit(first, last)
    by_text: Counter[str] = Counter()  # a year of days is many dates to be made
    for day in filled:
        by_text[day[: BEGINNING[unit]]] += days[day]
    sums = Counter(
        {
            _period(date.fromisoformat((text + "-01-01")[:10]), unit)[0]: count
            for text, count in by_text.items()
        }
    )
    address = _address(query)
    periods = list(_periods(first, last, unit))
    highest = max([sums[begin] for begin, _ in periods] + [1])
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
        for begin, finish in periods
    ]
    return Timeline(unit, bars)


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
    """First and last day of the period that the day lies in."""
    if unit == "day":
        return day, day
    if unit == "month":
        return day.replace(day=1), next_month(day) - timedelta(days=1)
    return date(day.year, 1, 1), date(day.year, 12, 31)


def _address(query: QueryDict) -> str:
    """The address to which a period is to be appended."""
    kept = query.copy()
    for name in ("page", "image", "start_date", "end_date"):
        kept.pop(name, None)
    return f"?{kept.urlencode()}&" if kept else "?"
