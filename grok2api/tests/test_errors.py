"""Which sentence a failure of the house gives."""

import errno
import sqlite3

import pytest
from django.db import DatabaseError, InterfaceError, OperationalError
from django.utils import translation
from django_redis.exceptions import ConnectionInterrupted
from redis.exceptions import TimeoutError as RedisTimeout

from gallery.storage import StorageFailure
from grok2api.errors import describe


def full_sqlite() -> OperationalError:
    """What Django raises when SQLite finds no room; a real one."""
    connection = sqlite3.connect(":memory:")
    connection.execute("PRAGMA max_page_count = 1")
    try:
        connection.execute("CREATE TABLE t (x)")
    except sqlite3.Error as error:
        wrapped = OperationalError(str(error))
        wrapped.__cause__ = error
        return wrapped
    finally:
        connection.close()
    raise AssertionError("there was room")


def full_mysql() -> DatabaseError:
    error = OperationalError(1114, "The table is full")
    error.__cause__ = Exception(1114, "The table is full")
    return error


DATABASE = "The database does not answer. Nothing was changed; try again in a moment."
REDIS = "Redis does not answer. Nothing was changed; try again in a moment."
PICTURES = "The place of the pictures does not answer. Try again in a moment."


@pytest.mark.parametrize(
    ("error", "answer"),
    [
        (OperationalError("gone"), (503, DATABASE)),
        (InterfaceError("closed"), (503, DATABASE)),
        (full_sqlite(), (507, "The disk is full. Nothing was stored.")),
        (full_mysql(), (507, "The disk is full. Nothing was stored.")),
        (ConnectionInterrupted(connection=None), (503, REDIS)),
        (RedisTimeout(), (503, REDIS)),
        (OSError(errno.ENOSPC, ""), (507, "The disk is full. The picture was not stored.")),
        (
            OSError(errno.EROFS, ""),
            (503, "The media folder cannot be written. The picture was not stored."),
        ),
        (OSError(errno.ESTALE, ""), (503, PICTURES)),
        (StorageFailure("away"), (503, PICTURES)),
        (KeyError("x"), (500, "Something went wrong on our side. The log has the details.")),
        (None, (500, "Something went wrong on our side. The log has the details.")),
    ],
)
def test_a_failure_is_told_by_status_and_sentence(error, answer):
    with translation.override("en"):
        assert describe(error) == answer
