"""Cursors for SQL that is always the same."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from django.db import connection


@contextmanager
def planned_once(*, binary: bool = False) -> Iterator[Any]:
    """A cursor whose queries PostgreSQL keeps for the connection, parsed and, in the end, planned.

    Django's writes the parameters into the SQL, so that every query is a new one. Only for what
    is found by keys, whatever they are: a kept plan does not look at them.

    Args:
        binary: rows come without bytes written as text, which takes twice the time. For whole
            numbers and bytes: dates and JSON would not come as Django's fields expect them.
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
    """The class, made where there is a PostgreSQL to be asked."""
    import psycopg

    class Keeping(psycopg.Cursor[Any]):
        def __init__(self, connection: "psycopg.Connection[Any]", binary: bool) -> None:
            super().__init__(connection)
            self.format = psycopg.pq.Format.BINARY if binary else psycopg.pq.Format.TEXT

        def execute(self, *args: Any, **kwargs: Any) -> Any:
            # Only meanwhile: else psycopg would count, and remember, Django's queries as well.
            self.connection.prepare_threshold = 0
            try:
                return super().execute(*args, **kwargs)
            finally:
                self.connection.prepare_threshold = None

    return Keeping
