"""Django's PostgreSQL, which a request need not ask first whether it is there."""

from typing import Any

from django.db.backends.postgresql import base, operations

from grok2api.databases.quiet import is_quiet


class DatabaseOperations(operations.DatabaseOperations):
    def last_executed_query(self, cursor: Any, sql: Any, params: Any) -> str:
        """For the log. A cursor of `gallery.cursors` leaves the parameters to the server."""
        return super().last_executed_query(cursor, sql, params) or self.compose_sql(sql, params)


class DatabaseWrapper(base.DatabaseWrapper):
    ops_class = DatabaseOperations

    def is_usable(self) -> bool:
        return is_quiet(self) or super().is_usable()
