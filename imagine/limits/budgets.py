"""Enforces budgets: US dollars that a key, or a user at the Imagine page, may spend in a month.

The rows of generations are what is counted. One that has begun counts with the most that it may
cost until its cost is known, or for good if nobody can tell. So no more than the budget is spent,
however many requests come at once: the budget's row is locked from reading what is left until the
row of the next generation is written.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from math import ceil

from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from imagine.models import ApiKey, Generation, UserBudget
from imagine.prices.sums import dollars, sum_of_ticks

from . import reached

Owner = ApiKey | UserBudget

COUNTED = Coalesce(F("cost_usd"), F("reserved_usd"))


@dataclass(frozen=True, slots=True)
class Month:
    """US dollars since the first of the month, in the server's time zone."""

    spent: Decimal  # by what has ended; the most that it may have cost where that is not known
    reserved: Decimal  # for what is under way or waits for its turn


def locked(found: Owner) -> Owner:
    """Read the owner again and lock its row until the transaction ends.

    Raises:
        ApiKey.DoesNotExist
    """
    rows = type(found)._default_manager.select_for_update()
    if isinstance(found, UserBudget):
        return rows.filter(pk=found.pk).first() or UserBudget()  # taken away: there is none
    return rows.get(pk=found.pk)


def check(owner: Owner, at_most: Decimal | None) -> None:
    """Check that there is room for a request. The owner's row must be locked.

    Args:
        at_most: US dollars that it may cost; None where nobody knows, so that any is room enough.

    Raises:
        LimitReached
    """
    limit = owner.monthly_budget_usd
    if limit is None:
        return
    now = timezone.now()
    month = of_month(owner, now)
    left = limit - month.spent - month.reserved
    if left > 0 if at_most is None else left >= at_most:
        return
    is_only_reserved = at_most is not None and limit - month.spent >= at_most
    wait = reached.BUSY_SECONDS if is_only_reserved else _seconds_of_the_month_left(now)
    raise reached.too_dear(
        limit, max(left, Decimal(0)), at_most, whose=owner.whose, retry_after=wait
    )


def of_month(owner: Owner, now: datetime) -> Month:
    """Return what counts towards a budget in this month. One query."""
    month = timezone.localtime(now).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    unfinished = Q(status__in=Generation.UNFINISHED)  # also one whose program is gone: it has asked
    sums = owner.generations.filter(created_at__gte=month).aggregate(
        spent=sum_of_ticks(COUNTED, ~unfinished),
        reserved=sum_of_ticks(COUNTED, unfinished),
    )
    return Month(dollars(sums["spent"]), dollars(sums["reserved"]))


def spent_this_month(owner: Owner, now: datetime) -> Decimal:
    """Return the US dollars of what has ended."""
    return of_month(owner, now).spent


def _seconds_of_the_month_left(now: datetime) -> int:
    local = timezone.localtime(now)
    following = (local.replace(day=1) + timedelta(days=32)).replace(
        day=1, hour=0, minute=0, second=0, microsecond=0
    )
    # In UTC: clocks may be put forward or back in between.
    return ceil(following.timestamp() - now.timestamp())
