"""Runs a job in the background of an event loop: when rung for, and now and then."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

from django.db import Error as DatabaseError

logger = logging.getLogger(__name__)


class Rounds:
    """Runs `job` whenever somebody rings, and every `seconds` otherwise.

    A failure of the database or the storage ends one round, not the next.
    """

    def __init__(self, job: Callable[[], Awaitable[object]], *, name: str, seconds: float) -> None:
        self.job = job
        self.name = name
        self.seconds = seconds
        self.loop: asyncio.AbstractEventLoop | None = None
        self.bell = asyncio.Event()
        self.task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin in the running event loop."""
        self.loop = asyncio.get_running_loop()
        self.bell = asyncio.Event()
        self.task = asyncio.create_task(self._go_round())

    def ring(self) -> None:
        """Request a round soon, from any thread, even while none are running."""
        loop = self.loop
        if loop is not None:
            with suppress(RuntimeError):  # a loop that has ended
                loop.call_soon_threadsafe(self.bell.set)

    async def close(self) -> None:
        """Finish the current round, and begin no other."""
        task, self.task = self.task, None
        self.bell.set()
        if task is not None:
            await task

    async def _go_round(self) -> None:
        while self.task is not None:
            self.bell.clear()
            try:
                await self.job()
            except (DatabaseError, OSError) as error:
                logger.warning("%s failed, and is tried again: %s", self.name, error)
            except Exception:  # a fault of ours must not end what everybody waits for
                logger.exception("%s failed", self.name)
            if self.task is not None:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self.bell.wait(), self.seconds)
