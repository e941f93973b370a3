"""Checks what must be true before the program serves; each refusal is a sentence with a remedy.

Drivers report a refused login only in words, so these are matched; an unknown message is passed on.
"""

import os
import re
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlparse

import redis
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import call_command, get_commands
from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor

from grok2api import file_modes
from grok2api.runtime.exclusive import Busy, exclusive

NAMES = {"postgresql": "PostgreSQL", "mysql": "MySQL", "sqlite": "SQLite"}

UNREACHABLE = re.compile(
    r"connection refused|can't connect|cannot connect|failed to resolve|unknown server host"
    r"|name or service not known|timeout expired|timed out|no route to host|unreachable"
    r"|lost connection|gone away|server closed the connection|starting up|shutting down"
    r"|recovery mode|connection reset|no such file or directory",
    re.IGNORECASE,
)
REFUSED = re.compile(
    r"password authentication failed|access denied for user '[^']*'@'[^']*'(?! to)"
    r'|role "[^"]*" does not exist|no password supplied|no pg_hba\.conf entry'
    r"|is not allowed to connect",
    re.IGNORECASE,
)
NO_DATABASE = re.compile(r'database "[^"]*" does not exist|unknown database', re.IGNORECASE)
NO_RIGHT = re.compile(
    r"permission denied|command denied|access denied.{0,300} to database", re.IGNORECASE
)


class NotReady(Exception):
    """The program cannot serve; the message is one sentence for whoever starts it."""


def check_database() -> None:
    """Connect, and check that the database can hold what we put into it.

    Raises:
        NotReady
    """
    try:
        with connection.cursor() as cursor:
            encoding = _encoding(cursor)
    except Error as error:
        raise NotReady(explain(error)) from error
    if encoding not in ("utf8", "utf8mb4"):
        name = connection.settings_dict["NAME"]
        how = (
            f"ALTER DATABASE `{name}` CHARACTER SET utf8mb4"
            if connection.vendor == "mysql"
            else f"createdb --encoding=UTF8 --template=template0 {name}"
        )
        raise NotReady(f"{_server()} keeps text as {encoding}, not as UTF-8: {how}.")


def check_redis() -> None:
    """Check that Redis answers if it is set: sessions and limits are kept there.

    Raises:
        NotReady
    """
    if not settings.REDIS_URL:
        return
    parts = urlparse(settings.REDIS_URL)
    where = f"Redis at {parts.hostname}:{parts.port or 6379}" if parts.hostname else "Redis"
    variable = "SERVER_STORAGE_URL" if settings.STORAGE_TYPE == "redis" else "REDIS_URL"
    try:
        with redis.Redis.from_url(
            settings.REDIS_URL, socket_connect_timeout=5, socket_timeout=5
        ) as client:
            client.ping()
    except redis.AuthenticationError:
        raise NotReady(f"{where} refused the password: correct it in {variable}.") from None
    except redis.RedisError as error:
        if isinstance(error, redis.ConnectionError | redis.TimeoutError):
            raise NotReady(
                f"{where} cannot be reached ({error}): start it, or correct {variable}."
            ) from error
        raise NotReady(f"{where} does not serve us ({error}): check {variable}.") from error


def check_storage() -> None:
    """Check that pictures can be written to their storage.

    Raises:
        NotReady
    """
    if settings.X_ACCEL_REDIRECT:
        _check_that_nginx_can_read()
    try:
        name = default_storage.save(f"probe/{uuid.uuid4().hex}", ContentFile(b"probe"))
        default_storage.delete(name)
    except OSError as error:
        variable = "MEDIA_STORAGE_URL" if settings.S3 else "MEDIA_ROOT"
        reason = str(error).rstrip(".")
        raise NotReady(
            f"Pictures cannot be stored in {storage_name()} ({reason}): check {variable}."
        ) from error


def close_files() -> int:
    """Remove rights from files that others on this machine could read; return how many.

    Raises:
        NotReady: one of ours cannot be changed, as where the group is not ours.
    """
    try:
        return file_modes.close_to_others()
    except OSError as error:
        raise NotReady(
            f"{error.filename} cannot be closed to others ({error.strerror}): check its owner, and "
            "that the program's user is in the group that MEDIA_GROUP names."
        ) from error


def _check_that_nginx_can_read() -> None:
    media = settings.MEDIA_ROOT
    if settings.MEDIA_GROUP is None:
        if os.geteuid() != 0:  # root serves by itself or beside an nginx of root's
            raise NotReady(
                f"X_ACCEL_REDIRECT leaves pictures to nginx, and nobody but us can read {media}: "
                "name nginx's group in MEDIA_GROUP."
            )
    elif folder := file_modes.unreadable_for_group():
        raise NotReady(
            f"X_ACCEL_REDIRECT leaves pictures to nginx, which cannot pass {folder}: let the group "
            "of MEDIA_GROUP pass it, or put MEDIA_ROOT elsewhere."
        )


@contextmanager
def alone() -> Iterator[None]:
    """Keep other programs from preparing the same database inside the block.

    Raises:
        NotReady: another one has been at it for ten minutes.
    """
    try:
        with exclusive("preparation", wait=True):
            yield
    except Busy:
        raise NotReady(
            f"{_server()} is being prepared by another program that starts: is that one stuck?"
        ) from None


def prepare_database() -> bool:
    """Migrate an old schema; return False if there was nothing to do.

    Raises:
        NotReady
    """
    try:
        if not _is_outdated():
            return False
        call_command("migrate", interactive=False, verbosity=0)
        return True
    except Error as error:
        raise NotReady(explain(error)) from error


def check_schema() -> None:
    """Check that a process which replaces another finds its tables; a restart would create them.

    A database that does not answer is no obstacle: it is waited for while the process serves.

    Raises:
        NotReady
    """
    with suppress(Error):
        if _is_outdated():
            raise NotReady("the database is of an earlier release; restart, do not reload.")


def _is_outdated() -> bool:
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def ready_for(arguments: Sequence[str]) -> None:
    """Prepare the database for one of our commands as `serve` does: it may be the first to run.

    Raises:
        NotReady
    """
    is_ours = get_commands().get(next(iter(arguments), "")) in ("gallery", "imagine")
    if not is_ours or {"-h", "--help"} & set(arguments):
        return
    check_database()
    with alone():
        prepare_database()


def explain(error: Error) -> str:
    """Return one sentence for a database error, with what to do about it."""
    words = _driver_words(error)
    here, database = _server(), connection.settings_dict["NAME"]
    if connection.vendor == "sqlite":
        return f"{here} cannot be used ({words}): check DATA_DIR, its owner and its free space."
    if NO_DATABASE.search(words):
        return f"{here} has no database '{database}': create it, or correct SERVER_STORAGE_URL."
    if REFUSED.search(words):
        user = connection.settings_dict["USER"]
        return f"{here} refused user '{user}': check user and password in SERVER_STORAGE_URL."
    if NO_RIGHT.search(words):
        return f"{here} denies a right ({words}): grant all rights on '{database}' to the user."
    if UNREACHABLE.search(words):
        return f"{here} cannot be reached ({words}): start it, or correct SERVER_STORAGE_URL."
    return f"{here} does not serve us: {words}"


def storage_name() -> str:
    """Return where pictures are kept, without secrets."""
    return f"s3://{settings.S3['bucket_name']}" if settings.S3 else str(settings.MEDIA_ROOT)


def _server() -> str:
    place = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"The database file {place['NAME']}"
    port = place["PORT"] or {"mysql": 3306, "postgresql": 5432}[connection.vendor]
    return f"{NAMES[connection.vendor]} at {place['HOST'] or 'localhost'}:{port}"


def _driver_words(error: BaseException) -> str:
    while error.__context__ is not None:
        error = error.__context__
    first_line = str(error.args[-1] if error.args else error).strip().partition("\n")[0]
    return first_line.rpartition("failed: ")[2]


def _encoding(cursor: Any) -> str:
    if connection.vendor == "sqlite":
        return "utf8"
    question = {
        "mysql": "SELECT @@character_set_database",
        "postgresql": "SHOW server_encoding",
    }[connection.vendor]
    cursor.execute(question)
    return str(cursor.fetchone()[0]).lower()
