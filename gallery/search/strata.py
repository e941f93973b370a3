"""Parts of an order by the index alone: months and days, or classes of size, and their counts.

The index knows how many of the found pictures each month and each class of size holds. So what
stands before a page is passed over by counts, and only the rows of a few hundred are sorted.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice
from typing import Any

from django.utils import timezone

from ..index import tokens
from ..index.criteria import Criteria, SortBy
from ..index.kept import SetBySegment
from ..index.matching import Found, Index, count_of
from ..index.postings import by_segment

FINE_ENOUGH = 500
"""Candidates of one stratum that are sorted as they are."""

READ_FIRST = 4
"""Strata whose sets are read at once; then twice as many, and so on."""


@dataclass(frozen=True, slots=True)
class Stratum:
    """Pictures whose sort key is from `start` on and below `end`."""

    token: str
    start: Any
    end: Any


@dataclass(slots=True)
class Stretch:
    """A part of the order: the candidates in `sets`, from the stratum `first` on.

    `skipped` candidates stand before all of these but for those that came from the rows: the
    index does not know their place, so each of them is in every stretch.
    """

    sets: SetBySegment
    skipped: int = 0
    first: Stratum | None = None

    @property
    def count(self) -> int:
        return count_of(self.sets)


def find_stretch(criteria: Criteria, found: Found, start: int, size: int) -> Stretch:
    """The stretch in which the found pictures at the places from `start` on stand."""
    extra = by_segment(found.extra)
    base = {number: bits & ~extra.get(number, 0) for number, bits in found.sets.items()}
    stretch, taken, skippable = Stretch(extra), 0, start - len(found.extra)
    unvisited = [_with_sets(found.index, _coarse(criteria, found.index))]
    while unvisited and stretch.skipped + taken < start + size:
        stratum, members = next(unvisited[-1], (None, {}))
        if stratum is None:
            unvisited.pop()
            continue
        common = {number: bits & base.get(number, 0) for number, bits in members.items()}
        count = count_of(common)
        if not count or (not taken and stretch.skipped + count <= skippable):
            stretch.skipped += count
        elif count > FINE_ENOUGH and (finer := _finer(criteria, stratum)):
            unvisited.append(_with_sets(found.index, finer))
        else:
            taken += count
            stretch.first = stretch.first or stratum
            for number, bits in common.items():
                stretch.sets[number] = stretch.sets.get(number, 0) | bits
    if not unvisited and stretch.skipped + taken < count_of(base):
        return Stretch(found.sets)  # some stand in no stratum
    return stretch


def _with_sets(
    index: Index, strata: Iterable[Stratum]
) -> Iterator[tuple[Stratum | None, SetBySegment]]:
    strata, size = iter(strata), READ_FIRST
    while read := list(islice(strata, size)):
        sets = index.read(each.token for each in read)
        yield from ((each, sets[each.token]) for each in read)
        size *= 2


def _coarse(criteria: Criteria, index: Index) -> list[Stratum]:
    if criteria.sort_by == SortBy.FILE_SIZE:
        most = index.largest() if criteria.max_size is None else criteria.max_size
        strata = list(_sizes(criteria.min_size or 0, min(most, index.largest()) + 1, tokens.COARSE))
    else:
        kind = _kind(criteria)
        is_added = kind == tokens.ADDED
        start = criteria.added_start if is_added else criteria.start
        end = criteria.added_end if is_added else criteria.end
        first, last = index.days(kind)
        if first and last and start:
            first = max(first, timezone.localdate(start))
        if first and last and end:
            last = min(last, timezone.localdate(end))
        strata = list(_months(first, last, kind)) if first and last else []
    return strata[::-1] if criteria.descending else strata


def _kind(criteria: Criteria) -> str:
    return tokens.ADDED if criteria.sort_by == SortBy.ADDED_AT else tokens.CREATED


def _finer(criteria: Criteria, stratum: Stratum) -> list[Stratum]:
    """The days of a month, the finer classes of a class of size; nothing is finer than they."""
    if criteria.sort_by == SortBy.FILE_SIZE:
        is_fine = stratum.token == tokens.size_class(stratum.start, tokens.FINE)
        finer = [] if is_fine else list(_sizes(stratum.start, stratum.end, tokens.FINE))
    else:
        is_fine = stratum.end - stratum.start < timedelta(days=2)
        days = (stratum.start.date(), stratum.end.date())
        finer = [] if is_fine else list(_days(*days, _kind(criteria)))
    return finer[::-1] if criteria.descending else finer


def _months(first: date, last: date, kind: str) -> Iterator[Stratum]:
    while first <= last:
        first = first.replace(day=1)
        following = tokens.next_month(first)
        yield _stratum(tokens.month(first, kind), first, following)
        first = following


def _days(first: date, end: date, kind: str) -> Iterator[Stratum]:
    while first < end:
        yield _stratum(tokens.day(first, kind), first, first + timedelta(days=1))
        first += timedelta(days=1)


def _stratum(token: str, first: date, end: date) -> Stratum:
    return Stratum(token, tokens.midnight(first), tokens.midnight(end))


def _sizes(size: int, below: int, digits: int) -> Iterator[Stratum]:
    while size < below:
        start, end = tokens.size_bounds(size, digits)
        yield Stratum(tokens.size_class(size, digits), start, end)
        size = end
