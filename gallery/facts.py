"""The facts about one picture that the search index and the counters need.

Computes the columns that searches read beside a picture's own: folded texts and file facts.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from .text import fold

MAX_SEED = 40
"""The most digits of a seed; no tool takes longer numbers."""
SEED = re.compile(r"-?[0-9]{1,39}")
BETWEEN_WORDS = re.compile(r"[ _-]")

SEEDS = ("seed", "noiseseed")
SAMPLERS = ("sampler", "samplername")
"""The names that tools give to samplers, in lower case and without separators."""

DERIVED = ("prompt_folded", "file_name_folded", "negative_folded", "sampler_folded", "seed")


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


def derived(prompt: str, file_name: str, metadata: Any) -> dict[str, str]:
    """Return the values of the derived columns by name."""
    negative, sampler, seed = embedded_facts(metadata)
    return {
        "prompt_folded": fold(prompt),
        "file_name_folded": fold(file_name),
        "negative_folded": fold(negative),
        "sampler_folded": fold(sampler),
        "seed": seed,
    }


def embedded_facts(metadata: Any) -> tuple[str, str, str]:
    """Return negative prompt, sampler and seed from the picture's file; empty if it names none."""
    found = metadata.get("embedded") if isinstance(metadata, Mapping) else None
    if not isinstance(found, Mapping):
        return "", "", ""
    parameters = found.get("parameters")
    named = parameters if isinstance(parameters, Mapping) else {}
    seed = _first(named, SEEDS)
    return (
        _text(found.get("negative_prompt")),
        _first(named, SAMPLERS),
        seed if SEED.fullmatch(seed) else "",
    )


def _first(parameters: Mapping[str, Any], names: Iterable[str]) -> str:
    plain = {BETWEEN_WORDS.sub("", str(key)).lower(): value for key, value in parameters.items()}
    return next((text for name in names if (text := _text(plain.get(name)))), "")


def _text(value: Any) -> str:
    """Return a text, or a whole number as text."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip() if isinstance(value, str | int) and value is not True else ""
