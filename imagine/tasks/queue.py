"""Decides whose turn it is: every process takes waiting tasks, and each task is taken once.

A key's tasks begin at once, like its other requests; of a person, who may submit hundreds at the
Imagine page, a few run at a time. What a process that is gone has left waiting is taken by another
one within seconds, or at the next start.
"""

import logging
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import Error as DatabaseError
from django.db.models import Count
from django.utils import timezone

from imagine import callers, limits, records
from imagine.callers import Caller
from imagine.models import Generation, GenerationQuerySet
from imagine.prices.costs import NOTHING
from imagine.providers.base import ProviderError

from . import errands

AT_ONCE = 4
"""Tasks of one person that run at a time."""

MOST_WAITING = 1000
"""Tasks of one caller that run or wait."""

LONGEST_WAIT = timedelta(days=1)


logger = logging.getLogger(__name__)


class TooManyTasks(Exception):
    """The caller has as many tasks as anybody may have."""


class NotWaiting(Exception):
    """The task has begun already."""


@dataclass(frozen=True, slots=True)
class Turns:
    """The tasks that this process has taken, and how many it had to give up.

    For `doubtful` ones, the database failed before it said whether they were taken.
    """

    taken: list[Generation]
    ended: int
    doubtful: list[Generation]


def check_number(caller: Caller, more: int) -> None:
    """Check that the caller may have so many more tasks.

    Raises:
        TooManyTasks
    """
    if not more:
        return
    mine = Generation.objects.of(caller.key, caller.user)
    waiting = mine.filter(status__in=Generation.UNFINISHED)[: MOST_WAITING + 1].count()
    if waiting + more > MOST_WAITING:
        raise TooManyTasks


def take(room: int) -> Turns:
    """Take at most so many tasks whose turn it is, oldest first.

    If the database fails midway, those taken before are kept.
    """
    now = timezone.now()
    taken: list[Generation] = []
    doubtful: list[Generation] = []
    ended = 0
    try:
        for generation in _next(room, now):
            if reason := _given_up(generation, now):
                ended += _end(generation, Generation.Status.FAILED, reason)
                continue
            doubtful = [generation]
            if _begin(generation, now):
                taken.append(generation)
            doubtful = []
    except DatabaseError as error:
        logger.warning("Not all tasks whose turn it is could be taken: %s", error)
    return Turns(taken, ended, doubtful)


def put_back(generation: Generation) -> None:
    """Return a task to the queue that this process has taken and not begun."""
    mine = Generation.objects.filter(
        pk=generation.pk,
        status=Generation.Status.PENDING,
        started_at=generation.started_at,
        served_by=generation.served_by,
    )
    mine.update(status=Generation.Status.QUEUED, started_at=None)


def cancel(generation: Generation) -> None:
    """Remove a task from the queue before it has cost anything.

    Raises:
        NotWaiting
    """
    reason = ProviderError(
        "The task was cancelled before it was begun.",
        status=410,
        type="invalid_request_error",
        code="task_cancelled",
    )
    if not _end(generation, Generation.Status.CANCELLED, reason):
        raise NotWaiting


def _begin(generation: Generation, now: datetime) -> bool:
    """Claim a task; return whether this process has won it, and update the object from its row."""
    generation.status = Generation.Status.PENDING
    generation.started_at, generation.served_by = now, records.served_by()
    won = _queued(generation).update(
        status=generation.status, started_at=now, served_by=generation.served_by
    )
    return won == 1


def _next(room: int, now: datetime) -> list[Generation]:
    """Return the oldest waiting tasks, no more than there is room for."""
    queued = Generation.objects.filter(status=Generation.Status.QUEUED).order_by("pk")
    queued = queued.select_related("key", "user")
    found = list(queued.exclude(key=None)[:room])
    people = list(queued.filter(key=None).order_by().values_list("user", flat=True).distinct())
    if people:
        tasks = Generation.objects.running(now).filter(key=None, started_at__isnull=False)
        busy = Counter(dict(tasks.order_by().values_list("user").annotate(Count("pk"))))
        for person in people:
            found += queued.filter(key=None, user=person)[: max(0, AT_ONCE - busy[person])]
    return sorted(found, key=lambda generation: generation.pk)[:room]


def _given_up(generation: Generation, now: datetime) -> ProviderError | None:
    """Return the reason why a task is not begun any more, if there is one."""
    if not callers.may_still_ask(generation.key, generation.user):
        return ProviderError(
            "The caller is no longer allowed to make this request.",
            status=403,
            type="authentication_error",
            code="caller_revoked",
        )
    if generation.created_at < now - LONGEST_WAIT:
        return ProviderError(
            "The task has waited for a day, and was not begun.",
            status=503,
            type="server_error",
            code="task_expired",
        )
    return None


def _end(generation: Generation, status: Generation.Status, reason: ProviderError) -> int:
    """End a waiting task that cost nothing; return 0 if it no longer waits."""
    ended = _queued(generation).update(
        status=status,
        finished_at=timezone.now(),
        idempotency_key=None,
        cost_usd=NOTHING.usd,
        cost_basis=NOTHING.basis,
        reserved_usd=None,
        **records.error_columns(reason),
    )
    if ended:
        limits.end([generation])
        errands.forget(generation.errand)
    return ended


def _queued(generation: Generation) -> GenerationQuerySet:
    return Generation.objects.filter(pk=generation.pk, status=Generation.Status.QUEUED)
