"""Words and numbers that a key is told about its limits, wherever they are counted."""

from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

MINUTE = timedelta(minutes=1)
BUSY_SECONDS = 5
"""When to come back if too much runs at once: nobody knows when it will end."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """The rest of a key's requests per minute; all of them are back in `reset` seconds."""

    limit: int
    remaining: int
    reset: float

    @property
    def with_one_more(self) -> "Allowance":
        """Return the allowance after one more request."""
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
