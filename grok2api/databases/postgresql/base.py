"""Django's PostgreSQL backend, without a ping before each request."""

from contextlib import suppress
from typing import Any

import psycopg
from django.db.backends.postgresql import base, operations

from grok2api.databases.liveness import seems_alive


class DatabaseOperations(operations.DatabaseOperations):
    def last_executed_query(self, cursor: Any, sql: Any, params: Any) -> str:
        """Return a query for the log. `sql.statements` leaves parameters to the server."""
        known: Any = super().last_executed_query(cursor, sql, params)
        if known is None:
            with suppress(psycopg.Error):  # it did not get as far as the server
                known = self.compose_sql(sql, params)
        return known  # type: ignore[no-any-return]  # as Django's own, sometimes None


class DatabaseWrapper(base.DatabaseWrapper):
    ops_class = DatabaseOperations

    def is_usable(self) -> bool:
        return seems_alive(self) or super().is_usable()
