"""The use case: a request becomes pictures in the library, whatever happens to the client.

A generation costs money. Its row is written before the upstream is called, it runs as a task
of its own that no client's leaving can cancel, and each picture is stored as it comes.
"""

import asyncio
import logging
import threading
import time
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import aclosing
from functools import partial
from typing import Any

from django.conf import settings
from django.db import Error as DatabaseError

from . import collecting, records, spool, watching
from .callers import Caller
from .formats import convert
from .models import Generation
from .owed import for_client
from .providers import close_provider, get_provider
from .providers.base import (
    BrokenImage,
    Event,
    FoundLink,
    GeneratedImage,
    ImageRequest,
    PartialImage,
    ProviderError,
    Usage,
)
from .records import Asked, Outcome, StoredImage
from .run import Run, Started
from .threads import in_storing_thread, in_thread

logger = logging.getLogger(__name__)

BUSY_SECONDS = 5
KEPT_SECONDS = 900
"""How long a picture that could not be stored can be asked for again: it is in memory alone."""

closing = threading.Event()
"""Set when the process was told to stop: no task's turn comes in it any more."""

_running: set["asyncio.Task[None]"] = set()
_followers: set["asyncio.Task[None]"] = set()
_live: dict[int, Run] = {}
"""By their generations' ids, those that this process works on."""


async def start(request: ImageRequest, asked: Asked, *, identify: Callable[[], Caller]) -> Run:
    """Write the generation's row and set it going, or join the same request sent before.

    Args:
        identify: says who asks, on the thread that writes the row.

    Raises:
        ProviderError: 429, this process has as much under way as it may.
        callers.InvalidToken
        records.ModelNotAllowed
        limits.LimitReached
        idempotency.KeyReused
    """
    if room() <= 0:
        raise ProviderError(
            "Too many pictures are under way. Try again in a moment.",
            status=429,
            type="rate_limit_error",
            code="too_many_generations",
            retry_after=BUSY_SECONDS,
        )
    run = Run(request)
    _spawn(_open_and_run(run, asked, identify), _running)
    # The task goes on when the client leaves at this moment: its row is being written.
    await run.opened()
    return run


def launch(generation: Generation, request: ImageRequest) -> Run:
    """Set a task going whose turn has come, and whose row says that it runs."""
    run = Run(request)
    run.open(generation)
    run.tell(Started())
    _spawn(_run(run), _running)
    return run


def attach(generation: Generation, request: ImageRequest) -> Run:
    """The run of a generation that was begun before, wherever it runs or will run.

    Whoever attached it says `run.leave()` when nobody reads it any more.
    """
    if live := find_live(generation):
        return live
    run = Run(request)
    run.open(generation)
    run.follower = _spawn(_follow(run, as_task=True), _followers)
    return run


def find_live(generation: Generation) -> Run | None:
    """The run of a generation that this process works on, or whose pictures it alone has."""
    return _live.get(generation.pk)


def room() -> int:
    """How many more this process may have under way."""
    return int(settings.IMAGINE_MAX_RUNNING) - len(_running)


async def drain(timeout: float) -> None:  # noqa: ASYNC109  (of the whole, not of one await)
    """Let generations under way finish, at most `timeout` seconds; the rest is interrupted."""
    if _running:
        _, unfinished = await asyncio.wait(_running, timeout=timeout)
        for task in unfinished:
            task.cancel()
        if unfinished:
            await asyncio.wait(unfinished)
    for follower in list(_followers):
        follower.cancel()
    await close_provider()


def _spawn(
    work: Coroutine[Any, Any, None], tasks: set["asyncio.Task[None]"]
) -> "asyncio.Task[None]":
    task = asyncio.create_task(work)
    tasks.add(task)
    task.add_done_callback(tasks.discard)
    return task


async def _open_and_run(run: Run, asked: Asked, identify: Callable[[], Caller]) -> None:
    try:
        opened = await in_thread(
            records.open_generation,
            run.request,
            asked,
            provider=get_provider().name,
            identify=identify,
        )
    except BaseException as error:
        run.refuse(error)
        if isinstance(error, asyncio.CancelledError):
            raise
        return
    run.open(opened.generation)
    await (_run(run) if opened.is_new else _follow(run))


async def _follow(run: Run, *, as_task: bool = False) -> None:
    """Wait for a generation that was begun before, wherever it runs, and tell its pictures.

    Args:
        as_task: tell also that its turn has come.
    """
    generation = run.generation
    try:
        if live := await _live_or_ended(run, as_task=as_task):
            async for event in live.events():
                if not isinstance(event, Started) or (as_task and not run.is_started):
                    run.tell(event)
            run.errors, run.usage = live.errors, live.usage
    except ProviderError as error:
        run.errors.append(error)
    except Generation.DoesNotExist:
        run.errors.append(_deleted())
    except asyncio.CancelledError:
        run.errors.append(_stopping())
    except (OSError, DatabaseError):
        logger.exception("The pictures of generation %s cannot be read", generation.pk)
        run.errors.append(_our_fault())
    finally:
        run.finish()


async def _live_or_ended(run: Run, *, as_task: bool) -> Run | None:
    """The run of this process that is to be listened to; None once the library has told all.

    Raises:
        ProviderError: it ended without a picture, or will not go on here.
    """
    generation = run.generation
    if live := _live.get(generation.pk):
        return live
    images = await in_thread(collecting.read_outcome, generation)
    while images is None:
        if as_task and not run.is_started and generation.started_at is not None:
            run.tell(Started.since(generation.started_at))
        if closing.is_set() and generation.status == Generation.Status.QUEUED:
            raise _stopping()
        # Another process may run it, so there is no event to wait for.
        has_ended = await watching.look(generation)
        if live := _live.get(generation.pk):
            return live
        if has_ended:
            images = await in_thread(collecting.read_outcome, generation)
    for image in images:
        run.tell(image)
    run.usage = Usage(generation.usage, generation.cost_usd)
    return None


async def _run(run: Run) -> None:
    run.begin()
    _live[run.generation.pk] = run
    status: Generation.Status | None = None
    try:
        async with aclosing(_asked_for(run.request)) as events:
            async for event in events:
                await _take(run, event)
    except ProviderError as error:
        run.fail(error)
    except asyncio.CancelledError:
        status = Generation.Status.INTERRUPTED
        run.errors.append(ProviderError("The server was stopped.", status=503, code="interrupted"))
    except Exception:  # a fault of ours: the row must say so, and no client may wait for ever
        logger.exception("Generation %s failed", run.generation.pk)
        run.errors.append(_our_fault())
    if 0 < len(run.images) < run.request.n and not run.errors:
        text = f"The upstream sent {len(run.images)} of {run.request.n} pictures."
        run.errors.append(ProviderError(text, code="fewer_pictures", upstream_status=200))
    if not run.images and not run.errors:
        run.errors.append(ProviderError("The upstream sent no picture.", code="no_picture"))
    try:
        await _close(run, status or run.status)
    finally:
        run.finish()
        _let_go(run)


def _let_go(run: Run) -> None:
    """Who asks from now on is answered from the library, unless it does not have them."""
    if all(image.image_id is not None for image in run.images):
        del _live[run.generation.pk]
    else:
        loop = asyncio.get_running_loop()
        loop.call_later(KEPT_SECONDS, _live.pop, run.generation.pk, None)


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


async def _asked_for(request: ImageRequest) -> AsyncGenerator[Event, None]:
    """What the provider makes, and no more pictures than it was to make, finished or not."""
    glimpses = request.n * request.partial_images
    async with aclosing(get_provider().generate(request)) as events:
        async for event in events:
            if isinstance(event, PartialImage):
                glimpses -= 1
                if glimpses < 0:
                    continue
            if isinstance(event, Usage | BrokenImage) or event.index < request.n:
                yield event


async def _take(run: Run, event: Event) -> None:
    if isinstance(event, PartialImage):
        run.tell(event)
    elif isinstance(event, GeneratedImage):
        await _keep(run, event)
    elif isinstance(event, BrokenImage):
        await run.owed.broken(run.generation, event)
        run.fail(event.error)
    elif isinstance(event, FoundLink):
        await run.owed.expect(run.generation, event)
    else:
        run.usage = event


async def _close(run: Run, status: Generation.Status) -> None:
    """See that its row says how it ended and what it cost."""
    if not run.ended:
        await in_thread(records.close_generation, run.generation, run.outcome(status))
    elif run.cost != run.settled:  # its last picture was not the last that was said
        await in_thread(records.correct_cost, run.generation, run.usage, run.cost)


def _our_fault() -> ProviderError:
    return ProviderError(
        "Something went wrong on our side. The log has the details.",
        status=500,
        type="server_error",
        code="internal_error",
    )


async def _keep(run: Run, image: GeneratedImage) -> None:
    """Store one picture; one that cannot be stored costs neither the others nor the client.

    Where one was asked for, the generation ends with it, in the same transaction.
    """
    began = time.monotonic()
    # At once and on this very thread: what waits for another one may be killed meanwhile.
    with spool.kept(run.generation.pk, image, run.usage) as kept:
        await _store(run, image, kept, began)


async def _store(run: Run, image: GeneratedImage, kept: spool.Kept, began: float) -> None:
    is_last = run.request.n == 1 and not run.ended and run.usage.is_told
    status = Generation.Status.PARTIAL if run.errors else Generation.Status.SUCCEEDED
    outcome = partial(run.outcome, status, storing_since=began)
    try:
        stored = await in_storing_thread(
            _convert_and_store, run, image, kept, outcome if is_last else None
        )
    except records.BadPicture as error:
        logger.warning("Generation %s: %s", run.generation.pk, error)
        run.errors.append(ProviderError(str(error), code="bad_picture", upstream_status=200))
        if await run.owed.unreadable(run.generation, image, str(error)):
            kept.let_go()
        if came := for_client(image):
            run.tell(came)
        return
    finally:
        run.storing += time.monotonic() - began
    if is_last and stored.image_id is not None:
        run.ended = True
    if stored.image_id is None:
        run.errors.append(
            ProviderError(
                "The picture could not be stored.",
                status=507,
                type="server_error",
                code="storage_failed",
            )
        )
    run.tell(stored)


def _convert_and_store(
    run: Run, image: GeneratedImage, kept: spool.Kept, outcome: Callable[[], Outcome] | None
) -> StoredImage:
    generation, request, data = run.generation, run.request, image.data
    if request.output_format:
        data = convert(data, request.output_format, request.output_compression)
    settle = run.owed.settling(image.index)
    stored = records.store_image(generation, request, image, data, outcome, settle=settle)
    if stored.image_id is not None:
        kept.let_go()
    return stored
