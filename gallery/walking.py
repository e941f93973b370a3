"""Walking the index of the sort key: the way to a page when there are many candidates.

Only ids are read, in growing batches; the set of candidates says which of them count. Whole
months, days or classes of size that lie before the page are skipped by their counts.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Q

from .models import Image
from .search import tokens
from .search.criteria import Criteria, SortBy
from .search.matching import Found, Index, SetBySegment, by_segment
from .search.postings import SEGMENT, SEGMENT_BITS

DEEP = 2_000
"""Pictures before a page from which on skipping is worth reading the strata's sets."""

LARGEST_BATCH = 50_000

TAIL = 20
"""Last pictures of a batch, of which one must still be there to go on from."""


@dataclass(frozen=True, slots=True)
class Stratum:
    """Pictures whose sort key is from `start` on and below `end`."""

    token: str
    start: Any
    end: Any


def is_cheaper(count: int, wanted: int, total: int) -> bool:
    """Whether walking to the first `wanted` of `count` candidates beats reading all their rows.

    An id of the sort's index costs about a quarter of a row that is read and sorted.
    """
    return count > 1_000 and 4 * count * count > wanted * total


def walk(criteria: Criteria, found: Found, start: int, size: int) -> list[int]:
    """Ids of the candidates from place `start` on, at most `size`, in the criteria's order."""
    walker = _Walker(criteria, found)
    skipped = walker.skip(start) if start >= DEEP else 0
    hits: list[int] = []
    wanted = start + size - skipped
    for batches, ids in enumerate(walker.batches(wanted), 1):
        hits += walker.checked(ids)
        if len(hits) >= wanted:
            break
        if batches == 2 and not hits and not skipped:
            wanted -= walker.skip(start)  # they lie far behind: a model of former years
    return hits[wanted - size :][:size]


def first_behind(criteria: Criteria, found: Found, image: Image) -> int | None:
    """The candidate that comes next after this picture in the criteria's order."""
    walker = _Walker(criteria, found)
    walker.position = behind(criteria, image)
    for ids in walker.batches(1):
        if hits := walker.checked(ids):
            return hits[0]
    return None


def behind(criteria: Criteria, image: Image) -> Q:
    """Everything that comes after this picture. One range of the index on each database."""
    key, value = criteria.sort_by, getattr(image, criteria.sort_by)
    if criteria.descending:
        return Q(**{f"{key}__lte": value}) & ~Q(**{key: value, "pk__gte": image.pk})
    return Q(**{f"{key}__gte": value}) & ~Q(**{key: value, "pk__lte": image.pk})


class _Walker:
    def __init__(self, criteria: Criteria, found: Found) -> None:
        self.criteria = criteria
        self.found = found
        self.bits = {
            number: bits.to_bytes(SEGMENT // 8, "little") for number, bits in found.sets.items()
        }
        self.position = self._start()

    def _start(self) -> Q:
        """Where the criteria themselves begin."""
        criteria = self.criteria
        if criteria.sort_by == SortBy.CREATED_AT:
            bounds: tuple[Any, Any] = criteria.start, criteria.end
            before = "lt"
        else:
            bounds, before = (criteria.min_size, criteria.max_size), "lte"
        least, most = bounds
        if criteria.descending:
            return Q() if most is None else Q(**{f"{criteria.sort_by}__{before}": most})
        return Q() if least is None else Q(**{f"{criteria.sort_by}__gte": least})

    def batches(self, wanted: int) -> Iterator[list[int]]:
        """All ids from the position on, in order; the position moves along."""
        count = self.found.count
        every = max(count, self.found.index.pictures())
        size = min(LARGEST_BATCH, 6 * wanted * every // (5 * max(1, count)) + 50)
        rows = Image.objects.order_by(*self.criteria.ordering)
        while True:
            ids = list(rows.filter(self.position).values_list("pk", flat=True)[:size])
            if not ids:
                return
            position = self.position
            yield ids
            if self.position is position:
                tail = ids[-TAIL:]
                there = Image.objects.only(self.criteria.sort_by).in_bulk(tail)
                last = next((there[pk] for pk in reversed(tail) if pk in there), None)
                if last is None:
                    return
                self.position = behind(self.criteria, last)
            size = min(LARGEST_BATCH, 2 * size)

    def checked(self, ids: list[int]) -> list[int]:
        """Those of these ids that are candidates and pass the check, in their order."""
        bits = self.bits
        candidates = [
            pk
            for pk in ids
            if (data := bits.get(pk >> SEGMENT_BITS))
            and data[(pk & SEGMENT - 1) >> 3] >> (pk & 7) & 1
        ]
        if self.found.check is None or not candidates:
            return candidates
        rows = Image.objects.matching(self.found.check).order_by()
        passed = set(rows.ids_among(candidates))
        return [pk for pk in candidates if pk in passed]

    def skip(self, start: int) -> int:
        """Move the position behind strata that lie wholly before place `start`.

        Returns how many candidates are passed over. Where candidates are still to be checked
        only strata without any are skipped.
        """
        index = self.found.index
        extra = by_segment(self.found.extra)
        base = {number: bits & ~extra.get(number, 0) for number, bits in self.found.sets.items()}
        limit = 0 if self.found.check else max(0, start - len(self.found.extra))
        skipped, stratum = 0, None
        strata = self._strata(index)
        while strata:
            sets = index.read(each.token for each in strata)
            for stratum in strata:
                count = _common(base, sets[stratum.token])
                if count and skipped + count > limit:
                    break
                skipped += count
            else:
                return 0  # what is left comes from the rows alone
            strata = self._finer(stratum)
        if stratum is None:
            return 0
        if self.criteria.descending:
            ahead, rest = "gte", Q(**{f"{self.criteria.sort_by}__lt": stratum.end})
            edge = stratum.end
        else:
            ahead, rest = "lt", Q(**{f"{self.criteria.sort_by}__gte": stratum.start})
            edge = stratum.start
        ahead_of = {f"{self.criteria.sort_by}__{ahead}": edge}
        passed = Image.objects.filter(pk__among=self.found.extra, **ahead_of).count()
        if self.found.check and passed:
            return 0
        self.position = rest
        return skipped + passed

    def _strata(self, index: Index) -> list[Stratum]:
        if self.criteria.sort_by == SortBy.FILE_SIZE:
            strata = list(_size_strata(0, index.largest() + 1, tokens.COARSE))
        else:
            strata = list(_month_strata(index))
        return strata[::-1] if self.criteria.descending else strata

    def _finer(self, stratum: Stratum) -> list[Stratum]:
        """The days of a month, the finer classes of a class of size; nothing is finer than they."""
        if self.criteria.sort_by == SortBy.FILE_SIZE:
            is_fine = stratum.token == tokens.size_class(stratum.start, tokens.FINE)
            finer = [] if is_fine else _size_strata(stratum.start, stratum.end, tokens.FINE)
        else:
            is_fine = stratum.end - stratum.start < timedelta(days=2)
            finer = [] if is_fine else _day_strata(stratum.start.date(), stratum.end.date())
        return list(finer)[:: -1 if self.criteria.descending else 1]


def _common(one: SetBySegment, other: SetBySegment) -> int:
    return sum((bits & one.get(number, 0)).bit_count() for number, bits in other.items())


def _month_strata(index: Index) -> Iterator[Stratum]:
    first, last = index.days()
    while first and last and first <= last:
        first = first.replace(day=1)
        following = (first + timedelta(days=31)).replace(day=1)
        yield _stratum(tokens.month(first), first, following)
        first = following


def _day_strata(first: date, end: date) -> Iterator[Stratum]:
    while first < end:
        yield _stratum(tokens.day(first), first, first + timedelta(days=1))
        first += timedelta(days=1)


def _stratum(token: str, first: date, end: date) -> Stratum:
    return Stratum(token, tokens.midnight(first), tokens.midnight(end))


def _size_strata(size: int, below: int, digits: int) -> Iterator[Stratum]:
    while size < below:
        start, end = tokens.size_bounds(size, digits)
        yield Stratum(tokens.size_class(size, digits), start, end)
        size = end
