"""The facts about one picture that the search index and the counters need."""

import json
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from .derived import embedded_facts
from .text import fold


class Text(StrEnum):
    """A searched text of a picture, named as in `ImageFacts`, and folded."""

    PROMPT = "prompt"
    FILE_NAME = "file_name"
    NEGATIVE = "negative"  # negative prompt, as the file has it
    SAMPLER = "sampler"
    SEED = "seed"  # looked for as a whole

    @property
    def column(self) -> str:
        return self if self is Text.SEED else f"{self}_folded"


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """One row of the library, as the index and the counters see it."""

    id: int
    prompt: str  # folded: see `gallery.text.fold`
    model: str
    aspect_ratio: str
    favorite: bool
    created_at: datetime
    added_at: datetime
    file_size: int  # bytes
    trashed: bool
    tag_ids: frozenset[int]
    files: tuple[str, str] = field(compare=False)  # names in the storage: picture, thumbnail
    file_name: str = ""
    negative: str = ""
    sampler: str = ""
    seed: str = ""
    # Index and counters ignore these; they are for the record of a change.
    nsfw: bool = field(default=False, compare=False)
    trashed_at: datetime | None = field(default=None, compare=False)
    # These are long, and only read to change them: prompt and source, and the file's texts.
    written: tuple[str, str] | None = field(default=None, compare=False)
    embedded: str | None = field(default=None, compare=False)  # JSON

    @property
    def told(self) -> tuple[tuple[str, str] | None, str, str | None]:
        """Whatever is known about how it was made."""
        return self.written, self.model, self.embedded

    def with_text(self, name: str, value: Any) -> Self:
        """Return the picture with another `written`, `embedded` or `model`, and what follows from
        that."""
        if name == "written":
            return replace(self, written=value, prompt=fold(value[0]))
        if name == "embedded":
            said = {"embedded": json.loads(value or "{}")}
            negative, sampler, seed = embedded_facts(said)
            return replace(
                self, embedded=value, negative=fold(negative), sampler=fold(sampler), seed=seed
            )
        return replace(self, **{name: value})

    @classmethod
    def of(cls, row: Any, tag_ids: frozenset[int]) -> Self:
        """Build the facts of an `Image`, or of a named tuple of `COLUMNS`, with these tags."""
        return cls(
            id=row.id,
            prompt=row.prompt_folded,
            model=row.model,
            aspect_ratio=row.aspect_ratio,
            favorite=row.favorite,
            created_at=row.created_at,
            added_at=row.added_at,
            file_size=row.file_size,
            trashed=row.trashed_at is not None,
            tag_ids=tag_ids,
            files=(str(row.file), str(row.thumbnail)),
            file_name=row.file_name_folded or "",
            negative=row.negative_folded or "",
            sampler=row.sampler_folded or "",
            seed=row.seed or "",
            nsfw=row.nsfw,
            trashed_at=row.trashed_at,
        )

    def with_texts_of(self, row: Any) -> Self:
        """Return the same picture with the texts of a row that also has `TEXTS`."""
        said = row.metadata.get("embedded") if isinstance(row.metadata, dict) else None
        embedded = json.dumps(said, ensure_ascii=False) if said else None
        return replace(self, written=(row.prompt, row.prompt_source), embedded=embedded)


COLUMNS = (
    "id", "prompt_folded", "model", "aspect_ratio", "favorite", "created_at", "file_size",
    "trashed_at", "file", "thumbnail", "nsfw", "added_at", "file_name_folded", "negative_folded",
    "sampler_folded", "seed",
)  # fmt: skip

TEXTS = ("prompt", "prompt_source", "metadata")
"""Columns that are read only for a change of texts."""
