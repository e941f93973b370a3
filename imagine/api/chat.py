"""Answers a generation as a chat completion: a message of the assistant that holds the pictures."""

import time
from collections.abc import Mapping
from typing import Any

import orjson

from imagine.dialects.chat import Chat
from imagine.links import Links
from imagine.providers.base import ProviderError
from imagine.records import StoredImage
from imagine.run import Run, RunEvent

from . import answers
from .errors import ApiError


def completion(run: Run, links: Links) -> dict[str, Any]:
    """Return the answer without streaming: links in Markdown, and `images` as on OpenRouter."""
    images = sorted(run.images, key=lambda image: image.index)
    message = {
        "role": "assistant",
        "content": "\n".join(_markdown(image, links) for image in images),
        "images": [_part(place, image, links) for place, image in enumerate(images)],
    }
    return {
        **_head(run, "chat.completion"),
        "model": images[0].model,
        "choices": [{"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}],
        "usage": usage(run),
    }


def usage(run: Run) -> dict[str, Any]:
    """Return tokens by their names in chat completions, and the cost."""
    tokens = answers.usage(run)
    return {
        "prompt_tokens": tokens["input_tokens"],
        "completion_tokens": tokens["output_tokens"],
        "total_tokens": tokens["total_tokens"],
        **{name: value for name, value in tokens.items() if name.startswith("cost")},
    }


class ChatEvents:
    """The chunks of a streamed chat completion."""

    def __init__(self, run: Run, chat: Chat, links: Links) -> None:
        self.run, self.chat, self.links = run, chat, links
        self.told = 0

    def begin(self) -> bytes:
        return b""

    def tell(self, event: RunEvent) -> bytes:
        if not isinstance(event, StoredImage):
            return b""
        place, self.told = self.told, self.told + 1
        delta: dict[str, Any] = {
            "content": ("\n" if place else "") + _markdown(event, self.links),
            "images": [_part(place, event, self.links)],
        }
        return self._chunk({"role": "assistant", **delta} if place == 0 else delta)

    def fail(self, error: ProviderError) -> bytes:
        return _data(ApiError.from_provider(error).envelope)

    def end(self) -> bytes:
        end = self._chunk({}, finish_reason="stop")
        if self.chat.with_usage:
            head = _head(self.run, "chat.completion.chunk")
            end += _data({**head, "choices": [], "usage": usage(self.run)})
        return end + b"data: [DONE]\n\n"

    def _chunk(self, delta: Mapping[str, Any], finish_reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason, "logprobs": None}
        return _data({**_head(self.run, "chat.completion.chunk"), "choices": [choice]})


def _head(run: Run, kind: str) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{run.generation.task_id}",
        "object": kind,
        "created": int(time.time()),
        "model": run.request.asked_model or run.request.model,
    }


def _markdown(image: StoredImage, links: Links) -> str:
    return f"![image]({_link(image, links)})"


def _part(place: int, image: StoredImage, links: Links) -> dict[str, Any]:
    return {"type": "image_url", "index": place, "image_url": {"url": _link(image, links)}}


def _link(image: StoredImage, links: Links) -> str:
    """Return a signed link, or the bytes of a picture that could not be stored."""
    if image.image_id is not None:
        return links.to(image.image_id, image.content_type)
    return answers.data_url(image)


def _data(fields: Mapping[str, Any]) -> bytes:
    return b"data: %s\n\n" % orjson.dumps(fields)
