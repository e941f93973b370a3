"""The one door to changing pictures' rows: index and counters move with them, or nothing does."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.db import transaction

from . import search, statistics
from .facts import ImageFacts
from .models import Image


@contextmanager
def changing(image_ids: Collection[int]) -> Iterator[dict[int, ImageFacts]]:
    """A transaction in which these pictures may be added, changed, tagged or removed.

    Their rows are locked in the order of their ids, so that two changes of the same pictures
    happen one after the other and never wait for each other in a ring. At the end the
    counters and the search index take over the difference. Yields the facts before the
    change, by id; an id that has no row is not in it. Ids of new rows go into the
    collection while it runs.

    Costs four reads, and one or two writes to each of index and counters, for any number of
    pictures up to `CHUNK`.
    """
    with transaction.atomic():
        before = read_facts(image_ids, lock=True)
        yield before
        after = read_facts(image_ids)
        statistics.record(before=before.values(), after=after.values())
        search.update(before=before, after=after)


CHUNK = 500
"""Pictures that one transaction changes; jobs over more go chunk by chunk."""


@dataclass(slots=True)
class ChangeReport:
    """What became of the pictures that a job was asked to change."""

    done: int = 0
    failed: list[tuple[int, str]] = field(default_factory=list)  # id, reason

    def add(self, *, asked: Collection[int], found: Collection[int]) -> None:
        """One chunk is done: `found` of the `asked` ids had a row."""
        self.done += len(found)
        self.failed += [(image_id, "not found") for image_id in sorted(set(asked) - set(found))]


def chunks(image_ids: Collection[int]) -> Iterator[list[int]]:
    ordered = sorted(set(image_ids))
    for start in range(0, len(ordered), CHUNK):
        yield ordered[start : start + CHUNK]


def read_facts(image_ids: Collection[int], *, lock: bool = False) -> dict[int, ImageFacts]:
    """Facts of the pictures that exist among these, in two queries."""
    if not image_ids:
        return {}
    rows = Image.objects.filter(pk__in=image_ids)
    return {facts.id: facts for facts in (rows.select_for_update() if lock else rows).facts()}
