"""Runs functions in a process of lowest priority, which works only while the processor is idle."""

import os
import signal
from collections.abc import Callable
from concurrent.futures import CancelledError, ProcessPoolExecutor
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
    """Run the function in the other process, which the first call starts; return its result.

    Args:
        function: of a module that can be imported without Django.

    Raises:
        BrokenProcessPool: the process died of it. The next call gets a new one.
        Closed
    """
    pool = _started()
    try:
        return pool.submit(function, *args, **kwargs).result()
    except (CancelledError, RuntimeError) as error:
        if pool is not _pool:
            raise Closed from None
        if isinstance(error, BrokenProcessPool):
            close()
        raise


class Closed(RuntimeError):
    """The process was ended before it had finished."""


def close() -> None:
    """End the process after its current work, which continues at normal priority.

    At lowest priority it might take for ever while others are busy. It is not killed: Python before
    3.11.5 would wait for it for ever.
    """
    global _pool
    with _lock:
        pool, _pool = _pool, None
    if pool is not None:
        if hasattr(os, "sched_setscheduler"):
            for pid in list(pool._processes or ()):
                with suppress(OSError):
                    os.sched_setscheduler(pid, os.SCHED_OTHER, os.sched_param(0))
        pool.shutdown(cancel_futures=True)


def _started() -> ProcessPoolExecutor:
    global _pool
    with _lock:
        if _pool is None:
            # Spawned, since a fork would copy the locks and connections of all threads.
            _pool = ProcessPoolExecutor(1, get_context("spawn"), initializer=_step_back)
        return _pool


def _step_back() -> None:
    """Lower this process's priority, and leave Ctrl-C and the end to the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent()
    with suppress(OSError):  # a container may forbid it
        if hasattr(os, "sched_setscheduler"):
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
        elif hasattr(os, "nice"):
            os.nice(19)


def end_with_parent() -> None:
    """Stop this process when its parent is killed."""
    parent = parent_process()
    if parent is not None:

        def watch() -> None:
            parent.join()
            os.kill(os.getpid(), signal.SIGTERM)

        Thread(target=watch, name="parent", daemon=True).start()
