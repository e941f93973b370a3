from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.db import connection
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class GalleryConfig(AppConfig):
    name = "gallery"
    verbose_name = _("Gallery")

    def ready(self) -> None:
        from grok2api.sql import lookups  # noqa: F401  (registers `holds`)

        from .files import decoding

        decoding.allow(settings.GALLERY_MAX_PIXELS)
        post_migrate.connect(mend_after_migrate, sender=self)


def mend_after_migrate(*, verbosity: int, **_: Any) -> None:
    """Count and index a large library after an upgrade.

    Only where somebody looks on; `serve` does it in the background.
    """
    from .maintenance import upkeep
    from .management.progress import bar

    tables = connection.introspection.table_names()
    if verbosity and "gallery_countedin" in tables and "gallery_segment" in tables:
        upkeep.mend(bar("Library"))
