"""What somebody looks for: pure values, the same for pages, API, selections and every database."""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from pyroaring import FrozenBitMap64

from ..facts import ImageFacts, Text


class SortBy(StrEnum):
    CREATED_AT = "created_at"
    ADDED_AT = "added_at"
    FILE_SIZE = "file_size"
    TRASHED_AT = "trashed_at"  # of the trash alone


@dataclass(frozen=True, slots=True)
class Word:
    """A folded text that the prompt contains, or the name of a tag that the picture has.

    With another `field` it is a part of that, or the whole seed.
    """

    text: str
    tag_id: int | None = None
    field: Text = Text.PROMPT

    def is_in(self, facts: ImageFacts) -> bool:
        """Whether a picture has it."""
        if self.field is Text.SEED:
            return facts.seed == self.text
        return self.text in getattr(facts, self.field) or self.tag_id in facts.tag_ids


@dataclass(frozen=True, slots=True)
class Criteria:
    """A search: a picture must meet all of it. Empty fields ask nothing.

    Of `models`, `aspect_ratios` and `tags` it must meet every group, and a group by any one of
    its members; so an empty group is met by none.
    """

    words: tuple[Word, ...] = ()
    without_words: tuple[Word, ...] = ()
    models: tuple[frozenset[str], ...] = ()
    without_models: frozenset[str] = frozenset()
    aspect_ratios: tuple[frozenset[str], ...] = ()
    without_aspect_ratios: frozenset[str] = frozenset()
    tags: tuple[frozenset[int], ...] = ()
    without_tags: frozenset[int] = frozenset()
    untagged: bool | None = None
    favorite: frozenset[bool] = frozenset()
    start: datetime | None = None  # inclusive
    end: datetime | None = None  # exclusive
    added_start: datetime | None = None  # inclusive
    added_end: datetime | None = None  # exclusive
    min_size: int | None = None  # bytes, inclusive
    max_size: int | None = None  # bytes, inclusive
    only: FrozenBitMap64 | None = None  # ids: of these pictures and no others
    trashed: bool = False
    sort_by: SortBy = SortBy.CREATED_AT
    descending: bool = True

    @property
    def is_plain(self) -> bool:
        """Whether this is the whole library, in whatever order."""
        return self == Criteria(sort_by=self.sort_by, descending=self.descending)

    def meets(self, facts: ImageFacts) -> bool:
        """Whether a picture meets all of it, be it in the trash or not."""
        return (
            all(word.is_in(facts) for word in self.words)
            and not any(word.is_in(facts) for word in self.without_words)
            and all(facts.model in names for names in self.models)
            and facts.model not in self.without_models
            and all(facts.aspect_ratio in names for names in self.aspect_ratios)
            and facts.aspect_ratio not in self.without_aspect_ratios
            and all(not group.isdisjoint(facts.tag_ids) for group in self.tags)
            and self.without_tags.isdisjoint(facts.tag_ids)
            and self.untagged in (None, not facts.tag_ids)
            and self.favorite <= {facts.favorite}
            and (self.start is None or self.start <= facts.created_at)
            and (self.end is None or facts.created_at < self.end)
            and (self.added_start is None or self.added_start <= facts.added_at)
            and (self.added_end is None or facts.added_at < self.added_end)
            and (self.min_size is None or self.min_size <= facts.file_size)
            and (self.max_size is None or facts.file_size <= self.max_size)
            and (self.only is None or facts.id in self.only)
        )

    @property
    def fingerprint(self) -> str:
        """The same for equal criteria in every process, which `hash` of texts is not."""
        text = json.dumps(asdict(self), default=_plain)
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def ordering(self) -> tuple[str, str]:
        """Sort key and id, both in one direction, so that one index walks them."""
        sign = "-" if self.descending else ""
        return f"{sign}{self.sort_by}", f"{sign}id"


def _plain(value: Any) -> Any:
    if isinstance(value, FrozenBitMap64):
        return hashlib.sha256(value.serialize()).hexdigest()
    return sorted(value) if isinstance(value, frozenset) else value.isoformat()
