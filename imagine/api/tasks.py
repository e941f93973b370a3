"""Serves generations that the client comes back for: submit, look, cancel."""

from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse

from grok2api.integers import read_integer
from imagine import collecting, watching
from imagine.callers import Caller
from imagine.dialects import Answer, InvalidRequest
from imagine.links import Links
from imagine.models import Generation
from imagine.providers import fetching
from imagine.providers.base import ImageRequest, ProviderError, Usage
from imagine.records import Asked
from imagine.run import Run
from imagine.tasks import errands, queue, working
from imagine.threads import in_thread

from . import answers, streaming
from .errors import ApiError
from .reading import Preferences

POLL_SECONDS = 3
"""When to look again, which sub2api's clients are told, too."""

MOST_STREAMS = 64
"""Streams of tasks that one caller may read at once from each process."""

_streams: Counter[tuple[int | None, int | None]] = Counter()
"""The number of streams by key and user."""

NO_STORE = {"Cache-Control": "no-store"}


async def submit(
    request: HttpRequest,
    wanted: ImageRequest,
    answer: Answer,
    asked: Asked,
    *,
    links: Links,
    preferred: Preferences,
) -> HttpResponseBase:
    """Answer `202` with the task's address, or the result if it came within `Prefer:
    wait=SECONDS`."""
    if answer.webhook:
        await _expect_reachable(answer.webhook)
    errand = errands.Errand(wanted, answer, links.base)
    found = await working.submit(errand, asked, times=answer.tasks)
    answers.note_allowance(request, found[-1])
    applied = {"Preference-Applied": "respond-async"} if "respond-async" in preferred else {}
    if answer.tasks > 1:
        listed = {"object": "list", "data": [describe(generation) for generation in found]}
        return JsonResponse(listed, status=202, headers={**NO_STORE, **applied})
    if seconds := _seconds(preferred.get("wait", "")):
        run = watching.attach(found[0], wanted)
        try:
            if await run.is_done_within(seconds):
                await run.finished()
                return answered(run, answer, links)
        finally:
            run.leave()
    return pending(found[0], applied)


def pending(generation: Generation, more: Mapping[str, str] | None = None) -> HttpResponse:
    """Answer `202`: the task waits or runs."""
    headers = {
        **NO_STORE,
        "Location": answers.task_path(generation),
        "Retry-After": str(POLL_SECONDS),
        **(more or {}),
    }
    return JsonResponse(describe(generation), status=202, headers=headers)


def answered(run: Run, answer: Answer, links: Links) -> HttpResponse:
    """Return the synchronous answer, with extra fields for sub2api's clients."""
    body = answers.images_body(run, answer, links)
    if answer.as_task:
        urls = answers.images_body(run, Answer(response_format="url"), links)
        body |= {
            **describe(run.generation),
            "status": "completed",
            "http_status": 200,
            "image_url": urls["data"][0].get("url"),
            "result": urls,
        }
    return answers.json_response(
        body, {**NO_STORE, "Content-Location": answers.task_path(run.generation)}
    )


async def find(caller: Caller, task_id: str) -> Generation:
    """Return the caller's task.

    Raises:
        ApiError: 404, it is nobody's or somebody else's.
    """
    mine = Generation.objects.of(caller.key, caller.user)
    found = await in_thread(mine.filter(task_id=task_id[:64]).first)
    if found is None:
        raise ApiError(404, "There is no such task.", param="task_id", code="task_not_found")
    return found


async def collect(request: HttpRequest, generation: Generation) -> HttpResponseBase:
    """Answer with a task's state: 202, its result, its error (raised), or all of it as events.

    Raises:
        ProviderError
    """
    errand = errands.without_pictures(generation)
    links = Links.of(request)
    if "text/event-stream" in request.META.get("HTTP_ACCEPT", ""):
        free = _take_stream(generation)
        run = watching.attach(generation, errand.request)

        def closing() -> None:
            run.leave()
            free()

        operation = f"image_{'edit' if generation.operation == 'edit' else 'generation'}"
        headers = {"Content-Location": answers.task_path(generation)}
        events = streaming.ImageEvents(run, errand.answer, links, operation)
        return await streaming.event_response(run, events, headers, closing)
    run = watching.find_live(generation) or Run(errand.request)
    if run.is_open:
        if not run.is_done:
            return pending(generation)
        await run.finished()
        return answered(run, errand.answer, links)
    with_data = errand.answer.response_format != "url"
    if not await read_into(run, generation, with_data=with_data):
        return pending(generation)
    return answered(run, errand.answer, links)


def _take_stream(generation: Generation) -> Callable[[], None]:
    """Count one more stream of the caller; return a function that ends it.

    Raises:
        ApiError: 429, the caller reads as many as anybody may.
    """
    caller = (generation.key_id, generation.user_id)
    if _streams[caller] >= MOST_STREAMS:
        raise ApiError(
            429,
            f"You read {MOST_STREAMS} streams of tasks. Close some of them, or poll instead.",
            kind="rate_limit_error",
            code="too_many_streams",
            headers={"Retry-After": str(POLL_SECONDS)},
        )
    _streams[caller] += 1

    def free() -> None:
        _streams[caller] -= 1
        if not _streams[caller]:
            del _streams[caller]

    return free


async def read_into(run: Run, generation: Generation, *, with_data: bool) -> bool:
    """Give a run what the library has of its generation; return False while that has not ended.

    Raises:
        ProviderError: it ended without a picture.
    """
    images = await in_thread(partial(collecting.read_outcome, generation, with_data=with_data))
    if images is None:
        return False
    run.open(generation)
    for image in images:
        run.tell(image)
    run.usage = Usage(generation.usage, generation.cost_usd)
    return True


async def cancel(generation: Generation) -> HttpResponse:
    """Cancel a waiting task with `204`; one that runs cannot be cancelled.

    Raises:
        ApiError: 409
    """
    try:
        await in_thread(queue.cancel, generation)
    except queue.NotWaiting:
        raise ApiError(
            409, "The task is no longer waiting, and may have been paid for.", code="task_begun"
        ) from None
    return HttpResponse(status=204)


def describe(generation: Generation) -> dict[str, Any]:
    """Return a task as sub2api's clients read it; times in Unix seconds."""
    started = generation.started_at
    return {
        "id": generation.task_id,
        "task_id": generation.task_id,
        "object": "image.generation.task",
        "status": "processing",
        "created_at": int(generation.created_at.timestamp()),
        "started_at": int(started.timestamp()) if started else None,
        "poll_url": answers.task_path(generation),
    }


async def _expect_reachable(url: str) -> None:
    """Check that a webhook's address can be reached from here and is public.

    Raises:
        InvalidRequest: it leads to this server's own network, or nowhere.
    """
    try:
        await fetching.locate(url, settings.IMAGINE_TRUSTED_HOSTS)
    except ProviderError as error:
        raise InvalidRequest(
            f"The webhook cannot be reached: {error}", param="webhook_url", code="invalid_value"
        ) from None


def _seconds(value: str) -> float:
    """Return the seconds of `Prefer: wait=…`, at most those of a generation; 0 if it is absent."""
    return min(read_integer(value, least=0) or 0, settings.IMAGINE_TIMEOUT)
