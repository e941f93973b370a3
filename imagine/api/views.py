"""The gateway's views: asynchronous, without sessions, every error in OpenAI's envelope."""

import functools
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Concatenate, ParamSpec, cast

from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    JsonResponse,
    StreamingHttpResponse,
)
from django.http.multipartparser import MultiPartParserError

from gallery.models import Image
from gallery.serving import serve_file
from imagine import callers, dialects, generate
from imagine.callers import Caller
from imagine.dialects import Answer
from imagine.links import InvalidLink, Links, read_filename
from imagine.providers import get_provider
from imagine.providers.base import EDIT_MODEL, ImageRequest
from imagine.sources import read_sources
from imagine.threads import in_thread

from . import answers, streaming
from .auth import authenticate, required_token
from .errors import ANSWERS, ApiError, answer_to, unknown_model

MAX_KEY_LENGTH = 255

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], Coroutine[Any, Any, HttpResponseBase]]


def endpoint(*methods: str) -> Callable[[View[P]], View[P]]:
    """A view for these methods whose error, where it has an answer, is its answer."""

    def decorate(view: View[P]) -> View[P]:
        async def endpoint(
            request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs
        ) -> HttpResponseBase:
            if request.method not in methods:
                allowed = ", ".join(methods)
                return ApiError(
                    405,
                    f"Not allowed: {request.method} {request.path}. Use {allowed}.",
                    code="method_not_allowed",
                    headers={"Allow": allowed},
                ).response()
            try:
                return await view(request, *args, **kwargs)
            except tuple(ANSWERS) as error:
                return answer_to(error).response()

        functools.update_wrapper(endpoint, view)
        return endpoint

    return decorate


@endpoint("POST")
async def generations(request: HttpRequest) -> HttpResponseBase:
    """`POST /v1/images/generations`."""
    token = required_token(request)
    try:
        if request.content_type not in ("application/json", ""):
            raise ApiError(
                415,
                "Send the request as JSON, with the header Content-Type: application/json.",
                code="unsupported_media_type",
            )
        wanted, answer = dialects.read_request(dialects.read_json(request.body))
        _expect_known_model(wanted)
    except (ApiError, dialects.InvalidRequest):
        await authenticate(request)  # a stranger is told that they are one, and nothing else
        raise
    identify = partial(callers.identify, token)
    return await _run(request, identify, wanted, answer, "image_generation")


@endpoint("POST")
async def edits(request: HttpRequest) -> HttpResponseBase:
    """`POST /v1/images/edits`: OpenAI's form, or either dialect's JSON."""
    caller = await authenticate(request)
    fields, files = await _read_fields(request)
    wanted, answer = dialects.read_request({"model": EDIT_MODEL, **fields})
    references, mask = dialects.read_source_references(fields, files)
    pictures = await read_sources([*references, *([mask] if mask else [])])
    wanted = replace(
        wanted,
        sources=pictures[: len(references)],
        mask=pictures[-1] if mask else None,
    )
    _expect_known_model(wanted)
    return await _run(request, lambda: caller, wanted, answer, "image_edit")


async def _read_fields(
    request: HttpRequest,
) -> tuple[Mapping[str, Any], Mapping[str, list[bytes]]]:
    if request.content_type in ("application/json", ""):
        return dialects.read_json(request.body), {}
    if request.content_type == "multipart/form-data":
        return await in_thread(_read_form, request)
    raise ApiError(
        415,
        "Send the request as multipart/form-data or as application/json.",
        code="unsupported_media_type",
    )


def _read_form(request: HttpRequest) -> tuple[dict[str, Any], dict[str, list[bytes]]]:
    try:
        return request.POST.dict(), {
            name: [file.read() for file in request.FILES.getlist(name)] for name in request.FILES
        }
    except MultiPartParserError as error:
        raise ApiError(400, f"The form cannot be read: {error}", code="invalid_form") from None


def _expect_known_model(wanted: ImageRequest) -> None:
    if not get_provider().knows(wanted.model):
        raise unknown_model(wanted.model)


async def _run(
    request: HttpRequest,
    identify: Callable[[], Caller],
    wanted: ImageRequest,
    answer: Answer,
    operation: str,
) -> HttpResponseBase:
    links = Links.of(request)  # a Host header that cannot be answered costs nothing yet
    run = await generate.start(
        wanted,
        identify=identify,
        client=describe_client(request),
        idempotency_key=request.headers.get("Idempotency-Key", "")[:MAX_KEY_LENGTH],
    )
    if answer.stream:
        return await streaming.event_response(run, answer, links, operation)
    await run.finished()
    return answers.images_response(run, answer, links)


@endpoint("GET")
async def models(request: HttpRequest) -> HttpResponse:
    """`GET /v1/models`."""
    await authenticate(request)
    return JsonResponse(answers.models_response(await get_provider().list_models()))


@endpoint("GET")
async def model(request: HttpRequest, model: str) -> HttpResponse:
    """`GET /v1/models/{id}`."""
    await authenticate(request)
    if model not in await get_provider().list_models():
        raise unknown_model(model)
    return JsonResponse(answers.model_data(model))


@endpoint("GET", "HEAD")
async def file(request: HttpRequest, filename: str) -> HttpResponseBase:
    """`GET /v1/files/image/{filename}`: the bytes of a picture, by a signed link."""
    try:
        image_id = read_filename(filename)
        response = await in_thread(_open_file, request, image_id)
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
    """Whatever else is asked below `/v1/`."""
    raise ApiError(404, f"Unknown address: {request.method} {request.path}.", code="unknown_url")


def describe_client(request: HttpRequest) -> str:
    """Address and program of whoever asks, for the administrator."""
    return f"{request.META.get('REMOTE_ADDR', '')} {request.headers.get('User-Agent', '')}".strip()


def _open_file(request: HttpRequest, image_id: int) -> HttpResponseBase:
    image = Image.objects.in_library().only("file", "content_type").get(pk=image_id)
    return serve_file(
        request, name=image.file.name or "", content_type=image.content_type, public=True
    )


async def _in_threads(chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
    while (chunk := await in_thread(next, chunks, None)) is not None:
        yield chunk
