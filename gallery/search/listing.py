"""One page of the pictures that meet some criteria: the same for pages and API.

The index answers with a set of candidates. Of few, the rows are read and sorted; of many, the
sort's own index is walked until the page is full. What the index cannot know is looked up in
the rows: pictures that changed since their segment was built, and words longer than its grams.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from django.core.cache import cache
from django.db.models import Q, QuerySet, Subquery, Sum
from pyroaring import BitMap64, FrozenBitMap64

from grok2api.runtime import snapshot
from grok2api.runtime.snapshot import remembered

from .. import statistics
from ..index.building import library_version
from ..index.criteria import Criteria
from ..index.kept import SetBySegment
from ..index.matching import Found, Index, count_of, ids_of
from ..index.postings import by_segment
from ..index.unmerged import Unmerged, read_unmerged
from ..models import Image
from . import walking
from .strata import FINE_ENOUGH, find_stretch

EXACT_UP_TO = 10_000
"""Pictures whose rows are asked, where the index cannot decide, to know exactly."""

CHECKED_AT_ONCE = 20_000

DEEP = 2_000
"""Pictures before a page of the whole library from which on the index finds it sooner."""

MANY = 5_000
"""Rows that would have to be sorted, from which on walking the order is quicker."""

FEW = 5_000
"""Pictures outside of the index that are named one by one."""


class PageNotFound(LookupError):
    """The page lies behind the last one, or before the first."""


@dataclass(frozen=True)
class Page:
    """Up to `page_size` pictures. Page 1 exists even when nothing is found."""

    ids: list[int]
    count: int
    count_exact: bool  # else `count` is an upper bound
    page: int
    page_size: int

    @property
    def total_pages(self) -> int:
        return max(1, -(-self.count // self.page_size))

    @property
    def next(self) -> int | None:
        return self.page + 1 if self.page < self.total_pages else None

    @property
    def previous(self) -> int | None:
        return self.page - 1 if self.page > 1 else None

    @cached_property
    def rows(self) -> list[Image]:
        """The pictures with their tags, in two queries."""
        return Image.objects.without_metadata().in_order_of(self.ids)


def find_page(criteria: Criteria, *, page: int = 1, page_size: int) -> Page:
    """Find a page of pictures.

    Raises:
        PageNotFound
    """
    start, size = (page - 1) * page_size, page_size
    if page < 1:
        raise PageNotFound(page)
    if criteria.trashed:
        trash = Image.objects.matching(criteria)
        count, exact = trash.order_by().count(), True
        ids = list(trash.values_list("pk", flat=True)[start : start + size])
    elif criteria.is_plain and start < DEEP:
        count, exact = statistics.total_count(), True
        ids = list(
            Image.objects.matching(criteria).values_list("pk", flat=True)[start : start + size]
        )
    else:
        found = find(criteria)
        count, exact = found.count, found.check is None
        if start >= count:
            ids = []
        elif exact:
            ids = _page_of(criteria, found, start, size)
        else:
            ids = walking.walk(criteria, found, find_stretch(criteria, found, 0, 1), start, size)
            if 0 < len(ids) < size:  # the walk came to the end
                count, exact = start + len(ids), True
    if not ids and page > 1:
        raise PageNotFound(page)
    return Page(ids=ids, count=count, count_exact=exact, page=page, page_size=size)


def _page_of(criteria: Criteria, found: Found, start: int, size: int) -> list[int]:
    """The ids at these places of the order, where nothing is left to be checked."""
    if found.count <= FINE_ENOUGH:
        return sorted_ids(criteria, found, slice(start, start + size))
    stretch = find_stretch(criteria, found, start, size)
    if stretch.count > MANY:
        return walking.walk(criteria, found, stretch, start, size)
    start -= stretch.skipped
    return sorted_ids(criteria, replace(found, sets=stretch.sets), slice(start, start + size))


@remembered
def find(criteria: Criteria) -> Found:
    """The pictures outside the trash that meet the criteria, but for `Found.check`.

    There is something left to be checked only where more than `EXACT_UP_TO` rows had to be asked.
    """
    present = _present()
    found = present.index.find(criteria)
    matching = set(present.unmerged.matching(criteria)) if present.unmerged else set()
    if present.unknown:
        matching.update(_passing(criteria, present.unknown))
    if present.gaps:
        rows = Image.objects.matching(replace(criteria, only=None)).filter(present.gaps).order_by()
        ids = rows.values_list("pk", flat=True)
        matching.update(ids if criteria.only is None else criteria.only & BitMap64(ids))
    found.correct(changed=present.changed, matching=matching)
    if found.check and count_of(found.unsure) <= EXACT_UP_TO:
        found.settle(_passing(found.check, ids_of(found.unsure)))
    return found


def find_each(many: Sequence[Criteria]) -> list[Found]:
    """As `find`, of several criteria in no more queries than of one, where the index is whole."""
    present = _present()
    if present.gaps or not present.index.numbers:
        return [find(criteria) for criteria in many]
    new = [criteria for criteria in many if not snapshot.knows(find, criteria)]
    present.index.read(set().union(*map(present.index.tokens, new)))  # each finds them kept
    each = {criteria: present.index.find(criteria) for criteria in new}
    ids, checks = set(present.unknown), []
    for found in each.values():
        found.correct(changed=present.changed, matching=())
        if found.check and count_of(found.unsure) <= EXACT_UP_TO:
            checks.append(found.check)
            ids.update(ids_of(found.unsure))
    met = Image.objects.meeting_each([*new, *checks], ids)
    for criteria, found in each.items():
        if found.check and count_of(found.unsure) <= EXACT_UP_TO:
            found.settle(met[found.check].intersection(ids_of(found.unsure)))
        unmerged = present.unmerged.matching(criteria) if present.unmerged else ()
        matching = met[criteria].intersection(present.unknown).union(unmerged)
        found.correct(changed={}, matching=matching)
        snapshot.note(find, criteria, result=found)
    return [each.get(criteria) or find(criteria) for criteria in many]


def count_each(many: Sequence[Criteria]) -> list[int]:
    """How many pictures meet each of the criteria, exactly."""
    searches = [one for one in many if not one.trashed and not one.is_plain]
    found = dict(zip(searches, find_each(searches), strict=True)) if searches else {}
    return [
        found[one].count if one in found and found[one].check is None else exact_count(one)
        for one in many
    ]


@dataclass(frozen=True, slots=True)
class _Present:
    """The index, and what it does not know."""

    index: Index
    changed: SetBySegment = field(default_factory=dict)
    unmerged: Unmerged | None = None  # the changed ones, unless their rows must be asked
    unknown: frozenset[int] = frozenset()  # ids whose rows must be asked
    gaps: Q | None = None  # where there are too many to be named


@remembered
def _present() -> _Present:
    index = Index()
    gaps = _gaps(index)
    if not index.numbers:
        return _Present(index, gaps=gaps)
    outside: list[int] = []
    if gaps:
        rows = Image.objects.filter(gaps).order_by().values_list("pk", flat=True)
        outside = list(rows[: FEW + 1])
        outside, gaps = (outside, None) if len(outside) <= FEW else ([], gaps)
    unmerged = read_unmerged(index.changes)
    if unmerged is None:
        unknown = frozenset([*outside, *index.changes])
        return _Present(index, by_segment(index.changes), None, unknown, gaps)
    unknown = frozenset(outside).difference(index.changes)
    return _Present(index, unmerged.sets, unmerged, unknown, gaps)


def builds() -> tuple[tuple[int, int], ...]:
    """(number, generation) of every segment that searches look at."""
    return _present().index.builds


def newest_id() -> int:
    """The id of the picture that was added last; 0 when there is none."""
    return _present().index.newest_id if snapshot.knows(_present) else Image.objects.newest_id()


def _gaps(index: Index) -> Q | None:
    gaps = Q()
    for first, last in index.gaps():
        gaps |= Q(pk__gte=first) if last is None else Q(pk__range=(first, last))
    return gaps or None


def sorted_ids(criteria: Criteria, found: Found, part: slice = slice(None)) -> list[int]:
    """The ids of found pictures of which nothing is left to be checked, in the criteria's order."""
    return Image.objects.sorted_ids(found.ids(), criteria.ordering)[part]


def _passing(check: Criteria, ids: Collection[int]) -> list[int]:
    if check.only is not None:
        ids, check = [pk for pk in ids if pk in check.only], replace(check, only=None)
    return Image.objects.matching(check).order_by().ids_among(ids)


def exact_count(criteria: Criteria) -> int:
    """How many pictures meet the criteria; a number that costs is kept until something changes."""
    if criteria.trashed:
        return Image.objects.matching(criteria).order_by().count()
    if criteria.is_plain:
        return statistics.total_count()
    found = find(criteria)
    if found.check is None:
        return found.count
    key = f"gallery-count-{library_version()}-{criteria.fingerprint}"
    known = cache.get(key)
    if known is None:
        known = len(checked_ids(find(criteria)))  # found anew: not older than its version
        cache.set(key, known, 3600)
    return int(known)


def checked_ids(found: Found) -> list[int]:
    """The ids of all found pictures whose rows pass the check; seconds for very many."""
    if found.check is None:
        return found.ids()
    sure = {number: bits & ~found.unsure.get(number, 0) for number, bits in found.sets.items()}
    unsure = ids_of(found.unsure)
    return ids_of(sure) + [
        pk
        for start in range(0, len(unsure), CHECKED_AT_ONCE)
        for pk in _passing(found.check, unsure[start : start + CHECKED_AT_ONCE])
    ]


def all_ids(criteria: Criteria) -> list[int]:
    """Ids of all pictures that meet the criteria, in no order."""
    if criteria.trashed or criteria.is_plain:
        return list(Image.objects.matching(criteria).order_by().values_list("pk", flat=True))
    return checked_ids(find(criteria))


def id_set(criteria: Criteria) -> BitMap64:
    """Ids of all pictures that meet the criteria. By the index, without reading rows, where that
    decides it: a million in a second."""
    if criteria.trashed:
        return BitMap64(all_ids(criteria))
    return BitMap64(checked_ids(find(criteria)))


def present(ids: FrozenBitMap64, *, trashed: bool) -> BitMap64:
    """Those of these pictures that are in the library by now, or in its trash."""
    return id_set(Criteria(only=ids, trashed=trashed))


def total_size(ids: Iterable[int]) -> int:
    """Bytes of these pictures' files."""
    chosen = list(ids)
    return sum(
        Image.objects.filter(pk__among=chosen[start : start + CHECKED_AT_ONCE]).aggregate(
            size=Sum("file_size", default=0)
        )["size"]
        for start in range(0, len(chosen), CHECKED_AT_ONCE)
    )


def size_of_many(ids: BitMap64) -> int:
    """As `total_size`, of pictures outside the trash: of most of them by those that are missing."""
    summary = statistics.summary()
    if len(ids) <= max(CHECKED_AT_ONCE, summary.total_count // 2):
        return total_size(ids)
    return summary.total_size - total_size(id_set(Criteria()) - ids)


def find_neighbours(criteria: Criteria, image: Image) -> tuple[int | None, int | None]:
    """Ids of the pictures before and after this one in the criteria's order.

    The picture need not meet the criteria itself: its place is where it would stand.
    """
    back = replace(criteria, descending=not criteria.descending)
    if criteria.trashed or criteria.is_plain:
        both = Image.objects.filter(pk=image.pk).values_list(
            Subquery(_behind(back, image)), Subquery(_behind(criteria, image))
        )
        return both.first() or (None, None)
    found = find(criteria)
    if found.check or found.count > EXACT_UP_TO:
        before = walking.first_behind(back, found, image)
        return before, walking.first_behind(criteria, found, image)
    rows = Image.objects.order_by(*criteria.ordering)
    ids = rows.ids_among(list({*found.ids(), image.pk}))  # in its place, also if it is not found
    framed = [None, *ids, None]
    place = ids.index(image.pk)
    return framed[place], framed[place + 2]


def _behind(criteria: Criteria, image: Image) -> "QuerySet[Image, Any]":
    """The id of the picture that comes next."""
    rows = Image.objects.matching(criteria).filter(walking.behind(criteria, image))
    return rows.values("pk")[:1]
