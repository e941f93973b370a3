"""Makes pictures of a request and puts them into the library, whatever happens to the client.

A generation costs money. Its row is written before the upstream is called, it runs as a task of its
own that survives the client's leaving, and each picture is stored as it comes.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing
from typing import Any

from django.conf import settings
from django.db import Error as DatabaseError

from gallery.files.pictures import Picture

from . import quarantine, records, spool, watching
from .formats import TEXT, media_type
from .models import Generation
from .providers import close_provider
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
from .records import Asked, StoredImage
from .run import Run, Started
from .threads import in_storing_thread, in_thread

logger = logging.getLogger(__name__)

End = tuple[Generation.Status, float]
"""How a generation ends with a picture, and when storing that began, by the monotonic clock."""

KEPT_SECONDS = 900
"""How long a picture that could not be stored remains available, in memory only."""

_running: set["asyncio.Task[None]"] = set()


async def start(request: ImageRequest, asked: Asked) -> Run:
    """Write the generation's row and start it, or join the same request sent before.

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
            retry_after=watching.BUSY_SECONDS,
        )
    run = Run(request)
    _spawn(_open_and_run(run, asked))
    # The task goes on when the client leaves at this moment: its row is being written.
    await run.opened()
    return run


def launch(generation: Generation, request: ImageRequest) -> Run:
    """Start a task whose turn has come, and whose row says that it runs."""
    run = Run(request)
    run.open(generation)
    run.tell(Started())
    _spawn(_run(run))
    return run


def room() -> int:
    """Return how many more generations this process may run."""
    return int(settings.IMAGINE_MAX_RUNNING) - len(_running)


async def drain(timeout: float) -> None:  # noqa: ASYNC109  (of the whole, not of one await)
    """Let running generations finish, at most `timeout` seconds; the rest is interrupted."""
    if _running:
        _, unfinished = await asyncio.wait(_running, timeout=timeout)
        for task in unfinished:
            task.cancel()
        if unfinished:
            await asyncio.wait(unfinished)
    watching.close()
    await close_provider()


def _spawn(work: Coroutine[Any, Any, None]) -> None:
    task = asyncio.create_task(work)
    _running.add(task)
    task.add_done_callback(_running.discard)


async def _open_and_run(run: Run, asked: Asked) -> None:
    try:
        opened = await in_thread(
            records.open_generation, run.request, asked, provider=run.provider.name
        )
    except BaseException as error:
        run.refuse(error)
        if isinstance(error, asyncio.CancelledError):
            raise
        return
    run.open(opened.generation)
    await (_run(run) if opened.is_new else watching.follow(run))


async def _run(run: Run) -> None:
    watching.live[run.generation.pk] = run
    status: Generation.Status | None = None
    try:
        async with aclosing(_asked_for(run)) as events:
            async for event in events:
                await _take(run, event)
    except ProviderError as error:
        run.fail(error)
    except asyncio.CancelledError:
        status = Generation.Status.INTERRUPTED
        run.errors.append(ProviderError("The server was stopped.", status=503, code="interrupted"))
    except Exception:  # a fault of ours: the row must say so, and no client may wait for ever
        logger.exception("Generation %s failed", run.generation.pk)
        run.errors.append(watching.our_fault())
    if 0 < len(run.images) < run.request.n and not run.errors:
        text = f"The upstream sent {len(run.images)} of {run.request.n} pictures."
        run.errors.append(ProviderError(text, code="fewer_pictures", upstream_status=200))
    if not run.images and not run.errors:
        run.errors.append(ProviderError("The upstream sent no picture.", code="no_picture"))
    try:
        await _close(run, status)
    finally:
        run.finish()
        _let_go(run)


def _let_go(run: Run) -> None:
    """Forget a run: callers from now on are answered from the library, if that has its pictures."""
    if all(image.image_id is not None for image in run.images):
        del watching.live[run.generation.pk]
    else:
        loop = asyncio.get_running_loop()
        loop.call_later(KEPT_SECONDS, watching.live.pop, run.generation.pk, None)


async def _asked_for(run: Run) -> AsyncGenerator[Event, None]:
    """Yield the provider's pictures, finished or not, but no more than requested."""
    request = run.request
    glimpses = request.n * request.partial_images
    async with aclosing(run.provider.generate(request)) as events:
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


async def _close(run: Run, status: Generation.Status | None) -> None:
    """See that the row says how the run ended, and what it cost."""
    if not run.ended:
        outcome = run.outcome(status or run.status)
        await in_thread(records.close_generation, run.generation, outcome)
    elif run.cost != run.settled:  # its last picture was not the last that was said
        await in_thread(records.correct_cost, run.generation, run.usage, run.cost)


async def _keep(run: Run, image: GeneratedImage) -> None:
    """Store one picture; a failure affects neither the others nor the client.

    If only one was requested, the generation ends with it, in the same transaction.
    """
    began = time.monotonic()
    # At once and on this very thread: what waits for another one may be killed meanwhile.
    with spool.kept(run.generation.pk, image, run.usage) as kept:
        await _store(run, image, kept, began)


async def _store(run: Run, image: GeneratedImage, kept: spool.Kept, began: float) -> None:
    is_last = run.request.n == 1 and not run.ended and run.usage.is_told
    status = Generation.Status.PARTIAL if run.errors else Generation.Status.SUCCEEDED
    end = (status, began) if is_last else None
    try:
        stored = await in_storing_thread(_read_and_store, run, image, kept, end)
    except records.BadPicture as error:
        logger.warning("Generation %s: %s", run.generation.pk, error)
        run.errors.append(ProviderError(str(error), code="bad_picture", upstream_status=200))
        if await run.owed.unreadable(run.generation, image, str(error)):
            kept.let_go()
        if came := _for_client(image):
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


def _for_client(image: GeneratedImage) -> StoredImage | None:
    """Return what the client gets of bytes that the library cannot read.

    Return None if they are a text, and a picture to nobody.
    """
    found = media_type(image.data)
    if found == TEXT:
        return None
    return StoredImage(
        index=image.index,
        data=image.data,
        content_type=found,
        width=0,
        height=0,
        model=image.model,
        revised_prompt=image.revised_prompt,
    )


def _read_and_store(
    run: Run, image: GeneratedImage, kept: spool.Kept, end: End | None
) -> StoredImage:
    """Return the picture, even if it cannot be stored, so that at least the client has it.

    Raises:
        records.BadPicture
    """
    data, picture = records.read(image.data, run.request)
    try:
        image_id = _add_to_library(run, image, data, picture, end)
    except (OSError, DatabaseError):
        logger.exception("A picture of generation %s was not stored", run.generation.pk)
        image_id = None
    else:
        kept.let_go()
    return StoredImage(
        index=image.index,
        data=data,
        content_type=picture.content_type,
        width=picture.width,
        height=picture.height,
        model=image.model,
        revised_prompt=image.revised_prompt,
        image_id=image_id,
    )


@records.insistently
def _add_to_library(
    run: Run, image: GeneratedImage, data: bytes, picture: Picture, end: End | None
) -> int:
    """Return the picture's id; if the generation ends with it, write the outcome."""
    with records.storing(run.generation, run.request, image, data, picture) as image_id:
        if (link := run.owed.links.get(image.index)) is not None:
            quarantine.strike_out(link)
        if end is not None:
            status, began = end
            outcome = run.outcome(status, storing_since=began)
            records.write_outcome(run.generation, outcome)
    return image_id
