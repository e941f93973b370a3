"""Builds a chip for each active filter, with the address that drops it."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.http import QueryDict
from django.utils.dateparse import parse_date
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from ..jobs.tagging import split_names
from ..search.filters import NOT_FILTERS

PLACE = ("page", "image")
"""Parameters that say where in a list one is, and mean nothing in another."""


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter: its name, its value, and the query (with `?`) without it."""

    name: str
    label: str
    value: str
    without: str


def chips(query: QueryDict, *, stored_search: str = "") -> list[Chip]:
    """Return the filters of the query.

    Args:
        stored_search: the text that `q` stands for.
    """
    stored = [Chip("q", _("Search"), stored_search, _without(query, "q"))] if query.get("q") else []
    return [*stored, *_chips(query)]


def reset_query(query: QueryDict) -> str:
    """Return the query without any filter, with `?`."""
    kept = QueryDict(mutable=True)
    for name in NOT_FILTERS:
        if name not in PLACE and (value := query.get(name)):
            kept[name] = value
    return f"?{kept.urlencode()}"


def _chips(query: QueryDict) -> Iterator[Chip]:
    if query.get("selection", ""):
        yield Chip("selection", "", _("Selected pictures"), _without(query, "selection"))
    if text := query.get("search", "").strip():
        yield Chip("search", _("Search"), text, _without(query, "search"))
    for name, label in (("model", _("Model")), ("aspect_ratio", _("Aspect ratio"))):
        for value in filter(None, query.getlist(name)):
            yield Chip(name, label, value, _without(query, name, value))
    yield from _tag_chips(query)
    if value := query.get("favorite", ""):
        label = _("Favourites") if value == "true" else _("No favourites")
        yield Chip("favorite", "", label, _without(query, "favorite"))
    for name, label in (
        ("start_date", pgettext("date", "From")),
        ("end_date", pgettext("date", "To")),
        ("added_after", _("Added from")),
        ("added_before", _("Added before")),
    ):
        if value := query.get(name, ""):
            yield Chip(name, label, _date(value), _without(query, name))


def _tag_chips(query: QueryDict) -> Iterator[Chip]:
    names = split_names(query.get("tags", ""))
    label = {
        "any": pgettext("one of several tags", "Tag, or"),
        "none": pgettext("tag to leave out", "Without tag"),
    }.get(query.get("tags_match", ""), _("Tag"))
    for name in names:
        rest = query.copy()
        rest["tags"] = ",".join(other for other in names if other != name)
        yield Chip("tags", label, name, _without(rest, "" if rest["tags"] else "tags"))


def _without(query: QueryDict, name: str, value: str | None = None) -> str:
    rest = query.copy()
    for dropped in PLACE:
        rest.pop(dropped, None)
    kept = [other for other in rest.getlist(name) if value is not None and other != value]
    rest.pop(name, None)
    if kept:
        rest.setlist(name, kept)
    if name == "tags":
        rest.pop("tags_match", None)
    return f"?{rest.urlencode()}"


def _date(value: str) -> str:
    try:
        day = parse_date(value)
    except ValueError:
        return value
    return date_format(day, "DATE_FORMAT") if day else value
