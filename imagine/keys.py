"""API keys: made, recognised, revoked. The database knows their SHA-256 alone."""

import hashlib
import secrets
from collections.abc import Collection
from datetime import timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone

from .models import ApiKey

USE_RECORDED_EVERY = timedelta(minutes=1)


def create_api_key(*, name: str, key: str | None = None, **facts: Any) -> tuple[ApiKey, str]:
    """A new key and its secret, which is nowhere else and cannot be shown again.

    Args:
        key: the secret, where the owner chose it; else 256 random bits.
        facts: other fields of `ApiKey`: `expires_at` and the limits.
    """
    secret = key or f"sk-{secrets.token_urlsafe(32)}"
    # Of a chosen secret, which may be short, less is shown.
    prefix = secret[:7] if key is None else secret[:3]
    row = ApiKey.objects.create(name=name, prefix=prefix, key_hash=_hash(secret), **facts)
    return row, secret


def find_active_key(secret: str) -> ApiKey | None:
    """The key with this secret where it is neither revoked nor expired; notes that it is used."""
    key = ApiKey.objects.filter(key_hash=_hash(secret)).first()
    if key is None or not key.is_active:
        return None
    now = timezone.now()
    if key.last_used_at is None or key.last_used_at < now - USE_RECORDED_EVERY:
        # Whoever finds it still old writes it; the others of this minute need not.
        old = Q(last_used_at=None) | Q(last_used_at__lt=now - USE_RECORDED_EVERY)
        ApiKey.objects.filter(old, pk=key.pk).update(last_used_at=now)
    return key


def revoke(key_ids: Collection[int]) -> int:
    """Revoke these keys at once and for ever; returns how many were not revoked before."""
    keys = ApiKey.objects.filter(pk__in=key_ids, revoked_at=None)
    return keys.update(revoked_at=timezone.now())


def _hash(secret: str) -> str:
    # A fast hash is right here: there is nothing to guess in 256 random bits.
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()
