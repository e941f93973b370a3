"""Answers a generation as a response of OpenAI's API: calls of the tool `image_generation`."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import pybase64

from imagine.dialects.responses import CALL, ResponseRequest
from imagine.links import Links
from imagine.providers.base import PartialImage, ProviderError
from imagine.records import StoredImage
from imagine.run import Run, RunEvent, Started

from . import answers

QUALITIES = ("low", "medium", "high", "xhigh", "max")
"""Qualities that a call may name; those of older models are not in this API."""

NO_WORDS: Mapping[str, Any] = {
    "input_tokens": 0,
    "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
    "output_tokens": 0,
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": 0,
}
"""No language model was asked. The picture's tokens stand under `tool_usage`."""


def completed(run: Run, asked: ResponseRequest, links: Links) -> dict[str, Any]:
    """Return the answer without streaming; a missing picture's call has failed."""
    images = {image.index: image for image in run.images}
    output = [
        _call(run, images[index], links) if index in images else _failed_call(run, index)
        for index in range(run.request.n)
    ]
    usage = answers.usage(run)
    cost = {name: value for name, value in usage.items() if name.startswith("cost")}
    tokens = {name: value for name, value in usage.items() if name not in cost}
    return {
        **_response(run, asked, "completed"),
        "model": next(iter(images.values())).model,
        "completed_at": int(time.time()),
        "output": output,
        "usage": {**NO_WORDS, **cost},
        "tool_usage": {"image_gen": tokens, "web_search": {"num_requests": 0}},
    }


class ResponseEvents:
    """The events of a streamed response."""

    def __init__(self, run: Run, asked: ResponseRequest, links: Links) -> None:
        self.run, self.asked, self.links = run, asked, links
        self.told = 0
        self.begun: set[int] = set()
        self.ended: set[int] = set()

    def begin(self) -> bytes:
        response = {"response": _response(self.run, self.asked, "in_progress")}
        return self._event("response.created", response) + self._event(
            "response.in_progress", response
        )

    def tell(self, event: RunEvent) -> bytes:
        if isinstance(event, Started):
            return b""
        told = self._begin_call(event.index)
        if isinstance(event, PartialImage):
            partial = {
                "partial_image_index": event.step,
                "partial_image_b64": pybase64.b64encode_as_string(event.data),
            }
            return told + self._of_call("partial_image", event.index, partial)
        told += self._of_call("completed", event.index)
        return told + self._end_call(event.index, _call(self.run, event, self.links))

    def fail(self, error: ProviderError) -> bytes:
        response = {
            **_response(self.run, self.asked, "failed"),
            "error": {"code": _code(error), "message": str(error)},
        }
        return self._event("response.failed", {"response": response})

    def end(self) -> bytes:
        told = b""
        for index in sorted({*range(self.run.request.n)} - self.ended):
            told += self._begin_call(index) + self._end_call(index, _failed_call(self.run, index))
        response = completed(self.run, self.asked, self.links)
        return told + self._event("response.completed", {"response": response})

    def _begin_call(self, index: int) -> bytes:
        if index in self.begun:
            return b""
        self.begun.add(index)
        item = _call_head(self.run, index, "in_progress")
        return (
            self._event("response.output_item.added", {"output_index": index, "item": item})
            + self._of_call("in_progress", index)
            + self._of_call("generating", index)
        )

    def _end_call(self, index: int, item: Mapping[str, Any]) -> bytes:
        self.ended.add(index)
        return self._event("response.output_item.done", {"output_index": index, "item": item})

    def _of_call(self, name: str, index: int, more: Mapping[str, Any] | None = None) -> bytes:
        place = {"output_index": index, "item_id": _call_id(self.run, index)}
        return self._event(f"response.{CALL}.{name}", {**place, **(more or {})})

    def _event(self, name: str, fields: Mapping[str, Any]) -> bytes:
        event = {"type": name, "sequence_number": self.told, **fields}
        self.told += 1
        return b"event: %s\ndata: %s\n\n" % (name.encode(), orjson.dumps(event))


def _response(run: Run, asked: ResponseRequest, status: str) -> dict[str, Any]:
    generation, request = run.generation, run.request
    return {
        "id": f"resp_{generation.task_id}",
        "object": "response",
        "created_at": int(generation.created_at.timestamp()),
        "status": status,
        "background": False,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": asked.metadata,
        "model": request.asked_model or request.model,
        "output": [],
        "parallel_tool_calls": True,
        "previous_response_id": asked.previous,
        "store": False,
        "temperature": None,
        "text": {"format": {"type": "text"}},
        "tool_choice": asked.choice,
        "tools": [asked.tool],
        "top_p": None,
        "truncation": "disabled",
        "usage": None,
        "user": request.user or None,
    }


def _call(run: Run, image: StoredImage, links: Links) -> dict[str, Any]:
    """Return a successful call. `url` and `image_id` are ours beside OpenAI's fields."""
    request = run.request
    call = {
        **_call_head(run, image.index, "completed"),
        "result": pybase64.b64encode_as_string(image.data),
        "action": "edit" if run.generation.operation == "edit" else "generate",
        "background": _known(request.background, ("transparent", "opaque")),
        "output_format": answers.output_format(image),
        "quality": _known(request.quality, QUALITIES),
        "size": answers.size(image),
    }
    if image.revised_prompt:
        call["revised_prompt"] = image.revised_prompt
    if image.image_id is not None:
        url = links.to(image.image_id, image.content_type)
        call |= {"url": url, "image_id": image.image_id}
    return call


def _failed_call(run: Run, index: int) -> dict[str, Any]:
    error = run.errors[0] if run.errors else None
    told = {
        "type": error.type if error else "upstream_error",
        "code": error.code if error else "no_picture",
        "message": str(error or "This picture did not come."),
    }
    return {**_call_head(run, index, "failed"), "error": told}


def _call_head(run: Run, index: int, status: str) -> dict[str, Any]:
    return {"type": CALL, "id": _call_id(run, index), "status": status, "result": None}


def _call_id(run: Run, index: int) -> str:
    return f"ig_{run.generation.task_id}{index:02}"


def _known(value: str, known: Sequence[str]) -> str:
    return value if value in known else "auto"


def _code(error: ProviderError) -> str:
    """Return the nearest of the codes that a failed response may have."""
    if error.code == "moderation_blocked":
        return "image_content_policy_violation"
    if error.status == 429:
        return "rate_limit_exceeded"
    return "invalid_prompt" if error.status == 400 else "server_error"
