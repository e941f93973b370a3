"""The gateway's few threads for what blocks: the database and the storage.

Django's asynchronous ORM runs every query of a process on one thread. Here a handful of threads
each keep a connection open, so that a slow write does not hold up the next request's key.
"""

import asyncio
import contextvars
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import ParamSpec, TypeVar

from django.db import close_old_connections, connections

P = ParamSpec("P")
T = TypeVar("T")

QUICK = ThreadPoolExecutor(3, thread_name_prefix="gateway")
"""For what takes milliseconds: keys, records, pieces of files."""

STORING = ThreadPoolExecutor(
    min(4, max(2, os.cpu_count() or 2)), thread_name_prefix="gateway-storing"
)
"""For pictures that have come: decoding and encoding is work for the processor, and a thousand
of them at once must not stand before the key of the next request."""


async def in_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run something quick on one of the gateway's threads, with a database connection that works.

    Cancelling the caller does not stop the function: what it writes, it writes whole.
    """
    return await _run(QUICK, function, *args, **kwargs)


async def in_storing_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """As `in_thread`, for work on whole pictures."""
    return await _run(STORING, function, *args, **kwargs)


def close_connections() -> None:
    """Close the database connections of all threads; each opens a new one when it needs it."""
    for pool in (QUICK, STORING):
        together = Barrier(pool._max_workers)  # so that no thread takes two of the jobs

        def close(together: Barrier = together) -> None:
            together.wait(timeout=30)
            connections.close_all()

        for job in [pool.submit(close) for _ in range(pool._max_workers)]:
            job.result()


async def _run(
    pool: ThreadPoolExecutor, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs
) -> T:
    context = contextvars.copy_context()

    def job() -> T:
        close_old_connections()  # those that the job before broke, too
        return context.run(function, *args, **kwargs)

    return await asyncio.get_running_loop().run_in_executor(pool, job)
