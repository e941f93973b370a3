from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate


class Grok2APIConfig(AppConfig):
    name = "grok2api"

    def ready(self) -> None:
        from . import access

        # The last of the installed apps: all permissions exist when its migration is done.
        post_migrate.connect(access.create_roles, sender=apps.get_app_config("axes"))
