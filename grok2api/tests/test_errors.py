"""Which sentence a failure of the house gives."""

import errno
import sqlite3

import pytest
from django.db import DatabaseError, DataError, InterfaceError, OperationalError, connection
from django.utils import translation
from django_redis.exceptions import ConnectionInterrupted
from redis.exceptions import TimeoutError as RedisTimeout

from gallery.files.storage import StorageFailure
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


def refused_by_sqlite(question: str, *values: object) -> BaseException:
    """What SQLite says to a question beyond one of its limits; real ones."""
    connection = sqlite3.connect(":memory:")
    connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 10)
    try:
        connection.execute(question, values)
    except OverflowError as error:
        return error
    except sqlite3.Error as error:
        wrapped = (DataError if isinstance(error, sqlite3.DataError) else OperationalError)(
            str(error)
        )
        wrapped.__cause__ = error
        return wrapped
    finally:
        connection.close()
    raise AssertionError("it was taken")


TOO_MUCH = "The request asks for more than the database can look up at once."
DATABASE = "The database does not answer. Nothing was changed; try again in a moment."
REDIS = "Redis does not answer. Nothing was changed; try again in a moment."
PICTURES = "The picture storage does not answer. Try again in a moment."


@pytest.mark.parametrize(
    ("error", "answer"),
    [
        (OperationalError("gone"), (503, DATABASE)),
        (InterfaceError("closed"), (503, DATABASE)),
        (full_sqlite(), (507, "The disk is full. Nothing was stored.")),
        (full_mysql(), (507, "The disk is full. Nothing was stored.")),
        (refused_by_sqlite(f"SELECT {','.join('?' * 11)}", *range(11)), (400, TOO_MUCH)),
        (refused_by_sqlite(f"SELECT 1{' + 1' * 2000}"), (400, TOO_MUCH)),
        (refused_by_sqlite("SELECT 'a' LIKE ?", "%a" * 30_000), (400, TOO_MUCH)),
        (refused_by_sqlite(f"SELECT {'(' * 500}1{')' * 500}"), (400, TOO_MUCH)),
        (refused_by_sqlite("SELECT ?", 2**63), (400, TOO_MUCH)),
        (refused_by_sqlite("SELECT zeroblob(2000000000)"), (400, TOO_MUCH)),
        (refused_by_sqlite("SELECT * FROM missing"), (503, DATABASE)),
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


def test_metrics_say_that_the_database_is_down(client, db):
    """Nobody can be known then."""

    def refuse(*_):
        raise OperationalError("gone")

    with connection.execute_wrapper(refuse):
        answer = client.get("/metrics", headers={"Authorization": "Bearer sk-x"})
    assert answer.status_code == 200
    assert answer.content.decode().splitlines()[-1] == "grok2api_database_up 0.0"


@pytest.mark.parametrize("path", ["/images/generations", "/models", "/chat/completions"])
def test_programs_that_leave_out_the_folder_of_the_api_are_told_so(client, path):
    answer = client.post(path, {"prompt": "a fox"}, content_type="application/json")
    assert answer.status_code == 404
    assert f"POST {path}. The API is below /v1" in answer.json()["error"]["message"]
    assert client.get("/nothing").headers["content-type"].startswith("text/html")
