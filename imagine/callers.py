"""Identifies the caller behind a Bearer token: an API key, or a person at the Imagine page."""

import hashlib
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.core import signing

from . import keys
from .models import ApiKey

PAGE_TOKEN_SECONDS = 300
PAGE_TOKEN_PREFIX = "page."  # noqa: S105  (what tells such a token from a key)


class InvalidToken(Exception):
    """No active key and no valid page token has this value."""


@dataclass(frozen=True, slots=True)
class Caller:
    """An API key or a user; exactly one is set."""

    key: ApiKey | None = None
    user: User | None = None

    def may_ask(self, *names: str) -> bool:
        """Return whether the caller may use a model with any of these names."""
        return self.key is None or any(self.key.allows(name) for name in names)


def identify(token: str) -> Caller:
    """Return the caller that this Bearer token names.

    Raises:
        InvalidToken
    """
    if token.startswith(PAGE_TOKEN_PREFIX):
        return Caller(user=_user_of(token.removeprefix(PAGE_TOKEN_PREFIX)))
    key = keys.find_active_key(token)
    if key is None:
        raise InvalidToken
    return Caller(key=key)


def page_token(user: User) -> str:
    """Return a token for the gateway, valid for five minutes unless the password changes.

    Whoever makes one has seen that the user may generate.
    """
    return PAGE_TOKEN_PREFIX + signing.dumps(
        [user.pk, _password_mark(user)], salt="imagine.page_token"
    )


def _user_of(signed: str) -> User:
    try:
        user_id, mark = signing.loads(signed, salt="imagine.page_token", max_age=PAGE_TOKEN_SECONDS)
    except signing.BadSignature:
        raise InvalidToken from None
    user = User.objects.filter(pk=user_id).select_related("budget").first()
    if user is None or not _may_generate(user) or mark != _password_mark(user):
        raise InvalidToken
    return user


def may_still_ask(key: ApiKey | None, user: User | None) -> bool:
    """Return whether callers of some time ago would still be let in."""
    if key is not None:
        return key.is_active
    return user is not None and _may_generate(user)


def _may_generate(user: User) -> bool:
    return user.is_active and user.is_staff and user.has_perm("imagine.add_generation")


def _password_mark(user: User) -> str:
    return hashlib.sha256(user.get_session_auth_hash().encode()).hexdigest()[:16]
