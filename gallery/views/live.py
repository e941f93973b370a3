"""Answers the requests that an open page makes by itself."""

from django.contrib.admin.views.decorators import staff_member_required
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_safe

from grok2api.integers import read_id
from grok2api.runtime.snapshot import one_snapshot

from .. import statistics as counters
from ..index.criteria import Criteria
from ..models import Image
from ..search.facets import IndexIncomplete, count_dates
from ..search.filters import ImageFilter
from ..search.listing import all_ids, count_each, exact_count, total_size
from ..search.suggestions import did_you_mean, words_alone
from . import chips
from .state import MAX_PAGE_SIZE, read_state
from .timeline import axis_of, timeline

MOST_SUGGESTIONS = 4


@require_safe
@staff_member_required
@one_snapshot()
def statistics(request: HttpRequest) -> HttpResponse:
    """Show the statistic cards; with `after=ID` also how many pictures were added after that one.

    With `ids` (separated by commas) it says which of these are favourites, and which are gone.
    """
    seen = max(_ids(request.GET.get("after", "")), default=0)
    newest = Image.objects.newest_id()
    arrived = Image.objects.in_library().filter(pk__gt=seen).count() if newest > seen else 0
    context = {
        "summary": counters.summary(top_tags=3),
        "newest_id": newest,
        "arrived": arrived,
    }
    if asked := _ids(request.GET.get("ids", ""))[:MAX_PAGE_SIZE]:
        rows = Image.objects.in_library().filter(pk__in=asked)
        marks = dict(rows.order_by().values_list("pk", "favorite"))
        context["gone"] = [pk for pk in asked if pk not in marks]
        context["favorites"] = [pk for pk in asked if marks.get(pk)]
    response = render(request, "gallery/_statistics.html", context)
    response["Cache-Control"] = "no-store"
    return response


def _ids(text: str) -> list[int]:
    return [found for part in text.split(",") if (found := read_id(part)) is not None]


@require_safe
@staff_member_required
@one_snapshot()
def count(request: HttpRequest) -> HttpResponse:
    """Count the matches of the query's filters exactly, if the list had an upper bound."""
    state = read_state(request)
    found = 0 if state.criteria is None else exact_count(state.criteria)
    return render(request, "gallery/_count.html", {"count": found})


@require_safe
@staff_member_required
@one_snapshot()
def periods(request: HttpRequest) -> HttpResponse:
    """Show the timeline under the query's filters, if the list has only its axis."""
    state = read_state(request)
    axis = axis_of(counters.day_counts(), state.dates)
    if state.criteria is None or axis is None:
        return HttpResponse(status=204)
    try:
        found = count_dates(state.filters.undated, axis.dates)
    except IndexIncomplete:
        return HttpResponse(status=204)  # the axis stays as it is
    bars = timeline(axis, found.counts, state.query, state.dates, exact=found.exact)
    return render(request, "gallery/_timeline.html", {"timeline": bars})


@require_safe
@staff_member_required
@one_snapshot()
def selection(request: HttpRequest) -> JsonResponse:
    """Return everything that the query's filters match: `{count, bytes}`, with `ids` also the ids.

    The ids are those of this moment, so that later pictures are not affected by an action that
    takes long.
    """
    state = read_state(request, trashed=request.GET.get("trash") == "only")
    if state.criteria is None:
        return JsonResponse({"errors": state.filters.form.errors}, status=400)
    ids = all_ids(state.criteria)
    if "ids" in request.GET:
        return JsonResponse({"ids": ids})
    return JsonResponse({"count": len(ids), "bytes": total_size(ids)})


@require_safe
@staff_member_required
@one_snapshot()
def suggestions(request: HttpRequest) -> HttpResponse:
    """Return how many pictures there would be without each filter, if nothing was found."""
    trashed = request.GET.get("trash") == "only"
    state = read_state(request, trashed=trashed)
    search = request.GET.get("search", "")
    asks_words = bool(state.criteria) and not trashed
    without: list[tuple[chips.Chip, Criteria]] = []
    for chip in chips.chips(state.query)[:MOST_SUGGESTIONS]:
        wanted = QueryDict(chip.without.removeprefix("?"), mutable=True)
        if trashed:
            wanted["trash"] = "only"
        filters = ImageFilter(wanted, Image.objects.all())
        if filters.is_valid():
            without.append((chip, filters.criteria))
    # Each word alone is counted in the same pass; `did_you_mean` reuses these counts.
    words = words_alone(search) if asks_words else []
    counts = count_each([*(criteria for _, criteria in without), *words])
    found = [(chip, count) for (chip, _), count in zip(without, counts, strict=False) if count]
    meant = did_you_mean(search) if asks_words else None
    query = request.GET.copy()
    query["search"] = meant or ""
    return render(
        request,
        "gallery/_suggestions.html",
        {"suggestions": found, "meant": meant, "meant_query": f"?{query.urlencode()}"},
    )
