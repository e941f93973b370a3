"""The library of the original grok2api: `image_metadata.json` and the pictures beside it."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from django.utils import timezone

from . import tagging
from .imports import Imported, Item, Outcome, run, take_in
from .models import MAX_PROMPT_LENGTH

RECORDS = "image_metadata.json"
PICTURES = PurePosixPath("tmp/image")
USED = {
    "filename", "prompt", "model", "aspect_ratio", "created_at", "tags", "nsfw", "favorite",
    "file_size", "width", "height",
}  # fmt: skip


class LegacyError(ValueError):
    """The folder holds no such library, or its records cannot be read."""


def import_legacy(*, folder: Path, workers: int | None = None) -> Iterator[Imported]:
    """Take in a `data/` folder of grok2api; outcomes by record, then of files without one.

    A record that cannot be used and a picture that is not there are named and passed over.
    Fields that this library has no place for are kept in the picture's metadata, under
    `grok2api`. Run again, it passes over what is there.

    Raises:
        LegacyError
    """
    return run(take_in, _items(folder, _records(folder / RECORDS)), workers)


def _records(path: Path) -> list[Any]:
    try:
        found = json.loads(path.read_text("utf-8-sig"))
    except OSError as error:
        raise LegacyError(f"{path}: {error.strerror}") from None
    except ValueError as error:
        raise LegacyError(f"{path} cannot be read as JSON: {error}") from None
    records = found.get("images") if isinstance(found, dict) else found
    if isinstance(records, dict):
        records = list(records.values())
    if not isinstance(records, list):
        raise LegacyError(f"{path} has no list of images.")
    return records


def _items(folder: Path, records: list[Any]) -> Iterator[Item | Imported]:
    seen: set[str] = set()
    for number, record in enumerate(records, 1):
        filename = record.get("filename") if isinstance(record, dict) else None
        if not isinstance(filename, str) or not filename.strip():
            yield Imported(f"record {number}", Outcome.FAILED, reason="it names no file")
            continue
        # The name alone: a path in a record leads nowhere.
        name = PurePosixPath(filename.replace("\\", "/")).name
        seen.add(name)
        yield _item(folder / PICTURES / name, _facts(record))
    try:
        others = sorted((folder / PICTURES).iterdir())
    except OSError:
        return
    for path in others:
        if path.name not in seen and path.is_file() and not path.name.startswith("."):
            yield _item(path, {})


def _item(path: Path, facts: dict[str, Any]) -> Item | Imported:
    try:
        data = path.read_bytes()
    except OSError as error:
        return Imported(str(path), Outcome.FAILED, reason=error.strerror or str(error))
    return Item(str(path), data, facts)


def _facts(record: dict[str, Any]) -> dict[str, Any]:
    rest = {key: value for key, value in record.items() if key not in USED}
    return {
        "prompt": _text(record.get("prompt"), MAX_PROMPT_LENGTH),
        "model": _text(record.get("model"), 100),
        "aspect_ratio": _text(record.get("aspect_ratio"), 16),
        "created_at": _moment(record.get("created_at")),
        "favorite": record.get("favorite") is True,
        "nsfw": record.get("nsfw") is True,
        "tags": _tags(record.get("tags")),
        "metadata": {"grok2api": rest} if rest else {},
    }


def _text(value: Any, limit: int) -> str:
    return value.replace("\0", "").strip()[:limit] if isinstance(value, str) else ""


def _moment(value: Any) -> datetime | None:
    """Milliseconds since 1970; seconds and ISO texts are understood too.

    None also for a year that not every database can take.
    """
    try:
        if isinstance(value, str):
            moment = datetime.fromisoformat(value)
            moment = moment if timezone.is_aware(moment) else timezone.make_aware(moment)
        else:
            seconds = float(value)
            moment = datetime.fromtimestamp(seconds / 1000 if seconds > 1e11 else seconds, UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None
    return min(moment, timezone.now()) if moment.year >= 1000 else None


def _tags(value: Any) -> list[str]:
    """Those of the tags that are texts, cut to what this library takes."""
    texts = [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
    names = [name for text in texts for name in tagging.split_names(text)]
    printable = ("".join(each for each in name if each.isprintable()) for name in names)
    cut = [name[: tagging.MAX_TAG_LENGTH].strip() for name in printable]
    return [name for name in cut if name][: tagging.MAX_TAGS]
