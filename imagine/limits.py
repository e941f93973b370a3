"""What one API key may do. Every generation has its row, so the rows are what is counted:
the same in every process, and exact."""

from datetime import datetime, timedelta
from decimal import Decimal
from math import ceil

from django.db.models import Sum
from django.utils import timezone

from .models import ApiKey, Generation

MINUTE = timedelta(minutes=1)
BUSY_SECONDS = 5
"""When to come back where too much runs at once: nobody knows when it will end."""


class LimitReached(Exception):
    """The key may not do this now; `retry_after` is in seconds."""

    def __init__(self, message: str, *, code: str, retry_after: int) -> None:
        super().__init__(message)
        self.code = code
        self.retry_after = retry_after


def check(key: ApiKey) -> None:
    """Whether the key may begin one more generation. Its row must be locked meanwhile.

    Raises:
        LimitReached
    """
    now = timezone.now()
    _check_rate(key, now)
    _check_concurrency(key, now)
    _check_budget(key, now)


def spent_this_month(key: ApiKey, now: datetime) -> Decimal:
    """US dollars since the first of the month, in the server's time zone, as upstreams told."""
    month = timezone.localtime(now).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    rows = Generation.objects.filter(key=key, created_at__gte=month)
    return rows.aggregate(total=Sum("cost_usd"))["total"] or Decimal(0)


def _check_rate(key: ApiKey, now: datetime) -> None:
    limit = key.requests_per_minute
    if limit is None:
        return
    rows = Generation.objects.filter(key=key, created_at__gt=now - MINUTE)
    # The one whose end of its minute makes room again.
    times = list(rows.order_by("-created_at").values_list("created_at", flat=True)[:limit])
    if len(times) < limit:
        return
    room_at = times[-1] + MINUTE if times else now + MINUTE
    raise LimitReached(
        f"This API key may make {limit} requests per minute.",
        code="rate_limit_exceeded",
        retry_after=max(1, ceil((room_at - now).total_seconds())),
    )


def _check_concurrency(key: ApiKey, now: datetime) -> None:
    limit = key.max_concurrent
    if limit is None:
        return
    running = Generation.objects.running(now).filter(key=key)
    if running.count() >= limit:
        raise LimitReached(
            f"This API key may have {limit} requests under way at once.",
            code="too_many_generations",
            retry_after=BUSY_SECONDS,
        )


def _check_budget(key: ApiKey, now: datetime) -> None:
    limit = key.monthly_budget_usd
    if limit is None or spent_this_month(key, now) < limit:
        return
    local = timezone.localtime(now)
    following = (local.replace(day=1) + timedelta(days=32)).replace(
        day=1, hour=0, minute=0, second=0, microsecond=0
    )
    raise LimitReached(
        f"This API key has spent its budget of {limit} US dollars for this month.",
        code="insufficient_quota",
        retry_after=ceil((following - local).total_seconds()),
    )
