"""The Redis beside the database, where one is set: whoever asks it can do without it."""

import time
from functools import lru_cache

from django.conf import settings
from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

__all__ = ["RedisError", "client", "let_rest", "may_be_asked"]

SECONDS = 1
"""How long Redis may take."""

REST_SECONDS = 2
"""How long Redis is left alone that has failed, so that not every request waits for it."""

_rests_until = 0.0  # of the monotonic clock


def may_be_asked() -> bool:
    """Whether Redis is set, and has not failed just now."""
    return bool(settings.REDIS_URL) and time.monotonic() >= _rests_until


def let_rest() -> None:
    """Redis has failed."""
    global _rests_until
    _rests_until = time.monotonic() + REST_SECONDS


def client() -> Redis:
    """For any thread. What it is told may arrive twice: a connection may have been cut long ago.

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
