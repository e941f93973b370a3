"""Who used what, and at what cost: per day, caller and model."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from .models import Generation

DAY = TruncDate("created_at", tzinfo=UTC)
"""Days in UTC: a database may know of no other zone."""

GROUP = ("day", "key__name", "user__username", "model")


@dataclass(frozen=True, slots=True)
class Usage:
    """One line: what one caller asked of one model on one day."""

    day: date
    caller: str
    model: str
    requests: int
    failed: int
    pictures: int
    cost_usd: Decimal


@dataclass(frozen=True, slots=True)
class Total:
    """The sum of some lines."""

    requests: int
    failed: int
    pictures: int
    cost_usd: Decimal


def read_usage(*, days: int) -> list[Usage]:
    """The last `days` days, the latest first. Two queries, for any number of generations."""
    midnight = datetime.combine(timezone.now().astimezone(UTC).date(), datetime.min.time(), UTC)
    rows = Generation.objects.filter(created_at__gte=midnight - timedelta(days=days - 1))
    grouped = rows.annotate(day=DAY).order_by("-day", *GROUP[1:]).values(*GROUP)
    failed = Q(status__in=[Generation.Status.FAILED, Generation.Status.INTERRUPTED])
    counted = grouped.annotate(
        requests=Count("pk"), failed=Count("pk", filter=failed), cost=Sum("cost_usd")
    )
    # By itself: joined to the pictures, every generation would count once for each of them.
    pictures = {_group(row): row["count"] for row in grouped.annotate(count=Count("images"))}
    return [
        Usage(
            day=row["day"],
            caller=row["key__name"] or row["user__username"] or "–",
            model=row["model"],
            requests=row["requests"],
            failed=row["failed"],
            pictures=pictures[_group(row)],
            cost_usd=row["cost"] or Decimal(0),
        )
        for row in counted
    ]


def total(lines: Iterable[Usage]) -> Total:
    listed = list(lines)
    return Total(
        requests=sum(line.requests for line in listed),
        failed=sum(line.failed for line in listed),
        pictures=sum(line.pictures for line in listed),
        cost_usd=sum((line.cost_usd for line in listed), Decimal(0)),
    )


def _group(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in GROUP)
