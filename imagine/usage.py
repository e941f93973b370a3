"""Reports who used what, and at what cost: per day, caller and model."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, Q
from django.db.models.functions import TruncDate
from django.utils import timezone
from django.utils.translation import gettext as _

from . import charts
from .models import Generation
from .prices.showing import shown
from .prices.sums import dollars, sum_of_ticks

DAY = TruncDate("created_at", tzinfo=UTC)
"""Days in UTC: a database may know of no other zone."""

GROUP = ("day", "key__name", "user__username", "model")


class _Costs:
    """The display of costs: an unknown cost is never shown as 0."""

    cost_usd: Decimal
    unknown: int
    at_most_usd: Decimal

    @property
    def cost(self) -> str:
        """Return the known part of the cost; empty if nothing is known."""
        return shown(self.cost_usd) if self.cost_usd or not self.unknown else ""

    @property
    def at_most(self) -> str:
        """Return what the unknown part may come to; empty if not even that is known."""
        return shown(self.at_most_usd) if self.at_most_usd else ""


@dataclass(frozen=True, slots=True)
class UsageLine(_Costs):
    """One line: what one caller requested from one model on one day."""

    day: date
    caller: str
    model: str
    requests: int
    failed: int
    pictures: int
    cost_usd: Decimal  # of the requests whose cost is known
    unknown: int = 0  # requests whose cost is not known, or not yet
    at_most_usd: Decimal = Decimal(0)  # that these may have cost, as far as that is known


@dataclass(frozen=True, slots=True)
class Total(_Costs):
    """The sum of some lines."""

    requests: int
    failed: int
    pictures: int
    cost_usd: Decimal
    unknown: int = 0
    at_most_usd: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Charts:
    """Cost and pictures of each day, in the same names and colours."""

    legend: Sequence[tuple[str, str, Total]]  # series, name, and the sum of its lines
    cost: charts.Chart
    pictures: charts.Chart


def read_usage(*, days: int) -> list[UsageLine]:
    """Return the last `days` days, latest first. Two queries, for any number of generations."""
    rows = Generation.objects.filter(created_at__gte=_midnight(_days(days)[0]))
    grouped = rows.annotate(day=DAY).order_by("-day", *GROUP[1:]).values(*GROUP)
    failed = Q(status__in=[Generation.Status.FAILED, Generation.Status.INTERRUPTED])
    unknown = Q(cost_usd=None)
    counted = grouped.annotate(
        requests=Count("pk"),
        failed=Count("pk", filter=failed),
        cost=sum_of_ticks(F("cost_usd")),
        unknown=Count("pk", filter=unknown),
        at_most=sum_of_ticks(F("reserved_usd"), unknown),
    )
    # A query of its own: joined, every generation would count once per picture.
    pictures = {_group(row): row["count"] for row in grouped.annotate(count=Count("images"))}
    return [
        UsageLine(
            day=row["day"],
            caller=row["key__name"] or row["user__username"] or "–",
            model=row["model"],
            requests=row["requests"],
            failed=row["failed"],
            pictures=pictures[_group(row)],
            cost_usd=dollars(row["cost"]),
            unknown=row["unknown"],
            at_most_usd=dollars(row["at_most"]),
        )
        for row in counted
    ]


def total(lines: Iterable[UsageLine]) -> Total:
    listed = list(lines)
    return Total(
        requests=sum(line.requests for line in listed),
        failed=sum(line.failed for line in listed),
        pictures=sum(line.pictures for line in listed),
        cost_usd=sum((line.cost_usd for line in listed), Decimal(0)),
        unknown=sum(line.unknown for line in listed),
        at_most_usd=sum((line.at_most_usd for line in listed), Decimal(0)),
    )


def draw(lines: Sequence[UsageLine], *, days: int, by: Callable[[UsageLine], str]) -> Charts:
    """Return the charts of these lines.

    Args:
        by: how the columns are divided: by model, or by caller.
    """
    unknown = _("unknown, at most")
    weights: defaultdict[str, Decimal] = defaultdict(Decimal)
    for line in lines:
        # Without any cost, the number of pictures decides.
        weights[by(line)] += line.cost_usd + line.at_most_usd + Decimal(line.pictures).scaleb(-9)
    drawn_as = charts.grouped(weights, _("others"))
    names = {name: str(index) for index, name in enumerate(dict.fromkeys(drawn_as.values()))}
    parts: dict[str, list[UsageLine]] = {name: [] for name in names}
    cost: defaultdict[tuple[date, str], Decimal] = defaultdict(Decimal)
    pictures: defaultdict[tuple[date, str], Decimal] = defaultdict(Decimal)
    for line in lines:
        name = drawn_as[by(line)]
        parts[name].append(line)
        cost[line.day, name] += line.cost_usd
        cost[line.day, unknown] += line.at_most_usd
        pictures[line.day, name] += line.pictures
    shown_days = _days(days)
    return Charts(
        legend=[(names[name], name, total(part)) for name, part in parts.items()],
        cost=charts.stacked(cost, days=shown_days, names={**names, unknown: "unknown"}, say=shown),
        pictures=charts.stacked(pictures, days=shown_days, names=names, is_whole=True),
    )


def _days(number: int) -> list[date]:
    """Return the last days, earliest first."""
    today = timezone.now().astimezone(UTC).date()
    return [today - timedelta(days=ago) for ago in range(number - 1, -1, -1)]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, datetime.min.time(), UTC)


def _group(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in GROUP)
