"""Checks whether a sender is known before reading more of a body than a stranger may send."""

from typing import Any

from django.conf import settings
from django.http.cookie import parse_cookie

from gallery.visits import staff_of
from imagine import callers
from imagine.api.auth import bearer_token


def is_known(scope: Any) -> bool:
    """Return whether the request's key or session names anybody; pages know sessions only."""
    headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
    token = bearer_token(headers.get(b"authorization", ""))
    if token is not None and scope["path"].startswith(("/v1/", "/api/")):
        try:
            callers.identify(token)
        except callers.InvalidToken:
            return False
        return True
    cookies = parse_cookie(headers.get(b"cookie", ""))
    session = cookies.get(settings.SESSION_COOKIE_NAME)
    return bool(session) and staff_of(session) is not None
