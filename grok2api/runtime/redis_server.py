"""The Redis beside the database, if one is set; callers can do without it."""

import time
from functools import lru_cache

from django.conf import settings
from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

__all__ = ["RedisError", "client", "let_rest", "may_be_asked"]

SECONDS = 1
"""The timeout of a command."""

REST_SECONDS = 2
"""How long a failed Redis is left alone, so that not every request waits for it."""

_rests_until = 0.0  # of the monotonic clock


def may_be_asked() -> bool:
    """Return whether Redis is set and has not just failed."""
    return bool(settings.REDIS_URL) and time.monotonic() >= _rests_until


def let_rest() -> None:
    """Note that Redis has failed, and leave it alone for a while."""
    global _rests_until
    _rests_until = time.monotonic() + REST_SECONDS


def client() -> Redis:
    """Return the client, for any thread. A command may arrive twice: connections may have been cut.

    Its methods raise `RedisError`.
    """
    return _client(settings.REDIS_URL)


@lru_cache(maxsize=1)
def _client(url: str) -> Redis:
    return Redis.from_url(
        url,
        socket_timeout=SECONDS,
        socket_connect_timeout=SECONDS,
        retry=Retry(NoBackoff(), 1),
    )
