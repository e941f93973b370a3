"""Django's SQLite backend, whose writers in one process queue instead of polling.

SQLite lets one writer in at a time. A writer that finds the database locked sleeps, up to 100 ms,
and tries again, while others overtake it: with sixteen requests at once some waited for most of a
second. Here the threads of a process queue for a lock. Other processes still meet at SQLite's own
lock.
"""

from threading import Lock
from typing import Any

from django.db.backends.sqlite3 import base

_turn = Lock()


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection whose transactions begin IMMEDIATE, so that each that begins is a writer."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._has_turn = False

    def _start_transaction_under_autocommit(self) -> None:
        if not self._has_turn:
            # After the timeout SQLite itself waits, as long again, and reports "locked".
            self._has_turn = _turn.acquire(timeout=self.settings_dict["OPTIONS"]["timeout"])
        try:
            super()._start_transaction_under_autocommit()  # type: ignore[misc]
        except BaseException:
            self._end_turn()
            raise

    def _commit(self) -> None:
        try:
            super()._commit()  # type: ignore[misc]
        finally:
            self._end_turn()

    def _rollback(self) -> None:
        try:
            super()._rollback()  # type: ignore[misc]
        finally:
            self._end_turn()

    def _close(self) -> None:
        try:
            super()._close()  # type: ignore[misc]
        finally:
            self._end_turn()

    def _end_turn(self) -> None:
        if self._has_turn:
            self._has_turn = False
            _turn.release()
