"""A process that serves: uvicorn's server, which reports when it does, and can give way."""

import asyncio
import os
import signal
import socket
from threading import Thread
from types import FrameType

import uvicorn
from uvicorn.server import HANDLED_SIGNALS as STOP_SIGNALS

from .protocol import IDLE_SECONDS, Protocol
from .supervisor import GIVE_WAY, HELD_BACK

HANDLED_SIGNALS = (*STOP_SIGNALS, GIVE_WAY)
"""Signals that tell a process to end."""


class Worker(uvicorn.Server):
    """One of a supervisor's processes.

    Args:
        lifeline: the reading end of a pipe that ends with the supervisor.
        ready: the writing end of a pipe that reports that this process serves.
    """

    def __init__(self, config: uvicorn.Config, *, lifeline: int, ready: int) -> None:
        super().__init__(config)
        self._lifeline = lifeline
        self._ready = ready

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        for descriptor in (self._lifeline, self._ready, *(each.fileno() for each in sockets or ())):
            os.set_inheritable(descriptor, False)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # the supervisor's business
        signal.pthread_sigmask(signal.SIG_UNBLOCK, HELD_BACK)
        signal.signal(GIVE_WAY, self.handle_exit)
        Thread(target=self._end_with_supervisor, name="lifeline", daemon=True).start()
        super().run(sockets)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)
        os.write(self._ready, b"!")
        os.close(self._ready)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end; if it is told to stop while it gives way, hurry."""
        Protocol.is_ending = True
        Protocol.is_followed = sig == GIVE_WAY
        if Protocol.is_followed and not self.should_exit:
            # The last request of a connection may come at the end of its idle time.
            patience = self.config.timeout_graceful_shutdown or 0
            self.config.timeout_graceful_shutdown = patience + IDLE_SECONDS
        if self.should_exit and self.started:
            self._loop.call_soon_threadsafe(self._hurry)
        super().handle_exit(sig, frame)

    def _hurry(self) -> None:
        for connection in list(self.server_state.connections):
            connection.shutdown()

    def _end_with_supervisor(self) -> None:
        os.read(self._lifeline, 1)
        os.kill(os.getpid(), signal.SIGTERM)
