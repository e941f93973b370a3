from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ImagineConfig(AppConfig):
    name = "imagine"
    verbose_name = _("Imagine")

    def ready(self) -> None:
        from gallery.transfer.backup_parts import parts

        from .api import schema  # noqa: F401  (names our authentication to the OpenAPI document)
        from .backing_up import GENERATIONS

        parts[GENERATIONS.name] = GENERATIONS
