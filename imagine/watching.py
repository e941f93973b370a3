"""Follows generations that wait or run elsewhere, for those who want their pictures.

It is one query for all that somebody waits for.
"""

import asyncio
import logging
import threading
from collections.abc import Sequence

from django.db import Error as DatabaseError
from django.utils import timezone

from . import collecting
from .models import Generation
from .providers.base import ImageRequest, ProviderError, Usage
from .run import Run, Started
from .threads import in_thread

BUSY_SECONDS = 5
LOOK_SECONDS = 0.5

MOST_AT_ONCE = 500
"""Ids of one query: databases limit their parameters."""

logger = logging.getLogger(__name__)

closing = threading.Event()
"""Set when the process was told to stop: no task's turn comes in it any more."""

live: dict[int, Run] = {}
"""By their generations' ids, those that this process works on."""

Seen = dict[int, Generation]

_waiting: dict[int, "list[asyncio.Future[Generation | None]]"] = {}
"""Callers that wait for the next look, by generation."""

_watch: "asyncio.Task[None] | None" = None

_followers: set["asyncio.Task[None]"] = set()


def attach(generation: Generation, request: ImageRequest) -> Run:
    """Return the run of a generation that was begun before, wherever it runs or will run.

    The caller says `run.leave()` when nobody reads it any more.
    """
    if known := find_live(generation):
        return known
    run = Run(request)
    run.open(generation)
    run.follower = asyncio.create_task(follow(run, as_task=True))
    _followers.add(run.follower)
    run.follower.add_done_callback(_followers.discard)
    return run


def find_live(generation: Generation) -> Run | None:
    """Return the run of a generation that this process works on, or whose pictures it alone has."""
    return live.get(generation.pk)


def close() -> None:
    """Stop following."""
    for follower in list(_followers):
        follower.cancel()


async def follow(run: Run, *, as_task: bool = False) -> None:
    """Wait for a generation that was begun before, wherever it runs, and tell of its pictures.

    Args:
        as_task: tell also that its turn has come.
    """
    generation = run.generation
    try:
        if known := await _live_or_ended(run, as_task=as_task):
            async for event in known.events():
                if not isinstance(event, Started) or (as_task and not run.is_started):
                    run.tell(event)
            run.errors, run.usage = known.errors, known.usage
    except ProviderError as error:
        run.errors.append(error)
    except Generation.DoesNotExist:
        run.errors.append(_deleted())
    except asyncio.CancelledError:
        run.errors.append(_stopping())
    except (OSError, DatabaseError):
        logger.exception("The pictures of generation %s cannot be read", generation.pk)
        run.errors.append(our_fault())
    finally:
        run.finish()


async def _live_or_ended(run: Run, *, as_task: bool) -> Run | None:
    """Return this process's run to listen to; None once the library has told all.

    Raises:
        ProviderError: it ended without a picture, or will not go on here.
    """
    generation = run.generation
    if known := live.get(generation.pk):
        return known
    images = await in_thread(collecting.read_outcome, generation)
    while images is None:
        if as_task and not run.is_started and generation.started_at is not None:
            run.tell(Started.since(generation.started_at))
        if closing.is_set() and generation.status == Generation.Status.QUEUED:
            raise _stopping()
        # Another process may run it, so there is no event to wait for.
        has_ended = await look(generation)
        if known := live.get(generation.pk):
            return known
        if has_ended:
            images = await in_thread(collecting.read_outcome, generation)
    for image in images:
        run.tell(image)
    run.usage = Usage(generation.usage, generation.cost_usd)
    return None


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
            logger.warning("The state of tasks cannot be read; trying again: %s", error)
            continue
        except Exception:  # a fault of ours must not end what everybody waits for
            logger.exception("The state of tasks cannot be read; trying again")
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


def _deleted() -> ProviderError:
    return ProviderError(
        "The record of this request has been deleted since.",
        status=410,
        type="invalid_request_error",
        code="record_deleted",
    )


def _stopping() -> ProviderError:
    return ProviderError(
        "The server is shutting down. Ask for the task again in a moment.",
        status=503,
        type="server_error",
        code="stopping",
        retry_after=BUSY_SECONDS,
    )


def our_fault() -> ProviderError:
    return ProviderError(
        "Something went wrong on our side. The log has the details.",
        status=500,
        type="server_error",
        code="internal_error",
    )
