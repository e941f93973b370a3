"""All routes of the program."""

from django.contrib import admin
from django.contrib.admin.views.decorators import staff_member_required
from django.urls import include, path, register_converter
from django.urls.converters import IntConverter
from django.views.generic import RedirectView
from django.views.i18n import set_language
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from . import health, metrics
from .integers import read_id

handler400 = "grok2api.errors.bad_request"
handler403 = "grok2api.errors.permission_denied"
handler404 = "grok2api.errors.not_found"
handler500 = "grok2api.errors.server_error"


class IdConverter(IntConverter):
    """`<id:pk>`: the id of a row; there is nothing at an address with one that no row can have."""

    regex = "[0-9]{1,19}"

    def to_python(self, value: str) -> int:
        if (number := read_id(value)) is None:
            raise ValueError
        return number


register_converter(IdConverter, "id")

urlpatterns = [
    path("v1/", include("imagine.api.urls")),
    path("", RedirectView.as_view(pattern_name="gallery:image_list"), name="home"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", metrics.view, name="metrics"),
    path("api/v1/admin/gallery/", include("gallery.api.urls")),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", staff_member_required(SpectacularSwaggerSplitView.as_view()), name="docs"),
    path("admin/language/", staff_member_required(set_language), name="set_language"),
    path("admin/gallery/", include("gallery.urls")),
    path("admin/imagine/", include("imagine.urls")),
    path("admin/", admin.site.urls),
]
