"""Addresses below `/admin/imagine/`."""

from django.urls import URLPattern

app_name = "imagine"

urlpatterns: list[URLPattern] = []
