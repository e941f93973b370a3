"""What our own wrappers of the databases add to Django's."""

import os
import socket
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from time import sleep
from typing import Any

import pytest
from django.db import (
    DatabaseError,
    OperationalError,
    close_old_connections,
    connection,
    transaction,
)

from gallery.models import Tag
from grok2api.databases.liveness import seems_alive
from grok2api.databases.sqlite import base
from tests.stores import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

of_sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="another database")
of_servers = pytest.mark.skipif(connection.vendor == "sqlite", reason="a database without server")

KILL = {
    "postgresql": "SELECT pg_terminate_backend(%s)",
    "mysql": "KILL CONNECTION %s",
}
WHO_AM_I = {"postgresql": "SELECT pg_backend_pid()", "mysql": "SELECT CONNECTION_ID()"}


def asked() -> Any:
    with connection.cursor() as cursor:
        cursor.execute(WHO_AM_I[connection.vendor])
        return cursor.fetchone()[0]


@pytest.fixture
def questions(monkeypatch):
    """How often Django's own wrapper asked the server whether it is there."""
    found = []
    (django_wrapper,) = type(connection._connections[connection._alias]).__bases__
    ask = django_wrapper.is_usable
    monkeypatch.setattr(
        django_wrapper, "is_usable", lambda self: found.append(1) is None and ask(self)
    )
    return found


@of_servers
def test_a_connection_that_seems_alive_is_not_pinged(questions):
    first = asked()
    close_old_connections()
    assert asked() == first
    assert questions == []


@of_servers
def test_a_connection_that_its_server_has_ended_is_made_anew(questions):
    first = asked()
    other = connection.copy()
    with closing(other), other.cursor() as cursor:
        cursor.execute(KILL[connection.vendor], [first])
    wait_until(lambda: not seems_alive(connection))
    close_old_connections()
    assert asked() != first
    assert questions == [1]


@of_servers
def test_after_an_error_the_server_is_asked(questions):
    first = asked()
    connection.errors_occurred = True
    close_old_connections()
    assert asked() == first
    assert questions == [1]


@of_servers
def test_a_silent_server_is_probed():
    asked()
    with socket.socket(fileno=os.dup(connection.connection.fileno())) as wire:
        assert wire.family in (socket.AF_INET, socket.AF_INET6)
        assert wire.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        assert wire.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 10


@of_servers
def test_a_closed_connection_is_not_quiet():
    asked()
    connection.connection.close()
    assert not seems_alive(connection)
    connection.connection = None  # mysqlclient closes none twice


@of_sqlite
def test_a_writer_waits_for_the_one_before_and_goes_on_when_it_ends():
    order = []

    def note_beginning(execute, sql, *args):
        if sql.startswith("BEGIN"):
            order.append("begins")
        return execute(sql, *args)

    def write(name: str) -> None:
        try:
            with connection.execute_wrapper(note_beginning), transaction.atomic():
                Tag.objects.create(name=name, key=name)
                sleep(0.02)  # time for the others to come to the door
                order.append("ends")
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, "abcd"))
    assert order == ["begins", "ends"] * 4
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


def fail_to_commit():
    with pytest.raises(OperationalError, match="interrupted"), transaction.atomic():
        Tag.objects.create(name="a", key="a")
        connection.connection.set_progress_handler(lambda: 1, 1)
    connection.close()


def find_the_file_locked():
    with closing(sqlite3.connect(connection.settings_dict["NAME"])) as other:
        other.execute("BEGIN IMMEDIATE")
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout = 1")
        with pytest.raises(OperationalError, match="database is locked"), transaction.atomic():
            raise AssertionError("never reached")
    connection.close()


@of_sqlite
@pytest.mark.parametrize(
    "leave",
    [leave_well, leave_by_an_error, lose_the_connection, fail_to_commit, find_the_file_locked],
)
def test_a_turn_ends_with_its_transaction_however_that_ends(leave):
    leave()
    assert not base._turn.locked()
    with transaction.atomic():
        Tag.objects.create(name="b", key="b")
    assert Tag.objects.filter(key="b").exists()
