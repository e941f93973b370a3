"""Routes below `/v1/`."""

from django.urls import path, re_path

from . import conversations, views

app_name = "imagine_api"

urlpatterns = [
    path("images/generations", views.generations, name="generations"),
    path("images/edits", views.edits, name="edits"),
    path("images/generations/async", views.generations, {"later": True}, name="generations_async"),
    path("images/edits/async", views.edits, {"later": True}, name="edits_async"),
    path("images/tasks/<str:task_id>", views.task, name="task"),
    path("webhooks/secret", views.webhook_secret, name="webhook_secret"),
    path("chat/completions", conversations.chat_completions, name="chat_completions"),
    path("responses", conversations.create_response, name="responses"),
    path("models", views.models, name="models"),
    path("models/<path:model>", views.model, name="model"),
    path("files/image/<str:filename>", views.file, name="file"),
    re_path(r"", views.unknown, name="unknown"),
]
