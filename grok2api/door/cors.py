"""Lets scripts of any web page use the gateway (the CORS protocol of the Fetch standard).

The gateway knows no cookies, only Bearer tokens, which a page must have been given: so any origin
may ask.
"""

import re

from ..observing import Application, Message, Receive, Send

METHODS = b"GET, HEAD, POST, OPTIONS"
HEADERS = b"Authorization, Content-Type, Idempotency-Key, Prefer"
"""Headers that a script may send if it does not name its own."""
EXPOSED = (
    b"Location, Retry-After, X-Request-ID, X-Should-Retry, Preference-Applied, Content-Range, ETag,"
    b" Content-Location, X-Ignored-Parameters,"
    b" x-ratelimit-limit-requests, x-ratelimit-remaining-requests, x-ratelimit-reset-requests"
)
"""Headers of an answer that a script may read beside those that are always readable."""
DAY = b"86400"  # seconds for which a browser remembers the answer; most take less
ASKED = re.compile(rb"[\w!#$%&'*+.^`|~, -]{1,4000}")


def open_to_pages(application: Application, prefix: str) -> Application:
    """Wrap the application so that any page's script may read answers below `prefix`.

    A preflight is answered here: it carries no token, and the application is not involved.
    """

    async def answer(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(prefix):
            await application(scope, receive, send)
            return
        headers = dict(scope["headers"])
        if scope["method"] == "OPTIONS" and b"access-control-request-method" in headers:
            await _allow(headers, send)
            return

        async def open_answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                shared = [(b"access-control-allow-origin", b"*"),
                          (b"access-control-expose-headers", EXPOSED)]  # fmt: skip
                message = {**message, "headers": [*message.get("headers", ()), *shared]}
            await send(message)

        await application(scope, receive, open_answer)

    return answer


async def _allow(asked: dict[bytes, bytes], send: Send) -> None:
    wanted = asked.get(b"access-control-request-headers", b"")
    headers = [
        (b"access-control-allow-origin", b"*"),
        (b"access-control-allow-methods", METHODS),
        # A star would not cover Authorization.
        (b"access-control-allow-headers", wanted if ASKED.fullmatch(wanted) else HEADERS),
        (b"access-control-max-age", DAY),
        (b"vary", b"Access-Control-Request-Headers"),
        (b"content-length", b"0"),
    ]
    if asked.get(b"access-control-request-private-network") == b"true":
        headers.append((b"access-control-allow-private-network", b"true"))
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
