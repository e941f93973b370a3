"""Reads a gateway request: its body, its fields, and the pictures and the model that it names."""

import asyncio
import functools
from collections.abc import Callable, Coroutine, Mapping
from contextlib import nullcontext
from dataclasses import replace
from typing import Any, Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponseBase
from django.http.multipartparser import MultiPartParserError

from grok2api.integers import read_integer
from imagine import dialects
from imagine.callers import Caller
from imagine.dialects import Answer, References
from imagine.links import Links
from imagine.models import Generation
from imagine.providers import get_provider
from imagine.providers.base import OPENAI_IMAGE_MODELS, ImageRequest
from imagine.records import Asked
from imagine.sources import read_sources
from imagine.threads import in_storing_thread

from . import answers
from .auth import authenticate
from .errors import ANSWERS, ApiError, answer_to, unknown_model

READ_AT_ONCE = 64 * 1024
"""Bytes of JSON that are parsed on the event loop, in no time."""

reading_large = asyncio.Semaphore(1)
"""Large JSON is parsed one at a time: an emoji in it makes it take four times its size and more."""

P = ParamSpec("P")
Preferences = Mapping[str, str]
View = Callable[Concatenate[HttpRequest, P], Coroutine[Any, Any, HttpResponseBase]]


def endpoint(*methods: str) -> Callable[[View[P]], View[P]]:
    """Make a view for these methods that turns a known error into its answer."""

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
                response = await view(request, *args, **kwargs)
            except tuple(ANSWERS) as error:
                response = answer_to(error).response()
            return answers.tell_allowance(request, response)

        functools.update_wrapper(endpoint, view)
        return endpoint

    return decorate


def preferences(request: HttpRequest) -> Preferences:
    """Parse a Prefer header (RFC 7240) into preferences by name, without their parameters."""
    found: dict[str, str] = {}
    for part in request.META.get("HTTP_PREFER", "").split(","):
        name, _, value = part.partition(";")[0].partition("=")
        found.setdefault(name.strip().lower(), value.strip().strip('"'))
    return found


async def read_fields(
    request: HttpRequest,
) -> tuple[Mapping[str, Any], Mapping[str, list[bytes]]]:
    """Read fields and files from JSON or from a form.

    Raises:
        ApiError: it is neither of them.
        InvalidRequest
    """
    if request.content_type in ("application/json", ""):
        return await read_json(request), {}
    if request.content_type == "multipart/form-data":
        return await in_storing_thread(_read_form, request)
    raise ApiError(
        415,
        "Send the request as multipart/form-data or as application/json.",
        code="unsupported_media_type",
    )


async def read_json(request: HttpRequest) -> Mapping[str, Any]:
    """Read the object in the body. A large one blocks neither the loop nor the next request's key.

    Raises:
        InvalidRequest
    """
    length = int(request.META.get("CONTENT_LENGTH") or 0)
    if length <= READ_AT_ONCE:
        return dialects.read_json(request.body)
    async with reading_large if length > dialects.LARGE else nullcontext():
        return await in_storing_thread(lambda: dialects.read_json(request.read()))


def _read_form(request: HttpRequest) -> tuple[dict[str, Any], dict[str, list[bytes]]]:
    try:
        texts = dict(request.POST.lists())
        for name, values in texts.items():
            if any("\ufffd" in each for each in values):  # what stands for bytes that are no UTF-8
                raise dialects.InvalidRequest(
                    f"{name[:100]!a} is not UTF-8 text. A file must have a file name.",
                    param=name[:100].encode("ascii", "replace").decode(),
                    code="invalid_value",
                )
        fields = {
            name: values if dialects.names_picture(name) else values[-1]
            for name, values in texts.items()
        }
        return fields, {
            name: [file.read() for file in request.FILES.getlist(name)] for name in request.FILES
        }
    except MultiPartParserError as error:
        raise ApiError(400, f"The form cannot be read: {error}", code="invalid_form") from None


def read_request(
    fields: Mapping[str, Any], later: bool = False, *, is_edit: bool
) -> tuple[ImageRequest, Answer]:
    """Read the fields of a picture, and how the client wants to be answered.

    Args:
        later: whether it is a task whatever the fields say.

    Raises:
        InvalidRequest
    """
    provider = get_provider()
    model = provider.default_edit_model if is_edit else provider.default_model
    wanted, answer = dialects.read_request(fields, default_model=model, lenient=provider.passes_on)
    if later:
        answer = replace(answer, later=True, as_task=True)
    if answer.stream and (answer.later or answer.webhook):
        raise dialects.InvalidRequest(
            "A task is not streamed: ask for it at its own address, or leave 'stream' out.",
            param="stream",
            code="invalid_value",
        )
    return wanted, answer


async def with_model(request: HttpRequest, wanted: ImageRequest) -> ImageRequest:
    """Return the request with the model that its name stands for.

    Raises:
        ApiError: 404, there is none.
    """
    provider = get_provider()
    if wanted.model.startswith(OPENAI_IMAGE_MODELS):
        await authenticate(request)  # the upstream may be asked for its models
    model = await provider.resolve(wanted.model)
    if not provider.knows(model):
        await authenticate(request)
        raise unknown_model(wanted.model)
    return wanted if model == wanted.model else replace(
        wanted, model=model, asked_model=wanted.model
    )  # fmt: skip


async def with_pictures(
    request: HttpRequest, caller: Caller, wanted: ImageRequest, references: References
) -> ImageRequest:
    """Return the request with the pictures that it names.

    Raises:
        InvalidRequest: one cannot be had.
    """
    mine = Generation.objects.of(caller.key, caller.user)
    pictures = list(await read_sources(references.all, mine, Links.of(request).base))
    markup = pictures.pop() if references.markup else None
    mask = pictures.pop() if references.mask else None
    return replace(wanted, sources=tuple(pictures), mask=mask, markup=markup)


def asked_by(request: HttpRequest, answer: Answer, by: Caller | str) -> Asked:
    """Return what is recorded of the request beside its picture."""
    return Asked(
        by=by,
        client=describe_client(request),
        idempotency_key=request.META.get("HTTP_IDEMPOTENCY_KEY", ""),
        repetition=_repetition(request),
        webhook=answer.webhook,
    )


def _repetition(request: HttpRequest) -> int | None:
    """Return the number of earlier attempts, as OpenAI's clients tell it."""
    return read_integer(request.META.get("HTTP_X_STAINLESS_RETRY_COUNT"), least=0, most=999)


def describe_client(request: HttpRequest) -> str:
    """Return the client's address and program, for the administrator."""
    return (
        f"{request.META.get('REMOTE_ADDR', '')} {request.META.get('HTTP_USER_AGENT', '')}".strip()
    )
