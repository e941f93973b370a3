"""Shows one picture and what can be done with it, with and without a script."""

from django.contrib import messages
from django.contrib.admin.views.decorators import staff_member_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from grok2api.runtime.snapshot import one_snapshot

from ..jobs import marking, removal, tagging
from ..models import Image
from ..search.filter_fields import TextField
from ..soundness import MAX_PROMPT_LENGTH
from .detail import show_detail
from .state import read_state


@require_safe
@staff_member_required
@one_snapshot()
def image_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the picture as a fragment for the dialog, with neighbours from the query's list."""
    trashed = request.GET.get("trash") == "only"
    if not getattr(request, "htmx", False):
        place = reverse("gallery:trash" if trashed else "gallery:image_list")
        return redirect(f"{place}?image={pk}")
    state = read_state(request, trashed=trashed)
    image = get_object_or_404(Image.objects.with_tags(), pk=pk)
    context = {
        "detail": show_detail(image, state, page_ids=[]),
        "section": "trash" if trashed else "gallery",
    }
    return render(request, "gallery/_detail.html", context)


@require_POST
@staff_member_required
def image_tags(request: HttpRequest, pk: int) -> HttpResponse:
    """Add the names in `add` (separated by commas) and remove those in `remove`."""
    names = tagging.split_names(request.POST.get("add", ""))
    gone = request.POST.getlist("remove")
    own_script = bool(getattr(request, "htmx", False))
    try:
        _found(pk, tagging.change_tags(image_ids=[pk], add=names, remove=gone).done)
    except ValidationError as error:
        if own_script:
            return HttpResponse(" ".join(error.messages), status=400, content_type="text/plain")
        for message in error.messages:
            messages.error(request, message)
    if own_script:
        image = Image(pk=pk)  # it is there; of its row the tags need no more
        return render(request, "gallery/_tags.html", {"image": image})
    return redirect(next_address(request, pk))


@require_POST
@staff_member_required
def image_prompt(request: HttpRequest, pk: int) -> HttpResponse:
    """Set the picture's prompt."""
    own_script = bool(getattr(request, "htmx", False))
    field = TextField(required=False, max_length=MAX_PROMPT_LENGTH)
    try:
        prompt = field.clean(request.POST.get("prompt", "").replace("\r\n", "\n"))
        _found(pk, marking.edit_image(image_id=pk, prompt=prompt))
    except ValidationError as error:
        if own_script:
            return HttpResponse(" ".join(error.messages), status=400, content_type="text/plain")
        for message in error.messages:
            messages.error(request, message)
    return HttpResponse(status=204) if own_script else redirect(next_address(request, pk))


@require_POST
@staff_member_required
def image_favorite(request: HttpRequest, pk: int) -> HttpResponse:
    """Mark the picture as favourite, or remove the mark with `favorite=false`."""
    favorite = request.POST.get("favorite") != "false"
    _found(pk, marking.mark_images(image_ids=[pk], favorite=favorite).done)
    return redirect(next_address(request, pk))


@require_POST
@staff_member_required
def image_sensitive(request: HttpRequest, pk: int) -> HttpResponse:
    """Mark the picture as sensitive, or remove the mark with `nsfw=false`."""
    nsfw = request.POST.get("nsfw") != "false"
    _found(pk, marking.mark_images(image_ids=[pk], nsfw=nsfw).done)
    return redirect(next_address(request, pk))


@require_http_methods(["GET", "HEAD", "POST"])
@staff_member_required
def image_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then move to the trash or, with `how=forever`, delete row and files."""
    if request.method != "POST":
        image = get_object_or_404(Image, pk=pk)
        context = {"image": image, "next": next_address(request, pk), "section": "gallery"}
        return render(request, "gallery/image_delete.html", context)
    if request.POST.get("how") == "forever":
        _found(pk, removal.delete_images(image_ids=[pk]).done)
        text = ngettext("%(count)d picture deleted.", "%(count)d pictures deleted.", 1)
    else:
        _found(pk, removal.trash_images(image_ids=[pk]).done)
        text = ngettext(
            "%(count)d picture moved to the trash.", "%(count)d pictures moved to the trash.", 1
        )
    messages.success(request, text % {"count": 1})
    return redirect(next_address(request, 0))


@require_POST
@staff_member_required
def image_restore(request: HttpRequest, pk: int) -> HttpResponse:
    """Restore the picture from the trash."""
    _found(pk, removal.restore_images(image_ids=[pk]).done)
    messages.success(request, _("The picture is back in the gallery."))
    return redirect(next_address(request, 0))


def _found(pk: int, done: int) -> None:
    if not done:
        raise Http404(_("There is no picture %(id)d.") % {"id": pk})


def next_address(request: HttpRequest, pk: int) -> str:
    """Return the given address if it is one of ours, else that of the picture or the list."""
    home = reverse("gallery:image_list")
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    if wanted.startswith("?"):
        wanted = home + wanted
    if wanted.startswith("/") and url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}
    ):
        return wanted
    return f"{home}?image={pk}" if pk else home
