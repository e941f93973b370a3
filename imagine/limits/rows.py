"""Limits counted in the database. Every generation has its row, so the rows are what is counted:
the same in every process, and exact."""

from datetime import datetime, timedelta
from decimal import Decimal
from math import ceil

from django.db.models import Sum
from django.utils import timezone

from imagine.models import ApiKey, Generation

from . import reached


def check_requests(key: ApiKey) -> None:
    """Requests per minute and at once. The key's row must be locked meanwhile.

    Raises:
        LimitReached
    """
    now = timezone.now()
    _check_rate(key, now)
    _check_concurrency(key, now)


def check_budget(key: ApiKey) -> None:
    """Dollars of this month. What is under way has no price yet, so a lock would not help.

    Raises:
        LimitReached
    """
    now = timezone.now()
    limit = key.monthly_budget_usd
    if limit is None or spent_this_month(key, now) < limit:
        return
    local = timezone.localtime(now)
    following = (local.replace(day=1) + timedelta(days=32)).replace(
        day=1, hour=0, minute=0, second=0, microsecond=0
    )
    raise reached.too_dear(limit, retry_after=ceil((following - local).total_seconds()))


def spent_this_month(key: ApiKey, now: datetime) -> Decimal:
    """US dollars since the first of the month, in the server's time zone, as upstreams told."""
    month = timezone.localtime(now).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    rows = Generation.objects.filter(key=key, created_at__gte=month)
    return rows.aggregate(total=Sum("cost_usd"))["total"] or Decimal(0)


def _check_rate(key: ApiKey, now: datetime) -> None:
    limit = key.requests_per_minute
    if limit is None:
        return
    rows = Generation.objects.filter(key=key, created_at__gt=now - reached.MINUTE)
    # The one whose end of its minute makes room again.
    times = list(rows.order_by("-created_at").values_list("created_at", flat=True)[:limit])
    if len(times) < limit:
        return
    room_at = (times[-1] if times else now) + reached.MINUTE
    raise reached.too_often(limit, retry_after=ceil((room_at - now).total_seconds()))


def _check_concurrency(key: ApiKey, now: datetime) -> None:
    limit = key.max_concurrent
    if limit is None:
        return
    if Generation.objects.running(now).filter(key=key).count() >= limit:
        raise reached.too_many(limit)
