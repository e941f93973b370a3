"""Cursors for SQL that is always the same."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from django.db import connection


@contextmanager
def planned_once(*, binary: bool = False) -> Iterator[Any]:
    """Return a cursor whose queries PostgreSQL keeps parsed and, in the end, planned.

    Django's cursor writes the parameters into the SQL, so that every query is a new one. This is
    only for lookups by key, whatever the keys are: a kept plan ignores them.

    Args:
        binary: receive bytes in binary, not as text, which takes twice the time. Only for whole
            numbers and bytes: dates and JSON would not arrive as Django's fields expect them.
    """
    if connection.vendor != "postgresql":
        with connection.cursor() as cursor:
            yield cursor
        return
    database: Any = connection
    database.close_if_health_check_failed()
    database.ensure_connection()
    with database._prepare_cursor(_keeping()(database.connection, binary)) as cursor:
        yield cursor


@cache
def _keeping() -> Any:
    """Build the class once there is a PostgreSQL connection."""
    import psycopg

    class Keeping(psycopg.Cursor[Any]):
        def __init__(self, connection: "psycopg.Connection[Any]", binary: bool) -> None:
            super().__init__(connection)
            self.format = psycopg.pq.Format.BINARY if binary else psycopg.pq.Format.TEXT

        def execute(self, *args: Any, **kwargs: Any) -> Any:
            # Set for this query only: psycopg would count and keep Django's queries as well.
            self.connection.prepare_threshold = 0
            try:
                return super().execute(*args, **kwargs)
            finally:
                self.connection.prepare_threshold = None

    return Keeping
