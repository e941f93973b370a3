"""Middleware for every page."""

from collections.abc import Callable
from typing import Any, cast

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import get_conditional_response, set_response_etag

from gallery import audit, history
from imagine.api.auth import KeyHolder

View = Callable[[HttpRequest], HttpResponseBase]

UNUSED = (
    "accelerometer", "autoplay", "camera", "display-capture", "encrypted-media", "geolocation",
    "gyroscope", "hid", "identity-credentials-get", "idle-detection", "magnetometer", "microphone",
    "midi", "payment", "publickey-credentials-create", "screen-wake-lock", "serial", "usb",
    "xr-spatial-tracking",
)  # fmt: skip
"""Features of browsers that this program never asks for."""

SECRET = (
    "/admin/login/", "/admin/password_change/", "/admin/auth/", "/admin/imagine/apikey/",
    "/admin/imagine/token/", "/metrics",
)  # fmt: skip
"""Pages that show or take passwords, keys and tokens: neither caches nor Back keep them."""

LOGOUT = "/admin/logout/"

PERMISSIONS_POLICY = ", ".join(f"{feature}=()" for feature in UNUSED)


def browser_policy(get_response: View) -> View:
    """Tell browsers what pages may not do, and caches and other sites what they may not show.

    A page may be stored where it was shown, and is revalidated, so Back shows it at once. Signed
    links are below `/v1/`, which no middleware sees: they may be embedded.
    """

    def answer(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        is_secret = request.path.startswith(SECRET)
        response.headers.setdefault(
            "Cache-Control", "no-store" if is_secret else "private, no-cache"
        )
        if request.path == LOGOUT:
            response.headers["Clear-Site-Data"] = '"cache"'
        return _unless_known(request, response)

    return answer


def _unless_known(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Answer 304 to a client that has this very answer. Files do that themselves."""
    if (
        request.method != "GET"
        or response.status_code != 200
        or not isinstance(response, HttpResponse)
        or response.has_header("ETag")
        or "no-store" in response["Cache-Control"]
    ):
        return response
    set_response_etag(response)
    known = get_conditional_response(request, etag=response["ETag"], response=response)
    return cast(HttpResponseBase, known)


def actor_named(get_response: View) -> View:
    """Tell audit log and history who makes the request, by session or by key.

    An answer that has changed pictures names the change, so that it can be undone.
    """

    def answer(request: HttpRequest) -> HttpResponseBase:
        name = audit.actor.set(lambda: _describe(request))
        identity = audit.author.set(lambda: _identify(request))
        changes: list[int] = []
        noted = history.noted.set(changes)
        try:
            response = get_response(request)
            if changes:
                response.headers["X-Change"] = str(changes[-1])
            return response
        finally:
            history.noted.reset(noted)
            audit.actor.reset(name)
            audit.author.reset(identity)

    return answer


def _describe(request: HttpRequest) -> str:
    who = cast(Any, request.user)  # Django REST framework puts the holder of a key here
    return f"key {who.key}" if isinstance(who, KeyHolder) else f"user {who.get_username()}"


def _identify(request: HttpRequest) -> str:
    who = cast(Any, request.user)
    return f"key {who.key.pk}" if isinstance(who, KeyHolder) else f"user {who.pk}"
