"""The gateway's views: asynchronous, without sessions, every error in OpenAI's envelope."""

from collections.abc import AsyncIterator, Iterator
from typing import cast

import orjson
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    JsonResponse,
    StreamingHttpResponse,
)

from gallery.models import Image
from gallery.serving import serve_file
from imagine import dialects, generate, records
from imagine.callers import Caller
from imagine.dialects import Answer, References
from imagine.links import InvalidLink, Links, Signed, read_filename
from imagine.providers import get_provider
from imagine.providers.base import ImageRequest
from imagine.signatures import secret_of
from imagine.threads import in_thread

from . import answers, streaming, tasks
from .auth import authenticate, required_token
from .errors import ApiError, unknown_model
from .reading import (
    asked_by,
    endpoint,
    preferences,
    read_fields,
    read_json,
    read_request,
    with_model,
    with_pictures,
)

DAY = 24 * 3600  # seconds that caches may keep a picture whose link has no end
GENERATION, EDIT = "image_generation", "image_edit"
"""Prefixes of the names of a stream's events."""


@endpoint("POST")
async def generations(request: HttpRequest, later: bool = False) -> HttpResponseBase:
    """Handle `POST /v1/images/generations`, and sub2api's `…/async`.

    With a picture it is an edit, as on several servers.
    """
    token = required_token(request)
    try:
        if request.content_type not in ("application/json", ""):
            raise ApiError(
                415,
                "Send the request as JSON, with the header Content-Type: application/json.",
                code="unsupported_media_type",
            )
        fields = await read_json(request)
        is_edit = dialects.is_edit(fields)
        wanted, answer = read_request(fields, later, is_edit=is_edit)
    except (ApiError, dialects.InvalidRequest):
        await authenticate(request)  # a stranger is told that they are one, and nothing else
        raise
    if is_edit:
        caller = await authenticate(request)
        return await _edit(request, caller, wanted, answer, dialects.read_references(fields, {}))
    wanted = await with_model(request, wanted)
    return await _run(request, token, wanted, answer, GENERATION)


@endpoint("POST")
async def edits(request: HttpRequest, later: bool = False) -> HttpResponseBase:
    """Handle `POST /v1/images/edits`, OpenAI's form or either dialect's JSON, and `…/async`."""
    caller = await authenticate(request)
    fields, files = await read_fields(request)
    wanted, answer = read_request(fields, later, is_edit=True)
    references = dialects.read_references(fields, files)
    return await _edit(request, caller, wanted, answer, references)


async def _edit(
    request: HttpRequest,
    caller: Caller,
    wanted: ImageRequest,
    answer: Answer,
    references: References,
) -> HttpResponseBase:
    wanted = await with_model(request, wanted)
    # Check first: fetching and decoding pictures costs more.
    await in_thread(records.expect_room, wanted, asked_by(request, answer, caller))
    wanted = await with_pictures(request, caller, wanted, references)
    return await _run(request, caller, wanted, answer, EDIT)


async def _run(
    request: HttpRequest,
    by: Caller | str,
    wanted: ImageRequest,
    answer: Answer,
    operation: str,
) -> HttpResponseBase:
    links = Links.of(request)  # a Host header that cannot be answered costs nothing yet
    preferred = preferences(request)
    asked = asked_by(request, answer, by)
    if answer.later or answer.webhook or answer.tasks > 1 or "respond-async" in preferred:
        return await tasks.submit(request, wanted, answer, asked, links=links, preferred=preferred)
    run = await generate.start(wanted, asked)
    answers.note_allowance(request, run.generation)
    if answer.stream:
        events = streaming.ImageEvents(run, answer, links, operation)
        return await streaming.event_response(run, events, answers.headers(run))
    if "keepalive" in preferred:
        headers = answers.headers(run) | {"Preference-Applied": "keepalive"}
        return await streaming.kept_alive_response(
            run, lambda: orjson.dumps(answers.images_body(run, answer, links)), headers
        )
    await run.finished()
    # The headers last: the upstream may have turned out to ignore more.
    return answers.json_response(answers.images_body(run, answer, links), answers.headers(run))


@endpoint("GET", "DELETE")
async def task(request: HttpRequest, task_id: str) -> HttpResponseBase:
    """Handle `GET /v1/images/tasks/{id}`, the state of a task; `DELETE` cancels a waiting one."""
    found = await tasks.find(await authenticate(request), task_id)
    if request.method == "DELETE":
        return await tasks.cancel(found)
    return await tasks.collect(request, found)


@endpoint("GET")
async def webhook_secret(request: HttpRequest) -> HttpResponse:
    """Handle `GET /v1/webhooks/secret`: the secret that signs this key's webhooks."""
    caller = await authenticate(request)
    if caller.key is None:
        raise ApiError(404, "Only API keys have webhooks.", code="not_found")
    return JsonResponse({"secret": secret_of(caller.key)}, headers={"Cache-Control": "no-store"})


@endpoint("GET", "HEAD")
async def models(request: HttpRequest) -> HttpResponse:
    """Handle `GET /v1/models`: the models that the key may use."""
    caller = await authenticate(request)
    provider = get_provider()
    listed = [name for name in await provider.list_models() if caller.may_ask(name)]
    return JsonResponse(answers.models_response(listed, provider))


@endpoint("GET", "HEAD")
async def model(request: HttpRequest, model: str) -> HttpResponse:
    """Handle `GET /v1/models/{id}`, also for an alias."""
    caller = await authenticate(request)
    provider = get_provider()
    stands_for = await provider.resolve(model)
    if not await provider.has(stands_for) or not caller.may_ask(model, stands_for):
        raise unknown_model(model)
    return JsonResponse(answers.model_data(model, provider))


@endpoint("GET", "HEAD")
async def file(request: HttpRequest, filename: str) -> HttpResponseBase:
    """Handle `GET /v1/files/image/{filename}`: a picture's bytes, by a signed link."""
    try:
        response = await in_thread(_open_file, request, read_filename(filename))
    except (InvalidLink, Image.DoesNotExist, Http404):
        raise ApiError(404, "There is no such picture.", code="not_found") from None
    if isinstance(response, StreamingHttpResponse):
        chunks = cast("Iterator[bytes]", response.streaming_content)
        if request.method == "HEAD":
            chunks = iter(())
        response.streaming_content = _in_threads(chunks)
    return response


@endpoint("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
async def unknown(request: HttpRequest) -> HttpResponse:
    """Answer any other path below `/v1/`."""
    raise ApiError(404, f"Unknown address: {request.method} {request.path}.", code="unknown_url")


def _open_file(request: HttpRequest, signed: Signed) -> HttpResponseBase:
    image = Image.objects.in_library().only("file", "content_type").get(pk=signed.image_id)
    return serve_file(
        request,
        name=image.file.name or "",
        content_type=image.content_type,
        public_for=DAY if signed.left is None else min(DAY, signed.left),
    )


async def _in_threads(chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
    while (chunk := await in_thread(next, chunks, None)) is not None:
        yield chunk
