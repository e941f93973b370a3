"""Whose turn it is: every process takes waiting tasks up, each task is taken once.

A key's tasks begin at once, as its other requests do; of a person, who may ask for hundreds at
the Imagine page, a few run at a time. What a process that is gone has left waiting, another one
takes up within seconds, or the next start.
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
from imagine.prices.reckoning import NOTHING
from imagine.providers.base import ProviderError

from . import errands

AT_ONCE = 4
"""Tasks of one person."""

MOST_WAITING = 1000
"""Tasks of one caller that are under way or wait."""

LONGEST_WAIT = timedelta(days=1)


logger = logging.getLogger(__name__)


class TooManyTasks(Exception):
    """The caller has as many tasks as anybody may have."""


class NotWaiting(Exception):
    """The task's turn has come already."""


@dataclass(frozen=True, slots=True)
class Turns:
    """Tasks that this process has taken, and how many it had to give up.

    Of the doubtful ones the database failed to say whether they were taken.
    """

    taken: list[Generation]
    ended: int
    doubtful: list[Generation]


def check_number(caller: Caller, more: int) -> None:
    """
    Raises:
        TooManyTasks: with so many more.
    """
    if not more:
        return
    mine = Generation.objects.of(caller.key, caller.user)
    waiting = mine.filter(status__in=Generation.UNFINISHED)[: MOST_WAITING + 1].count()
    if waiting + more > MOST_WAITING:
        raise TooManyTasks


def take(room: int) -> Turns:
    """Take up at most so many tasks whose turn it is, the oldest first.

    A database that fails midway costs none of those that were taken before.
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
    """Let a task wait again that this process has taken, and not begun."""
    mine = Generation.objects.filter(
        pk=generation.pk,
        status=Generation.Status.PENDING,
        started_at=generation.started_at,
        served_by=generation.served_by,
    )
    mine.update(status=Generation.Status.QUEUED, started_at=None)


def cancel(generation: Generation) -> None:
    """Take a task out of the queue, before it has cost anything.

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
    """Whether this process has won it; the object says what its row says then."""
    generation.status = Generation.Status.PENDING
    generation.started_at, generation.served_by = now, records.served_by()
    won = _queued(generation).update(
        status=generation.status, started_at=now, served_by=generation.served_by
    )
    return won == 1


def _next(room: int, now: datetime) -> list[Generation]:
    """The oldest of them, no more than there is room for."""
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
    """Why a task is not begun any more, where there is a reason."""
    if not callers.may_still_ask(generation.key, generation.user):
        return ProviderError(
            "Whoever asked for this may not ask any more.",
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
    """End a task that waits and cost nothing; 0 where it waits no longer."""
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
