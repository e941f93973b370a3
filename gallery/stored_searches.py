"""Stores searches that are too long for an address, which then names them (`?q=`).

Browsers and proxies truncate or refuse addresses of some thousand characters; somebody may search
for a prompt of 32,000.
"""

import hashlib
import re

from django.db import models
from django.utils import timezone

MOST = 2_000
"""Searches that are stored; the least recently used are dropped."""
NAME = re.compile("[0-9a-f]{20}")


class StoredSearch(models.Model):
    """A text under a name that is its hash, so the same text has one row."""

    name = models.CharField(primary_key=True, max_length=20)
    text = models.TextField()
    used_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        app_label = "gallery"
        default_permissions = ()

    def __str__(self) -> str:
        return self.text[:60]


class NoSuchSearch(LookupError):
    """No search is stored under this name, or not any more."""


def keep(text: str) -> str:
    """Store a text, and return the name under which `find` returns it."""
    name = hashlib.sha256(text.encode()).hexdigest()[:20]
    kept = StoredSearch.objects.order_by("-used_at")
    StoredSearch.objects.update_or_create(
        name=name, defaults={"text": text, "used_at": timezone.now()}
    )
    if (last := kept.values_list("used_at", flat=True)[MOST : MOST + 1].first()) is not None:
        kept.filter(used_at__lte=last).delete()
    return name


def find(name: str) -> str:
    """Return the text of a stored search.

    Raises:
        NoSuchSearch
    """
    found = NAME.fullmatch(name) and StoredSearch.objects.filter(name=name).first()
    if not found:
        raise NoSuchSearch(name)
    return found.text
