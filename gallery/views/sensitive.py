"""Stores whether this browser shows sensitive pictures; with a script, it sets the cookie
itself."""

from django.contrib.admin.views.decorators import staff_member_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from .image import next_address
from .state import YEAR


@require_POST
@staff_member_required
def sensitive(request: HttpRequest) -> HttpResponse:
    """Show them, with `sensitive=show`, or blur each until it is asked for."""
    choice = "show" if request.POST.get("sensitive") == "show" else "blur"
    response = redirect(next_address(request, 0))
    response.set_cookie("sensitive", choice, max_age=YEAR, samesite="Lax")
    return response
