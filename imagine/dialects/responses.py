"""Reads responses with the tool `image_generation`, as in OpenAI's API of that name.

No language model is involved: the user's last message is the prompt as it is. Responses are not
kept, but their pictures are: a reference to an earlier response means its picture.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from grok2api.integers import read_id

from . import KNOWN
from .messages import link_of, read_content
from .others import is_plain, others_of
from .references import Made, References, SourceReference
from .values import InvalidRequest, boolean

TOOL = "image_generation"
CALL = "image_generation_call"

MAX_ITEMS = 2_000
"""Items of a conversation, of which only the end is read."""

ACTIONS = ("auto", "generate", "edit")

PICTURES_OWN = KNOWN - {"prompt", "stream", "background", "response_format"}
"""A picture's fields that may stand beside the tool's. The others mean something else here."""

PREVIOUS = "previous_response_id"

READ = PICTURES_OWN | {
    "input", "tools", "tool_choice", "stream", "background", "metadata", PREVIOUS,
}  # fmt: skip

SILENT = frozenset((
    "temperature", "top_p", "max_output_tokens", "max_tool_calls", "parallel_tool_calls",
    "reasoning", "text", "truncation", "include", "store", "service_tier", "stream_options",
    "top_logprobs", "prompt_cache_key", "prompt_cache_retention", "prompt_cache_options",
    "context_management", "safety_identifier",
))  # fmt: skip
"""Fields that steer a language model or its conversation, and say nothing of a picture."""

REFERENCE = "item_reference"

ID = re.compile(r"(?:resp_([0-9a-f]{32})|ig_([0-9a-f]{32})[0-9]{2})")
"""The id of a response, or of the call in it."""

MAX_METADATA, MAX_METADATA_NAME, MAX_METADATA_TEXT = 16, 64, 512
"""OpenAI's limits for what an answer repeats."""


@dataclass(frozen=True, slots=True)
class ResponseRequest:
    """A request for a response."""

    fields: Mapping[str, Any]  # as `dialects.read_request` takes them
    references: References
    stream: bool
    tool: Mapping[str, Any] = field(default_factory=dict)  # as it was given, without the mask
    choice: Any = "auto"
    metadata: Mapping[str, str] = field(default_factory=dict)
    previous: str | None = None  # the id of the response before
    ignored: tuple[str, ...] = ()  # fields that would change what a language model paints


def read_response_request(body: Mapping[str, Any]) -> ResponseRequest:
    """Read a request for a response as one for a picture.

    Raises:
        InvalidRequest: it wants something else than a picture, or has no text of the user.
    """
    _expect_possible(body)
    tool = _tool(body.get("tools"))
    _expect_chosen(body.get("tool_choice"))
    metadata = _metadata(body.get("metadata"))
    said, pictures, made = _conversation(body.get("input"))
    if previous := body.get(PREVIOUS):
        made = made or _of_id(previous, PREVIOUS)
    sources = _sources(tool.get("action"), pictures, made)
    own = {name: body[name] for name in PICTURES_OWN if body.get(name) is not None}
    asked = {name: value for name, value in tool.items() if value is not None}
    mask = asked.pop("input_image_mask", None)
    for name in ("type", "action"):
        asked.pop(name, None)
    return ResponseRequest(
        fields={**own, **asked, "prompt": said},
        references=References(sources, _mask(mask) if mask else None),
        stream=boolean(body, "stream"),
        tool={name: value for name, value in tool.items() if name != "input_image_mask"},
        choice=body.get("tool_choice") or "auto",
        metadata=metadata,
        previous=previous,
        ignored=others_of(body, READ | SILENT),
    )


def _expect_possible(body: Mapping[str, Any]) -> None:
    if body.get("conversation"):
        raise _unsupported(
            "conversation", "conversations are not kept here. Send it in 'input', and with it the"
            " picture to be edited, or name a 'previous_response_id'.",
        )  # fmt: skip
    if body.get("prompt"):
        raise _unsupported("prompt", "no templates are kept here. Send the text in 'input'.")
    if boolean(body, "background"):
        raise _unsupported(
            "background",
            "a response is not kept. POST /v1/images/generations takes tasks ('async').",
        )


def _tool(tools: Any) -> Mapping[str, Any]:
    """Return the given tool, or its default."""
    if tools in (None, []):
        return {"type": TOOL}
    kinds = [each.get("type") if isinstance(each, dict) else None for each in _listed(tools)]
    for kind in kinds:
        if kind != TOOL:
            raise InvalidRequest(
                f"The tool '{str(kind)[:50]}' is not supported: '{TOOL}' is the only one.",
                param="tools",
                code="unsupported_parameter",
            )
    if len(kinds) != 1:
        raise InvalidRequest(
            f"'tools' must hold '{TOOL}' once.", param="tools", code="invalid_value"
        )
    tool: Mapping[str, Any] = tools[0]
    _expect_plain(tool, "tools")
    if tool.get("action") not in (None, *ACTIONS):
        raise InvalidRequest(
            f"'action' must be one of {', '.join(ACTIONS)}.", param="tools", code="invalid_value"
        )
    return tool


def _listed(tools: Any) -> list[Any]:
    if not isinstance(tools, list):
        raise InvalidRequest("'tools' must be a list.", param="tools", code="invalid_type")
    return tools


def _expect_chosen(choice: Any) -> None:
    _expect_plain(choice, "tool_choice")
    kind = choice.get("type") if isinstance(choice, dict) else choice
    if kind not in (None, "auto", "required", TOOL, "allowed_tools"):
        raise InvalidRequest(
            f"'tool_choice' must let '{TOOL}' be called: there is nothing else here.",
            param="tool_choice",
            code="invalid_value",
        )


def _metadata(given: Any) -> Mapping[str, str]:
    if given is None:
        return {}
    _expect_plain(given, "metadata")
    if (
        isinstance(given, dict)
        and len(given) <= MAX_METADATA
        and all(len(name) <= MAX_METADATA_NAME for name in given)
        and all(isinstance(each, str) and len(each) <= MAX_METADATA_TEXT for each in given.values())
    ):
        return given
    raise InvalidRequest(
        f"'metadata' must be at most {MAX_METADATA} texts of at most {MAX_METADATA_TEXT}"
        f" characters, with names of at most {MAX_METADATA_NAME}.",
        param="metadata",
        code="invalid_value",
    )


def _expect_plain(value: Any, name: str) -> None:
    """Check that the answer can repeat a value, before anything is spent."""
    if not is_plain(value):
        raise InvalidRequest(
            f"'{name}' holds a value that cannot be repeated.", param=name, code="invalid_value"
        )


def _conversation(
    given: Any,
) -> tuple[str, list[SourceReference], SourceReference | None]:
    """Return the user's last text, the pictures in it, and the last one that was made before."""
    if given is None:
        raise InvalidRequest(
            "Missing required parameter: 'input'.",
            param="input",
            code="missing_required_parameter",
        )
    items = given if isinstance(given, list) else [{"role": "user", "content": given}]
    if len(items) > MAX_ITEMS:
        raise InvalidRequest(
            f"'input' has more than {MAX_ITEMS} items.",
            param="input",
            code="array_above_max_length",
        )
    said = [each for each in items if isinstance(each, dict)]
    content = next((each.get("content") for each in reversed(said) if _is_users(each)), None)
    call = next((each for each in reversed(said) if _has_made(each)), None)
    prompt, pictures = read_content(content, "input")
    return prompt, pictures, _made(call) if call is not None else None


def _is_users(item: Mapping[str, Any]) -> bool:
    return item.get("role") == "user" and item.get("type") in (None, "message")


def _has_made(item: Mapping[str, Any]) -> bool:
    """Return whether it is a successful call or refers to one, which may lack a type."""
    kind = item.get("type")
    is_reference = kind == REFERENCE or (kind is None and "id" in item and "role" not in item)
    return is_reference or (kind == CALL and item.get("status") != "failed")


def _made(call: Mapping[str, Any]) -> SourceReference:
    """Return a picture of an earlier response, by what our own answer says of it.

    Its bytes are preferred to its id, which another library may have for another picture.
    """
    result = call.get("result")
    if isinstance(result, str) and result:
        link = result if result.startswith("data:") else f"data:image/png;base64,{result}"
        return SourceReference(link, "input")
    if image_id := read_id(call.get("image_id")):
        return SourceReference(image_id, "input")
    return _of_id(call.get("id"), "input")


def _of_id(given: Any, param: str) -> SourceReference:
    match = ID.fullmatch(given) if isinstance(given, str) else None
    if match is None:
        raise InvalidRequest(
            f"'{str(given)[:100]}' is not the id of an answer from this server.",
            param=param,
            code="previous_response_not_found" if param == PREVIOUS else "invalid_value",
        )
    return SourceReference(Made(match[0], match[1] or match[2]), param)


def _sources(
    action: Any, given: list[SourceReference], made: SourceReference | None
) -> list[SourceReference]:
    """Return what is edited: the last message's pictures, else the one that was made before it."""
    sources = given or ([made] if made and action != "generate" else [])
    if action == "edit" and not sources:
        raise InvalidRequest(
            "There is no picture to be edited in 'input'.", param="input", code="invalid_value"
        )
    if action == "generate" and sources:
        raise InvalidRequest(
            "A picture of the last message is edited; 'action' says that none is.",
            param="tools",
            code="invalid_value",
        )
    return sources


def _mask(mask: Any) -> SourceReference:
    if not (link := link_of(mask)):
        raise InvalidRequest(
            "'input_image_mask' must have an 'image_url'; files are not kept here.",
            param="tools",
            code="invalid_type",
        )
    return SourceReference(link, "tools")


def _unsupported(name: str, reason: str) -> InvalidRequest:
    return InvalidRequest(
        f"'{name}' is not supported: {reason}", param=name, code="unsupported_parameter"
    )
