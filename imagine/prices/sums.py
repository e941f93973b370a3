"""Sums money in the database in whole ticks, since SQLite adds decimals as floats."""

from decimal import Decimal
from typing import Any

from django.db.models import BigIntegerField, Q, Sum
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Round

from imagine.providers.reported import TICKS_PER_DOLLAR


def sum_of_ticks(amount: Combinable, where: Q | None = None) -> Any:
    """Return an aggregate of a column of dollars; rows without an amount add nothing."""
    return Sum(Cast(Round(amount * TICKS_PER_DOLLAR), BigIntegerField()), filter=where)


def dollars(ticks: int | Decimal | None) -> Decimal:
    """Convert such a sum to US dollars."""
    return Decimal(int(ticks or 0)) / TICKS_PER_DOLLAR
