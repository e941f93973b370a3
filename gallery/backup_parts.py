"""What other apps put into a backup beside the pictures, as JSON lines in members of their own."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Outcome(StrEnum):
    ADDED = "added"
    UPDATED = "updated"  # the backup's edit was newer
    UNCHANGED = "unchanged"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Restored:
    """What became of a record."""

    name: str
    outcome: Outcome
    reason: str = ""
    image_id: int | None = None


class BadRecord(ValueError):
    """A record is not one of its kind; the message names the field."""


@dataclass(frozen=True, slots=True)
class Part:
    """One kind of records. Pictures are named in them by the path of their file."""

    name: str  # of the option that asks for it; the member is called `<name>.jsonl`
    records: Callable[[], Iterator[dict[str, Any]]]
    restore: Callable[[dict[str, Any]], Outcome]  # raises BadRecord; the pictures are back
    reserve_ids: Callable[[int], None]

    @property
    def member(self) -> str:
        return f"{self.name}.jsonl"


parts: dict[str, Part] = {}
"""By name. Apps add theirs when they are ready."""
