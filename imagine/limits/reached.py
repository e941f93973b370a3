"""What a key is told of its limits; the same words and numbers wherever they were counted."""

from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

MINUTE = timedelta(minutes=1)
BUSY_SECONDS = 5
"""When to come back where too much runs at once: nobody knows when it will end."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a key's requests per minute have left; in `reset` seconds all of them are there."""

    limit: int
    remaining: int
    reset: float

    @property
    def with_one_more(self) -> "Allowance":
        """The same once a request has been counted."""
        return replace(self, remaining=self.remaining - 1, reset=MINUTE.total_seconds())


class LimitReached(Exception):
    """The key may not do this now; `retry_after` is in seconds."""

    def __init__(
        self, message: str, *, code: str, retry_after: int, allowance: Allowance | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.retry_after = retry_after
        self.allowance = allowance


def too_often(allowance: Allowance, *, retry_after: int) -> LimitReached:
    return LimitReached(
        f"This API key may make {allowance.limit} requests per minute.",
        code="rate_limit_exceeded",
        retry_after=max(1, retry_after),
        allowance=allowance,
    )


def too_many(limit: int, allowance: Allowance | None) -> LimitReached:
    return LimitReached(
        f"This API key may have {limit} requests under way at once.",
        code="too_many_generations",
        retry_after=BUSY_SECONDS,
        allowance=allowance,
    )


def too_dear(
    limit: Decimal, left: Decimal, at_most: Decimal | None, *, whose: str, retry_after: int
) -> LimitReached:
    if left and at_most is not None:
        message = (
            f"This request may cost {_amount(at_most)} US dollars, and of this {whose}'s budget of "
            f"{limit} US dollars for this month {_amount(left)} are left."
        )
    else:
        message = f"This {whose} has spent its budget of {limit} US dollars for this month."
    return LimitReached(message, code="insufficient_quota", retry_after=retry_after)


def _amount(dollars: Decimal) -> str:
    return f"{dollars.normalize():f}"
