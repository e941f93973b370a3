"""Admin pages for models that only jobs may change."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.views.main import ChangeList
from django.db.models import Model
from django.http import HttpRequest


class _List(ChangeList):
    """A change list whose actions need neither a page of the list nor its length."""

    def get_results(self, request: HttpRequest) -> None:
        selected = ACTION_CHECKBOX_NAME in request.POST and "_save" not in request.POST
        if not selected or not self.model_admin.get_actions(request):
            super().get_results(request)


class JobAdmin(admin.ModelAdmin[Any]):
    """Views that run outside of a transaction.

    A job opens its own, and runs again if the database rolls that back, which it could not do
    inside another one.
    """

    show_full_result_count = False

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        form = self._changeform_view  # type: ignore[attr-defined]
        return form(request, object_id, form_url, extra_context)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> Any:
        return self._delete_view(request, object_id, extra_context)  # type: ignore[attr-defined]

    def get_changelist(self, request: HttpRequest, **options: Any) -> type[ChangeList]:
        return _List

    def get_deleted_objects(self, objs: Iterable[Model], request: HttpRequest) -> Any:
        """Name only the rows themselves; naming all that points to them costs a query per model."""
        names = [str(each) for each in objs]
        lacking = set() if self.has_delete_permission(request) else {self.opts.verbose_name}
        return names, {self.opts.verbose_name_plural: len(names)}, lacking, []
