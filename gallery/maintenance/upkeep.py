"""Checks derived data (counters and search index) and rebuilds it from the pictures' rows."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import connection, transaction

from grok2api.runtime.background import Background

from ..facts import ImageFacts
from ..index import building
from ..index.postings import SEGMENT
from ..jobs import thumbnails
from ..models import Image
from ..statistics import Addend, CountedIn, Key, Total, correct, recount, totals

logger = logging.getLogger(__name__)

Progress = Callable[[int, int], None]


def check_counters(progress: Progress) -> dict[Key, tuple[Total | None, Total | None]]:
    """Return the counters that differ from the rows, as (counted, exact); change nothing."""
    with _snapshot():
        counted, exact = totals(), _recount(progress)
    return {
        key: (counted.get(key), exact.get(key))
        for key in sorted(counted.keys() | exact.keys())
        if counted.get(key) != exact.get(key)
    }


def rebuild_counters(progress: Progress) -> int:
    """Recompute every counter while others write; return how many were wrong."""
    state, _ = CountedIn.objects.get_or_create(pk=1)
    with _snapshot():
        state.refresh_from_db()
        counted, exact = totals(), _recount(progress)
    with transaction.atomic():
        # Two processes must not correct the same fault.
        first = CountedIn.objects.filter(pk=1, generation=state.generation).update(
            generation=state.generation + 1, time_zone=settings.TIME_ZONE
        )
        if first:
            correct(exact, counted)
    if not first:
        return rebuild_counters(progress)
    return sum(counted.get(key) != exact.get(key) for key in counted.keys() | exact.keys())


def mend(progress: Progress) -> list[str]:
    """Rebuild what is missing, damaged or of another time zone; return a sentence for each.

    Without an index searches are slow but right; the counters of days are not.
    """
    said = []
    zone = CountedIn.objects.values_list("time_zone", flat=True).first()
    if zone is None and not Addend.objects.exists():
        CountedIn.objects.get_or_create(pk=1, defaults={"time_zone": settings.TIME_ZONE})
    elif zone != settings.TIME_ZONE:
        said.append(
            f"Counting anew: days were counted in {zone or 'an unknown time zone'}, "
            f"now in {settings.TIME_ZONE}."
        )
        logger.warning(said[-1])
        rebuild_counters(progress)
    if missing := building.missing_segments():
        said.append(f"Building {len(missing)} missing or damaged parts of the search index.")
        logger.warning(said[-1])
        building.rebuild(progress, missing)
    return said


def upkeep() -> None:
    """Run `mend`, and then renew old thumbnails."""
    mend(lambda _done, _total: None)
    if count := thumbnails.renew():
        logger.info("%s old thumbnails were renewed", count)


in_background = Background(
    upkeep,
    failure="Counters, search index and old thumbnails could not be looked after; the next start"
    " goes on with them",
)
"""Runs `upkeep` while the service is running."""


def _recount(progress: Progress) -> dict[Key, Total]:
    return recount(_all_facts(progress))


def _all_facts(progress: Progress) -> Iterator[ImageFacts]:
    numbers = building.segment_numbers()
    for done, number in enumerate(numbers):
        progress(done, len(numbers))
        span = (number * SEGMENT, (number + 1) * SEGMENT - 1)
        yield from Image.objects.in_library().filter(pk__range=span).facts()
    progress(len(numbers), len(numbers))


@contextmanager
def _snapshot() -> Iterator[None]:
    """Read the library as it was at one moment, without blocking writers. A context manager."""
    if connection.in_atomic_block:
        yield
        return
    begin = {
        "sqlite": ["BEGIN DEFERRED"],
        "postgresql": ["BEGIN ISOLATION LEVEL REPEATABLE READ"],
        "mysql": [
            "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",
            "START TRANSACTION WITH CONSISTENT SNAPSHOT",
        ],
    }[connection.vendor]
    with connection.cursor() as cursor:
        for statement in begin:
            cursor.execute(statement)
        try:
            yield
        finally:
            cursor.execute("ROLLBACK")
