"""Reads an error body, whoever wrote it.

Known shapes are OpenAI's `{"error": {message, type, param, code}}`, xAI's `{"code", "error": "…"}`
and `{"error": "…"}`, Azure's `inner_error`, FastAPI's `{"detail": [{loc, msg}]}`, Google's list of
one, problem details (RFC 9457), `{"message"}`, `{"msg"}`, and JSON inside such a text.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from grok2api.integers import read_integer
from grok2api.runtime.json_bounds import holds_too_many
from imagine.masking import masked

LONGEST_MESSAGE = 1000
LONGEST_NAME = 100
LONGEST_READ = 8000
"""Characters of a text that are interpreted; what is stored is even shorter."""

DEEPEST = 4
"""Levels of texts within texts: gateways wrap the answer of the one behind them."""

MESSAGES = ("message", "error", "detail", "msg", "error_message", "error_description", "reason",
            "errors", "title", "base_resp", "status_msg")  # fmt: skip
"""Places of a sentence for people, the best first."""

CODES = (
    "code", "type", "status", "reason", "finish_reason", "finishReason", "error_code",
    "blockReason",
)  # fmt: skip
INNER = (
    "inner_error", "innererror", "error", "details", "metadata", "promptFeedback", "candidates",
    "choices",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Complaint:
    """The content of an error body; empty if it says nothing.

    `text` and `codes` are as they came, to be interpreted; the others are for people: without
    secrets and not too long.
    """

    text: str = ""
    codes: tuple[str, ...] = ()  # codes, types and names of status, inner ones too
    type: str = ""
    param: str | None = None
    code: str = ""

    @property
    def message(self) -> str:
        return masked(self.text)[:LONGEST_MESSAGE]

    @property
    def status(self) -> int | None:
        """Return the HTTP status that the body itself names, if any."""
        told = (read_integer(code, least=400, most=599) for code in self.codes)
        return next(filter(None, told), None)


def read_complaint(body: bytes, content_type: str = "") -> Complaint:
    """Return the error that a body describes; for plain text, the text."""
    if holds_too_many(body):
        return Complaint()
    text = body.decode("utf-8-sig", errors="replace")
    try:
        return complaint_of(json.loads(text))
    except (ValueError, RecursionError):
        is_plain = content_type.lower().startswith("text/plain") or not content_type
        sentence = text.strip()
        return (
            Complaint(_clean(sentence)) if is_plain and sentence[:1] not in "<{[" else Complaint()
        )


def complaint_of(content: Any) -> Complaint:
    """Do the same as `read_complaint` for parsed JSON."""
    content = _unpacked(content)
    if not isinstance(content, dict):
        return Complaint(_clean(content)) if isinstance(content, str) else Complaint()
    inner = _unpacked(content.get("error"))
    told = inner if isinstance(inner, dict) else content
    text, param = _sentence(content, DEEPEST)
    return Complaint(
        text=text,
        codes=tuple(dict.fromkeys(_codes(content, DEEPEST))),
        type=_name(told.get("type")),
        param=_name(told.get("param")) or param or None,
        code=_name(told.get("code")),
    )


def _unpacked(content: Any) -> Any:
    """Return a list's first element, or the JSON in a text."""
    if isinstance(content, list) and content:
        content = content[0]
    if isinstance(content, str) and content.lstrip().startswith("{"):
        try:
            return json.loads(content)
        except (ValueError, RecursionError):
            return content
    return content


def _sentence(content: Any, depth: int) -> tuple[str, str]:
    """Return the sentence for people, and the field that it is about, if FastAPI names one."""
    if isinstance(content, list) and content and all(isinstance(one, dict) for one in content):
        said = [one for one in content[:10] if isinstance(one.get("msg"), str)]
        if said:
            fields = [_field(one.get("loc")) for one in said]
            pairs = zip(fields, said, strict=True)
            words = (": ".join(filter(None, (name, str(one["msg"])))) for name, one in pairs)
            return _clean("; ".join(words)), _name(fields[0])
    if isinstance(content, list) and content and all(isinstance(one, str) for one in content):
        return _clean("; ".join(content[:10])), ""
    content = _unpacked(content)
    if isinstance(content, str | int) and not isinstance(content, bool):
        return _clean(str(content)), ""
    if isinstance(content, dict) and depth:
        # An `error` that is an object says more than a message beside it.
        names = sorted(MESSAGES, key=lambda name: not isinstance(content.get(name), dict))
        for name in names if depth == DEEPEST else MESSAGES:
            text, field = _sentence(content.get(name), depth - 1)
            if text:
                return text, field
    return "", ""


def _field(location: Any) -> str:
    parts = location if isinstance(location, list) else []
    return ".".join(str(part) for part in parts if part not in ("body", "query"))


def _codes(content: Any, depth: int) -> Iterator[str]:
    content = _unpacked(content)
    if not isinstance(content, dict) or not depth:
        return
    for name in CODES:
        value = content.get(name)
        if isinstance(value, str | int) and not isinstance(value, bool):
            yield str(value)[:LONGEST_NAME]
    for name in INNER:
        yield from _codes(content.get(name), depth - 1)


def clean(text: str) -> str:
    """Return a text that every database and client accepts: without NUL and lone surrogates."""
    return text.replace("\x00", "").encode(errors="replace").decode()


def _clean(text: str) -> str:
    return clean(text[:LONGEST_READ]).strip()


def _name(value: Any) -> str:
    if not isinstance(value, str | int) or isinstance(value, bool):
        return ""
    text = masked(_clean(str(value)))[:LONGEST_NAME]
    return "" if text in ("None", "null") else text  # LiteLLM's
