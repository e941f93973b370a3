"""The quarantine in Django's admin site: look, download, collect and clear."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.files.storage import default_storage
from django.db.models import QuerySet
from django.http import (
    FileResponse,
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseNotAllowed,
)
from django.shortcuts import get_object_or_404, redirect
from django.template.defaultfilters import filesizeformat
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from . import quarantine, recovery
from .formats import UNKNOWN, suffix
from .models import Quarantined


@admin.register(Quarantined)
class QuarantinedAdmin(admin.ModelAdmin[Quarantined]):
    """Paid pictures that could not be stored; for superusers, since nobody has looked at them."""

    list_display = ("created_at", "of_generation", "number", "what", "reason", "attempts")
    list_select_related = ("generation",)
    fields = (
        "of_generation", "number", "created_at", "link", "what", "content_type", "model", "reason",
        "attempts",
    )  # fmt: skip
    actions = ("collect_selected",)
    show_full_result_count = False

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view
        ours = [
            path("collect/", view(self.collect), name="imagine_quarantined_collect"),
            path("<id:pk>/file/", view(self.download), name="imagine_quarantined_file"),
        ]
        return ours + super().get_urls()

    @admin.display(description=_("generation"), ordering="generation")
    def of_generation(self, row: Quarantined) -> SafeString:
        address = reverse("admin:imagine_generation_change", args=[row.generation_id])
        return format_html('<a href="{}">{}</a>', address, row.generation)

    @admin.display(description=_("picture"), ordering="index")
    def number(self, row: Quarantined) -> int:
        return row.index + 1

    @admin.display(description=_("what came"))
    def what(self, row: Quarantined) -> Any:
        if not row.file:
            return _("a link")
        address = reverse("admin:imagine_quarantined_file", args=[row.pk])
        said = f"{row.content_type}, {filesizeformat(row.size)}"
        return format_html(
            '<a href="{}" download>{}</a>',
            address,
            said,
        )

    @admin.action(description=_("Fetch and add the selected"), permissions=["view"])
    def collect_selected(self, request: HttpRequest, queryset: QuerySet[Quarantined]) -> None:
        self._start(request, list(queryset.values_list("pk", flat=True)))

    def collect(self, request: HttpRequest) -> HttpResponse:
        """Handle the button; POST only."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_view_permission(request):
            raise PermissionDenied
        self._start(request, None)
        return redirect("admin:imagine_quarantined_changelist")

    def _start(self, request: HttpRequest, ids: list[int] | None) -> None:
        # Dead links take minutes, too long for a page to wait.
        recovery.collect_in_background(ids)
        self.message_user(request, _("Fetching. What arrives will be in the gallery."))

    def download(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """Return the bytes as they came, never to be shown in the browser: they may be anything."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        row = get_object_or_404(Quarantined.objects.exclude(file=""), pk=pk)
        try:
            file = default_storage.open(row.file)
        except FileNotFoundError:
            raise Http404 from None
        name = f"generation-{row.generation_id}-{row.index + 1}.{suffix(row.content_type)}"
        return FileResponse(file, as_attachment=True, filename=name, content_type=UNKNOWN)

    def delete_model(self, request: HttpRequest, obj: Quarantined) -> None:
        quarantine.discard(Quarantined.objects.filter(pk=obj.pk))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Quarantined]) -> None:
        quarantine.discard(queryset)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Quarantined | None = None) -> bool:
        return bool(request.user.is_active and request.user.is_superuser)

    def has_delete_permission(self, request: HttpRequest, obj: Quarantined | None = None) -> bool:
        return self.has_view_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Quarantined | None = None) -> bool:
        return False
