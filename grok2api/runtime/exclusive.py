"""Runs work that only one of all processes that share a library may do at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from zlib import crc32

import portalocker
from django.db import connection

WAIT = 600
"""Seconds that a caller waits for its turn, if it waits."""

LOOKS_AGAIN = 0.2  # seconds

LOOSE_FILES = "loose-files"
"""The work of restore, scan and clean-up, which give rows to files or delete files without one. Two
of them at once could each take a file of the other for nobody's."""


class Busy(RuntimeError):
    """Another process is doing this work."""

    def __init__(self) -> None:
        super().__init__(
            "A restore, scan or clean-up of this library is under way: try again when it has ended."
        )


@contextmanager
def exclusive(work: str, *, wait: bool = False) -> Iterator[None]:
    """Keep all others from this work inside the block; a process that dies releases it.

    A lock of the database server, and for SQLite of a file beside the database's.

    Raises:
        Busy: somebody else does it (still, after `WAIT` seconds where we wait).
    """
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        with _file_locked(Path(name).with_name(f"{work}.lock"), wait=wait):
            yield
        return
    key = crc32(f"{name}\n{work}".encode())
    take, leave = {
        "postgresql": (
            "SELECT pg_try_advisory_lock(%s)",
            "SELECT pg_advisory_unlock(%s)",
        ),
        "mysql": (
            f"SELECT GET_LOCK(CONCAT('grok2api.', %s), {WAIT if wait else 0}) = 1",
            "SELECT RELEASE_LOCK(CONCAT('grok2api.', %s))",
        ),
    }[connection.vendor]
    # PostgreSQL would wait for ever.
    until = monotonic() + (WAIT if wait and connection.vendor == "postgresql" else 0)
    while not _answer(take, key):
        if monotonic() >= until:
            raise Busy
        sleep(LOOKS_AGAIN)
    try:
        yield
    finally:
        # A connection that broke has let go of the lock by itself.
        if connection.is_usable():
            _answer(leave, key)


@contextmanager
def _file_locked(path: Path, *, wait: bool) -> Iterator[None]:
    flags = portalocker.LockFlags.EXCLUSIVE | portalocker.LockFlags.NON_BLOCKING
    lock = portalocker.Lock(path, "a", timeout=WAIT if wait else 0, flags=flags)
    try:
        lock.acquire()
    except portalocker.LockException:
        raise Busy from None
    try:
        yield
    finally:
        lock.release()


def _answer(question: str, key: int) -> object:
    with connection.cursor() as cursor:
        cursor.execute(question, [key])
        row = cursor.fetchone()
    return row[0] if row else None
