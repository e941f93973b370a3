"""Pages of Django's admin site for rows that only jobs change."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.views.main import ChangeList
from django.db.models import Model
from django.http import HttpRequest


class _List(ChangeList):
    """An action on the selected rows needs neither a page of the list nor its length."""

    def get_results(self, request: HttpRequest) -> None:
        selected = ACTION_CHECKBOX_NAME in request.POST and "_save" not in request.POST
        if not selected or not self.model_admin.get_actions(request):
            super().get_results(request)


class JobAdmin(admin.ModelAdmin[Any]):
    """Views without a transaction around them.

    A job holds its own, and is run again where the database breaks that off. Inside of another
    one it could not be.
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
        """The rows themselves: to name all that points to them costs a query for each kind."""
        names = [str(each) for each in objs]
        lacking = set() if self.has_delete_permission(request) else {self.opts.verbose_name}
        return names, {self.opts.verbose_name_plural: len(names)}, lacking, []
