"""Addresses below `/v1/`."""

from django.urls import path, re_path

from . import views

app_name = "imagine_api"

urlpatterns = [
    path("images/generations", views.generations, name="generations"),
    path("images/edits", views.edits, name="edits"),
    path("models", views.models, name="models"),
    path("models/<path:model>", views.model, name="model"),
    path("files/image/<str:filename>", views.file, name="file"),
    re_path(r"", views.unknown, name="unknown"),
]
