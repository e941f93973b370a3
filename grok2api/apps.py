from django.apps import AppConfig, apps
from django.contrib.admin import apps as admin_apps
from django.db.models.signals import post_migrate


class Grok2APIConfig(AppConfig):
    name = "grok2api"
    default = True

    def ready(self) -> None:
        from . import access

        # This is the last of the installed apps: after its migration all permissions exist.
        post_migrate.connect(access.create_roles, sender=apps.get_app_config("axes"))


class AdminConfig(admin_apps.AdminConfig):
    default = False
    default_site = "grok2api.admin_site.AdminSite"
