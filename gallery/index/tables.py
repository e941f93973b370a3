"""The index's tables. Derived from the pictures' rows; `building` alone writes them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import ClassVar, NamedTuple

from django.conf import settings
from django.db import models

from grok2api.sql.lookups import among
from grok2api.sql.statements import planned_once

from .tokens import VERSION


def current_version() -> str:
    """How an index must have been built to be of use: days and months in it are local."""
    return f"{VERSION} {settings.TIME_ZONE}"


class Segment(models.Model):
    """`SEGMENT` successive ids that are in the index. See `postings`."""

    number = models.BigIntegerField(primary_key=True)
    generation = models.BigIntegerField(default=0)  # rises with each build
    version = models.CharField(max_length=64, default="")
    pictures = models.PositiveIntegerField(default=0)
    buckets = models.PositiveIntegerField(default=0)
    first_day = models.DateField(null=True)  # local, of its pictures
    last_day = models.DateField(null=True)
    first_added = models.DateField(null=True)  # local, too
    last_added = models.DateField(null=True)
    largest = models.BigIntegerField(default=0)  # bytes

    class Meta:
        app_label = "gallery"
        default_permissions = ()


class Posting(models.Model):
    """One bucket of one segment. The sets of a token in all segments lie side by side."""

    pk = models.CompositePrimaryKey("bucket", "segment")
    bucket = models.IntegerField()
    segment = models.BigIntegerField()
    data = models.BinaryField()

    class Meta:
        app_label = "gallery"
        default_permissions = ()
        indexes: ClassVar = [models.Index(fields=["segment"], name="gallery_posting_segment")]


_BUCKETS = "SELECT bucket, segment, data FROM gallery_posting WHERE "


def buckets_of(places: Collection[int]) -> list[tuple[int, int, bytes]]:
    """(bucket, segment, bytes) of these buckets in all segments. One query."""
    condition, params = among("bucket", places)
    with planned_once(binary=True) as cursor:
        cursor.execute(_BUCKETS + condition, params)
        return list(cursor.fetchall())


class Change(models.Model):
    """A picture whose segment may not know its present state: its row is looked at instead."""

    image_id = models.BigIntegerField(db_index=True)

    class Meta:
        app_label = "gallery"
        default_permissions = ()


class Built(NamedTuple):
    """What is known of a segment that can be used; see `Segment`."""

    number: int
    generation: int
    pictures: int
    largest: int
    first_day: date | None
    last_day: date | None
    first_added: date | None
    last_added: date | None


@dataclass(frozen=True, slots=True)
class State:
    """What the index knows of the library, and what it does not, all at one moment."""

    segments: list[Built]  # ascending
    changes: dict[int, int]  # of each changed picture's id, the id of its newest change
    newest: int  # id of the picture that was added last; 0 when there is none


_STATE = """
    SELECT 's', number, generation, pictures, largest, first_day, last_day, first_added,
        last_added
    FROM gallery_segment WHERE version = %s
    UNION ALL SELECT 'c', image_id, MAX(id), 0, 0, NULL, NULL, NULL, NULL
    FROM gallery_change GROUP BY image_id
    UNION ALL SELECT 'n', COALESCE(MAX(id), 0), 0, 0, 0, NULL, NULL, NULL, NULL
    FROM gallery_image
"""


def read_state() -> State:
    """One query, since every search begins with it."""
    segments, changes, newest = [], {}, 0
    with planned_once() as cursor:
        cursor.execute(_STATE, [current_version()])
        for kind, number, greatest, pictures, largest, *days in cursor.fetchall():
            if kind == "s":
                segments.append(Built(number, greatest, pictures, largest, *map(_day, days)))
            elif kind == "c":
                changes[number] = greatest
            else:
                newest = number
    return State(sorted(segments), changes, newest)


def _day(value: date | str | None) -> date | None:
    """A raw query's date, which SQLite has as text."""
    return date.fromisoformat(value) if isinstance(value, str) else value
