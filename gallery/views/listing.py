"""The list of the library's pictures, and that of the trash."""

from typing import Any

from django.conf import settings
from django.contrib.admin.views.decorators import staff_member_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_safe

from grok2api.integers import read_id
from grok2api.runtime.snapshot import one_snapshot

from .. import statistics
from ..files import pictures
from ..models import Image
from ..search.filters import NOT_FILTERS
from ..search.listing import newest_id
from ..transfer import found_files
from . import chips
from .detail import show_detail
from .state import PAGE_SIZES, ListState, read_state, remember
from .timeline import axis_of, timeline


@require_safe
@gzip_page
@staff_member_required
def image_list(request: HttpRequest) -> HttpResponse:
    """Show the library under its filters; `?image=ID` shows one picture in front of it."""
    return _list(request, read_state(request), section="gallery")


@require_safe
@gzip_page
@staff_member_required
def trash(request: HttpRequest) -> HttpResponse:
    """Show the trash under the same filters."""
    return _list(request, read_state(request, trashed=True), section="trash")


@one_snapshot()
def _list(request: HttpRequest, state: ListState, *, section: str) -> HttpResponse:
    page = state.find_page()
    # A request by the page's own script replaces only the results.
    fragment = bool(getattr(request, "htmx", False))
    asked = None if fragment else read_id(request.GET.get("image"))
    ids = page.ids if asked is None or asked in page.ids else [*page.ids, asked]
    found = Image.objects.without_metadata().in_order_of(ids, whole=asked)
    images = {image.pk: image for image in found}
    context: dict[str, Any] = {
        "section": section,
        "state": state,
        "page": page,
        "images": [images[pk] for pk in page.ids if pk in images],
        "page_sizes": sorted({*PAGE_SIZES, state.page_size}),
        "summary": statistics.summary(top_tags=3),
        "chips": (filters := chips.chips(state.query, stored_search=state.search)),
        "facets_late": bool(filters) or section == "trash",
        "image_query": _image_query(state),
        "reset_query": chips.reset_query(state.query),
        "api_url": reverse("api:image-list").removesuffix("images/"),
        "largest_file": pictures.MAX_BYTES,
        "accepted_files": ",".join(found_files.ACCEPTED),
        "not_filters": " ".join(NOT_FILTERS),
        "trash_days": settings.GALLERY_TRASH_DAYS,
    }
    if section == "gallery" and (page.count or any(state.dates)):
        days = context["summary"].days
        if axis := axis_of(days, state.dates):
            # The counts under other filters are fetched when the page has loaded.
            dated_alone = all(chip.name in ("start_date", "end_date") for chip in filters)
            counts = days if dated_alone else None
            context["timeline"] = timeline(axis, counts, state.query, state.dates)
    if fragment:
        response = render(request, "gallery/_gallery.html", context)
    else:
        if asked in images:
            context["detail"] = show_detail(images[asked], state, page_ids=page.ids)
        elif request.GET.get("image"):
            context["missing"] = request.GET["image"]
        context["newest_id"] = newest_id()
        response = render(request, "gallery/image_list.html", context)
    patch_vary_headers(response, ["HX-Request"])
    remember(response, state)
    return response


def _image_query(state: ListState) -> str:
    """Return the list's query with an `image` whose id is to be appended."""
    query = state.query.copy()
    query.pop("image", None)
    return f"?{query.urlencode()}{'&' if query else ''}image="
