"""Does a process's work for the queue: it accepts tasks, and begins those whose turn has come."""

import asyncio
import logging
import time
from contextlib import suppress
from dataclasses import replace

from django.db import Error as DatabaseError

from imagine import callers, generate, idempotency, interruptions, records, watching
from imagine.dialects import InvalidRequest
from imagine.models import Generation
from imagine.prices.costs import NOTHING
from imagine.providers import get_provider
from imagine.providers.base import ImageRequest, ProviderError, Usage
from imagine.records import Asked, GenerationResult
from imagine.threads import in_storing_thread, in_task_thread, in_thread

from . import errands, queue, received
from .errands import Errand
from .rounds import Rounds

LOOK_SECONDS = 5.0
"""How long a task that another process has left waits at most."""

UPKEEP_SECONDS = 60.0

logger = logging.getLogger(__name__)

_beginning: set["asyncio.Task[None]"] = set()
_unbegun: list[Generation] = []
"""Tasks that were taken and not begun, to be put back as soon as the database answers."""

_looked_after = 0.0  # by the monotonic clock


async def submit(errand: Errand, asked: Asked, *, times: int = 1) -> list[Generation]:
    """Put a task into the queue, or find the same one sent before; it is not begun yet.

    Args:
        times: so many copies, each with the next seed if one is given.

    Raises:
        queue.TooManyTasks
        OSError: the storage refuses the pictures to be edited.
        what `records.open_generation` raises
    """
    seed = errand.request.seed
    alike = [
        replace(errand, request=replace(errand.request, seed=None if seed is None else seed + step))
        for step in range(times)
    ]
    kept = [(each, await in_storing_thread(errands.keep, each)) for each in alike]
    provider = get_provider().name
    key = asked.idempotency_key
    keys = [f"{key}\n{step}" if key and step else key for step in range(times)]

    def open_all() -> list[Generation]:
        caller = callers.identify(asked.by)
        if caller.key is None and asked.webhook:
            raise InvalidRequest("Only API keys have webhooks.", param="webhook_url")
        known = idempotency.count_known(idempotency.mark(caller, each) for each in keys)
        queue.check_number(caller, times - known)
        opened: list[records.Opened] = []
        try:
            for (each, columns), own_key in zip(kept, keys, strict=True):
                this = replace(asked, by=caller, errand=columns, idempotency_key=own_key)
                one = records.open_generation(each.request, this, provider=provider)
                opened.append(one)
                if not one.is_new:
                    errands.forget(columns)
        except Exception:  # all or none: of those that were opened nobody would know
            for one in opened:
                with suppress(queue.NotWaiting):
                    if one.is_new:
                        queue.cancel(one.generation)
            raise
        return [one.generation for one in opened]

    try:
        generations = await in_thread(open_all)
    except Exception:
        for _, columns in kept:
            await in_storing_thread(errands.forget, columns)
        raise
    rounds.ring()
    return generations


async def _round() -> None:
    global _looked_after
    if time.monotonic() - _looked_after > UPKEEP_SECONDS:
        _looked_after = time.monotonic()
        await in_task_thread(received.take_in)
        await in_task_thread(interruptions.mark_abandoned)
        await in_task_thread(errands.sweep)
    await _put_back()
    if watching.closing.is_set():
        return
    room = generate.room() - len(_beginning)
    if room <= 0:
        return
    turns = await in_task_thread(queue.take, room)
    _unbegun.extend(turns.doubtful)
    for generation in turns.taken:
        task = asyncio.create_task(_begin(generation))
        _beginning.add(task)
        task.add_done_callback(_beginning.discard)
    if turns.ended or turns.doubtful:
        rounds.ring()  # others come to their turn instead


rounds = Rounds(_round, name="The queue", seconds=LOOK_SECONDS)
"""This process's rounds."""


def start() -> None:
    """Take tasks from now on, in the running event loop."""
    watching.closing.clear()
    rounds.start()


async def close() -> None:
    """Take no more tasks; those already taken are under way afterwards."""
    watching.closing.set()
    await rounds.close()
    if _beginning:
        await asyncio.wait(_beginning)
    try:
        await _put_back()
    except DatabaseError as error:
        logger.warning("Tasks that were not begun cannot be put back: %s", error)


async def _put_back() -> None:
    while _unbegun:
        generation = _unbegun.pop()
        try:
            await in_task_thread(queue.put_back, generation)
        except BaseException:
            _unbegun.append(generation)
            raise


async def _begin(generation: Generation) -> None:
    """Start a task that was taken; if that fails for now, it waits again."""
    try:
        request = await _read(generation)
    except (OSError, DatabaseError) as error:
        logger.warning("Task %s cannot be begun yet: %s", generation.pk, error)
        _unbegun.append(generation)
        return
    except BaseException:
        _unbegun.append(generation)
        raise
    if request is None:
        return
    run = generate.launch(generation, request)
    run.when_done(rounds.ring)
    try:
        await in_storing_thread(errands.forget, generation.errand)
    except OSError as error:  # they are swept in the end
        logger.warning("Files of task %s cannot be deleted: %s", generation.pk, error)


async def _read(generation: Generation) -> ImageRequest | None:
    """Return what is requested; None if it can never be begun, which its row then says.

    Raises:
        OSError: the storage does not answer.
        DatabaseError
    """
    try:
        return await in_storing_thread(errands.read, generation)
    except (OSError, DatabaseError):
        raise
    except errands.SourceLost as error:
        logger.warning("Task %s cannot be begun: %s", generation.pk, error)
        reason = ProviderError(
            "A picture to be edited can no longer be read.",
            status=400,
            type="invalid_request_error",
            code="invalid_image",
            param="image",
        )
    except Exception:  # a fault of ours, which no other turn would mend
        logger.exception("Task %s cannot be begun", generation.pk)
        reason = ProviderError(
            "The task could not be read, and was not begun. The log has the details.",
            status=410,
            type="server_error",
            code="task_unreadable",
        )
    outcome = GenerationResult(
        status=Generation.Status.FAILED,
        errors=[reason],
        usage=Usage(),
        cost=NOTHING,
        upstream_ms=0,
        storing_ms=0,
    )
    await in_thread(records.close_generation, generation, outcome)
    return None
