"""The page of recorded changes with their undo buttons; it works without a script."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.admin.views.decorators import staff_member_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from grok2api.integers import read_id

from .. import audit
from ..history import CannotContinue, RecordedChange
from ..jobs.undoing import NothingToUndo, UndoReport, undo_change

PAGE_SIZE = 50
STEP = 1000
"""Roughly how many pictures one request puts back."""
MOST_NAMED = 20
"""Pictures that a message names one by one."""


@dataclass(frozen=True, slots=True)
class Line:
    """A change as the page shows it. `way` is the change to undo: itself, or its undo."""

    change: Any
    by: str
    count: int
    undone: bool
    gone: bool  # nothing is left to be undone: its pictures are deleted
    way: int | None
    names: list[tuple[str, str]]  # a sign, and the name of a tag


@require_safe
@staff_member_required
def history(request: HttpRequest) -> HttpResponse:
    """List what this user has done in the last thirty days; a superuser sees all."""
    before = read_id(request.GET.get("before", ""))
    rows = RecordedChange.objects.visible_to(request.user).filter(undoes=None).whole()
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows.with_outcome().defer("facts")[: PAGE_SIZE + 1])
    lines = [_line(change, request.user) for change in found[:PAGE_SIZE]]
    older = lines[-1].change.pk if len(found) > PAGE_SIZE else None
    unfinished, step = (read_id(request.GET.get(name, "")) for name in ("unfinished", "change"))
    context = {
        "lines": lines, "older": older, "section": "history", "unfinished": unfinished, "step": step
    }  # fmt: skip
    return render(request, "gallery/history.html", context)


@require_POST
@staff_member_required
def history_undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Undo a change, or redo it by undoing its undo.

    A long one goes in steps: each offers the next, which continues with its `change`.
    """
    changes = RecordedChange.objects.visible_to(request.user)
    go_on_with = read_id(request.POST.get("change", ""))
    parts = changes.left_of(pk, limit=STEP, go_on_with=go_on_with)
    if not parts and not changes.filter(pk=pk).exists():
        raise Http404
    if not all(part.may_be_undone_by(request.user) for part in parts[:1]):
        raise PermissionDenied(_("Your account can view this but not change it."))
    try:
        done = undo_change(parts=parts, limit=STEP, go_on_with=go_on_with)
        _tell(request, done)
        if not done.finished:
            query = urlencode({"unfinished": pk, "change": done.change or 0})
            return redirect(f"{reverse('gallery:history')}?{query}")
    except NothingToUndo:
        messages.error(request, _("This change has been undone already."))
    except CannotContinue:
        messages.error(request, _("There is no such change to continue."))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect("gallery:history")


def _tell(request: HttpRequest, done: UndoReport) -> None:
    if done.done:
        text = ngettext(
            "Done: %(count)d picture was put back.", "Done: %(count)d pictures were put back.",
            done.done,
        )  # fmt: skip
        messages.success(request, text % {"count": done.done})
    elif done.tags:
        messages.success(request, _("Done: the tag was put back."))
    elif not done.failed:
        messages.warning(request, _("Nothing is left to undo: the pictures are deleted."))
    if done.failed:
        text = ngettext(
            "%(count)d picture was changed afterwards and was left as it is: %(ids)s",
            "%(count)d pictures were changed afterwards and were left as they are: %(ids)s",
            len(done.failed),
        )
        ids = ", ".join(str(image_id) for image_id, _reason in done.failed[:MOST_NAMED])
        more = "…" if len(done.failed) > MOST_NAMED else ""
        messages.warning(request, text % {"count": len(done.failed), "ids": ids + more})


def _line(change: Any, user: Any) -> Line:
    nothing_left = change.undone and not change.is_left
    undone = nothing_left and change.undone_by is not None
    gone = nothing_left and not undone
    may = change.may_be_undone_by(user)
    way = change.undone_by if nothing_left else change.pk
    detail = change.detail
    signs = (("+", "add"), ("−", "remove"), ("=", "tags"))
    names = [
        (sign, name if isinstance(name, str) else name[1])
        for sign, key in signs
        for name in detail.get(key, ())
    ]
    if "was" in detail:
        names = [("", detail["was"]), ("→", detail["now"])]
    if "into" in detail:
        names = [("", name) for _sign, name in names] + [("→", detail["into"])]
    elif change.action == "tag_deleted":
        names = [("", name) for _sign, name in names]
    count = change.count + change.further
    by = audit.shown(change.actor)
    return Line(change, by, count, undone, gone, way if may else None, names)
