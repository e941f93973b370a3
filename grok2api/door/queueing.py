"""Queues clients fairly: everybody gets a turn before anybody gets two, and at most half of them.

Many requests of one client, who may be hostile, wait behind one another and not before others.
Addresses come first, since anybody can invent keys and cookies; the clients of an address share its
turns.
"""

from asyncio import Future, get_running_loop
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class FairQueue:
    """Admits `at_once` requests; those that wait alternate by address, and within it by client."""

    def __init__(self, at_once: int) -> None:
        self._free = at_once
        self._each = max(1, at_once // 2)
        self._running: Counter[str] = Counter()
        self._waiting: dict[str, dict[str, deque[Future[None]]]] = {}

    @asynccontextmanager
    async def turn(self, address: str, client: str = "") -> AsyncIterator[None]:
        """Hold a turn of this address for one of its clients. A context manager."""
        if self._free and self._running[address] < self._each:
            self._begin(address)
        else:
            turn = get_running_loop().create_future()
            self._waiting.setdefault(address, {}).setdefault(client, deque()).append(turn)
            try:
                await turn
            except BaseException:
                if turn.done() and not turn.cancelled():
                    self._end(address)
                raise
        try:
            yield
        finally:
            self._end(address)

    def _begin(self, address: str) -> None:
        self._free -= 1
        self._running[address] += 1

    def _end(self, address: str) -> None:
        self._free += 1
        self._running[address] -= 1
        if not self._running[address]:
            del self._running[address]
        while self._free and (following := self._following()) is not None:
            name, turn = following
            if not turn.done():  # else whoever asked has left
                self._begin(name)
                turn.set_result(None)

    def _following(self) -> tuple[str, "Future[None]"] | None:
        for address, clients in self._waiting.items():
            if self._running[address] < self._each:
                client, turns = next(iter(clients.items()))
                turn = turns.popleft()
                del self._waiting[address], clients[client]
                if turns:
                    clients[client] = turns  # behind all others
                if clients:
                    self._waiting[address] = clients
                return address, turn
        return None
