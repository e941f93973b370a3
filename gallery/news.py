"""Tells whoever listens, in any process, that the library has changed.

With Redis, a change is published there and every process hears it at once. Without it, or while it
fails, each process that has listeners reads the library's version every two seconds. Either way it
is one task per process, however many listen.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager, suppress
from weakref import WeakKeyDictionary

from django.conf import settings
from django.db import Error as DatabaseError
from redis.asyncio import Redis

from grok2api.runtime import redis_server
from grok2api.runtime.pools import Pool
from grok2api.runtime.redis_server import RedisError

from .index.building import library_version

logger = logging.getLogger(__name__)

LOOK_SECONDS = 2.0
PAUSE_SECONDS = 0.5
"""The least time between two pieces of news: an import changes the library all the time."""

SILENCE_SECONDS = 10.0
"""After so long without a word from Redis, it is pinged and the database is asked: a process whose
Redis connection failed publishes nothing for a while."""

THREAD = Pool("news", seldom=True)
"""Answers listeners' database queries, which must not wait behind pages. The next one comes in a
few seconds, or minutes."""


def tell() -> None:
    """Tell everybody that a change of the library was committed."""
    for hub in list(_hubs.values()):
        hub.ring_from_thread()
    if not redis_server.may_be_asked():
        return
    try:
        redis_server.client().publish(_channel(), b"changed")
    except RedisError as error:
        logger.warning("Redis failed, other processes learn of a change later: %s", error)
        redis_server.let_rest()


async def listen(*, silence: float) -> AsyncGenerator[bool, None]:
    """Yield True when the library may have changed, and False after `silence` seconds without news.

    It ends when the process is about to stop.
    """
    loop = asyncio.get_running_loop()
    hub = _hubs.setdefault(loop, _Hub(loop))
    with hub.listening() as bell:
        while not hub.is_closing.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(bell.wait(), silence)
            if hub.is_closing.is_set():
                return
            changed = bell.is_set()
            bell.clear()
            yield changed
            if changed:
                with suppress(TimeoutError):
                    await asyncio.wait_for(hub.is_closing.wait(), PAUSE_SECONDS)


def close() -> None:
    """End every `listen`; callable from any thread and from a signal handler."""
    for hub in list(_hubs.values()):
        hub.loop.call_soon_threadsafe(hub.close)


class _Hub:
    """The listeners of one event loop, and the task that listens for them."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.bells: set[asyncio.Event] = set()
        self.is_closing = asyncio.Event()
        self.task: asyncio.Task[None] | None = None
        self.version = ""

    @contextmanager
    def listening(self) -> Iterator[asyncio.Event]:
        bell = asyncio.Event()
        self.bells.add(bell)
        if self.task is None or self.task.done():  # done: by an error that nobody foresaw
            self.task = asyncio.create_task(self._watch())
        try:
            yield bell
        finally:
            self.bells.discard(bell)
            if not self.bells and self.task is not None:
                self.task.cancel()
                self.task = None

    def ring(self) -> None:
        for bell in self.bells:
            bell.set()

    def ring_from_thread(self) -> None:
        with suppress(RuntimeError):  # a loop that has ended
            self.loop.call_soon_threadsafe(self.ring)

    def close(self) -> None:
        self.is_closing.set()
        self.ring()

    async def _watch(self) -> None:
        self.version = ""  # nobody has listened since the last one
        while True:
            try:
                if settings.REDIS_URL:
                    await self._hear()
                await self._look()
            except (RedisError, OSError) as error:
                logger.warning("Redis failed, the database is polled for changes: %s", error)
                await self._look()
            await asyncio.sleep(LOOK_SECONDS)

    async def _hear(self) -> None:
        """Listen to Redis for as long as it is there.

        Raises:
            RedisError, OSError
        """
        async with (
            Redis.from_url(
                settings.REDIS_URL, socket_connect_timeout=redis_server.SECONDS
            ) as client,
            client.pubsub() as subscription,
        ):
            await subscription.subscribe(_channel())
            await self._look()  # what has changed before
            is_asked = False
            while True:
                message = await subscription.get_message(timeout=SILENCE_SECONDS)
                if message is None and is_asked:
                    raise RedisError("it has fallen silent")
                is_asked = message is None
                if message is None:
                    await self._look()  # what somebody could not tell Redis
                    await subscription.ping()
                elif message["type"] == "message":
                    self.ring()

    async def _look(self) -> None:
        try:
            version = await THREAD.run(library_version)
        except DatabaseError as error:
            logger.warning("The library's version cannot be read: %s", error)
            return
        if self.version not in ("", version):
            self.ring()
        self.version = version


_hubs: "WeakKeyDictionary[asyncio.AbstractEventLoop, _Hub]" = WeakKeyDictionary()


def _channel() -> str:
    # Redis' channels know no databases.
    database = redis_server.client().connection_pool.connection_kwargs.get("db", 0)
    return f"grok2api:{database}:library"
