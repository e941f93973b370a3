"""What the search index and the counters need to know of one picture."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """One row of the library as its derived data sees it."""

    id: int
    prompt: str  # folded: see `gallery.text.fold`
    model: str
    aspect_ratio: str
    favorite: bool
    created_at: datetime
    file_size: int  # bytes
    trashed: bool
    tag_ids: frozenset[int]
    files: tuple[str, str] = field(compare=False)  # names in the storage: picture, thumbnail

    @classmethod
    def of(cls, row: Any, tag_ids: frozenset[int]) -> Self:
        """Of an `Image`, or of a named tuple of `COLUMNS`, that has these tags."""
        return cls(
            id=row.id,
            prompt=row.prompt_folded,
            model=row.model,
            aspect_ratio=row.aspect_ratio,
            favorite=row.favorite,
            created_at=row.created_at,
            file_size=row.file_size,
            trashed=row.trashed_at is not None,
            tag_ids=tag_ids,
            files=(str(row.file), str(row.thumbnail)),
        )


COLUMNS = (
    "id", "prompt_folded", "model", "aspect_ratio", "favorite", "created_at", "file_size",
    "trashed_at", "file", "thumbnail",
)  # fmt: skip
