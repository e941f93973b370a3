"""The gateway's few threads for what blocks: the database and the storage.

Django's asynchronous ORM runs every query of a process on one thread. Here a handful of threads
each keep a connection open, so that a slow write does not hold up the next request's key.
"""

import os

from grok2api.runtime.pools import Pool

QUICK = Pool("gateway", 3)
"""For work of milliseconds: keys, records, pieces of files."""

STORING = Pool("gateway-storing", min(4, max(2, os.cpu_count() or 2)))
"""For pictures that have come: decoding and encoding is work for the processor, and a thousand of
them must not delay the next request's key."""

TASKS = Pool("gateway-tasks")
"""For the queue, whose queries belong to no request."""

in_thread = QUICK.run
in_storing_thread = STORING.run
in_task_thread = TASKS.run


def close_connections() -> None:
    """Close the database connections of all threads; each opens a new one when it needs it."""
    for pool in (QUICK, STORING, TASKS):
        pool.close_connections()
