"""Hardens Django's admin site, which takes ids and lookups from the browser as they come."""

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar, cast

from django.contrib import admin
from django.contrib.admin.exceptions import DisallowedModelAdminLookup
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import TO_FIELD_VAR
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import BadRequest
from django.core.validators import MaxLengthValidator
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import path

from .integers import read_id
from .service_page import service

ViewT = TypeVar("ViewT", bound=Callable[..., HttpResponseBase])


class LoginForm(AdminAuthenticationForm):
    """Refuses impossible names before an attempt under such a name is recorded."""

    def clean_username(self) -> str:
        username: str = self.cleaned_data["username"]
        MaxLengthValidator(self.username_field.max_length or 0)(username)
        return username


class OfferedLookups(ChangeList):
    """A change list that accepts only the lookups that its own filters offer.

    Django accepts any lookup of any column: `?prompt__regex=(a+)+$` would have SQLite run a
    stranger's expression over every row.
    """

    def get_filters(self, request: HttpRequest) -> Any:
        found = super().get_filters(request)
        # Parameters that no filter took; a year is short for what a date filter offers.
        left = set(found[2]) - {f"{each}__year" for each in self.list_filter}
        if self.date_hierarchy:
            left -= {f"{self.date_hierarchy}__gte", f"{self.date_hierarchy}__lt"}
        if left:
            raise DisallowedModelAdminLookup(f"Filtering by {min(left)[:100]} not allowed")
        return found


@cache
def _offering(changelist: type[ChangeList]) -> type[ChangeList]:
    return type(changelist.__name__, (OfferedLookups, changelist), {})


class _Lists(admin.ModelAdmin[Any]):
    """What every registered admin inherits."""

    def get_changelist(self, request: HttpRequest, **options: Any) -> type[ChangeList]:
        changelist: Any = super().get_changelist(request, **options)
        return _offering(changelist)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Return nothing: Django would fill a form with unchecked texts from its address."""
        return {}


class AdminSite(admin.AdminSite):
    """Refuses what no database could be asked for, or should be."""

    login_form = LoginForm

    def get_urls(self) -> list[Any]:
        ours = [path("service/", self.admin_view(self.service), name="service")]
        return ours + super().get_urls()

    def service(self, request: HttpRequest) -> HttpResponse:
        return service(request, self.each_context(request))

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        own = admin_class or admin.ModelAdmin
        offering = type(own.__name__, (_Lists, own), {"__module__": own.__module__})
        super().register(model_or_iterable, offering, **options)
        if connection.vendor == "mysql":
            # MySQL knows no time zones until their tables are filled, which nobody does.
            for model_admin in self._registry.values():
                model_admin.date_hierarchy = None  # type: ignore[misc]

    def admin_view(self, view: ViewT, cacheable: bool = False) -> ViewT:
        guarded = super().admin_view(view, cacheable)

        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if any("\0" in value for _, values in request.GET.lists() for value in values):
                raise BadRequest("An address cannot hold the character NUL.")
            if "" in (request.GET.get(TO_FIELD_VAR), request.POST.get(TO_FIELD_VAR)):
                raise BadRequest(f"{TO_FIELD_VAR}: there is no column without a name.")
            for value in request.POST.getlist(ACTION_CHECKBOX_NAME):
                if read_id(value) is None:
                    raise BadRequest(f"{ACTION_CHECKBOX_NAME}: {value[:40]}")
            return guarded(request, *args, **kwargs)

        return cast(ViewT, checked)
