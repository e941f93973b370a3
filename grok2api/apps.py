from django.apps import AppConfig


class Grok2APIConfig(AppConfig):
    name = "grok2api"
