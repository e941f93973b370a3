"""A process beside this one that works only while nothing else wants the processor."""

import os
import signal
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from multiprocessing import get_context, parent_process
from threading import Lock, Thread
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_pool: ProcessPoolExecutor | None = None
_lock = Lock()


def run(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What the function returns or raises, from the other process, which starts with the first.

    Args:
        function: of a module that can be imported without Django.

    Raises:
        BrokenProcessPool: the process died of it. The next call gets a new one.
    """
    try:
        return _started().submit(function, *args, **kwargs).result()
    except BrokenProcessPool:
        close()
        raise


def close() -> None:
    """End the process."""
    global _pool
    with _lock:
        pool, _pool = _pool, None
    if pool is not None:
        pool.shutdown(cancel_futures=True)


def _started() -> ProcessPoolExecutor:
    global _pool
    with _lock:
        if _pool is None:
            # Spawned: a fork would take along the locks and connections of all our threads.
            _pool = ProcessPoolExecutor(1, get_context("spawn"), initializer=_step_back)
        return _pool


def _step_back() -> None:
    """Leave the processor to all others, and Ctrl-C and the end to the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent()
    with suppress(OSError):  # a container may forbid it
        if hasattr(os, "sched_setscheduler"):
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
        elif hasattr(os, "nice"):
            os.nice(19)


def end_with_parent() -> None:
    """Let this process be told to stop when the one that started it was killed."""
    parent = parent_process()
    if parent is not None:

        def watch() -> None:
            parent.join()
            os.kill(os.getpid(), signal.SIGTERM)

        Thread(target=watch, name="parent", daemon=True).start()
