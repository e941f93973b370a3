"""Reads chat completions for image models: the user's last message is the prompt.

Programs that only know `POST /v1/chat/completions` make pictures this way: both generations of
grok2api accept it, and OpenRouter has `message.images` and `image_config` for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from . import KNOWN
from .messages import read_content
from .others import others_of
from .references import References
from .values import InvalidRequest

MAX_MESSAGES = 2_000
"""Messages of a conversation, of which only the user's last one is read."""

OWN = ("messages", "stream", "stream_options", "modalities", "image_config")
"""Fields that say how to talk, or contain fields of the picture."""

PICTURES_OWN = KNOWN - {"prompt", "stream", "response_format"}
"""The picture's fields. Others may be meant for a language model, and are reported as ignored: an
upstream may only know them within `image_config`."""

TALK = frozenset((
    "temperature", "top_p", "top_k", "min_p", "max_tokens", "max_completion_tokens", "stop",
    "presence_penalty", "frequency_penalty", "repetition_penalty", "logit_bias", "logprobs",
    "top_logprobs", "tools", "tool_choice", "functions", "function_call", "parallel_tool_calls",
    "response_format", "reasoning", "reasoning_effort", "verbosity", "metadata", "store",
    "service_tier", "prediction", "web_search_options", "prompt_cache_key",
))  # fmt: skip
"""Fields that steer a language model and say nothing of a picture."""

SIZES = {"1K": "1k", "2K": "2k"}
"""OpenRouter's `image_config.image_size`, in xAI's words."""


@dataclass(frozen=True, slots=True)
class Chat:
    """A conversation's request for a picture."""

    fields: Mapping[str, Any]  # as `dialects.read_request` takes them
    references: References
    stream: bool
    with_usage: bool  # whether a stream ends with what it cost
    ignored: tuple[str, ...] = ()


def read_chat(body: Mapping[str, Any]) -> Chat:
    """Read a request for a chat completion as one for a picture.

    Raises:
        InvalidRequest: there is no text of the user.
    """
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise InvalidRequest(
            "Missing required parameter: 'messages'.",
            param="messages",
            code="missing_required_parameter",
        )
    if len(messages) > MAX_MESSAGES:
        raise InvalidRequest(
            f"'messages' has more than {MAX_MESSAGES} messages.",
            param="messages",
            code="array_above_max_length",
        )
    content = next(
        (m.get("content") for m in reversed(messages)
         if isinstance(m, dict) and m.get("role") == "user"), None,
    )  # fmt: skip
    text, pictures = read_content(content, "messages")
    config = body.get("image_config")
    config = dict(config) if isinstance(config, dict) else {}
    if isinstance(size := config.pop("image_size", None), str):
        config["resolution"] = SIZES.get(size.upper(), size)
    own = {name: value for name, value in body.items() if name in PICTURES_OWN}
    options = body.get("stream_options")
    return Chat(
        fields={**own, **config, "prompt": text},
        references=References(pictures),
        stream=body.get("stream") is True,
        with_usage=isinstance(options, dict) and options.get("include_usage") is True,
        ignored=others_of(body, PICTURES_OWN | TALK | {*OWN}),
    )
