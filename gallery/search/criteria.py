"""What somebody looks for: pure values, the same for pages, API, selections and every database."""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from ..facts import ImageFacts


class SortBy(StrEnum):
    CREATED_AT = "created_at"
    FILE_SIZE = "file_size"


@dataclass(frozen=True, slots=True)
class Word:
    """A folded text that the prompt contains, or the name of a tag that the picture has."""

    text: str
    tag_id: int | None = None


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
    min_size: int | None = None  # bytes, inclusive
    max_size: int | None = None  # bytes, inclusive
    trashed: bool = False
    sort_by: SortBy = SortBy.CREATED_AT
    descending: bool = True

    @property
    def is_plain(self) -> bool:
        """Whether this is the whole library, in whatever order."""
        return self == Criteria(sort_by=self.sort_by, descending=self.descending)

    def meets(self, facts: ImageFacts) -> bool:
        """Whether a picture meets all of it, be it in the trash or not."""

        def has(word: Word) -> bool:
            return word.text in facts.prompt or word.tag_id in facts.tag_ids

        return (
            all(map(has, self.words))
            and not any(map(has, self.without_words))
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
            and (self.min_size is None or self.min_size <= facts.file_size)
            and (self.max_size is None or facts.file_size <= self.max_size)
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
    return sorted(value) if isinstance(value, frozenset) else value.isoformat()
