"""Identifies the caller behind a Bearer token: an API key, or a person at the Imagine page."""

import hashlib
from dataclasses import dataclass
from datetime import timedelta

from django.contrib.auth.models import User
from django.core import signing
from django.db import DEFAULT_DB_ALIAS
from django.db.models import Q
from django.utils import timezone

from grok2api.sql.lookups import TEXT_LATER
from grok2api.sql.statements import Prepared

from .models import ApiKey

PAGE_TOKEN_SECONDS = 300
PAGE_TOKEN_PREFIX = "page."  # noqa: S105  (what tells such a token from a key)

USE_RECORDED_EVERY = timedelta(minutes=1)

_COLUMNS = [field.attname for field in ApiKey._meta.concrete_fields]
_with_hash = Prepared(
    lambda digest: ApiKey.objects.filter(key_hash=digest).order_by().values_list(*_COLUMNS),
    later=TEXT_LATER,
)
"""The lookup that every request makes."""


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


def identify(by: Caller | str) -> Caller:
    """Return the caller that this Bearer token names, or the one who is known already.

    Raises:
        InvalidToken
    """
    if isinstance(by, Caller):
        return by
    if by.startswith(PAGE_TOKEN_PREFIX):
        return Caller(user=_user_of(by.removeprefix(PAGE_TOKEN_PREFIX)))
    key = find_active_key(by)
    if key is None:
        raise InvalidToken
    return Caller(key=key)


def find_active_key(secret: str) -> ApiKey | None:
    """Return the key with this secret unless it is revoked or expired, and note its use."""
    rows = _with_hash.rows(hash_of(secret))
    if not rows:
        return None
    key = ApiKey.from_db(DEFAULT_DB_ALIAS, _COLUMNS, rows[0])
    if not key.is_active:
        return None
    now = timezone.now()
    if key.last_used_at is None or key.last_used_at < now - USE_RECORDED_EVERY:
        # Written by the first request of the minute; the others need not.
        old = Q(last_used_at=None) | Q(last_used_at__lt=now - USE_RECORDED_EVERY)
        ApiKey.objects.filter(old, pk=key.pk).update(last_used_at=now)
    return key


def hash_of(secret: str) -> str:
    """Return what the database has of a key: its SHA-256, hexadecimal."""
    # A fast hash is right here: 256 random bits cannot be guessed.
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()


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
