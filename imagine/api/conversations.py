"""Makes pictures for programs that only know conversations: chat completions, and responses."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponseBase

from imagine import dialects, generate, records
from imagine.callers import Caller
from imagine.dialects import References
from imagine.dialects.chat import read_chat
from imagine.dialects.responses import read_response_request
from imagine.links import Links
from imagine.providers import get_provider
from imagine.run import Run
from imagine.threads import in_thread

from . import answers, chat, responses, streaming
from .auth import authenticate
from .errors import ApiError
from .reading import (
    asked_by,
    endpoint,
    read_json,
    read_request,
    with_model,
    with_pictures,
)


@endpoint("POST")
async def chat_completions(request: HttpRequest) -> HttpResponseBase:
    """Handle `POST /v1/chat/completions`: the user's last message is the prompt."""
    caller = await authenticate(request)
    asked = read_chat(await read_json(request))
    await _expect_pictures(asked.fields.get("model"))
    links = Links.of(request)
    run = await _start(request, caller, asked.fields, asked.references)
    if asked.stream:
        events = chat.ChatEvents(run, asked, links)
        return await streaming.event_response(run, events, answers.headers(run, *asked.ignored))
    await run.finished()
    body = chat.completion(run, links)
    return answers.json_response(body, answers.headers(run, *asked.ignored))


@endpoint("POST")
async def create_response(request: HttpRequest) -> HttpResponseBase:
    """Handle `POST /v1/responses`: the same, as a call of the tool `image_generation`."""
    caller = await authenticate(request)
    body = await read_json(request)
    await _expect_pictures(body.get("model"))
    asked = read_response_request(body)
    await _expect_pictures(asked.fields.get("model"))
    links = Links.of(request)
    run = await _start(request, caller, asked.fields, asked.references)
    if asked.stream:
        events = responses.ResponseEvents(run, asked, links)
        return await streaming.event_response(run, events, answers.headers(run, *asked.ignored))
    await run.finished()
    body = responses.completed(run, asked, links)
    return answers.json_response(body, answers.headers(run, *asked.ignored))


async def _expect_pictures(model: Any) -> None:
    """Check that the model makes pictures.

    Raises:
        ApiError: 404, it makes something else.
    """
    provider = get_provider()
    named = model or provider.default_model
    if not isinstance(named, str) or not await provider.makes_pictures(
        await provider.resolve(named)
    ):
        raise ApiError(
            404,
            f"The model '{str(named)[:100]}' does not make pictures, which is all that is "
            "offered here. GET /v1/models lists those that do.",
            param="model",
            code="model_not_found",
        )


async def _start(
    request: HttpRequest, caller: Caller, fields: Mapping[str, Any], references: References
) -> Run:
    """Start a picture for a conversation.

    Raises:
        ApiError
        InvalidRequest: it names a picture or a task in a way that only the images API knows.
        what `generate.start` raises
    """
    if dialects.is_edit(fields):
        raise dialects.InvalidRequest(
            "Pictures to be edited belong in the last message.",
            param=next(name for name in fields if dialects.is_edit({name: fields[name]})),
            code="unsupported_parameter",
        )
    wanted, answer = read_request(fields, is_edit=bool(references.sources))
    if answer.later or answer.webhook or answer.tasks > 1:
        raise dialects.InvalidRequest(
            "A conversation cannot be a task: use POST /v1/images/generations.",
            param="webhook_url" if answer.webhook else "async" if answer.later else "tasks",
            code="unsupported_parameter",
        )
    wanted, told = await with_model(request, wanted), asked_by(request, answer, caller)
    if references.sources:
        await in_thread(records.expect_room, wanted, told)
        wanted = await with_pictures(request, caller, wanted, references)
    run = await generate.start(wanted, told)
    answers.note_allowance(request, run.generation)
    return run
