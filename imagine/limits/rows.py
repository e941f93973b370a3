"""Counts requests in the database.

Every generation has its row, so the rows are counted: the same in every process, and exact.
"""

from datetime import datetime
from math import ceil

from django.utils import timezone

from imagine.models import ApiKey, Generation

from . import reached


def check_requests(key: ApiKey) -> reached.Allowance | None:
    """Check requests per minute and at once. The key's row must be locked meanwhile.

    Returns: what one more leaves of the former, if they are limited.

    Raises:
        LimitReached
    """
    now = timezone.now()
    allowance = _check_rate(key, now)
    _check_concurrency(key, now, allowance)
    return allowance and allowance.with_one_more


def _check_rate(key: ApiKey, now: datetime) -> reached.Allowance | None:
    limit = key.requests_per_minute
    if limit is None:
        return None
    rows = Generation.objects.filter(key=key, created_at__gt=now - reached.MINUTE)
    # When this one is a minute old, there is room again.
    times = list(rows.order_by("-created_at").values_list("created_at", flat=True)[:limit])
    reset = (times[0] + reached.MINUTE - now).total_seconds() if times else 0
    allowance = reached.Allowance(limit, limit - len(times), reset)
    if allowance.remaining > 0:
        return allowance
    room_at = (times[-1] if times else now) + reached.MINUTE
    raise reached.too_often(allowance, retry_after=ceil((room_at - now).total_seconds()))


def _check_concurrency(key: ApiKey, now: datetime, allowance: reached.Allowance | None) -> None:
    limit = key.max_concurrent
    if limit is None:
        return
    if Generation.objects.unfinished(now).filter(key=key).count() >= limit:
        raise reached.too_many(limit, allowance)
