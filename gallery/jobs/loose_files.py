"""Writes and deletes files that no row names: those of a row to come, set aside, or deleted.

Nothing here overwrites or deletes a picture or thumbnail that a row names. Callers hold
`exclusive(LOOSE_FILES)`, so that no row appears for a file meanwhile.
"""

import hashlib
import uuid
from collections.abc import Collection
from functools import reduce
from operator import or_

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import DatabaseError
from django.db.models import Q

from ..files.pictures import is_derived
from ..models import Image
from .changes import CHUNK


class FileTaken(ValueError):
    """The file under this name belongs to a picture of the library."""


def is_there(name: str) -> bool:
    return default_storage.exists(name)


def place(name: str, data: bytes) -> bool:
    """Write these bytes to the file `name`; return False if it has them already.

    Another file under this name belongs to no row: a picture is renamed, so that a scan finds it,
    for it may have been paid for; a derived file is deleted.

    Raises:
        FileTaken: a row names it. (On some disks and databases `A` and `a` are one name.)
        OSError
    """
    if default_storage.exists(name):
        if _has(name, data):
            return False
        if named([name]):
            raise FileTaken("another picture of the library has this file")
        if not is_derived(name):
            _copy_aside(name)
        default_storage.delete(name)
    saved = default_storage.save(name, ContentFile(data))
    if saved != name:
        default_storage.delete(saved)
        raise FileTaken("another file came to have this name")
    return True


def delete(names: Collection[str]) -> None:
    """Delete the files that no row names, or none if the database cannot be asked.

    Raises:
        OSError
    """
    ordered = list(names)
    for start in range(0, len(ordered), CHUNK):
        chunk = ordered[start : start + CHUNK]
        try:
            kept = named(chunk)
        except DatabaseError:
            return  # a stray file is harmless
        for name in chunk:
            if name not in kept:
                default_storage.delete(name)


def named(names: Collection[str]) -> set[str]:
    """Return the names that some row has for its picture or its thumbnail."""
    wanted: dict[str, str] = {name.lower(): name for name in names}
    among = reduce(or_, (Q(file__iexact=name) | Q(thumbnail__iexact=name) for name in names), Q())
    rows = Image.objects.filter(among).values_list("file", "thumbnail") if names else []
    return {wanted[name.lower()] for row in rows for name in row if name.lower() in wanted}


def _has(name: str, data: bytes) -> bool:
    if default_storage.size(name) != len(data):
        return False
    with default_storage.open(name) as file:
        return hashlib.sha256(file.read()).digest() == hashlib.sha256(data).digest()


def _copy_aside(name: str) -> None:
    folder, suffix = name.rpartition("/")[0], name.rpartition(".")[2]
    with default_storage.open(name) as file:
        default_storage.save(f"{folder}/{uuid.uuid4().hex}.{suffix}", file)
