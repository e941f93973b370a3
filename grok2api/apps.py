from django.apps import AppConfig, apps
from django.contrib.admin import apps as admin_apps
from django.db.models.signals import post_migrate


class Grok2APIConfig(AppConfig):
    name = "grok2api"
    default = True

    def ready(self) -> None:
        from . import access

        # The last of the installed apps: all permissions exist when its migration is done.
        post_migrate.connect(access.create_roles, sender=apps.get_app_config("axes"))


class AdminConfig(admin_apps.AdminConfig):
    default = False
    default_site = "grok2api.admin_site.AdminSite"
