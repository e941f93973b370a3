"""Authenticates `Authorization: Bearer …`, for the REST API and for the gateway."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from imagine import callers
from imagine.callers import Caller
from imagine.models import ApiKey
from imagine.threads import in_thread

from .errors import unauthorized


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """The holder of an API key, who may do in the REST API what staff may."""

    key: ApiKey
    is_authenticated = True
    is_active = True
    is_staff = True
    is_anonymous = False
    pk = None


class BearerAuthentication(BaseAuthentication):
    """Authenticates API keys for Django REST framework; other requests are left to the session."""

    def authenticate(self, request: Request) -> tuple[Any, ApiKey] | None:
        token = bearer_token(request.META.get("HTTP_AUTHORIZATION", ""))
        if token is None:
            return None
        key = callers.find_active_key(token)
        if key is None:
            raise AuthenticationFailed("The API key is not valid.")
        return KeyHolder(key), key

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


async def authenticate(request: HttpRequest) -> Caller:
    """Return the caller of a gateway request.

    Raises:
        ApiError: 401, there is no token.
        callers.InvalidToken: nobody holds it.
    """
    return await in_thread(callers.identify, required_token(request))


def required_token(request: HttpRequest) -> str:
    """Return the token of a gateway request.

    Raises:
        ApiError: 401, there is none.
    """
    token = bearer_token(request.META.get("HTTP_AUTHORIZATION", ""))
    if token is None:
        raise unauthorized(
            "You didn't provide an API key. Send it in the Authorization header: Bearer YOUR_KEY."
        )
    return token


def bearer_token(header: str) -> str | None:
    """Return the token of an Authorization header; None if it is empty or of another scheme."""
    scheme, _, token = header.partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None
