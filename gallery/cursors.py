"""Cursors for SQL that is always the same."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection


@contextmanager
def planned_once(*, binary: bool = False) -> Iterator[Any]:
    """A cursor whose queries PostgreSQL plans once for each connection, not each time.

    Django's writes the parameters into the SQL, so that every query is a new one. Only for what
    is found by keys, whatever they are: a plan does not look at them.

    Args:
        binary: rows come without bytes written as text, which takes twice the time.
    """
    if connection.vendor != "postgresql":
        with connection.cursor() as cursor:
            yield cursor
        return
    import psycopg

    database: Any = connection
    database.close_if_health_check_failed()
    database.ensure_connection()
    plain = psycopg.Cursor(database.connection)
    plain.format = psycopg.pq.Format.BINARY if binary else psycopg.pq.Format.TEXT
    with database._prepare_cursor(plain) as cursor:
        yield cursor
