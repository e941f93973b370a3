"""What a key is told that may not do more now; the same words wherever it was counted."""

from datetime import timedelta
from decimal import Decimal

MINUTE = timedelta(minutes=1)
BUSY_SECONDS = 5
"""When to come back where too much runs at once: nobody knows when it will end."""


class LimitReached(Exception):
    """The key may not do this now; `retry_after` is in seconds."""

    def __init__(self, message: str, *, code: str, retry_after: int) -> None:
        super().__init__(message)
        self.code = code
        self.retry_after = retry_after


def too_often(limit: int, *, retry_after: int) -> LimitReached:
    return LimitReached(
        f"This API key may make {limit} requests per minute.",
        code="rate_limit_exceeded",
        retry_after=max(1, retry_after),
    )


def too_many(limit: int) -> LimitReached:
    return LimitReached(
        f"This API key may have {limit} requests under way at once.",
        code="too_many_generations",
        retry_after=BUSY_SECONDS,
    )


def too_dear(limit: Decimal, *, retry_after: int) -> LimitReached:
    return LimitReached(
        f"This API key has spent its budget of {limit} US dollars for this month.",
        code="insufficient_quota",
        retry_after=retry_after,
    )
