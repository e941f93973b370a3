"""Gives every request an id, a measurement and, if it matters, a line in the log."""

import logging
import re
import time
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from functools import lru_cache
from typing import Any

from django.urls import Resolver404, resolve

from . import metrics
from .logs import log_later, request_id

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

GIVEN_ID = re.compile(rb"[\w.-]{1,64}", re.ASCII)

SLOW = 1.0
"""Seconds after which a read is logged, too."""

ENDLESS = "/admin/gallery/live/events/"
"""An answer without an end: it is timed until it begins."""

CLIENT_GONE = 499
"""nginx's number for a client that left before it was answered."""

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

logger = logging.getLogger("grok2api.requests")


class Observed:
    """Wraps the ASGI application and watches it."""

    def __init__(self, application: Application) -> None:
        self.application = application

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.application(scope, receive, send)
            return
        identifier = _given_id(scope) or uuid.uuid4().hex
        token = request_id.set(identifier)
        began = time.perf_counter()
        taken: float | None = None
        status = CLIENT_GONE

        async def answer(message: Message) -> None:
            nonlocal status, taken
            if message["type"] == "http.response.start":
                status = message["status"]
                if scope["path"] == ENDLESS:
                    taken = time.perf_counter() - began
                headers = [*message.get("headers", ()), (b"x-request-id", identifier.encode())]
                message = {**message, "headers": headers}
            await send(message)

        metrics.in_flight.inc()
        try:
            await self.application(scope, receive, answer)
        finally:
            metrics.in_flight.dec()
            if taken is None:
                taken = time.perf_counter() - began
            _note(scope, status, taken)
            request_id.reset(token)


def _note(scope: Message, status: int, seconds: float) -> None:
    method = scope["method"] if scope["method"] in METHODS else "OTHER"
    metrics.record_request(route_of(scope["path"]), method, status, seconds)
    worth_a_line = status >= 400 or seconds >= SLOW or method not in ("GET", "HEAD")
    log_later(
        logger,
        logging.INFO if worth_a_line else logging.DEBUG,
        "%s %s %d %.3f s",
        method,
        scope["path"],
        status,
        seconds,
        client=(scope.get("client") or ("",))[0],
    )


@lru_cache(maxsize=256)
def route_of(path: str) -> str:
    """Return the pattern that the path matches: one name for all its pictures."""
    if path.startswith("/static/"):
        return "static/"
    try:
        return resolve(path).route
    except Resolver404:
        return "(none)"


def _given_id(scope: Message) -> str:
    """Return the id that a proxy or a client gave to this request."""
    for name, value in scope["headers"]:
        if name == b"x-request-id" and GIVEN_ID.fullmatch(value):
            return str(value.decode("ascii"))
    return ""
