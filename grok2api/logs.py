"""How a log line looks: one JSON object in the file, one plain line on stderr; no secret in either.

Several processes write `app.log`. Each line is written, and the file rotated, under a lock file
(concurrent-log-handler), so that no process writes into a file that another has put away.
"""

import logging
import re
from contextvars import ContextVar
from functools import cache
from typing import Any

from django.conf import settings
from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonFormatter

MASK = "…"

PATTERNS = re.compile(
    r"""
      (?<=\bsk-)[\w-]{8,} | (?<=\bxai-)[\w-]{8,}     # keys of ours and of upstreams
    | (?<=\bBearer\ )[^\s'"]+
    | (?<=://)[^\s/@'"]*:[^\s/@'"]*(?=@)              # user:password of an address
    | (?<=/v1/files/image/)[\w-]+                     # whoever has a signed link has the picture
    """,
    re.VERBOSE,
)

SHORTEST_SECRET = 8
"""Characters: masking shorter ones would make holes in ordinary words."""

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""The id of the request that this code runs for; empty outside of requests."""


class JsonLines(JsonFormatter):
    """`{"time", "level", "logger", "message", "request_id", …}`; `extra` adds fields."""

    def __init__(self) -> None:
        super().__init__(
            "{levelname}{name}{message}",
            style="{",
            rename_fields={"levelname": "level", "name": "logger"},
            timestamp="time",
            json_ensure_ascii=False,
            reserved_attrs=[*RESERVED_ATTRS, "request"],
        )

    def add_fields(
        self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]
    ) -> None:
        super().add_fields(log_data, record, message_dict)
        if request_id.get():
            log_data["request_id"] = request_id.get()

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


class PlainLines(logging.Formatter):
    """For people who watch the terminal."""

    def __init__(self) -> None:
        super().__init__("{asctime} {levelname} {name}: {message}", style="{")

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


def redact(text: str) -> str:
    """The text without secrets: those of the settings, and what looks like a key."""
    for secret in _secrets():
        text = text.replace(secret, MASK)
    return PATTERNS.sub(MASK, text)


@cache
def _secrets() -> tuple[str, ...]:
    """Longest first, so that none is left behind as the tail of another."""
    upstream = f"{settings.XAI_API_KEY},{settings.IMAGINE_UPSTREAM_KEY}".split(",")
    passwords = (settings.ADMIN_PASSWORD, settings.DATABASES["default"].get("PASSWORD", ""))
    own = (settings.SECRET_KEY, settings.API_KEY, settings.S3.get("secret_key", ""))
    found = {*own, *passwords, *map(str.strip, upstream)}
    return tuple(sorted((s for s in found if len(s) >= SHORTEST_SECRET), key=len, reverse=True))
