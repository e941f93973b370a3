"""What the search index and the counters need to know of one picture."""

from dataclasses import dataclass, field
from datetime import datetime


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
