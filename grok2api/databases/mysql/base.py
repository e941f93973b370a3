"""Django's MariaDB and MySQL, which a request need not ask first whether it is there."""

from django.db.backends.mysql import base

from grok2api.databases.quiet import is_quiet


class DatabaseWrapper(base.DatabaseWrapper):
    def is_usable(self) -> bool:
        return is_quiet(self) or super().is_usable()
