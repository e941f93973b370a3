"""Addresses under /api/v1/admin/gallery/."""

from django.urls import include, path
from rest_framework.routers import SimpleRouter

from . import numbers, views

app_name = "api"

router = SimpleRouter()
router.register("images", views.ImageViewSet, basename="image")
router.register("tags", numbers.TagViewSet, basename="tag")

urlpatterns = [
    path("", include(router.urls)),
    path("stats/", numbers.StatsView.as_view(), name="stats"),
    path("facets/", numbers.FacetsView.as_view(), name="facets"),
    path("scan/", views.ScanView.as_view(), name="scan"),
]
