"""Sends bytes to a server through a socket, and reads every answer."""

import contextlib
import re
import socket
import time
from collections.abc import Iterable
from dataclasses import dataclass

HEAD = re.compile(rb"HTTP/1\.1 (\d{3}) [^\r]*((?:\r\n[^\r]+)*)\r\n\r\n")

APART = 0.1
"""Seconds between two segments, so that the server reads them one by one."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer as it arrived."""

    status: int
    headers: dict[str, str]
    body: bytes


def converse(
    port: int, *segments: bytes, bodiless: Iterable[int] = (), seconds: float = 10
) -> list[Answer]:
    """Send these segments one after the other, and read until the server closes the connection.

    Args:
        bodiless: which answers are to HEAD, counted from 0.
    """
    received = b""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as connection:
        for number, segment in enumerate(segments):
            if number:
                time.sleep(APART)
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.sendall(segment)
        with contextlib.suppress(TimeoutError, ConnectionResetError):
            while piece := connection.recv(65536):
                received += piece
    return list(read_answers(received, set(bodiless)))


def read_answers(received: bytes, bodiless: set[int]) -> Iterable[Answer]:
    """Parse the answers.

    Raises:
        AssertionError: these are not successive complete answers.
    """
    number = 0
    while received:
        head = HEAD.match(received)
        assert head, received[:300]
        received = received[head.end() :]
        lines = (line.split(": ", 1) for line in head[2].decode("latin-1").split("\r\n")[1:])
        headers = {name.lower(): value for name, value in lines}
        status = int(head[1])
        if status == 100:
            yield Answer(status, headers, b"")
            continue
        body = b""
        if number not in bodiless and status not in (204, 304):
            if headers.get("transfer-encoding") == "chunked":
                body, received = _chunks(received)
            else:
                length = int(headers["content-length"])
                assert len(received) >= length, received[-300:]
                body, received = received[:length], received[length:]
        yield Answer(status, headers, body)
        number += 1


def _chunks(received: bytes) -> tuple[bytes, bytes]:
    body = b""
    while True:
        size, _, received = received.partition(b"\r\n")
        length = int(size, 16)
        assert received[length : length + 2] == b"\r\n", received[:300]
        body, received = body + received[:length], received[length + 2 :]
        if not length:
            return body, received


def request(
    method: str, path: str, *headers: str, body: bytes = b"", version: str = "1.1"
) -> bytes:
    """Build a request; with `body`, it has a Content-Length."""
    lines = [f"{method} {path} HTTP/{version}", "Host: 127.0.0.1", *headers]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


LAST = request("GET", "/healthz", "Connection: close")
"""A request after which the server closes the connection."""
