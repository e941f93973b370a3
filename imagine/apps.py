from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ImagineConfig(AppConfig):
    name = "imagine"
    verbose_name = _("Imagine")

    def ready(self) -> None:
        from .api import schema  # noqa: F401  (names our authentication to the OpenAPI document)
