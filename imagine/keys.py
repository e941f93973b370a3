"""Creates, recognises and revokes API keys. The database has only their SHA-256."""

import hashlib
import secrets
from collections.abc import Collection
from datetime import timedelta
from typing import Any

from django.db import DEFAULT_DB_ALIAS, transaction
from django.db.models import Q
from django.utils import timezone

from gallery import audit
from gallery.audit import AuditEntry
from grok2api.sql.lookups import TEXT_LATER
from grok2api.sql.prepared import Prepared

from .models import ApiKey

USE_RECORDED_EVERY = timedelta(minutes=1)

_COLUMNS = [field.attname for field in ApiKey._meta.concrete_fields]
_with_hash = Prepared(
    lambda digest: ApiKey.objects.filter(key_hash=digest).order_by().values_list(*_COLUMNS),
    later=TEXT_LATER,
)
"""The lookup that every request makes."""


@transaction.atomic
def create_api_key(*, name: str, key: str | None = None, **facts: Any) -> tuple[ApiKey, str]:
    """Create a key; return it with its secret, which is stored nowhere and cannot be shown again.

    Args:
        key: the secret, where the owner chose it; else 256 random bits.
        facts: other fields of `ApiKey`: `expires_at` and the limits.
    """
    secret = key or f"sk-{secrets.token_urlsafe(32)}"
    # Less is shown of a chosen secret, which may be short.
    prefix = secret[:7] if key is None else secret[:3]
    row = ApiKey.objects.create(name=name, prefix=prefix, key_hash=_hash(secret), **facts)
    audit.record(AuditEntry.Action.KEY_CREATED, count=1, id=row.pk, key=str(row))
    return row, secret


def find_active_key(secret: str) -> ApiKey | None:
    """Return the key with this secret unless it is revoked or expired, and note its use."""
    rows = _with_hash.rows(_hash(secret))
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


def revoke(key_ids: Collection[int]) -> int:
    """Revoke these keys immediately and permanently; return how many were not revoked before."""
    with transaction.atomic():
        keys = ApiKey.objects.filter(pk__in=key_ids, revoked_at=None)
        ids = list(keys.values_list("pk", flat=True))
        count = keys.update(revoked_at=timezone.now())
        audit.record(AuditEntry.Action.KEY_REVOKED, count=count, ids=ids)
    return count


@transaction.atomic
def change_key(key: ApiKey, fields: Collection[str]) -> None:
    """Save these fields of the key: its name, its end, its limits."""
    key.save(update_fields=fields)
    values = {name: getattr(key, name) for name in fields}
    now = {name: None if value is None else str(value) for name, value in values.items()}
    audit.record(AuditEntry.Action.KEY_CHANGED, count=1, id=key.pk, key=str(key), now=now)


def _hash(secret: str) -> str:
    # A fast hash is right here: 256 random bits cannot be guessed.
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()
