"""Fetches what was paid for and is not in the library yet, and takes it in."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db import Error as DatabaseError
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from gallery.files.pictures import Picture
from grok2api.runtime.background import Background

from . import quarantine, records
from .models import Generation, Quarantined
from .providers import close_provider, get_provider
from .providers.base import GeneratedImage, ImageRequest, ProviderError
from .threads import in_storing_thread, in_thread

logger = logging.getLogger(__name__)

AT_ONCE = 10
"""Links that are fetched in parallel: a dead one is tried for minutes."""


class CollectOutcome(StrEnum):
    ADDED = "added"
    FAILED = "failed"


class TakenInMeanwhile(Exception):
    """Somebody else was first."""


@dataclass(frozen=True, slots=True)
class Collected:
    """The outcome for one thing in quarantine."""

    name: str
    outcome: CollectOutcome
    reason: str = ""


def waiting(now: datetime) -> "QuerySet[Quarantined]":
    """Return what may be collected: not what a running generation is fetching itself."""
    under_way = Generation.objects.running(now).values("pk")
    return Quarantined.objects.exclude(generation__in=under_way)


def collect(ids: Sequence[int] | None = None) -> Iterator[Collected]:
    """Fetch and take in the quarantine, or these rows of it, on an event loop of its own."""
    found = waiting(timezone.now()).order_by("pk")
    if ids is None:
        quarantine.tidy()
    else:
        found = found.filter(pk__in=ids)
    pks = list(found.values_list("pk", flat=True))
    with asyncio.Runner() as runner:
        collected = _collect_all(pks)
        try:
            while (one := runner.run(_next(collected))) is not None:
                yield one
        finally:
            runner.run(_end(collected))


async def _next(collected: "AsyncIterator[Collected]") -> Collected | None:
    return await anext(collected, None)


async def _end(collected: "AsyncIterator[Collected]") -> None:
    await collected.aclose()  # type: ignore[attr-defined]
    await close_provider()


async def _collect_all(pks: Sequence[int]) -> AsyncIterator[Collected]:
    for start in range(0, len(pks), AT_ONCE):
        tasks = [asyncio.ensure_future(_collect(pk)) for pk in pks[start : start + AT_ONCE]]
        for task in asyncio.as_completed(tasks):
            yield await task


async def _collect(pk: int) -> Collected:
    row = await in_thread(
        lambda: Quarantined.objects.select_related("generation").filter(pk=pk).first()
    )
    if row is None:
        return Collected(f"#{pk}", CollectOutcome.FAILED, "it is no longer there")
    try:
        if row.file:
            data = await in_storing_thread(quarantine.read, row)
        else:
            data = await get_provider().fetch(quarantine.link_of(row))
        await in_storing_thread(take_in, row, data)
    except TakenInMeanwhile as error:
        return Collected(str(row), CollectOutcome.FAILED, str(error))
    except (ProviderError, OSError, DatabaseError, records.BadPicture) as error:
        return await _told(row, str(error))
    except Exception as error:  # a fault of ours, or a link of a new kind: the others go on
        logger.exception("%s cannot be collected", row)
        return await _told(row, f"{type(error).__name__}: {error}")
    return Collected(str(row), CollectOutcome.ADDED)


async def _told(row: Quarantined, reason: str) -> Collected:
    try:
        await in_thread(_failed, row, reason)
    except DatabaseError:
        logger.exception("Why %s was not collected is not written down", row)
    return Collected(str(row), CollectOutcome.FAILED, reason)


def take_in(row: Quarantined, data: bytes) -> None:
    """Put a picture from quarantine into the library, and note it in its generation's row.

    Raises:
        records.BadPicture: it cannot be read; its bytes are kept where only a link was.
        TakenInMeanwhile: by another process; nothing is stored twice.
        OSError, DatabaseError
    """
    generation = row.generation
    image = GeneratedImage(
        row.index, data, model=row.model or generation.model, revised_prompt=row.revised_prompt
    )
    request = ImageRequest(
        prompt=generation.prompt, model=generation.model, aspect_ratio=generation.aspect_ratio
    )

    try:
        data, picture = records.read(data, request)
    except records.BadPicture as error:
        if not row.file:
            quarantine.keep_bytes(
                generation, index=row.index, data=data, reason=str(error), instead_of=row.pk
            )
        raise
    _store(row, request, image, data, picture)


@records.insistently
def _store(
    row: Quarantined, request: ImageRequest, image: GeneratedImage, data: bytes, picture: Picture
) -> None:
    generation = row.generation
    parents = list(generation.parents.order_by("pk").values_list("pk", flat=True))
    with records.storing(generation, request, image, data, picture, parents=parents):
        if not quarantine.strike_out(row.pk):
            raise TakenInMeanwhile("it was taken in meanwhile")
        update_status(generation)


def update_status(generation: Generation) -> None:
    """Count one more picture for a generation that has ended; a running one does so itself."""
    whole = generation.images.count() >= generation.n
    status = Generation.Status.SUCCEEDED if whole else Generation.Status.PARTIAL
    ended = Generation.objects.exclude(status__in=Generation.UNFINISHED)
    ended.filter(pk=generation.pk).update(status=status)


def _failed(row: Quarantined, reason: str) -> None:
    with transaction.atomic():
        quarantine.explain(row.pk, reason)
        Quarantined.objects.filter(pk=row.pk).update(attempts=F("attempts") + 1)


def collect_in_background(ids: Sequence[int] | None = None) -> None:
    """Do the same as `collect` on a thread of its own, and log the result."""

    def job() -> None:
        for one in collect(ids):
            logger.info("Quarantine: %s %s %s", one.name, one.outcome, one.reason)

    Background(job, failure="The quarantine was not collected").start()
