"""What the server says to the open page by itself."""

import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from importlib import import_module

from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET

from .. import news

KEEP_ALIVE_SECONDS = 15.0
"""Proxies close connections that are silent for half a minute or more."""

LIFETIME_SECONDS = 600.0
"""Then the browser opens another stream, and is asked again who it is."""

RETRY_MILLISECONDS = 2000


@require_GET
async def events(request: HttpRequest) -> HttpResponseBase:
    """Server-Sent Events: `changed` when the library has changed.

    Runs without middleware, on the asynchronous side, and holds no thread.
    """
    if not await news.in_thread(lambda: _is_staff(request)):
        return redirect_to_login(request.get_full_path(), reverse("admin:login"))
    return StreamingHttpResponse(
        _events(),
        content_type="text/event-stream",
        headers={
            "Cache-Control": "no-store",
            "Cross-Origin-Resource-Policy": "same-origin",
            "X-Accel-Buffering": "no",  # for nginx
            "X-Content-Type-Options": "nosniff",
        },
    )


async def _events() -> AsyncIterator[bytes]:
    until = time.monotonic() + LIFETIME_SECONDS
    # Said at once, so that a page knows that no proxy keeps what it is told.
    yield f"retry: {RETRY_MILLISECONDS}\nevent: listening\ndata: library\n\n".encode()
    async with aclosing(news.listen(silence=KEEP_ALIVE_SECONDS)) as heard:
        async for changed in heard:
            yield b"event: changed\ndata: library\n\n" if changed else b": still here\n\n"
            if time.monotonic() > until:
                return


def _is_staff(request: HttpRequest) -> bool:
    """What pages ask of their session."""
    sessions = import_module(settings.SESSION_ENGINE)
    visitor = HttpRequest()
    visitor.session = sessions.SessionStore(request.COOKIES.get(settings.SESSION_COOKIE_NAME))
    user = get_user(visitor)
    return user.is_active and getattr(user, "is_staff", False)
