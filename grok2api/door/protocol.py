"""HTTP/1.1 at the socket: uvicorn's protocol, made fit for an open network.

One request in, one answer out. What uvicorn with httptools leaves open is closed here:

- An `Upgrade` that is not served is ignored and the body read (RFC 9110, 7.8). httptools ends the
  message at its head instead, and would read the body as the next request.
- A head has 64 kB and 20 seconds, and so has what comes between the pieces of a body.
- Nothing is written between the parts of another request's answer.
- A client that is still sending gets its answer: the rest is discarded before the connection is
  closed, since closing at once would reset it.
- A client that reads nothing for a minute is disconnected. When there are too many connections, the
  one that has waited longest for a complete request makes room; one address has a quarter of all.
- A client that closes its side gets the answers to complete requests, and nothing for an
  incomplete one.
- A process that ends answers the requests that have reached it.
"""

import asyncio
import logging
import re
from collections import Counter, deque
from collections.abc import Container
from functools import partial
from http import HTTPStatus
from typing import Any, ClassVar

import httptools
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from ..logs import log_later
from .refusals import Refusal, Refused

MAX_HEAD = 64 * 1024
"""Bytes of request line and headers; deploy/nginx.conf.template lets as many through."""

HOST_OF_TARGET = re.compile(rb"[a-z]++://([^/?#]*+)", re.IGNORECASE)

PIECE = 16 * 1024
"""Bytes that the parser gets at once: so much may be read beyond a limit."""

HEAD_SECONDS = 20.0
IDLE_SECONDS = 75
"""It exceeds nginx's own limit (60): nginx must not send into a connection that is being closed."""

STALLED_SECONDS = 60.0
LINGER_SECONDS = 30.0
ENDING_SECONDS = 1.0
"""How long a stopping process waits for what idle connections may have sent. With a successor it
waits as long as ever: a client that sends another request learns from the answer that the
connection ends, and none finds it closed under its request."""

SHARE = 4
"""The reciprocal of the share of all connections that one address may have."""

MALFORMED = Refusal(400, "malformed_request", "The request is not valid HTTP/1.1.")
TOO_LONG = Refusal(
    431, "headers_too_large", f"The request's headers are larger than {MAX_HEAD // 1024} kB."
)
LATE = Refusal(408, "too_slow", f"The request's head took longer than {HEAD_SECONDS:.0f} seconds.")
NO_ROOM = Refusal(
    503, "busy", "Too many connections. Try again in a moment.", [(b"retry-after", b"1")]
)


class Protocol(HttpToolsProtocol):
    """One connection."""

    most: ClassVar[int] = 10_000
    """Connections of a process; see `door.descriptors`."""

    waiting: ClassVar[dict["Protocol", None]] = {}
    """Connections without a complete request of a known client, longest waiting first."""

    addresses: ClassVar[Counter[str]] = Counter()
    """The number of connections of each address."""

    proxies: ClassVar[Container[str]] = ()
    """Addresses that everybody may come from, which therefore have no limit of their own."""

    endless: ClassVar[frozenset[str]] = frozenset()
    """Paths whose answers end only with the client: one that closes its side there has left."""

    is_ending: ClassVar[bool] = False
    """Whether the process was told to stop: each connection ends with its next answer."""

    is_followed: ClassVar[bool] = False
    """Whether others serve the port when this process has ended."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._socket = transport
        self._timer: asyncio.TimerHandle | None = None
        self._stall: asyncio.TimerHandle | None = None
        self._answering: RequestResponseCycle | None = None
        self._refusal: Refusal | None = None  # to be said after the answers under way
        self._unparsed = bytearray()
        self._silent = 0  # bytes since the parser had something to tell
        self._in_head = False
        self._is_idle = False
        self._has_upgrade = False
        self._is_discarding = False  # nothing that comes is read any more
        self._has_eof = False
        self.has_ended = False
        super().connection_made(_Transport(transport, self))  # type: ignore[arg-type]
        self.waiting[self] = None
        self._arm_for_head()
        self._address = self.client[0] if self.client is not None else ""
        self.addresses[self._address] += 1
        if (oldest := self._who_makes_room()) is not None:
            oldest.finish() if oldest is not self else self._refuse(NO_ROOM)

    def _who_makes_room(self) -> "Protocol | None":
        if len(self.connections) > self.most:
            return next(iter(self.waiting))
        is_crowd = self.addresses[self._address] > self.most // SHARE
        if is_crowd and self._address and self._address not in self.proxies:
            return next(each for each in self.waiting if each._address == self._address)
        return None

    def connection_lost(self, exc: Exception | None) -> None:
        self.has_ended = True
        self.waiting.pop(self, None)
        self.addresses[self._address] -= 1
        if not self.addresses[self._address]:
            del self.addresses[self._address]
        self._disarm()
        self.resume_writing()
        self.pipeline.clear()
        if self._answering is not None:
            self._answering.disconnected = True
            self._answering.message_event.set()
        super().connection_lost(exc)

    # What comes in

    def data_received(self, data: bytes) -> None:
        if self._is_discarding:
            return
        if self._is_idle:
            self._is_idle = False
            self._arm_for_head()
        if self._unparsed or self.pipeline:
            self._hold(data)
        else:
            self._parse(data)

    def eof_received(self) -> bool:  # type: ignore[override]
        """Keep the connection: a client that sends no more may still read (RFC 9112, 9.6)."""
        self._has_eof = True
        self._end_after_answers()
        return not self.has_ended

    def _end_after_answers(self) -> None:
        """End the connection of a client that sends no more, once nothing is left to answer."""
        if self.has_ended or self._unparsed:
            return
        broken = self._break_off()
        before = self._answering
        if (
            before is None
            or before is broken
            or before.response_complete
            or before.scope["path"] in self.endless
        ):
            self.finish()

    def _break_off(self) -> RequestResponseCycle | None:
        """Give up a request whose body is incomplete: its view answers nothing more."""
        broken = self.cycle if self.cycle is not None and self.cycle.more_body else None
        if broken is not None:
            broken.disconnected = True
            broken.message_event.set()
            self.pipeline = deque(each for each in self.pipeline if each[0] is not broken)
        return broken

    def _hold(self, data: bytes | memoryview) -> None:
        """Keep the data until earlier requests are answered, and stop reading to save memory."""
        self._unparsed += data
        self.flow.pause_reading()

    def _parse(self, data: bytes) -> None:
        view, start = memoryview(data), 0
        while start < len(data):
            if self.pipeline:
                self._hold(view[start:])
                return
            piece = view[start : start + PIECE]
            start += len(piece)
            try:
                self.parser.feed_data(piece)
            except httptools.HttpParserUpgrade as upgrade:
                start -= len(piece) - upgrade.args[0]
                if not self._read_without_upgrade():
                    return
            except httptools.HttpParserError:
                self._refuse(self._refusal or MALFORMED)
                return
            self._silent += len(piece)
            if self._silent > MAX_HEAD + PIECE:
                self._refuse(TOO_LONG if self._in_head else MALFORMED)
                return

    def _read_without_upgrade(self) -> bool:
        """Restart the message as if its head had no `Upgrade`; return whether that worked."""
        method, version = self.parser.get_method(), self.parser.get_http_version().encode()
        head = [b"%b %b HTTP/%b\r\n" % (method, self.url, version)]
        head += [b"%b: %b\r\n" % pair for pair in self.headers if pair[0] != b"upgrade"]
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self._has_upgrade = False
        try:
            self.parser.feed_data(b"".join([*head, b"\r\n"]))
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):  # CONNECT is an upgrade
            self._refuse(self._refusal or MALFORMED)
            return False
        return True

    # What the parser tells

    def on_message_begin(self) -> None:
        self._in_head, self._silent = True, 0
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        # A trailer is not a header, and WSGI confuses names with underscores with others.
        if self._in_head and b"_" not in name:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._in_head, self._silent = False, 0
        if self.parser.should_upgrade() and self.parser.get_method() != b"CONNECT":
            self._has_upgrade = True
            return
        self._refusal = self._wrong_head()
        if self._refusal is not None:
            raise Refused(self._refusal)
        self._disarm()
        super().on_headers_complete()
        cycle = self.cycle
        cycle.scope["state"]["is_gone"] = lambda: cycle.disconnected
        cycle.scope["state"]["is_known"] = partial(self.waiting.pop, self, None)
        if self.is_ending:
            cycle.keep_alive = False

    def _wrong_head(self) -> Refusal | None:
        names = [name for name, _ in self.headers]
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        version = self.parser.get_http_version()
        if size > MAX_HEAD:
            return TOO_LONG
        if version not in ("1.0", "1.1"):
            return Refusal(505, "http_version", "Only HTTP/1.0 and HTTP/1.1 are supported.")
        if self.parser.get_method() == b"CONNECT":
            return Refusal(501, "no_proxy", "This server is not a proxy.")
        if any(names.count(name) > 1 for name in (b"host", b"content-type")):
            return MALFORMED
        if version == "1.0" and b"transfer-encoding" in names:
            return MALFORMED
        if version == "1.1" and b"host" not in names:
            return MALFORMED
        return MALFORMED if self._names_two_hosts() else None

    def _names_two_hosts(self) -> bool:
        """Return whether an address names another host than the header (RFC 9112, 3.2.2)."""
        host = dict(self.headers).get(b"host")
        if host is None or self.url.startswith((b"/", b"*")):
            return False
        named = HOST_OF_TARGET.match(self.url)
        return named is None or named[1].lower() != host.lower()

    def on_body(self, body: bytes) -> None:
        self._silent = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        if self._has_upgrade:
            return
        self.waiting.pop(self, None)
        super().on_message_complete()
        if self.cycle.response_complete:  # the rest of a body that nobody wanted to see
            self.cycle.more_body = False
            self._rest()

    # What goes out

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._answering = cycle
        super()._start_asgi_task(cycle, app)

    def on_response_complete(self) -> None:
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
            if self._answering is self.cycle and self.cycle.more_body:
                self.waiting[self] = None
        elif self._refusal is not None:
            self._say(self._refusal)
        if self._unparsed and not self.pipeline:  # the body of what has begun, or the next request
            held, self._unparsed = bytes(self._unparsed), bytearray()
            self._parse(held)
        if self.cycle.response_complete and not self.transport.is_closing():
            self._rest()
        if self._has_eof:
            self._end_after_answers()

    def _rest(self) -> None:
        """Arm the timer for what may follow: everything is answered."""
        if self._in_head:
            self._arm(HEAD_SECONDS, self._head_is_late)
        elif self.cycle.more_body:
            self._arm(LINGER_SECONDS, self.finish)
        else:
            self._is_idle = True
            self._arm(self.timeout_keep_alive, self.finish)
        self.waiting[self] = None

    def _head_is_late(self) -> None:
        self._refuse(LATE) if self._in_head else self.finish()

    def _refuse(self, refusal: Refusal) -> None:
        """Answer this once everything before it is answered, and read no more."""
        self._is_discarding = True
        self._unparsed.clear()
        self._refusal = refusal
        broken = self._break_off()
        if broken is not None and broken.response_started:
            self.transport.close()
            return
        before = self._answering
        if before is None or before is broken or before.response_complete:
            self._say(refusal)

    def _say(self, refusal: Refusal) -> None:
        log_later(
            self.logger, logging.INFO, "Refused with %d: %s", refusal.status, refusal.text,
            client=self.client[0] if self.client else "",
        )  # fmt: skip
        headers = [*self.server_state.default_headers, *refusal.headers, (b"connection", b"close")]
        status = STATUS_LINE.get(refusal.status, STATUS_LINE[HTTPStatus.BAD_REQUEST])
        lines = [status, *(b"%b: %b\r\n" % pair for pair in headers), b"\r\n", refusal.content]
        self.transport.write(b"".join(lines))
        self.transport.close()

    # How it ends

    def close(self) -> None:
        """End the connection; if the client is still sending, read it to the end first."""
        if self.has_ended:
            return
        self.has_ended = True
        is_sending = self._is_discarding or self._unparsed or self._in_head
        is_sending = is_sending or (self.cycle is not None and self.cycle.more_body)
        if is_sending and not self._has_eof:
            self._is_discarding = True
            self.flow.resume_reading()
            self._socket.write_eof()
            self._arm(LINGER_SECONDS, self.finish)
        else:
            self.finish()

    def finish(self) -> None:
        """End the connection as soon as what was written is sent."""
        self.has_ended = True
        self.waiting.pop(self, None)
        self._socket.close()
        self._arm(STALLED_SECONDS, self._socket.abort)

    def shutdown(self) -> None:
        """Prepare for the end of the process: answer what is under way or may be."""
        Protocol.is_ending = True
        if self._is_discarding:
            self.finish()
        elif self.cycle is None or self.cycle.response_complete:
            if not self.is_followed:
                self._arm(ENDING_SECONDS, self.finish)
        else:
            self.cycle.keep_alive = False

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stall = self.loop.call_later(STALLED_SECONDS, self._socket.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None

    def _arm_for_head(self) -> None:
        hurries = self.is_ending and not self.is_followed
        self._arm(ENDING_SECONDS if hurries else HEAD_SECONDS, self._head_is_late)

    def _arm(self, seconds: float, then: Any) -> None:
        self._disarm()
        self._timer = self.loop.call_later(seconds, then)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class _Transport:
    """The socket as uvicorn sees it: the protocol decides when to close it."""

    def __init__(self, transport: asyncio.Transport, protocol: Protocol) -> None:
        self.write = transport.write
        self.pause_reading = transport.pause_reading
        self.resume_reading = transport.resume_reading
        self.get_extra_info = transport.get_extra_info
        self._transport = transport
        self.close = protocol.close
        self._protocol = protocol

    def is_closing(self) -> bool:
        return self._protocol.has_ended or self._transport.is_closing()
