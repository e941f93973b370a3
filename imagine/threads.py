"""The gateway's few threads for what blocks: the database and the storage.

Django's asynchronous ORM runs every query of a process on one thread. Here a handful of threads
each keep a connection open, so that a slow write does not hold up the next request's key.
"""

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import ParamSpec, TypeVar

from django.db import close_old_connections, connections

P = ParamSpec("P")
T = TypeVar("T")

THREADS = 4
"""One request needs a thread for milliseconds; more would only queue inside the database."""

_pool = ThreadPoolExecutor(THREADS, thread_name_prefix="gateway")


async def in_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run `function` on one of the gateway's threads, with a database connection that works.

    Cancelling the caller does not stop the function: what it writes, it writes whole.
    """
    context = contextvars.copy_context()

    def job() -> T:
        close_old_connections()
        try:
            return context.run(function, *args, **kwargs)
        finally:
            close_old_connections()

    return await asyncio.get_running_loop().run_in_executor(_pool, job)


def close_connections() -> None:
    """Close the database connections of all threads; each opens a new one when it needs it."""
    together = Barrier(THREADS)  # so that no thread takes two of the jobs

    def close() -> None:
        together.wait(timeout=30)
        connections.close_all()

    for job in [_pool.submit(close) for _ in range(THREADS)]:
        job.result()
