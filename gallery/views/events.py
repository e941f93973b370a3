"""Pushes events to open pages."""

import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import aclosing

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET

from .. import news
from ..visits import staff_of

KEEP_ALIVE_SECONDS = 15.0
"""Proxies close connections that are silent for half a minute or more."""

LIFETIME_SECONDS = 600.0
"""Then the browser opens another stream, and is authenticated again."""

RETRY_MILLISECONDS = 2000

MOST = 64
"""Streams of one session in a process; further pages poll every few seconds instead."""

_open: Counter[str] = Counter()


@require_GET
async def events(request: HttpRequest) -> HttpResponseBase:
    """Stream Server-Sent Events: `changed` when the library has changed.

    It runs without middleware, on the event loop, and holds no thread.
    """
    session = request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
    if _open[session] >= MOST:
        return HttpResponse(status=429, headers={"Retry-After": str(int(LIFETIME_SECONDS))})
    stream = _Stream(session)
    is_staff = False
    try:
        is_staff = bool(await news.THREAD.run(staff_of, session))
    finally:
        if not is_staff:
            stream.close()
    if not is_staff:
        return redirect_to_login(request.get_full_path(), reverse("admin:login"))
    return StreamingHttpResponse(
        stream,
        content_type="text/event-stream",
        headers={
            "Cache-Control": "no-store",
            "Cross-Origin-Resource-Policy": "same-origin",
            "X-Accel-Buffering": "no",  # for nginx
            "X-Content-Type-Options": "nosniff",
        },
    )


class _Stream:
    """A stream, counted for its session until it is closed, which Django does in the end.

    It counts before the database is asked, so that many requests at once do not all ask it.
    """

    def __init__(self, session: str) -> None:
        self._session = session
        _open[session] += 1

    def __aiter__(self) -> AsyncIterator[bytes]:
        return _news()

    def close(self) -> None:
        _open[self._session] -= 1
        if not _open[self._session]:
            del _open[self._session]


async def _news() -> AsyncIterator[bytes]:
    until = time.monotonic() + LIFETIME_SECONDS
    # Sent at once, so that a page knows that no proxy buffers the stream.
    yield f"retry: {RETRY_MILLISECONDS}\nevent: listening\ndata: library\n\n".encode()
    async with aclosing(news.listen(silence=KEEP_ALIVE_SECONDS)) as heard:
        async for changed in heard:
            yield b"event: changed\ndata: library\n\n" if changed else b": still here\n\n"
            if time.monotonic() > until:
                return
