"""Routes of the gallery's pages, below `/admin/gallery/`.

`image/` and `tag/` are left to the model pages of Django's admin site.
"""

from django.urls import path

from . import views

app_name = "gallery"

urlpatterns = [
    path("", views.image_list, name="image_list"),
    path("trash/", views.trash, name="trash"),
    path("trash/empty/", views.empty_trash, name="empty_trash"),
    path("sensitive/", views.sensitive, name="sensitive"),
    path("preferences/", views.preferences, name="preferences"),
    path("export/", views.export, name="export"),
    path("history/", views.history, name="history"),
    path("history/<id:pk>/undo/", views.history_undo, name="history_undo"),
    path("images/<id:pk>/", views.image_detail, name="image_detail"),
    path("images/<id:pk>/tags/", views.image_tags, name="image_tags"),
    path("images/<id:pk>/prompt/", views.image_prompt, name="image_prompt"),
    path("images/<id:pk>/favorite/", views.image_favorite, name="image_favorite"),
    path("images/<id:pk>/sensitive/", views.image_sensitive, name="image_sensitive"),
    path("images/<id:pk>/delete/", views.image_delete, name="image_delete"),
    path("images/<id:pk>/restore/", views.image_restore, name="image_restore"),
    path("live/events/", views.events, name="events"),
    path("live/statistics/", views.statistics, name="statistics"),
    path("live/periods/", views.periods, name="periods"),
    path("live/count/", views.count, name="count"),
    path("live/selection/", views.selection, name="selection"),
    path("live/suggestions/", views.suggestions, name="suggestions"),
]
