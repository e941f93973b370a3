"""Who is next: everybody has a turn before anybody has two, and nobody has more than half of them.

Many requests of one client, who may mean ill, wait behind one another and not before others. An
address comes first, since anybody can name as many keys and cookies as he likes; those who share
an address take its turns in turn.
"""

from asyncio import Future, get_running_loop
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class FairQueue:
    """At most `at_once` at work; of those who wait, each address in turn, and each client there."""

    def __init__(self, at_once: int) -> None:
        self._free = at_once
        self._each = max(1, at_once // 2)
        self._running: Counter[str] = Counter()
        self._waiting: dict[str, dict[str, deque[Future[None]]]] = {}

    @asynccontextmanager
    async def turn(self, address: str, client: str = "") -> AsyncIterator[None]:
        """A turn of this address, for whoever asks there."""
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
