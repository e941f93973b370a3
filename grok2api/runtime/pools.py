"""Pools of threads for blocking work, with one policy for their database connections.

Each thread has its own connections. A job begins with working ones: broken connections, and those
older than `CONN_MAX_AGE`, are closed first. They stay open for the next job, unless that one is far
away: in a pool that is `seldom` used, and on a thread that ends (`background.py`).
"""

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import ParamSpec, Self, TypeVar

from django.db import close_old_connections, connections

P = ParamSpec("P")
T = TypeVar("T")


class Pool:
    """A few threads, and a queue of jobs for them.

    Args:
        name: what each thread's name begins with.
        seldom: close connections as soon as no job waits.
    """

    def __init__(self, name: str, threads: int = 1, *, seldom: bool = False) -> None:
        self.threads = threads
        self._seldom = seldom
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix=name)

    def submit(self, job: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> "Future[T]":
        """Run a job on one of the threads, in that thread's own context."""
        return self._executor.submit(self._do, partial(job, *args, **kwargs))

    def run(self, job: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> "asyncio.Future[T]":
        """Return a future of the job's result; the job runs in a copy of the caller's context.

        Cancelling the caller does not stop the job: what it writes, it writes whole.
        """
        context = contextvars.copy_context()
        return asyncio.wrap_future(self.submit(partial(context.run, job, *args, **kwargs)))

    @property
    def waiting(self) -> int:
        """The number of jobs that no thread has begun yet."""
        return self._executor._work_queue.qsize()

    def close_connections(self) -> None:
        """Close all threads' connections once the queue is empty; the next job opens new ones."""
        together = Barrier(self.threads)  # so that no thread takes two of the jobs

        def close() -> None:
            together.wait()
            connections.close_all()

        for job in [self._executor.submit(close) for _ in range(self.threads)]:
            job.result()

    def close(self) -> None:
        """Finish the queue, close the connections, and end the threads."""
        self.close_connections()
        self._executor.shutdown()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _do(self, job: Callable[[], T]) -> T:
        close_old_connections()
        try:
            return job()
        finally:
            if self._seldom and not self.waiting:
                connections.close_all()
