"""Routes below /api/v1/admin/gallery/."""

from django.urls import include, path
from rest_framework.routers import SimpleRouter

from . import history, numbers, selections, views

app_name = "api"

router = SimpleRouter(use_regex_path=False)
router.register("images", views.ImageViewSet, basename="image")
router.register("changes", history.ChangeViewSet, basename="change")
router.register("tags", numbers.TagViewSet, basename="tag")

urlpatterns = [
    path("", include(router.urls)),
    path("selections/", selections.SelectionsView.as_view(), name="selections"),
    path("selections/<str:token>/", selections.SelectionView.as_view(), name="selection"),
    path("searches/", selections.SearchesView.as_view(), name="searches"),
    path("stats/", numbers.StatsView.as_view(), name="stats"),
    path("facets/", numbers.FacetsView.as_view(), name="facets"),
    path("scan/", views.ScanView.as_view(), name="scan"),
]
