"""Stores sets of pictures that somebody has put together, frozen when made and kept for a week.

A set is a compressed bitmap of ids under a token that only its owner can use. It never changes;
adding a picture makes another set. So an action applies to exactly what was asked about.
"""

import re
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.utils import timezone
from pyroaring import BitMap64, FrozenBitMap64

from . import audit

KEPT = timedelta(days=7)
TOKEN = re.compile("[0-9a-f]{32}")


class Section(models.TextChoices):
    GALLERY = "gallery"
    TRASH = "trash"


class PictureSet(models.Model):
    """A set of pictures from the library or from its trash; some may no longer have a row."""

    token = models.CharField(primary_key=True, max_length=32)
    owner = models.CharField(max_length=40)  # see `audit.author`
    section = models.CharField(max_length=8, choices=Section.choices)
    made_at = models.DateTimeField(default=timezone.now, db_index=True)
    count = models.PositiveIntegerField()  # of pictures that were there when it was made
    data = models.BinaryField()

    class Meta:
        app_label = "gallery"
        default_permissions = ()

    def __str__(self) -> str:
        return self.token

    @property
    def ids(self) -> FrozenBitMap64:
        return FrozenBitMap64.deserialize(bytes(self.data))

    @property
    def expires_at(self) -> datetime:
        return self.made_at + KEPT

    @property
    def is_of_trash(self) -> bool:
        return self.section == Section.TRASH


class NoSuchSet(LookupError):
    """The caller has no set under this token, or it has expired."""


def keep(ids: Iterable[int], *, section: Section) -> PictureSet:
    """Store these pictures as a set of the caller, and delete expired sets."""
    bitmap = BitMap64(ids)
    bitmap.run_optimize()
    PictureSet.objects.filter(made_at__lte=timezone.now() - KEPT).delete()
    return PictureSet.objects.create(
        token=secrets.token_hex(16),
        owner=audit.author.get()(),
        section=section,
        count=len(bitmap),
        data=bitmap.serialize(),
    )


def find(token: Any) -> PictureSet:
    """Return the caller's set under this token.

    Raises:
        NoSuchSet
    """
    if not isinstance(token, str) or not TOKEN.fullmatch(token):
        raise NoSuchSet(token)
    sets = PictureSet.objects.filter(owner=audit.author.get()(), made_at__gt=timezone.now() - KEPT)
    found = sets.filter(pk=token).first()
    if found is None:
        raise NoSuchSet(token)
    return found
