"""Changes pictures' rows together with index and counters, or not at all; nothing else changes
them."""

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import wraps
from random import uniform
from typing import ParamSpec, TypeVar

from django.db import OperationalError, connection, transaction

from .. import index, news, statistics
from ..facts import ImageFacts
from ..history import Recording
from ..models import Image

P = ParamSpec("P")
T = TypeVar("T")

Facts = dict[int, ImageFacts]
"""The facts of pictures by id."""

ATTEMPTS = 6
PAUSE = 0.02
"""The longest pause before the second attempt, in seconds; each further one may be twice as
long."""

BROKEN_OFF = {
    1213,  # MySQL: deadlock found
    1205,  # MySQL: lock wait timeout
    1020,  # MariaDB: the row has changed since it was read
    "40P01",  # PostgreSQL: deadlock detected
    "40001",  # PostgreSQL: could not serialize access
}


def repeated(change: Callable[P, T]) -> Callable[P, T]:
    """Run a transaction again if the database rolled it back because of others.

    That is how databases resolve deadlocks, and they expect the program to try again. Inside an
    outer transaction, which is lost as a whole, the error propagates.
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
    """Open a transaction in which these pictures may be added, changed, tagged or removed.

    Their rows are locked in the order of their ids, so that two changes of the same pictures run
    one after the other and never wait for each other in a ring. At the end, counters and search
    index take over the difference. It yields the facts before the change, by id, leaving out ids
    without a row. Ids of new rows are added to the collection while it runs. Listeners learn of it
    after the commit.

    It costs two reads before and two after, and one write each to index and counters, for any
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
    """Do the same as `changing`, but let the block say what the pictures are from now on.

    It yields the facts of those that exist and are locked, and the block changes them as it changes
    the rows: adding new ones, and removing deleted ones. Nobody else can change these rows or their
    tags meanwhile, so nothing has to be read again.
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
    index.update(before=before, after=after)
    if before != after or _marks(before) != _marks(after):
        transaction.on_commit(news.tell, robust=True)


def _marks(facts: Facts) -> list[bool]:
    """Return what open pages show and neither index nor counters know."""
    return [picture.nsfw for picture in facts.values()]


Job = Callable[[Facts], Collection[int]]
"""Changes pictures' rows and their facts, as a block of `changing_facts` does, and returns the ids
of those that it has changed."""

CHUNK = 500
"""The most pictures that one transaction changes; jobs on more run chunk by chunk."""


@dataclass(slots=True)
class ChangeReport:
    """The outcome of a job for the pictures that it was asked to change."""

    done: int = 0
    failed: list[tuple[int, str]] = field(default_factory=list)  # id, reason
    change: int | None = field(default=None, compare=False)  # its record; None: nothing differs

    def add(self, *, asked: Collection[int], found: Collection[int]) -> None:
        """Count a finished chunk: `found` of the `asked` ids had a row."""
        self.done += len(found)
        self.failed += [(image_id, "not found") for image_id in sorted(set(asked) - set(found))]


def change_images(
    image_ids: Collection[int],
    job: Job,
    recording: Recording | None = None,
    *,
    texts: bool = False,
) -> ChangeReport:
    """Run `job` on these pictures, chunk by chunk, each chunk in its own transaction.

    It runs again if the database rolls the transaction back. What a person or a key does is
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
    """Run `job` on these pictures, none or up to `CHUNK`, in one transaction."""
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
    """Return the facts of those pictures that exist. Two queries at most."""
    if not image_ids:
        return {}
    rows = Image.objects.filter(pk__in=image_ids)
    rows = rows.select_for_update() if lock else rows
    return {facts.id: facts for facts in rows.facts(texts=texts)}
