"""Emptying the trash, where a script does not do it in steps."""

from django.contrib import messages
from django.contrib.admin.views.decorators import staff_member_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from .. import removal
from ..models import Image


@require_http_methods(["GET", "HEAD", "POST"])
@staff_member_required
def empty_trash(request: HttpRequest) -> HttpResponse:
    """Ask, and then delete everything in the trash for good."""
    found = Image.objects.in_trash()
    if request.method != "POST":
        return render(
            request, "gallery/empty_trash.html", {"count": found.count(), "section": "trash"}
        )
    report = removal.delete_images(image_ids=list(found.values_list("pk", flat=True)))
    text = ngettext("%(count)d picture deleted.", "%(count)d pictures deleted.", report.done)
    messages.success(request, text % {"count": report.done})
    return redirect("gallery:trash")
