"""Whether a connection still has its server, without a question that every request would wait for.

A server that ends a connection says so, and keep-alive probes find out within half a minute where
one is gone without a word: then there is something to be read, or an error, where else is silence.
"""

import select
from typing import Any

from django.db import InterfaceError, OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper


def is_quiet(database: BaseDatabaseWrapper) -> bool:
    """Whether nothing speaks against the connection. Its driver's must have a `fileno()`."""
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
