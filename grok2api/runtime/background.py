"""Work that a change gives rise to now and then, and that no answer waits for."""

import logging
from collections.abc import Callable
from threading import Lock, Thread

from django.db import connections

logger = logging.getLogger(__name__)


class Background:
    """A job on a thread of its own, one at a time in this process, which may end meanwhile."""

    def __init__(self, job: Callable[[], object], *, failure: str) -> None:
        """`failure` is what the log says where the job raises an error; it is not tried again."""
        self.job = job
        self.name = job.__name__
        self.failure = failure
        self.running = Lock()

    def start(self) -> None:
        """Do it soon; nothing happens while it is being done."""
        if self.running.acquire(blocking=False):
            Thread(target=self._run, name=self.name, daemon=True).start()

    def _run(self) -> None:
        try:
            self.job()
        except Exception:
            # Without this line nobody would hear of it, since this is a thread of its own.
            logger.exception(self.failure)
        finally:
            connections.close_all()
            self.running.release()
