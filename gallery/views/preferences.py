"""Stores what the logged-in person has chosen about the keyboard."""

from typing import cast

from django.contrib.admin.views.decorators import staff_member_required
from django.core.exceptions import BadRequest
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_http_methods

from ..preferences import CHOICES, change_preferences, read_preferences

YES_AND_NO = {"true": True, "false": False}


@require_http_methods(["GET", "HEAD", "POST"])
@staff_member_required
def preferences(request: HttpRequest) -> JsonResponse:
    """Return `{single_keys, ask_to_trash}`; a POST of either, as true or false, changes it."""
    user_id = cast(int, request.user.pk)
    if request.method != "POST":
        return JsonResponse(
            read_preferences(user_id=user_id), headers={"Cache-Control": "no-store"}
        )
    chosen = {name: request.POST[name] for name in CHOICES if name in request.POST}
    if not chosen or not set(chosen.values()) <= YES_AND_NO.keys():
        raise BadRequest(f"{', '.join(CHOICES)}: true or false.")
    values = {name: YES_AND_NO[value] for name, value in chosen.items()}
    return JsonResponse(change_preferences(user_id=user_id, **values))
