"""Cursors whose queries PostgreSQL plans once."""

import pytest
from django.db import DataError, connection, transaction
from django.test.utils import CaptureQueriesContext

from grok2api.sql.cursors import planned_once

QUERY = "SELECT id FROM gallery_image WHERE id = %s"


of_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="another database")


@of_postgresql
@pytest.mark.django_db(transaction=True)
def test_a_query_is_planned_once_and_a_usual_one_each_time():
    connection.close()  # with it go the plans of other tests
    for number in range(150):  # more than psycopg remembers
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 + %s", [number])
        if number % 100 == 0:
            with planned_once() as cursor:
                cursor.execute(QUERY, [number])
    remembered = connection.connection._prepared
    assert (len(remembered._names), len(remembered._counts)) == (1, 0)
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements")
        assert cursor.fetchall() == [(QUERY.replace("%s", "$1"),)]


@pytest.mark.parametrize("binary", [False, True])
def test_rows_come_as_from_any_cursor_and_are_counted_and_logged(db, add_image, binary):
    image = add_image()
    with CaptureQueriesContext(connection) as queries:
        for _ in range(3):
            with planned_once(binary=binary) as cursor:
                cursor.execute(QUERY, [image.pk])
                assert list(cursor.fetchall()) == [(image.pk,)]
    assert [query["sql"] for query in queries.captured_queries] == [QUERY % image.pk] * 3


@of_postgresql
def test_errors_are_djangos_own(db):
    with pytest.raises(DataError), transaction.atomic(), planned_once() as cursor:
        cursor.execute("SELECT %s::date", ["no day"])
