"""Django's admin site, which takes the ids of an action from the browser as they come."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from django.contrib import admin
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import BadRequest
from django.core.validators import MaxLengthValidator
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import path

from .service_page import service

ViewT = TypeVar("ViewT", bound=Callable[..., HttpResponseBase])


class LoginForm(AdminAuthenticationForm):
    """Refuses names that nobody can have, before an attempt under such a name is written down."""

    def clean_username(self) -> str:
        username: str = self.cleaned_data["username"]
        MaxLengthValidator(self.username_field.max_length or 0)(username)
        return username


class AdminSite(admin.AdminSite):
    """Refuses what no database could be asked for."""

    login_form = LoginForm

    def get_urls(self) -> list[Any]:
        ours = [path("service/", self.admin_view(self.service), name="service")]
        return ours + super().get_urls()

    def service(self, request: HttpRequest) -> HttpResponse:
        return service(request, self.each_context(request))

    def register(self, *args: Any, **options: Any) -> None:
        super().register(*args, **options)
        if connection.vendor == "mysql":
            # Its servers know no time zones until their tables are filled, which nobody does.
            for model_admin in self._registry.values():
                model_admin.date_hierarchy = None  # type: ignore[misc]

    def admin_view(self, view: ViewT, cacheable: bool = False) -> ViewT:
        guarded = super().admin_view(view, cacheable)

        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if any("\0" in value for _, values in request.GET.lists() for value in values):
                raise BadRequest("An address cannot hold the character NUL.")
            for value in request.POST.getlist(ACTION_CHECKBOX_NAME):
                if not (value.isascii() and value.isdigit() and len(value) < 19):
                    raise BadRequest(f"{ACTION_CHECKBOX_NAME}: {value[:40]}")
            return guarded(request, *args, **kwargs)

        return cast(ViewT, checked)
