"""What a change did to pictures: of each field, which of them had which value before and after.

Its size goes with the number of different values, not with that of pictures: these are bitmaps.
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
"""A field, and of a tag its id."""


@dataclass(frozen=True, slots=True)
class Difference:
    """These pictures had the value `was` in a field, and then `now`.

    Of `TAG` the value is the tag's id where a picture has it, and None where it has not.
    """

    field: str
    was: Any
    now: Any
    ids: BitMap64

    @property
    def key(self) -> Key:
        return self.field, (self.was or self.now) if self.field == TAG else 0

    def holds(self, picture: ImageFacts) -> bool:
        """Whether the picture is still as this change has left it."""
        if self.field == TAG:
            return (self.key[1] in picture.tag_ids) == (self.now is not None)
        if self.field == "trashed_at":  # since when does not matter: an undo begins it anew
            return picture.trashed == (self.now is not None)
        if self.field == "embedded":  # databases keep the names in an order of their own
            return bool(_parsed(picture.embedded) == _parsed(self.now))
        return bool(getattr(picture, self.field) == self.now)

    def taken_back(self, picture: ImageFacts, at: datetime) -> ImageFacts:
        """The picture with the value that it had before; in the trash it is since `at`, so that
        it stays there as long as any other."""
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
    """The differences of pictures that were there before and are there after."""
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
    """All pictures that are concerned."""
    return BitMap64().union(*(each.ids for each in differences))


def pack(differences: Iterable[Difference]) -> bytes:
    """As JSON: `[[field, was, now, the bitmap in base64], …]`."""
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
