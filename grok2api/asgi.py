"""The process: one door, two houses behind it.

Pages and the REST API are synchronous Django in a pool of threads, each with a database
connection that stays open. `/v1/` is asynchronous from the socket to the upstream: a thousand
generations that wait for pictures hold no thread, and so never stand in a page's way.
"""

import json
import logging
import os
from typing import Any

from a2wsgi import WSGIMiddleware
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.exception import convert_exception_to_response
from django.utils.translation import override

from .wsgi import application as pages

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "grok2api.settings")

from imagine import generate

from .observing import Message, Observed, Receive, Send

logger = logging.getLogger(__name__)

PAGE_THREADS = 8
"""More would only queue inside the interpreter: a page is work for the processor."""


class GatewayHandler(ASGIHandler):
    """Django without middleware: sessions, languages and CSRF tokens are for pages.

    Django's own handler gives every request a thread for what is synchronous (its middleware,
    its signal handlers) and keeps it until the answer is sent.
    """

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        with override("en"):  # what programs read; nobody's browser has said otherwise
            await self.handle(scope, receive, send)

    def load_middleware(self, is_async: bool = False) -> None:
        self._view_middleware: list[Any] = []
        self._template_response_middleware: list[Any] = []
        self._exception_middleware: list[Any] = []
        self._middleware_chain = convert_exception_to_response(
            self._get_response_async  # type: ignore[attr-defined]
        )


gateway = GatewayHandler()
pages_bridge = WSGIMiddleware(pages, workers=PAGE_THREADS)  # type: ignore[arg-type]


async def _house(scope: Message, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        await _live(receive, send)
    elif scope["type"] == "http":
        body = _LimitedBody(receive)
        if body.too_large(scope):
            await _refuse_body(send)
        elif scope["path"].startswith("/v1/"):
            await gateway(scope, body, send)
        else:
            await pages_bridge(scope, body, send)  # type: ignore[arg-type]


application = Observed(_house)
"""The ASGI application."""


class _LimitedBody:
    """`receive` that ends the connection of a client that sends more than it may."""

    def __init__(self, receive: Receive) -> None:
        self.receive = receive
        self.remaining = settings.MAX_BODY_SIZE

    def too_large(self, scope: Message) -> bool:
        length = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
        return length.isdigit() and int(length) > self.remaining

    async def __call__(self) -> Message:
        message = await self.receive()
        self.remaining -= len(message.get("body", b""))
        if self.remaining < 0:
            return {"type": "http.disconnect"}
        return message


async def _refuse_body(send: Send) -> None:
    text = f"The request body is larger than {settings.MAX_BODY_SIZE // 1024 // 1024} MB."
    error = {"message": text, "type": "invalid_request_error", "param": "body", "code": "too_large"}
    await send(
        {
            "type": "http.response.start",
            "status": 413,
            "headers": [(b"content-type", b"application/json"), (b"connection", b"close")],
        }
    )
    content = json.dumps({"error": error, "detail": text}).encode()
    await send({"type": "http.response.body", "body": content})


async def _live(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            await generate.drain(timeout=settings.SHUTDOWN_SECONDS)
            await send({"type": "lifespan.shutdown.complete"})
            return
