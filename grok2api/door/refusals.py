"""Answers requests that reach no view: one shape, for programs and for people."""

import json
from dataclasses import dataclass, field

from grok2api.error_shapes import openai_error, rest_error

Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A status, a sentence, and a code that programs may compare."""

    status: int
    code: str
    text: str
    extra: Headers = field(default_factory=list)

    @property
    def content(self) -> bytes:
        """JSON with the gateway's envelope, and the sentence where the library's API has it."""
        error = openai_error(self.status, self.text, param=self.param, code=self.code)
        return json.dumps(error | rest_error(self.text)).encode()

    @property
    def param(self) -> str | None:
        return "body" if self.status in (408, 411, 413) else None

    @property
    def headers(self) -> Headers:
        length = str(len(self.content)).encode()
        return [
            (b"content-type", b"application/json"), (b"content-length", length), *self.extra
        ]  # fmt: skip


class Refused(Exception):
    """The request need not be read any further: `refusal` is its answer."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.text)
        self.refusal = refusal
