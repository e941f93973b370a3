"""Exports a selection as an archive that the browser downloads, and asks how to make it."""

import json
from typing import Any, cast

from django.contrib.admin.views.decorators import staff_member_required
from django.core.exceptions import BadRequest, ValidationError
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.views.decorators.http import require_http_methods

from ..models import Image
from ..preferences import read_export_preferences, remember_export_preferences
from ..search.selection import NumberChanged, Selection, read_selection
from ..serving import serve_archive
from ..transfer.export import Embedding, export_images, exported_name
from ..transfer.name_templates import read_template


@require_http_methods(["GET", "HEAD", "POST"])
@staff_member_required
def export(request: HttpRequest) -> HttpResponseBase:
    """Stream an archive of the POSTed `selection`, and remember `embedding` and `name_template`.

    `selection` is JSON, as the REST API takes it: `{"image_ids": […]}`, `{"filter": {…}}` or
    `{"selection": token}`. A GET asks beforehand: see `_asked`.
    """
    if request.method != "POST":
        return JsonResponse(_asked(request), headers={"Cache-Control": "no-store"})
    selection = _selection(request.POST.get("selection", ""))
    chosen = {name: request.POST.get(name, "") for name in ("embedding", "name_template")}
    chosen["embedding"] = chosen["embedding"] or Embedding.KEEP.value
    if chosen["embedding"] not in list(Embedding):
        raise BadRequest(f"embedding: {', '.join(Embedding)}.")
    try:
        template = read_template(chosen["name_template"])
    except ValidationError as error:
        raise BadRequest(" ".join(error.messages)) from None
    remember_export_preferences(user_id=cast(int, request.user.pk), **chosen)
    return serve_archive(
        export_images(
            image_ids=selection.ids, embedding=Embedding(chosen["embedding"]), template=template
        )
    )


def _asked(request: HttpRequest) -> dict[str, Any]:
    """Answer `{image, name, error}`: the first picture, and its name or the template's error.

    Without a template, it uses the person's last choices and adds them: `{…, embedding,
    name_template}`.
    """
    selection = _selection(request.GET.get("selection", ""))
    answer: dict[str, Any] = {"image": None, "name": "", "error": ""}
    text = request.GET.get("name_template")
    if text is None:
        answer |= read_export_preferences(user_id=cast(int, request.user.pk))
        text = answer["name_template"]
    image = Image.objects.without_metadata().filter(pk__in=selection.ids[:1]).first()
    try:
        template = read_template(text)
    except ValidationError as error:
        return answer | {"error": " ".join(error.messages)}
    if image is None:
        return answer
    return answer | {"image": image.pk, "name": exported_name(image, set(), template)}


def _selection(text: str) -> Selection:
    try:
        wanted = json.loads(text)
        return read_selection(wanted if isinstance(wanted, dict) else {})
    except (ValueError, RecursionError):
        raise BadRequest("selection: not JSON.") from None
    except ValidationError as error:
        raise BadRequest(" ".join(error.messages)) from None
    except NumberChanged as error:
        raise BadRequest(f"selection: {error.count} pictures of it are there by now.") from None
