"""Sums of money in the database: of whole ticks, since SQLite adds decimal numbers as floats."""

from decimal import Decimal
from typing import Any

from django.db.models import BigIntegerField, Q, Sum
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Round

from imagine.providers.reported import TICKS_PER_DOLLAR


def sum_of_ticks(amount: Combinable, where: Q | None = None) -> Any:
    """An aggregate of a column of dollars; rows without an amount add nothing."""
    return Sum(Cast(Round(amount * TICKS_PER_DOLLAR), BigIntegerField()), filter=where)


def dollars(ticks: int | Decimal | None) -> Decimal:
    """Such a sum in US dollars."""
    return Decimal(int(ticks or 0)) / TICKS_PER_DOLLAR
