"""Walking the index of the sort key: the way to a page where strata are too coarse or hits rare.

Only ids are read, in growing batches; the set of candidates says which of them count.
"""

from collections.abc import Iterator
from typing import Any

from django.db.models import Q

from ..index.criteria import Criteria, SortBy
from ..index.matching import Found
from ..index.postings import SEGMENT, SEGMENT_BITS
from ..models import Image
from .strata import Stretch

LARGEST_BATCH = 50_000

TAIL = 20
"""Last pictures of a batch of which one is looked for, to go on from; then those before them."""


def walk(criteria: Criteria, found: Found, stretch: Stretch, start: int, size: int) -> list[int]:
    """Ids of the candidates from place `start` on, at most `size`, in the criteria's order.

    It begins at the stretch: before that stands nothing that must be looked at.
    """
    walker = _Walker(criteria, found)
    wanted = start + size - walker.skip_to(stretch, start)
    hits: list[int] = []
    for ids in walker.batches(wanted):
        hits += walker.checked(ids)
        if len(hits) >= wanted:
            break
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
        bounds: tuple[Any, Any]
        before = "lt"
        if criteria.sort_by == SortBy.CREATED_AT:
            bounds = criteria.start, criteria.end
        elif criteria.sort_by == SortBy.ADDED_AT:
            bounds = criteria.added_start, criteria.added_end
        else:
            bounds, before = (criteria.min_size, criteria.max_size), "lte"
        least, most = bounds
        if criteria.descending:
            return Q() if most is None else Q(**{f"{criteria.sort_by}__{before}": most})
        return Q() if least is None else Q(**{f"{criteria.sort_by}__gte": least})

    def skip_to(self, stretch: Stretch, start: int) -> int:
        """Move the position to the stretch, if the page that begins at `start` lies behind there.

        Returns how many candidates are passed over.
        """
        if stretch.first is None:
            return 0
        key, first = self.criteria.sort_by, stretch.first
        if self.criteria.descending:
            ahead, rest = Q(**{f"{key}__gte": first.end}), Q(**{f"{key}__lt": first.end})
        else:
            ahead, rest = Q(**{f"{key}__lt": first.start}), Q(**{f"{key}__gte": first.start})
        passed = Image.objects.filter(ahead, pk__among=self.found.extra).count()
        if stretch.skipped + passed > start or (passed and self.found.check):
            return 0  # they may be on the page, or are not known to count
        self.position &= rest
        return stretch.skipped + passed

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
            yield ids
            self._move_behind(ids)
            size = min(LARGEST_BATCH, 2 * size)

    def _move_behind(self, ids: list[int]) -> None:
        """Move the position behind the last of these pictures that has not been deleted since.

        Where all of them have been, what comes next is found from where they began.
        """
        rows = Image.objects.only(self.criteria.sort_by)
        for end in range(len(ids), 0, -TAIL):
            tail = ids[max(0, end - TAIL) : end]
            there = rows.in_bulk(tail)
            for pk in reversed(tail):
                if pk in there:
                    self.position = behind(self.criteria, there[pk])
                    return

    def checked(self, ids: list[int]) -> list[int]:
        """Those of these ids that are candidates and pass the check, in their order."""
        bits = self.bits
        candidates = [
            pk
            for pk in ids
            if (data := bits.get(pk >> SEGMENT_BITS))
            and data[(pk & SEGMENT - 1) >> 3] >> (pk & 7) & 1
        ]
        if self.found.check is None:
            return candidates
        unsure = [pk for pk in candidates if self._is_unsure(pk)]
        rows = Image.objects.matching(self.found.check).order_by()
        failed = set(unsure).difference(rows.ids_among(unsure)) if unsure else set()
        return [pk for pk in candidates if pk not in failed]

    def _is_unsure(self, pk: int) -> bool:
        return bool(self.found.unsure.get(pk >> SEGMENT_BITS, 0) >> (pk & SEGMENT - 1) & 1)
