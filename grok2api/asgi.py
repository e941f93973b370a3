"""The process: one door with two houses behind it.

Pages and the REST API are synchronous Django in a pool of threads, each with a persistent database
connection. `/v1/` is asynchronous from the socket to the upstream: a thousand generations that wait
for pictures hold no thread, and so never delay a page. The events for open pages are asynchronous,
too.
"""

import asyncio
import gc
import logging
import os
import re
import signal
import threading
from collections.abc import Iterable, Iterator
from functools import partial
from importlib import import_module
from typing import Any

from django.conf import settings
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.core.handlers.exception import convert_exception_to_response
from django.db import Error as DatabaseFailure
from django.db import connection
from django.http import HttpRequest
from django.urls import set_script_prefix
from django.utils.translation import override
from django_redis.exceptions import ConnectionInterrupted
from redis.exceptions import RedisError
from uvicorn.middleware.proxy_headers import _TrustedHosts

from .wsgi import application as pages

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "grok2api.settings")

from gallery import news
from gallery.jobs import thumbnails
from grok2api.runtime.idle_process import end_with_parent
from imagine import generate, watching, webhooks
from imagine.tasks import working
from imagine.threads import in_thread

from . import health
from .door import descriptors
from .door.bodies import LENGTHLESS, SMALL, Bodies, Body, ClientGone, Stranger, headers_for
from .door.bridge import Bridge
from .door.cors import open_to_pages
from .door.hosts import GatewayRequest
from .door.protocol import Protocol
from .door.refusals import Headers, Refusal, Refused
from .door.visitors import is_known
from .door.worker import HANDLED_SIGNALS
from .errors import describe
from .observing import ENDLESS, Application, Message, Observed, Receive, Send
from .turns import in_turns

CHARSET = re.compile(rb";\s*charset\*?\s*=[^;]*", re.IGNORECASE)

logger = logging.getLogger(__name__)

SLASHES = re.compile("/{2,}")

LONGEST_TYPE = 1000
"""Bytes of a Content-Type that are read: parsing takes quadratic time."""

PAGE_THREADS = 8
"""More would only queue inside the interpreter: a page is work for the processor."""

HEAVY_AT_ONCE = 2
"""Large forms and JSON in the works: parsed, they take up to 75 times their size."""

JSON = (b"content-type", b"application/json")

UNKNOWN = Refusal(
    413, "too_large", f"Sign in first: without it a request may have {SMALL // 1024} kB."
)


class GatewayHandler(ASGIHandler):
    """Django without middleware: sessions, languages and CSRF tokens are for pages.

    Django's own handler gives every request a thread for what is synchronous (its middleware, its
    signal handlers) and keeps it until the answer is sent.
    """

    request_class = GatewayRequest
    chunk_size = 256 * 1024
    """Bytes of an answer that are written at once. A client has STALLED_SECONDS for them."""

    async def answer(self, scope: Any, body: Any, receive: Any, send: Any) -> None:
        """Answer as Django does, but without its signals, which take two turns of a thread.

        Their receivers look after database connections, which the gateway's threads do themselves.
        """
        with override("en"):  # what programs read; nobody's browser has said otherwise
            set_script_prefix(get_script_prefix(scope))
            request, refusal = self.create_request(scope, body)
            await self._serve(request, refusal, receive, send)

    async def _serve(self, request: Any, refusal: Any, receive: Any, send: Any) -> None:
        answering = asyncio.create_task(self._answer(request, refusal, send))
        leaving = asyncio.create_task(self.listen_for_disconnect(receive))
        try:
            await asyncio.wait((answering, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (answering, leaving):
                task.cancel()
            results = await asyncio.gather(answering, leaving, return_exceptions=True)
        if isinstance(results[0], Exception):
            raise results[0]

    async def _answer(self, request: Any, refusal: Any, send: Any) -> None:
        response = refusal if request is None else await self.run_get_response(request)
        try:
            await self.send_response(response, send)
        finally:
            response.close()  # and with it the request's files

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

pages_bridge = Bridge(in_turns(pages, at_once=READERS), threads=PAGE_THREADS)
bodies = Bodies()
readiness = health.Readiness()
heavy = asyncio.Semaphore(HEAVY_AT_ONCE)


async def _house(scope: Message, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        await _live(receive, send)
    elif scope["type"] == "http":
        try:
            await _answer(scope, receive, send)
        except Refused as error:
            await _refuse(scope, error.refusal, send)


def _tidied(inner: Application) -> Application:
    """Wrap the application so that `/v1//models/` means `/v1/models`: many base addresses end
    so."""

    async def answer(scope: Message, receive: Receive, send: Send) -> None:
        path = SLASHES.sub("/", scope.get("path", ""))
        if path.startswith("/v1/") and len(path) > len("/v1/"):
            scope = {**scope, "path": path.removesuffix("/")}
        await inner(scope, receive, send)

    return answer


application = Observed(_tidied(open_to_pages(_house, "/v1/")))
"""The ASGI application."""


async def _answer(scope: Message, receive: Receive, send: Send) -> None:
    path, headers = scope["path"], dict(scope["headers"])
    if path in ("/healthz", "/readyz"):
        probed = health.healthz(HttpRequest()) if path == "/healthz" else await readiness.answer()
        await _send(send, probed.status_code, [JSON], probed.content)
        return
    is_for_gateway = path.startswith("/v1/") or path == ENDLESS
    kind = headers.get(b"content-type", b"").lower()
    if not is_for_gateway and b"transfer-encoding" in headers:
        raise Refused(LENGTHLESS)
    limit, too_large = _limit(path, kind)
    reading = bodies.read(
        scope, receive, limit=limit, too_large=too_large, is_known=partial(_is_known, scope),
        plain_alone=not is_for_gateway,
    )  # fmt: skip
    try:
        async with reading as body:
            if is_for_gateway:
                body.give_up_turn()  # it may wait for its upstream for minutes
                await gateway.answer(_whole(scope, body), body.file, receive, send)
            elif body.is_large and not kind.startswith(b"multipart/"):
                async with heavy:
                    await pages_bridge(_whole(scope, body), body.file, receive, send)
            else:
                await pages_bridge(_whole(scope, body), body.file, receive, send)
    except ClientGone:
        return
    except Stranger:
        if not path.startswith(("/v1/", "/api/")):
            raise Refused(UNKNOWN) from None
        nothing = Body()  # the house knows how to tell a stranger so
        if is_for_gateway:
            await gateway.answer(_whole(scope, nothing), nothing.file, _never, send)
        else:
            await pages_bridge(_whole(scope, nothing), nothing.file, _never, send)


async def _never() -> Message:
    """Wait for ever: a `receive` for requests whose body is not read, so the client cannot
    leave."""
    never: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
    return await never


def _limit(path: str, kind: bytes) -> tuple[int, Refusal]:
    """Return the most bytes that a body may have, and the refusal of a larger one."""
    text, advice = "The request body is larger than", ""
    limit = settings.MAX_FORM_SIZE
    if path.startswith(("/v1/", "/api/")) and kind.startswith(b"multipart/"):
        limit = settings.MAX_BODY_SIZE
    elif path.startswith("/v1/"):
        limit = settings.MAX_GATEWAY_JSON_SIZE
        advice = " Send large pictures to /v1/images/edits as a form (multipart/form-data)."
    elif path.startswith("/api/"):
        limit = settings.MAX_JSON_SIZE
        advice = " Name the pictures by a filter or a selection instead of their ids."
    size = f"{limit / 1024 / 1024:.3g} MB"
    return limit, Refusal(413, "too_large", f"{text} {size}.{advice}")


async def _is_known(scope: Message) -> bool:
    """Return whether key or session name anybody.

    Raises:
        Refused: whoever could say so does not answer.
    """
    try:
        return await in_thread(is_known, scope)
    except (DatabaseFailure, RedisError, ConnectionInterrupted) as error:
        logger.warning("Keys and sessions cannot be checked: %s", error)
        status, text = describe(error)
        raise Refused(Refusal(status, "unavailable", text, [(b"retry-after", b"5")])) from error


def _whole(scope: Message, body: Body) -> Message:
    """Return the request as the houses see it: with its body, and all texts in UTF-8."""
    return {**scope, "headers": list(_with_one_kind(headers_for(body, scope["headers"])))}


def _with_one_kind(headers: Iterable[tuple[bytes, bytes]]) -> Iterator[tuple[bytes, bytes]]:
    """Yield headers with a lower-case media type and without a charset.

    A charset may name a codec that yields no text (`hex`); everything is UTF-8.
    """
    for name, value in headers:
        kind, separator, more = CHARSET.sub(b"", value[:LONGEST_TYPE]).partition(b";")
        is_kind = name == b"content-type"
        yield name, kind.lower() + separator + more if is_kind else value


async def _refuse(scope: Message, refusal: Refusal, send: Send) -> None:
    headers = refusal.headers
    if any(name == b"expect" for name, _ in scope["headers"]):
        headers.append((b"connection", b"close"))  # the body may come, or the next request
    await _send(send, refusal.status, headers, refusal.content)


async def _send(send: Send, status: int, headers: Headers, content: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})


async def _live(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            end_with_parent()  # else its port would be held, by processes that nobody replaces
            Protocol.proxies = _TrustedHosts(settings.TRUSTED_PROXIES)  # type: ignore[assignment]
            Protocol.endless = frozenset({ENDLESS})
            Protocol.most = descriptors.raise_limit()
            _settle()
            _end_streams_when_told_to_stop()
            working.start()
            webhooks.rounds.start()
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            await working.close()
            await webhooks.close()
            await generate.drain(timeout=settings.SHUTDOWN_SECONDS)
            thumbnails.close()
            await send({"type": "lifespan.shutdown.complete"})
            return


def _settle() -> None:
    """Load what the first request would load, and freeze it for the garbage collector.

    Otherwise every full collection would visit all of Django: 80 ms in which nothing answers.
    """
    import_module(settings.ROOT_URLCONF)
    gc.collect()
    gc.freeze()


def _end_streams_when_told_to_stop() -> None:
    """End endless answers on a signal: uvicorn waits for answers before it tells the
    application."""
    if threading.current_thread() is not threading.main_thread():
        return  # where signals cannot be caught
    for number in HANDLED_SIGNALS:
        before = signal.getsignal(number)

        def stop(number: int, frame: Any, before: Any = before) -> None:
            news.close()
            watching.closing.set()
            before(number, frame)

        if callable(before):  # the server's
            signal.signal(number, stop)
