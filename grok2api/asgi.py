"""The process: one door, two houses behind it.

Pages and the REST API are synchronous Django in a pool of threads, each with a database
connection that stays open. `/v1/` is asynchronous from the socket to the upstream: a thousand
generations that wait for pictures hold no thread, and so never stand in a page's way. So is
what open pages listen to.
"""

import asyncio
import gc
import json
import logging
import os
import re
import signal
import threading
from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import Any

from a2wsgi import WSGIMiddleware
from django.conf import settings
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.core.handlers.exception import convert_exception_to_response
from django.db import connection
from django.urls import set_script_prefix
from django.utils.translation import override

from .wsgi import application as pages

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "grok2api.settings")

from gallery import news, thumbnails
from gallery.idle_process import end_with_parent
from imagine import generate

from .observing import ENDLESS, Message, Observed, Receive, Send
from .turns import in_turns

CHARSET = re.compile(rb";\s*charset\*?\s*=[^;]*", re.IGNORECASE)

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

    async def handle(self, scope: Any, receive: Any, send: Any) -> None:
        """As Django's own, without the signals around it: two threads' turns for each request.

        Those who listen to them look after database connections, which the gateway's threads do.
        """
        try:
            body = await self.read_body(receive)
        except RequestAborted:
            return
        set_script_prefix(get_script_prefix(scope))
        request, refusal = self.create_request(scope, body)
        answering = asyncio.create_task(self._answer(request, refusal, send))
        leaving = asyncio.create_task(self.listen_for_disconnect(receive))
        try:
            await asyncio.wait((answering, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (answering, leaving):
                task.cancel()
            results = await asyncio.gather(answering, leaving, return_exceptions=True)
            body.close()
        if isinstance(results[0], Exception):
            raise results[0]

    async def _answer(self, request: Any, refusal: Any, send: Any) -> None:
        response = refusal if request is None else await self.run_get_response(request)
        try:
            await self.send_response(response, send)
        finally:
            response.close()

    def load_middleware(self, is_async: bool = False) -> None:
        self._view_middleware: list[Any] = []
        self._template_response_middleware: list[Any] = []
        self._exception_middleware: list[Any] = []
        self._middleware_chain = convert_exception_to_response(
            self._get_response_async  # type: ignore[attr-defined]
        )


gateway = GatewayHandler()
READERS = 1 if connection.vendor == "sqlite" else 2
"""Pages at work at once; a database server works beside the interpreter."""

pages_bridge = WSGIMiddleware(
    in_turns(pages, at_once=READERS),  # type: ignore[arg-type]
    workers=PAGE_THREADS,
)


async def _house(scope: Message, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        await _live(receive, send)
    elif scope["type"] == "http":
        await _answer(scope, _LimitedBody(receive), send)


application = Observed(_house)
"""The ASGI application."""


async def _answer(scope: Message, body: "_LimitedBody", send: Send) -> None:
    started = False

    async def answer(message: Message) -> None:
        nonlocal started
        if started or not body.is_exceeded:  # else the application judges a part of a body
            started = True
            await send(message)

    scope = {**scope, "headers": list(_without_charset(scope["headers"]))}
    names = {name for name, _ in scope["headers"]}
    is_for_gateway = scope["path"].startswith(("/v1/", ENDLESS))
    if body.is_announced_too_large(scope):
        await _refuse_body(send, 413)
    elif is_for_gateway:
        await gateway(scope, body, answer)
    elif b"transfer-encoding" in names and b"content-length" not in names:
        await _refuse_body(send, 411)  # WSGI would see no body at all
    else:
        await pages_bridge(scope, body.whole, answer)  # type: ignore[arg-type]
    if body.is_exceeded and not started:
        await _refuse_body(send, 413)


def _without_charset(headers: Iterable[tuple[bytes, bytes]]) -> Iterator[tuple[bytes, bytes]]:
    """Everything is UTF-8: a charset may be the name of a codec that makes no text (`hex`)."""
    for name, value in headers:
        yield name, CHARSET.sub(b"", value) if name == b"content-type" else value


class _LimitedBody:
    """`receive` that breaks off where a client sends more than it may."""

    def __init__(self, receive: Receive) -> None:
        self.receive = receive
        self.remaining = settings.MAX_BODY_SIZE

    def is_announced_too_large(self, scope: Message) -> bool:
        length = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
        return length.isdigit() and int(length) > self.remaining

    @property
    def is_exceeded(self) -> bool:
        return self.remaining < 0

    async def __call__(self) -> Message:
        message = await self.receive()
        self.remaining -= len(message.get("body", b""))
        return {"type": "http.disconnect"} if self.is_exceeded else message

    async def whole(self) -> Message:
        """For the bridge to WSGI, which takes a body that breaks off for one that is complete.

        Raises:
            ConnectionAbortedError: an `OSError`, as Django expects of a body it cannot read.
        """
        message = await self()
        if message["type"] == "http.disconnect":
            raise ConnectionAbortedError("The request's body broke off.")
        return message


async def _refuse_body(send: Send, status: int) -> None:
    limit = settings.MAX_BODY_SIZE // 1024 // 1024
    code, text = {
        411: ("length_required", "Send the length of the body in a Content-Length header."),
        413: ("too_large", f"The request body is larger than {limit} MB."),
    }[status]
    error = {"message": text, "type": "invalid_request_error", "param": "body", "code": code}
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [(b"content-type", b"application/json"), (b"connection", b"close")],
        }
    )
    content = json.dumps({"error": error, "detail": text}).encode()
    await send({"type": "http.response.body", "body": content})


async def _live(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            end_with_parent()  # else its port would be held, by processes that nobody replaces
            _settle()
            _end_streams_when_told_to_stop()
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            await generate.drain(timeout=settings.SHUTDOWN_SECONDS)
            thumbnails.close()
            await send({"type": "lifespan.shutdown.complete"})
            return


def _settle() -> None:
    """Load what the first request would load, and let the garbage collector pass over it.

    Without this every full collection looks at all of Django again: 80 ms in which nothing answers.
    """
    import_module(settings.ROOT_URLCONF)
    gc.collect()
    gc.freeze()


def _end_streams_when_told_to_stop() -> None:
    """uvicorn waits for answers under way, and tells the application to stop only afterwards."""
    if threading.current_thread() is not threading.main_thread():
        return  # where signals cannot be caught
    for number in (signal.SIGTERM, signal.SIGINT):
        before = signal.getsignal(number)

        def stop(number: int, frame: Any, before: Any = before) -> None:
            news.close()
            before(number, frame)

        if callable(before):  # uvicorn's
            signal.signal(number, stop)
