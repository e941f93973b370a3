"""Empties the trash without a script, which would do it in steps."""

from typing import Any

from django.contrib import messages
from django.contrib.admin.views.decorators import staff_member_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from grok2api.integers import read_integer

from ..jobs import removal
from ..search.selection import NumberChanged, put_together, read_selection


@require_http_methods(["GET", "HEAD", "POST"])
@staff_member_required
def empty_trash(request: HttpRequest) -> HttpResponse:
    """Ask, then permanently delete what was in the trash when it was asked, and nothing else."""
    if request.method != "POST":
        return _ask(request)
    wanted: dict[str, Any] = {"selection": request.POST.get("selection", "")}
    if (count := read_integer(request.POST.get("count"))) is not None:
        wanted["count"] = count
    try:
        ids = read_selection(wanted).ids
    except (NumberChanged, ValidationError):
        messages.warning(request, _("The trash has changed meanwhile. Nothing was deleted."))
        return _ask(request)
    report = removal.delete_images(image_ids=ids)
    text = ngettext("%(count)d picture deleted.", "%(count)d pictures deleted.", report.done)
    messages.success(request, text % {"count": report.done})
    return redirect("gallery:trash")


def _ask(request: HttpRequest) -> HttpResponse:
    kept = put_together({"filter": {"trash": "only"}})
    context = {"count": kept.count, "selection": kept.chosen.token, "section": "trash"}
    return render(request, "gallery/empty_trash.html", context)
