"""Formats the log: one JSON object per line in the file, one plain line on stderr, no secrets.

Several processes write `app.log`. A lock file (concurrent-log-handler) guards each line and each
rotation, so that no process writes into a file that another has put away.
"""

import json
import logging
import re
from contextvars import ContextVar, copy_context
from functools import cache
from typing import Any

from django.conf import settings
from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonFormatter

from gallery.text import escaped_in_json, one_line
from grok2api.runtime.pools import Pool

MASK = "…"

SECRETS = re.compile(
    r"""
      (?<=\bsk-)[\w-]{8,} | (?<=\bxai-)[\w-]{8,}     # keys of ours and of upstreams
    | (?<=\bBearer\ )[^\s'"]+
    | (?<=://)[^\s/@:'"]*+:[^\s/@'"]*+(?=@)           # user:password of an address
    | (?<=/v1/files/image/)[\w-]+                     # whoever has a signed link has the picture
    """,
    re.VERBOSE,
)

SHORTEST_SECRET = 8
"""Characters: masking shorter ones would make holes in ordinary words."""

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""The id of the request that this code runs for; empty outside of requests."""


WRITER = Pool("log")
MOST_WAITING = 10_000
"""Lines that wait to be written; beyond that, whoever writes one waits for it."""


def log_later(
    logger: logging.Logger, level: int, message: str, *values: object, **extra: object
) -> None:
    """Write a line on a thread of its own, in the current context.

    This is for the event loop: a file with its lock takes a millisecond or more, and a flood of
    refused requests would stop everything else.
    """
    if not logger.isEnabledFor(level):
        return
    record = logger.makeRecord(logger.name, level, "", 0, message, values, None, extra=extra)
    context = copy_context()

    def write() -> None:
        context.run(logger.handle, record)

    if WRITER.waiting < MOST_WAITING:
        WRITER.submit(write)
    else:
        write()


class JsonLines(JsonFormatter):
    """Formats `{"time", "level", "logger", "message", "request_id", …}`; `extra` adds fields."""

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
        return escaped_in_json(redact(super().format(record)))


class PlainLines(logging.Formatter):
    """Formats lines for people at a terminal; text from outside ends no line and moves no cursor.

    A traceback is indented below its line, so that none of its lines looks like a line of the log.
    """

    def __init__(self) -> None:
        super().__init__("{asctime} {levelname} {name}: {message}", style="{")

    def format(self, record: logging.LogRecord) -> str:
        record.message = record.getMessage()
        record.asctime = self.formatTime(record)
        below = self.formatException(record.exc_info) if record.exc_info else record.exc_text
        lines = [below or "", self.formatStack(record.stack_info) if record.stack_info else ""]
        details = [f"  {one_line(line)}" for text in lines if text for line in text.split("\n")]
        return redact("\n".join([one_line(self.formatMessage(record)), *details]))


class Refusals(logging.Filter):
    """Reduces a stranger's refused request to one line.

    Django logs it as an error of the program, with a traceback: a hundred times what was sent.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        is_suspicion = record.name.startswith("django.security.Disallowed")
        if is_suspicion and record.levelno > logging.WARNING:
            record.levelno, record.levelname = logging.WARNING, "WARNING"
        if is_suspicion or 400 <= getattr(record, "status_code", 0) < 500:
            record.exc_info = record.exc_text = None
        return True


def redact(text: str) -> str:
    """Remove secrets from a text: those of the settings, and what looks like a key."""
    for secret in _secrets():
        text = text.replace(secret, MASK)
    return SECRETS.sub(MASK, text)


@cache
def _secrets() -> tuple[str, ...]:
    """Return the secrets, longest first, so that none remains as the tail of another."""
    upstream = f"{settings.XAI_API_KEY},{settings.IMAGINE_UPSTREAM_KEY}".split(",")
    passwords = (settings.ADMIN_PASSWORD, settings.DATABASES["default"].get("PASSWORD", ""))
    own = (settings.SECRET_KEY, settings.API_KEY, settings.S3.get("secret_key", ""))
    plain = {*own, *passwords, *map(str.strip, upstream)}
    # JSON escapes quotes and backslashes.
    found = plain | {json.dumps(secret, ensure_ascii=False)[1:-1] for secret in plain}
    return tuple(sorted((s for s in found if len(s) >= SHORTEST_SECRET), key=len, reverse=True))
