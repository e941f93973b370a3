"""The use case: a request becomes pictures in the library, whatever happens to the client.

A generation costs money. Its row is written before the upstream is called, it runs as a task
of its own that no client's leaving can cancel, and each picture is stored as it comes.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from functools import partial

from django.conf import settings

from . import records
from .callers import Caller
from .formats import convert
from .models import Generation
from .providers import close_provider, get_provider
from .providers.base import (
    BrokenImage,
    GeneratedImage,
    ImageRequest,
    PartialImage,
    ProviderError,
    Usage,
)
from .records import Outcome, StoredImage
from .threads import in_storing_thread, in_thread

__all__ = ["Run", "StoredImage", "drain", "start"]

logger = logging.getLogger(__name__)

BUSY_SECONDS = 5
FOLLOW_SECONDS = 0.5
"""How often a repeated request looks whether the first one has ended."""

_running: set["asyncio.Task[None]"] = set()


def _new_future() -> "asyncio.Future[Generation]":
    return asyncio.get_running_loop().create_future()


@dataclass(slots=True)
class Run:
    """A generation under way: whoever waits for it reads `events()` or awaits `finished()`."""

    request: ImageRequest
    images: list[StoredImage] = field(default_factory=list)
    errors: list[ProviderError] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)
    _opened: "asyncio.Future[Generation]" = field(default_factory=_new_future)
    _done: asyncio.Event = field(default_factory=asyncio.Event)
    _events: "asyncio.Queue[PartialImage | StoredImage | None]" = field(
        default_factory=asyncio.Queue
    )
    _began: float = 0  # by the monotonic clock, seconds
    _storing: float = 0  # seconds spent with it
    _ended: bool = False  # its row says so

    async def opened(self) -> Generation:
        """Wait until the generation has its row."""
        return await asyncio.shield(self._opened)

    @property
    def generation(self) -> Generation:
        return self._opened.result()

    async def finished(self) -> None:
        """Wait for the end. Afterwards `images`, `errors` and `usage` are complete.

        Raises:
            ProviderError: there is no picture at all.
        """
        await self._done.wait()
        if not self.images:
            raise self.errors[0]

    async def events(self) -> AsyncIterator[PartialImage | StoredImage]:
        """Pictures as they come, unfinished ones too. For one reader.

        Raises:
            ProviderError: at the end, where there is no finished picture.
        """
        while (event := await self._events.get()) is not None:
            yield event
        await self.finished()

    def _add(self, image: StoredImage) -> None:
        self.images.append(image)
        self._events.put_nowait(image)

    def _outcome(self, status: Generation.Status, *, storing_since: float | None = None) -> Outcome:
        now = time.monotonic()
        storing = self._storing + (now - storing_since if storing_since else 0)
        return Outcome(
            status=status,
            errors=tuple(self.errors),
            usage=self.usage,
            upstream_ms=round((now - self._began - storing) * 1000),
            storing_ms=round(storing * 1000),
        )

    def _finish(self) -> None:
        self._done.set()
        self._events.put_nowait(None)

    @property
    def status(self) -> Generation.Status:
        if not self.images:
            return Generation.Status.FAILED
        return Generation.Status.PARTIAL if self.errors else Generation.Status.SUCCEEDED


async def start(
    request: ImageRequest,
    *,
    identify: Callable[[], Caller],
    client: str = "",
    idempotency_key: str = "",
) -> Run:
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
    if len(_running) >= settings.IMAGINE_MAX_RUNNING:
        raise ProviderError(
            "Too many pictures are under way. Try again in a moment.",
            status=429,
            type="rate_limit_error",
            code="too_many_generations",
            retry_after=BUSY_SECONDS,
        )
    run = Run(request)
    task = asyncio.create_task(_open_and_run(run, identify, client, idempotency_key))
    _running.add(task)
    task.add_done_callback(_running.discard)
    # The task goes on when the client leaves at this moment: its row is being written.
    await run.opened()
    return run


async def drain(timeout: float) -> None:  # noqa: ASYNC109  (of the whole, not of one await)
    """Let generations under way finish, at most `timeout` seconds; the rest is interrupted."""
    if _running:
        _, unfinished = await asyncio.wait(_running, timeout=timeout)
        for task in unfinished:
            task.cancel()
        if unfinished:
            await asyncio.wait(unfinished)
    await close_provider()


async def _open_and_run(
    run: Run, identify: Callable[[], Caller], client: str, idempotency_key: str
) -> None:
    try:
        opened = await in_thread(
            records.open_generation,
            run.request,
            provider=get_provider().name,
            identify=identify,
            client=client,
            idempotency_key=idempotency_key,
        )
    except BaseException as error:
        if isinstance(error, asyncio.CancelledError):
            run._opened.cancel()
            raise
        run._opened.set_exception(error)
        run._opened.exception()  # seen, also where the client has left
        return
    run._opened.set_result(opened.generation)
    await (_run(run) if opened.is_new else _follow(run))


async def _follow(run: Run) -> None:
    """Wait for the same request sent before, wherever it runs, and answer with its pictures."""
    try:
        # Another process may run it, so there is no event to wait for.
        while (images := await in_thread(records.read_outcome, run.generation)) is None:  # noqa: ASYNC110
            await asyncio.sleep(FOLLOW_SECONDS)
        for image in images:
            run._add(image)
        run.usage = Usage(run.generation.usage, run.generation.cost_usd)
    except ProviderError as error:
        run.errors.append(error)
    except OSError:
        logger.exception("The pictures of generation %s cannot be read", run.generation.pk)
        run.errors.append(_our_fault())
    finally:
        run._finish()


async def _run(run: Run) -> None:
    run._began = time.monotonic()
    status: Generation.Status | None = None
    try:
        async for event in get_provider().generate(run.request):
            if isinstance(event, PartialImage):
                run._events.put_nowait(event)
            elif isinstance(event, GeneratedImage):
                await _keep(run, event)
            elif isinstance(event, BrokenImage):
                run.errors.append(event.error)
            else:
                run.usage = event
    except ProviderError as error:
        run.errors.append(error)
    except asyncio.CancelledError:
        status = Generation.Status.INTERRUPTED
        run.errors.append(ProviderError("The server was stopped.", status=503, code="interrupted"))
    except Exception:  # a fault of ours: the row must say so, and no client may wait for ever
        logger.exception("Generation %s failed", run.generation.pk)
        run.errors.append(_our_fault())
    if not run.images and not run.errors:
        run.errors.append(ProviderError("The upstream sent no picture.", code="no_picture"))
    try:
        if not run._ended:
            outcome = run._outcome(status or run.status)
            await in_thread(records.close_generation, run.generation, outcome)
    finally:
        run._finish()


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
    is_last = run.request.n == 1 and not run._ended
    status = Generation.Status.PARTIAL if run.errors else Generation.Status.SUCCEEDED
    outcome = partial(run._outcome, status, storing_since=began)
    try:
        stored = await in_storing_thread(
            _convert_and_store, run.generation, run.request, image, outcome if is_last else None
        )
    except records.BadPicture as error:
        logger.warning("Generation %s: %s", run.generation.pk, error)
        run.errors.append(ProviderError(str(error), code="bad_picture", upstream_status=200))
        return
    finally:
        run._storing += time.monotonic() - began
    if is_last and stored.image_id is not None:
        run._ended = True
    if stored.image_id is None:
        run.errors.append(
            ProviderError(
                "The picture could not be stored.",
                status=507,
                type="server_error",
                code="storage_failed",
            )
        )
    run._add(stored)


def _convert_and_store(
    generation: Generation,
    request: ImageRequest,
    image: GeneratedImage,
    outcome: Callable[[], Outcome] | None,
) -> StoredImage:
    data = image.data
    if request.output_format:
        data = convert(data, request.output_format, request.output_compression)
    return records.store_image(generation, request, image, data, outcome)
