"""Django's admin site, which takes the ids of an action from the browser as they come."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponseBase

ViewT = TypeVar("ViewT", bound=Callable[..., HttpResponseBase])


class AdminSite(admin.AdminSite):
    """Refuses ids that no database could be asked for."""

    def admin_view(self, view: ViewT, cacheable: bool = False) -> ViewT:
        guarded = super().admin_view(view, cacheable)

        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            for value in request.POST.getlist(ACTION_CHECKBOX_NAME):
                if not (value.isascii() and value.isdigit() and len(value) < 19):
                    raise BadRequest(f"{ACTION_CHECKBOX_NAME}: {value[:40]}")
            return guarded(request, *args, **kwargs)

        return cast(ViewT, checked)
