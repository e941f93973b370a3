"""Writers of one process take turns on SQLite."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from time import sleep

import pytest
from django.db import DatabaseError, OperationalError, connection, transaction

from gallery.models import Tag
from grok2api.sqlite import base

pytestmark = [
    pytest.mark.skipif(connection.vendor != "sqlite", reason="another database"),
    pytest.mark.django_db(transaction=True),
]


def test_a_writer_waits_for_the_one_before_and_goes_on_when_it_ends():
    order = []

    def write(name: str) -> None:
        try:
            with transaction.atomic():
                order.append(f"{name} begins")
                Tag.objects.create(name=name, key=name)
                sleep(0.02)
                order.append(f"{name} ends")
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, "abcd"))
    names = [each[0] for each in order]
    assert order == [f"{name} {word}" for name in names[::2] for word in ("begins", "ends")]
    assert sorted(names[::2]) == ["a", "b", "c", "d"]
    assert not base._turn.locked()


def leave_well():
    with transaction.atomic(), transaction.atomic():
        Tag.objects.create(name="a", key="a")
        assert base._turn.locked()


def leave_by_an_error():
    with suppress(KeyError), transaction.atomic():
        Tag.objects.create(name="a", key="a")
        raise KeyError


def lose_the_connection():
    with suppress(DatabaseError), transaction.atomic():
        connection.close()
        Tag.objects.create(name="a", key="a")


def find_the_file_locked():
    with closing(sqlite3.connect(connection.settings_dict["NAME"])) as other:
        other.execute("BEGIN IMMEDIATE")
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout = 1")
        with pytest.raises(OperationalError, match="database is locked"), transaction.atomic():
            raise AssertionError("never reached")
    connection.close()


@pytest.mark.parametrize(
    "leave", [leave_well, leave_by_an_error, lose_the_connection, find_the_file_locked]
)
def test_a_turn_ends_with_its_transaction_however_that_ends(leave):
    leave()
    assert not base._turn.locked()
    with transaction.atomic():
        Tag.objects.create(name="b", key="b")
    assert Tag.objects.filter(key="b").exists()
