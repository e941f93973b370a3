"""Describes a change of pictures: for each field, which pictures had which value before and after.

The pictures are bitmaps, so the size depends on the number of distinct values, not of pictures.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson
import pybase64
from pyroaring import BitMap64

from .facts import ImageFacts

MARKS = ("favorite", "nsfw", "trashed_at")
TEXTS = ("written", "model", "embedded")
FIELDS = (*MARKS, *TEXTS)
"""Fields of `ImageFacts` that have one value; a picture's tags are a field each."""

TAG = "tag"

Key = tuple[str, int]
"""A field, with the tag's id if it is a tag."""


@dataclass(frozen=True, slots=True)
class Difference:
    """These pictures had the value `was` in a field, and then `now`.

    For `TAG`, the value is the tag's id if the picture has the tag, else None.
    """

    field: str
    was: Any
    now: Any
    ids: BitMap64

    @property
    def key(self) -> Key:
        return self.field, (self.was or self.now) if self.field == TAG else 0

    def holds(self, picture: ImageFacts) -> bool:
        """Return whether the picture is still as this change left it."""
        if self.field == TAG:
            return (self.key[1] in picture.tag_ids) == (self.now is not None)
        if self.field == "trashed_at":  # since when does not matter: an undo begins it anew
            return picture.trashed == (self.now is not None)
        if self.field == "embedded":  # databases keep the names in an order of their own
            return bool(_parsed(picture.embedded) == _parsed(self.now))
        return bool(getattr(picture, self.field) == self.now)

    def taken_back(self, picture: ImageFacts, at: datetime) -> ImageFacts:
        """Return the picture with its former value. If that puts it into the trash, it counts from
        `at`, so that it stays there as long as any other."""
        if self.field == TAG:
            tag = frozenset([self.key[1]])
            tag_ids = picture.tag_ids - tag if self.was is None else picture.tag_ids | tag
            return replace(picture, tag_ids=tag_ids)
        if self.field == "trashed_at":
            since = None if self.was is None else at
            return replace(picture, trashed_at=since, trashed=since is not None)
        if self.field in TEXTS:
            return picture.with_text(self.field, self.was)
        return replace(picture, **{self.field: self.was})

    def without(self, gone: BitMap64) -> "Difference":
        return replace(self, ids=self.ids - gone)


def between(before: Mapping[int, ImageFacts], after: Mapping[int, ImageFacts]) -> list[Difference]:
    """Return the differences between two states of the pictures that both have."""
    found: defaultdict[tuple[str, Any, Any], BitMap64] = defaultdict(BitMap64)
    for pk, old in before.items():
        new = after.get(pk, old)
        if new is old:
            continue
        for field in FIELDS:
            was, now = getattr(old, field), getattr(new, field)
            if was != now:
                found[field, was, now].add(pk)
        for tag_id in old.tag_ids - new.tag_ids:
            found[TAG, tag_id, None].add(pk)
        for tag_id in new.tag_ids - old.tag_ids:
            found[TAG, None, tag_id].add(pk)
    return [Difference(*values, ids) for values, ids in found.items()]


def ids_of(differences: Iterable[Difference]) -> BitMap64:
    """Return the ids of all pictures concerned."""
    return BitMap64().union(*(each.ids for each in differences))


def pack(differences: Iterable[Difference]) -> bytes:
    """Return `[[field, was, now, the bitmap in base64], …]` as JSON."""
    entries = []
    for each in differences:
        each.ids.run_optimize()
        ids = pybase64.b64encode(each.ids.serialize()).decode()
        entries.append([each.field, each.was, each.now, ids])
    return orjson.dumps(entries)


def unpack(data: bytes) -> list[Difference]:
    return [
        Difference(
            field, _value(field, was), _value(field, now),
            BitMap64.deserialize(pybase64.b64decode(ids)),
        )
        for field, was, now, ids in orjson.loads(data or b"[]")
    ]  # fmt: skip


def _parsed(text: str | None) -> Any:
    return json.loads(text) if text else None


def _value(field: str, value: Any) -> Any:
    if field == "trashed_at" and value is not None:
        return datetime.fromisoformat(value)
    if field == "written":
        return tuple(value)
    return value
