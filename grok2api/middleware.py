"""Small things that every page needs."""

from collections.abc import Callable
from typing import Any, cast

from django.http import HttpRequest, HttpResponseBase

from gallery import audit
from imagine.api.auth import KeyHolder

View = Callable[[HttpRequest], HttpResponseBase]

UNUSED = (
    "accelerometer", "autoplay", "camera", "display-capture", "encrypted-media", "geolocation",
    "gyroscope", "hid", "identity-credentials-get", "idle-detection", "magnetometer", "microphone",
    "midi", "payment", "publickey-credentials-create", "screen-wake-lock", "serial", "usb",
    "xr-spatial-tracking",
)  # fmt: skip
"""What a browser could do and this program never asks for."""

PERMISSIONS_POLICY = ", ".join(f"{feature}=()" for feature in UNUSED)


def browser_policy(get_response: View) -> View:
    """Tells browsers what pages may not do, and that no other site may embed what they show.

    Signed links are below `/v1/`, which no middleware sees: those may be embedded.
    """

    def answer(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        return response

    return answer


def actor_named(get_response: View) -> View:
    """Lets the audit log know whose request it is, by session or by key."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        token = audit.actor.set(lambda: _describe(request))
        try:
            return get_response(request)
        finally:
            audit.actor.reset(token)

    return answer


def _describe(request: HttpRequest) -> str:
    who = cast(Any, request.user)  # Django REST framework puts the holder of a key here
    return f"key {who.key}" if isinstance(who, KeyHolder) else f"user {who.get_username()}"
