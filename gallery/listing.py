"""One page of the pictures that meet some criteria: the same for pages and API."""

from dataclasses import dataclass
from functools import cached_property

from django.db.models import Q, Subquery

from .models import Image
from .search.criteria import Criteria


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
        return Image.objects.in_order_of(self.ids)


def find_page(criteria: Criteria, *, page: int = 1, page_size: int) -> Page:
    """Find a page of pictures.

    Raises:
        PageNotFound
    """
    found = Image.objects.matching(criteria)
    count = found.order_by().count()
    start = (page - 1) * page_size
    if page < 1 or (start >= count and page > 1):
        raise PageNotFound(page)
    ids = list(found.values_list("pk", flat=True)[start : start + page_size])
    return Page(ids=ids, count=count, count_exact=True, page=page, page_size=page_size)


def exact_count(criteria: Criteria) -> int:
    """How many pictures meet the criteria, however long it takes to count them."""
    return Image.objects.matching(criteria).order_by().count()


def find_neighbours(criteria: Criteria, image: Image) -> tuple[int | None, int | None]:
    """Ids of the pictures before and after this one in the criteria's order. One query.

    The picture need not meet the criteria itself: its place is where it would stand.
    """
    key = criteria.sort_by
    value = getattr(image, key)
    found = Image.objects.matching(criteria)
    # The first condition alone is what an index can walk from.
    above = found.filter(
        Q(**{f"{key}__gte": value}), Q(**{f"{key}__gt": value}) | Q(pk__gt=image.pk)
    ).order_by(key, "pk")
    below = found.filter(
        Q(**{f"{key}__lte": value}), Q(**{f"{key}__lt": value}) | Q(pk__lt=image.pk)
    ).order_by(f"-{key}", "-pk")
    both = Image.objects.filter(pk=image.pk).values_list(
        Subquery(above.values("pk")[:1]), Subquery(below.values("pk")[:1])
    )
    higher, lower = both.first() or (None, None)
    return (higher, lower) if criteria.descending else (lower, higher)
