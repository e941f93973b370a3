"""Watches generations that wait, or run elsewhere: one query for all that somebody waits for."""

import asyncio
import logging
from collections.abc import Sequence

from django.db import Error as DatabaseError
from django.utils import timezone

from .models import Generation
from .threads import in_thread

LOOK_SECONDS = 0.5

MOST_AT_ONCE = 500
"""Ids of one query: databases limit their parameters."""

logger = logging.getLogger(__name__)

Seen = dict[int, Generation]

_waiting: dict[int, "list[asyncio.Future[Generation | None]]"] = {}
"""Callers that wait for the next look, by generation."""

_watch: "asyncio.Task[None] | None" = None


async def look(generation: Generation) -> bool:
    """Return at the next look whether it has ended, after updating its status and its start.

    A row that no longer exists has ended, too.
    """
    global _watch
    loop = asyncio.get_running_loop()
    if _watch is None or _watch.get_loop() is not loop:
        _waiting.clear()  # of a loop that has ended
    if _watch is None or _watch.done() or _watch.get_loop() is not loop:
        _watch = loop.create_task(_watch_them())
    told: asyncio.Future[Generation | None] = loop.create_future()
    _waiting.setdefault(generation.pk, []).append(told)
    seen = await told
    if seen is None:
        return True
    generation.status, generation.started_at = seen.status, seen.started_at
    return not generation.is_unfinished(timezone.now())


async def _watch_them() -> None:
    """Look as long as anybody waits."""
    while _still_waited_for():
        await asyncio.sleep(LOOK_SECONDS)
        asked = _still_waited_for()
        try:
            seen = await in_thread(_read, asked)
        except DatabaseError as error:
            logger.warning("How tasks stand cannot be read, and is asked again: %s", error)
            continue
        except Exception:  # a fault of ours must not end what everybody waits for
            logger.exception("How tasks stand cannot be read, and is asked again")
            continue
        for pk in asked:
            for told in _waiting.pop(pk, ()):
                if not told.done():
                    told.set_result(seen.get(pk))
        await asyncio.sleep(0)  # whoever was told asks again before the watch ends


def _still_waited_for() -> list[int]:
    for pk, waiting in list(_waiting.items()):
        if all(told.done() for told in waiting):  # they have left
            del _waiting[pk]
    return list(_waiting)


def _read(ids: Sequence[int]) -> Seen:
    seen: Seen = {}
    for begin in range(0, len(ids), MOST_AT_ONCE):
        rows = Generation.objects.filter(pk__in=ids[begin : begin + MOST_AT_ONCE])
        seen |= {row.pk: row for row in rows.only("status", "started_at")}
    return seen
