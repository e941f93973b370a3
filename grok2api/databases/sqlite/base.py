"""Django's SQLite, whose writers in one process take turns instead of asking again and again.

SQLite lets one writer in at a time. Whoever finds the door closed sleeps, up to 100 ms, and looks
again, and meanwhile others go in: with sixteen requests at once some waited for most of a second.
Here threads of a process queue for a lock. Other processes still meet at SQLite's own door.
"""

from threading import Lock
from typing import Any

from django.db.backends.sqlite3 import base

_turn = Lock()


class DatabaseWrapper(base.DatabaseWrapper):
    """Every transaction begins IMMEDIATE, so each that begins is a writer."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._has_turn = False

    def _start_transaction_under_autocommit(self) -> None:
        if not self._has_turn:
            # After the timeout it is SQLite that waits, as long again, and says "locked".
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
