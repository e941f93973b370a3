"""Makes several pictures with an upstream that makes one for each request."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from functools import reduce

from .base import BrokenImage, Event, ImageRequest, ProviderError, Usage
from .reported import added

Generate = Callable[[ImageRequest], AsyncGenerator[Event, None]]


@dataclass(slots=True)
class _Several:
    """Combines the requests for n pictures, as if it were one request for all of them."""

    n: int
    usages: dict[int, Usage] = field(default_factory=dict)

    def event(self, index: int, event: Event) -> Event:
        if isinstance(event, Usage):
            self.usages[index] = event
            return self._total()
        if isinstance(event, BrokenImage):
            self.failure(index, event.error)
        return replace(event, index=index)

    def failure(self, index: int, error: ProviderError) -> ProviderError:
        """Return the same error with the cost of all requests, which is what it is read for."""
        if error.usage is not None:
            self.usages[index] = error.usage
        error.usage = self._total() if self.usages else None
        return error

    def _total(self) -> Usage:
        whole = len(self.usages) == self.n and all(one.is_whole for one in self.usages.values())
        return replace(reduce(added, self.usages.values()), is_whole=whole)


async def one_by_one(request: ImageRequest, generate: Generate) -> AsyncGenerator[Event, None]:
    """Request n pictures one by one, in parallel; yield events as they come, with their index.

    Raises:
        ProviderError: not one of them came.
    """
    events: asyncio.Queue[tuple[int, Event | ProviderError | None]] = asyncio.Queue()

    async def ask(index: int) -> None:
        try:
            async with aclosing(generate(replace(request, n=1))) as coming:
                async for event in coming:
                    events.put_nowait((index, several.event(index, event)))
        except ProviderError as error:
            events.put_nowait((index, several.failure(index, error)))
        finally:
            events.put_nowait((index, None))

    several = _Several(request.n)
    tasks = [asyncio.ensure_future(ask(index)) for index in range(request.n)]
    failures = 0
    left = request.n
    try:
        while left:
            index, event = await events.get()
            if event is None:
                left -= 1
            elif isinstance(event, ProviderError):
                failures += 1
                if failures == request.n:
                    raise event
                yield BrokenImage(index, event)
            else:
                yield event
    finally:
        for task in tasks:
            task.cancel()
