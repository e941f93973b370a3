"""Creates, changes and revokes API keys. The database has only their SHA-256."""

import secrets
from collections.abc import Collection
from typing import Any

from django.db import transaction
from django.utils import timezone

from gallery import audit
from gallery.audit import AuditEntry

from .callers import hash_of
from .models import ApiKey


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
    row = ApiKey.objects.create(name=name, prefix=prefix, key_hash=hash_of(secret), **facts)
    audit.record(AuditEntry.Action.KEY_CREATED, count=1, id=row.pk, key=str(row))
    return row, secret


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
