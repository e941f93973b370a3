"""Imports the library of the original grok2api: `image_metadata.json` and the pictures beside
it."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from django.utils import timezone

from ..files.pictures import MAX_BYTES
from ..jobs import tagging
from ..soundness import (
    EARLIEST,
    MAX_MODEL_LENGTH,
    MAX_PROMPT_LENGTH,
    Unsound,
    sound_json,
    sound_text,
)
from .found_files import open_regular, reason
from .imports import Imported, ImportOutcome, Item, run, take_in

RECORDS = "image_metadata.json"
PICTURES = PurePosixPath("tmp/image")
USED = {
    "filename", "prompt", "model", "aspect_ratio", "created_at", "tags", "nsfw", "favorite",
    "file_size", "width", "height",
}  # fmt: skip


MAX_RECORDS = 1024 * 1024 * 1024  # bytes
MAX_DIGITS = 1000
TOO_DEEP = 200
BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[][{}]', re.DOTALL)
"""Brackets of JSON and its strings, so that a bracket inside a string does not count. It never
backtracks."""


class LegacyError(ValueError):
    """The folder has no such library, or its records cannot be read."""


def import_legacy(*, folder: Path, workers: int | None = None) -> Iterator[Imported]:
    """Import a `data/` folder of grok2api; yield outcomes by record, then of files without one.

    An unusable record or a missing picture is named and skipped. Fields without a counterpart here
    are kept in the picture's metadata, under `grok2api`. Running it again skips what is there.

    Raises:
        LegacyError
    """
    return run(take_in, _items(folder, _records(folder / RECORDS)), workers)


def _records(path: Path) -> list[Any]:
    try:
        with open_regular(path) as file:
            data = file.read(MAX_RECORDS + 1)
        text = data.decode("utf-8-sig")
    except (OSError, ValueError) as error:
        raise LegacyError(f"{path}: {reason(error)}") from None
    if len(data) > MAX_RECORDS:
        raise LegacyError(f"{path} is larger than {MAX_RECORDS // 1024 // 1024} MB.")
    try:
        found = json.loads(_flattened(text), parse_constant=_none, parse_int=_whole)
    except ValueError as error:
        raise LegacyError(f"{path} cannot be read as JSON: {error}") from None
    records = found.get("images") if isinstance(found, dict) else found
    if isinstance(records, dict):
        records = list(records.values())
    if not isinstance(records, list):
        raise LegacyError(f"{path} has no list of images.")
    return records


def _flattened(text: str) -> str:
    """Parse the JSON, with infinity in place of anything nested too deeply for a parser.

    No row can hold an infinity, so the record that contains it is reported.
    """
    depth, kept, out = 0, 0, []
    for bracket in BRACKETS.finditer(text):
        if bracket[0] in "[{":
            depth += 1
            if depth == TOO_DEEP:
                out.append(text[kept : bracket.start()])
        elif bracket[0] in "]}":
            if depth == TOO_DEEP:
                out.append("Infinity")
                kept = bracket.end()
            depth -= 1
    return text if not out else "".join(out) + text[kept:]


def _none(name: str) -> float:
    """Read NaN and the infinities, which JSON does not allow, so that their record is reported."""
    return float(name)


def _whole(digits: str) -> float | int:
    """Read a number with thousands of digits as infinity, so that its record is reported."""
    return int(digits) if len(digits) <= MAX_DIGITS else float("inf")


def _items(folder: Path, records: list[Any]) -> Iterator[Item | Imported]:
    seen: set[str] = set()
    for number, record in enumerate(records, 1):
        filename = record.get("filename") if isinstance(record, dict) else None
        if not isinstance(filename, str) or not filename.strip():
            yield Imported(f"record {number}", ImportOutcome.FAILED, reason="it names no file")
            continue
        # Use the bare name: paths in records are not valid here.
        name = PurePosixPath(filename.replace("\\", "/")).name
        seen.add(name)
        path = folder / PICTURES / name
        try:
            yield _item(path, _facts(record))
        except Unsound as error:
            yield Imported(str(path), ImportOutcome.FAILED, reason=f"its record {error}")
    try:
        others = sorted((folder / PICTURES).iterdir())
    except OSError:
        return
    for path in others:
        if path.name not in seen and not path.is_dir() and not path.name.startswith("."):
            yield _item(path, {})


def _item(path: Path, facts: dict[str, Any]) -> Item | Imported:
    try:
        with open_regular(path) as file:
            data = file.read(MAX_BYTES + 1)  # one more is told as too large
    except (OSError, ValueError) as error:
        return Imported(str(path), ImportOutcome.FAILED, reason=reason(error))
    return Item(str(path), data, {**facts, "file_name": path.name})


def _facts(record: dict[str, Any]) -> dict[str, Any]:
    """Return what `ingest.take_in` should know of the picture.

    Raises:
        Unsound: the record holds what no row can.
    """
    rest = {key: value for key, value in record.items() if key not in USED}
    return {
        "prompt": _text(record.get("prompt"), MAX_PROMPT_LENGTH),
        "model": _text(record.get("model"), MAX_MODEL_LENGTH),
        "aspect_ratio": _text(record.get("aspect_ratio"), 16),
        "created_at": _moment(record.get("created_at")),
        "favorite": record.get("favorite") is True,
        "nsfw": record.get("nsfw") is True,
        "tags": _tags(record.get("tags")),
        "metadata": sound_json({"grok2api": rest}) if rest else {},
    }


def _text(value: Any, limit: int) -> str:
    text = value.replace("\0", "").strip()[:limit] if isinstance(value, str) else ""
    return sound_text(text, limit=limit)


def _moment(value: Any) -> datetime | None:
    """Read milliseconds since 1970; seconds and ISO texts are understood, too.

    Return None for anything else, and for a year that some database cannot store.
    """
    try:
        if isinstance(value, bool):
            return None
        if isinstance(value, str):
            moment = datetime.fromisoformat(value)
            moment = moment if timezone.is_aware(moment) else timezone.make_aware(moment)
            moment = moment.astimezone(UTC)  # which the first and the last day may not have
        else:
            seconds = float(value)
            moment = datetime.fromtimestamp(seconds / 1000 if seconds > 1e11 else seconds, UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None
    return min(moment, timezone.now()) if moment >= EARLIEST else None


def _tags(value: Any) -> list[str]:
    """Return the tags that are texts, cut to the longest that this library allows."""
    texts = [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
    names = [name for text in texts for name in tagging.split_names(text)]
    printable = ("".join(each for each in name if each.isprintable()) for name in names)
    cut = [name[: tagging.MAX_TAG_LENGTH].strip() for name in printable]
    return [name for name in cut if name][: tagging.MAX_TAGS]
