"""Reads a gallery address once: filters, page, view."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Literal

from django.conf import settings
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.dateparse import parse_date

from grok2api.integers import read_integer

from ..index.criteria import Criteria, SortBy
from ..models import Image
from ..search.filters import ImageFilter
from ..search.listing import Page, PageNotFound, exact_count, find_page
from .timeline import Dates

View = Literal["grid", "list"]

PAGE_SIZES = (20, 50, 100, 200)
MAX_PAGE_SIZE = 200
REMEMBERED = {"view": "gallery_view", "page_size": "gallery_page_size"}
"""Choices that outlive their address: the parameter, and its cookie."""
YEAR = 365 * 24 * 60 * 60


@dataclass(frozen=True)
class ListState:
    """The state of a list page. `query` is the address's, with nothing added."""

    query: QueryDict
    filters: ImageFilter
    view: View
    number: int  # of the page, as asked
    page_size: int

    @cached_property
    def criteria(self) -> Criteria | None:
        """The criteria; None if a filter is invalid, and `filters.form.errors` says which."""
        return self.filters.criteria if self.filters.is_valid() else None

    @cached_property
    def search(self) -> str:
        """The text of the search box, including that of a stored search."""
        stored = ""
        if (name := self.query.get("q")) and not self.filters.form.errors.get("q"):
            stored = self.filters.form.cleaned_data.get("q") or name
        return (
            f"{stored} {self.query.get('search', '')}".strip()
            if stored
            else (self.query.get("search", ""))
        )

    @property
    def sort_by(self) -> str:
        """The order of the list, given or default."""
        return str(self.filters.data.get("sort_by") or SortBy.CREATED_AT)

    @property
    def dates(self) -> Dates:
        """The first and last local day of the filter; None where it names none."""
        if self.criteria is None:
            return None, None
        return _date(self.query.get("start_date")), _date(self.query.get("end_date"))

    def find_page(self) -> Page:
        """Find the requested page, or the last one if there are fewer by now."""
        if self.criteria is None:
            return Page(ids=[], count=0, count_exact=True, page=1, page_size=self.page_size)
        try:
            return find_page(self.criteria, page=self.number, page_size=self.page_size)
        except PageNotFound:
            last = max(1, -(-exact_count(self.criteria) // self.page_size))
            return find_page(self.criteria, page=last, page_size=self.page_size)


def read_state(request: HttpRequest, *, trashed: bool = False) -> ListState:
    """Read the address, ignoring an invalid page number or size."""
    query = request.GET.copy()
    query.pop("trash", None)
    wanted = query.copy()
    if trashed:
        wanted["trash"] = "only"
        # The trash shows the latest arrivals first, and what is deleted next last.
        if not wanted.get("sort_by"):
            wanted["sort_by"] = SortBy.TRASHED_AT
    view = query.get("view") or request.COOKIES.get(REMEMBERED["view"])
    size = (
        _number(query.get("page_size"))
        or _number(request.COOKIES.get(REMEMBERED["page_size"]))
        or settings.GALLERY_PAGE_SIZE
    )
    return ListState(
        query=query,
        filters=ImageFilter(wanted, Image.objects.all()),
        view="list" if view == "list" else "grid",
        number=_number(query.get("page")) or 1,
        page_size=min(size, MAX_PAGE_SIZE),
    )


def remember(response: HttpResponse, state: ListState) -> None:
    """Store the choices that the address names, for addresses that do not."""
    for parameter, cookie in REMEMBERED.items():
        if state.query.get(parameter):
            value = state.view if parameter == "view" else str(state.page_size)
            response.set_cookie(cookie, value, max_age=YEAR, samesite="Lax", httponly=True)


def _date(value: str | None) -> date | None:
    try:
        return parse_date(value or "")
    except ValueError:
        return None


def _number(text: str | None) -> int:
    """Read a whole number from 1 to a billion, or return 0."""
    return read_integer(text, least=1, most=10**9) or 0
