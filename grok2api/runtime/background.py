"""Runs work that a change causes now and then, and that no answer waits for."""

import logging
from collections.abc import Callable
from threading import Lock, Thread

from django.db import connections

logger = logging.getLogger(__name__)


class Background:
    """A job on a thread of its own, one at a time in this process, which may end meanwhile."""

    def __init__(self, job: Callable[[], object], *, failure: str) -> None:
        """Prepare a job; `failure` is what the log says if it raises. It is not retried."""
        self.job = job
        self.name = job.__name__
        self.failure = failure
        self.running = Lock()

    def start(self) -> None:
        """Run it soon, unless it is running."""
        if self.running.acquire(blocking=False):
            Thread(target=self._run, name=self.name, daemon=True).start()

    def _run(self) -> None:
        try:
            self.job()
        except Exception:
            # The thread is its own: without this line nobody would learn of the error.
            logger.exception(self.failure)
        finally:
            connections.close_all()
            self.running.release()
