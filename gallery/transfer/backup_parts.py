"""Lets other apps add records to a backup, as JSON lines in members of their own."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class RestoreOutcome(StrEnum):
    ADDED = "added"
    UPDATED = "updated"  # the backup's edit was newer
    UNCHANGED = "unchanged"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Restored:
    """The outcome of one record."""

    name: str
    outcome: RestoreOutcome
    reason: str = ""
    image_id: int | None = None


class BadRecord(ValueError):
    """The record is invalid; the message names the field."""


@dataclass(frozen=True, slots=True)
class Part:
    """One kind of records. They name pictures by the paths of their files."""

    name: str  # of the option that asks for it; the member is called `<name>.jsonl`
    records: Callable[[], Iterator[dict[str, Any]]]
    restore: Callable[[dict[str, Any]], RestoreOutcome]  # raises BadRecord; the pictures are back
    reserve_ids: Callable[[int], None]

    @property
    def member(self) -> str:
        return f"{self.name}.jsonl"


parts: dict[str, Part] = {}
"""Parts by name. Apps add theirs when they are ready."""
