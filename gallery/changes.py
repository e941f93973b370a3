"""The one door to changing pictures' rows: index and counters move with them, or nothing does."""

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import wraps
from random import uniform
from typing import ParamSpec, TypeVar

from django.db import OperationalError, connection, transaction

from . import news, search, statistics
from .facts import ImageFacts
from .history import Recording
from .models import Image

P = ParamSpec("P")
T = TypeVar("T")

Facts = dict[int, ImageFacts]
"""By the pictures' ids."""

ATTEMPTS = 6
PAUSE = 0.02
"""Seconds, at most, before the second attempt; each further pause may be twice as long."""

BROKEN_OFF = {
    1213,  # MySQL: deadlock found
    1205,  # MySQL: lock wait timeout
    1020,  # MariaDB: the row has changed since it was read
    "40P01",  # PostgreSQL: deadlock detected
    "40001",  # PostgreSQL: could not serialize access
}


def repeated(change: Callable[P, T]) -> Callable[P, T]:
    """Run a transaction again that the database broke off because others were in its way.

    Databases answer rings of waiting transactions so, and ask the program to try again. Inside
    of an outer transaction, which is lost as a whole, the error goes on.
    """

    @wraps(change)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        for attempt in range(ATTEMPTS):
            try:
                return change(*args, **kwargs)
            except OperationalError as error:
                code = getattr(error.__cause__, "sqlstate", None) or (*error.args, None)[0]
                last = attempt == ATTEMPTS - 1
                if code not in BROKEN_OFF or connection.in_atomic_block or last:
                    raise
                time.sleep(uniform(0, PAUSE * 2**attempt))  # noqa: S311  (no secret)
        raise AssertionError("the last attempt returns or raises")

    return run


@contextmanager
def changing(image_ids: Collection[int], *, texts: bool = False) -> Iterator[Facts]:
    """A transaction in which these pictures may be added, changed, tagged or removed.

    Their rows are locked in the order of their ids, so that two changes of the same pictures
    happen one after the other and never wait for each other in a ring. At the end the
    counters and the search index take over the difference. Yields the facts before the
    change, by id; an id that has no row is not in it. Ids of new rows go into the
    collection while it runs. Whoever listens hears of it once it is committed.

    Costs two reads before and two after, and one write to each of index and counters, for any
    number of pictures up to `CHUNK`. `changing_facts` does without the reads after.
    """
    with transaction.atomic():
        before = read_facts(image_ids, lock=True, texts=texts)
        yield before
        _take_over(before, read_facts(image_ids))


@contextmanager
def changing_facts(
    image_ids: Collection[int],
    recording: Recording | None = None,
    *,
    undoes_part: int | None = None,
    texts: bool = False,
) -> Iterator[Facts]:
    """As `changing`, but the block says itself what the pictures are from now on.

    It is given the facts of those that exist and are locked, and changes them as it changes the
    rows: with those that it adds, and without those that it removes. Nobody else can change these
    rows or their tags meanwhile, so nothing need be read again.
    """
    with transaction.atomic():
        before = read_facts(image_ids, lock=True, texts=texts)
        after = dict(before)
        yield after
        _take_over(before, after)
        if recording is not None:
            recording.write(before, after, undoes_part=undoes_part)


def _take_over(before: Facts, after: Facts) -> None:
    statistics.record(before=before.values(), after=after.values())
    search.update(before=before, after=after)
    if before != after or _marks(before) != _marks(after):
        transaction.on_commit(news.tell, robust=True)


def _marks(facts: Facts) -> list[bool]:
    """What open pages show and neither index nor counters know."""
    return [picture.nsfw for picture in facts.values()]


Job = Callable[[Facts], Collection[int]]
"""Changes pictures' rows and their facts, as a block of `changing_facts` does, and returns the ids
of those that it has changed."""

CHUNK = 500
"""Pictures that one transaction changes; jobs over more go chunk by chunk."""


@dataclass(slots=True)
class ChangeReport:
    """What became of the pictures that a job was asked to change."""

    done: int = 0
    failed: list[tuple[int, str]] = field(default_factory=list)  # id, reason
    change: int | None = field(default=None, compare=False)  # its record; None: nothing differs

    def add(self, *, asked: Collection[int], found: Collection[int]) -> None:
        """One chunk is done: `found` of the `asked` ids had a row."""
        self.done += len(found)
        self.failed += [(image_id, "not found") for image_id in sorted(set(asked) - set(found))]


def change_images(
    image_ids: Collection[int],
    job: Job,
    recording: Recording | None = None,
    *,
    texts: bool = False,
) -> ChangeReport:
    """Run `job` over these pictures, chunk by chunk, each chunk in a transaction of its own.

    It runs again where the database broke its transaction off. What a person or a key does is
    recorded, to be undone.

    Args:
        texts: the job changes texts, which are long; see `ImageFacts.written`.
    """
    report = ChangeReport()
    for ids in chunks(image_ids):
        report.add(asked=ids, found=change(ids, job, recording, texts=texts))
    if recording is not None:
        report.change = recording.change
    return report


@repeated
def change(
    ids: list[int],
    job: Job,
    recording: Recording | None = None,
    *,
    undoes_part: int | None = None,
    texts: bool = False,
) -> Collection[int]:
    """Run `job` over these pictures, none or up to `CHUNK`, in one transaction."""
    with changing_facts(ids, recording, undoes_part=undoes_part, texts=texts) as facts:
        changed = job(facts)
    if recording is not None:
        recording.commit()
    return changed


def chunks(image_ids: Collection[int]) -> Iterator[list[int]]:
    ordered = sorted(set(image_ids))
    for start in range(0, len(ordered), CHUNK):
        yield ordered[start : start + CHUNK]


def read_facts(image_ids: Collection[int], *, lock: bool = False, texts: bool = False) -> Facts:
    """Facts of the pictures that exist among these, in two queries."""
    if not image_ids:
        return {}
    rows = Image.objects.filter(pk__in=image_ids)
    rows = rows.select_for_update() if lock else rows
    return {facts.id: facts for facts in rows.facts(texts=texts)}
