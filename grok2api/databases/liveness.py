"""Finds out whether a connection still has its server without asking it.

A server that closes a connection says so, and keep-alive probes detect one that has vanished within
half a minute: then there is something to read, or an error, where otherwise is silence.
"""

import select
from typing import Any

from django.db import InterfaceError, OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper


def seems_alive(database: BaseDatabaseWrapper) -> bool:
    """Return whether nothing speaks against the connection. Its driver's must have a `fileno()`."""
    connection: Any = database.connection
    if database.errors_occurred or not hasattr(select, "poll"):  # Windows has none
        return False
    waiting = select.poll()
    try:
        with database.wrap_database_errors:
            waiting.register(connection.fileno(), select.POLLIN)
    except (OperationalError, InterfaceError):  # it is closed
        return False
    return not waiting.poll(0)
