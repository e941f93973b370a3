"""A running generation, as seen by those who wait for its pictures."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from django.utils import timezone

from .models import Generation
from .prices import costs
from .prices.costs import Cost
from .providers import get_provider
from .providers.base import ImageProvider, ImageRequest, PartialImage, ProviderError, Usage
from .quarantine import Owed
from .records import GenerationResult, StoredImage


@dataclass(frozen=True, slots=True)
class Started:
    """A task's turn has come; `at` is of the monotonic clock, in seconds."""

    at: float = field(default_factory=time.monotonic)

    @classmethod
    def since(cls, moment: datetime) -> "Started":
        return cls(time.monotonic() - max(0, (timezone.now() - moment).total_seconds()))


RunEvent = Started | PartialImage | StoredImage


@dataclass(slots=True)
class Run:
    """Readers use `events()` or await `finished()`; any number of them may, at any time."""

    request: ImageRequest
    provider: ImageProvider = field(default_factory=get_provider)
    images: list[StoredImage] = field(default_factory=list)
    errors: list[ProviderError] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)
    owed: Owed = field(default_factory=Owed)
    ended: bool = False  # its row says so
    settled: Cost | None = None  # and what it cost
    follower: "asyncio.Task[None] | None" = None  # what looks how it goes elsewhere
    storing: float = 0  # seconds spent with it
    generation: Generation = field(init=False, repr=False, compare=False)  # once it is open
    _opened: "asyncio.Future[Generation]" = field(default_factory=asyncio.Future)
    _done: asyncio.Event = field(default_factory=asyncio.Event)
    _past: list[RunEvent] = field(default_factory=list)
    _readers: "list[asyncio.Queue[RunEvent | None]]" = field(default_factory=list)
    _then: list[Callable[[], object]] = field(default_factory=list)
    _began: float = 0  # by the monotonic clock, seconds
    _reckoned: tuple[Usage, int, Cost] | None = None  # from what it was, and the cost

    async def opened(self) -> Generation:
        """Wait until the generation has its row."""
        return await asyncio.shield(self._opened)

    @property
    def ignored(self) -> list[str]:
        """Parameters that the provider gives no effect, as far as it knows by now."""
        return self.provider.ignores(self.request)

    @property
    def is_done(self) -> bool:
        return self._done.is_set()

    @property
    def is_started(self) -> bool:
        """Whether the task's turn has come, as far as it was told."""
        return any(isinstance(event, Started) for event in self._past)

    @property
    def is_open(self) -> bool:
        """Whether it has its row."""
        return self._opened.done()

    async def is_done_within(self, seconds: float) -> bool:
        """Wait for the end, whatever it is, but no longer than this; return whether it came."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._done.wait(), seconds)
        return self.is_done

    def leave(self) -> None:
        """Stop looking for news, as nobody reads it any more; the pictures are made
        nevertheless."""
        if self.follower is not None:
            self.follower.cancel()

    def when_done(self, then: Callable[[], object]) -> None:
        self._then.append(then)

    async def finished(self) -> None:
        """Wait for the end. Afterwards `images`, `errors` and `usage` are complete.

        Raises:
            ProviderError: there is no picture at all.
        """
        await self._done.wait()
        if not self.images:
            raise self.errors[0]

    async def events(self) -> AsyncIterator[RunEvent]:
        """Yield what has come and what comes; unfinished pictures only until theirs is finished.

        Raises:
            ProviderError: at the end, where there is no finished picture.
        """
        queue: asyncio.Queue[RunEvent | None] = asyncio.Queue()
        for event in self._past:
            queue.put_nowait(event)
        if self.is_done:
            queue.put_nowait(None)
        self._readers.append(queue)
        try:
            while (past := await queue.get()) is not None:
                yield past
        finally:
            self._readers.remove(queue)
        await self.finished()

    # For those who work on it.

    def open(self, generation: Generation) -> None:
        self.generation, self._began = generation, time.monotonic()
        self._opened.set_result(generation)

    def refuse(self, error: BaseException) -> None:
        """Tell readers that it will have no row."""
        if isinstance(error, asyncio.CancelledError):
            self._opened.cancel()
            return
        self._opened.set_exception(error)
        self._opened.exception()  # seen, also where the client has left

    def tell(self, event: RunEvent) -> None:
        """Tell all readers of an event; a finished picture replaces its unfinished ones."""
        if isinstance(event, StoredImage):
            self.images.append(event)
            self._past = [
                past
                for past in self._past
                if not (isinstance(past, PartialImage) and past.index == event.index)
            ]
        self._past.append(event)
        for reader in self._readers:
            reader.put_nowait(event)

    def fail(self, error: ProviderError) -> None:
        """Count one picture less, and keep what it cost nevertheless."""
        self.errors.append(error)
        self.usage = error.usage or self.usage

    def finish(self) -> None:
        self._done.set()
        for then in self._then:
            then()
        for reader in self._readers:
            reader.put_nowait(None)

    def outcome(
        self, status: Generation.Status, *, storing_since: float | None = None
    ) -> GenerationResult:
        now = time.monotonic()
        storing = now - storing_since if storing_since else self.storing
        self.settled = self.cost
        return GenerationResult(
            status=status,
            errors=tuple(self.errors),
            usage=self.usage,
            cost=self.settled,
            upstream_ms=round((now - self._began - storing) * 1000),
            storing_ms=round(storing * 1000),
        )

    @property
    def cost(self) -> Cost:
        """The cost, as far as it is known now."""
        known, number = self._reckoned, len(self.errors)
        if known is None or known[0] is not self.usage or known[1] != number:
            cost = costs.settled(self.request, self.usage, self.errors, self.generation.created_at)
            known = self._reckoned = self.usage, number, cost
        return known[2]

    @property
    def status(self) -> Generation.Status:
        if not self.images:
            return Generation.Status.FAILED
        return Generation.Status.PARTIAL if self.errors else Generation.Status.SUCCEEDED
