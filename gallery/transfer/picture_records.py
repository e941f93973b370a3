"""Converts a picture's row to a flat record, for manifests and backups, and back."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from django.core.exceptions import ValidationError

from ..files import file_names, pictures
from ..files.metadata.formats import OF_MEDIA_TYPE
from ..jobs import tagging
from ..models import Image
from ..soundness import (
    MAX_MODEL_LENGTH,
    MAX_PROMPT_LENGTH,
    MAX_ROW_ID,
    Unsound,
    sound_flag,
    sound_json,
    sound_moment,
    sound_number,
    sound_text,
)
from .backup_parts import BadRecord

EDITABLE = ("prompt", "prompt_source", "model", "aspect_ratio", "metadata", "favorite", "nsfw")
FIELDS = (
    "file_name", "content_type", "width", "height", "file_size", "content_hash", "color", "source",
    "thumbnail_version", *EDITABLE,
)  # fmt: skip
MOMENTS = ("created_at", "added_at", "updated_at", "trashed_at")

PATH = re.compile(r"images/(?:[a-z0-9_-]+/)*[a-z0-9_-]+\.([a-z]+)")
"""A path of the library's own files: no `..`, nothing outside; no capitals and no accents, since
some disks and databases take `A`, `a` and `á` for one; no further dot, which marks a file derived
from another one."""

THUMBNAIL = re.compile(r"images/(?:[\w-]+/)*[\w-][\w.-]*\.webp")
MAX_PATH = 180
"""The most characters, so that derived names have room."""

NUMBERS = 2**31 - 1

UNSAID: dict[str, Callable[[Mapping[str, Any]], Any]] = {
    "file_name": lambda _: "",
    "prompt_source": lambda _: "",
    "added_at": lambda record: record.get("created_at"),
    "thumbnail_version": lambda _: 1,
}
"""The value of a field in a record of a library that did not have it."""


def as_record(image: Image) -> dict[str, Any]:
    """Return everything that the library knows of a picture, in JSON's types, with tags by name.

    The tags should be there already (`with_tags`), else each picture costs a query.
    """
    record: dict[str, Any] = {"id": image.pk, "path": image.file.name}
    record["thumbnail_path"] = image.thumbnail.name
    record |= {name: getattr(image, name) for name in FIELDS}
    for name in MOMENTS:
        moment: datetime | None = getattr(image, name)
        record[name] = moment.isoformat() if moment else None
    record["tags"] = [tag.name for tag in image.tags.all()]
    return record


def from_record(record: Mapping[str, Any]) -> tuple[Image, list[str]]:
    """Build an unsaved picture without a key from a record; return it and the names of its tags.

    Its thumbnail's path follows from its own: where a record says otherwise, it is not believed.

    Raises:
        BadRecord: a field is missing or not what it must be.
    """
    said = {**record}
    for name, default in UNSAID.items():
        said.setdefault(name, default(record))
    values = {name: _checked(said, name) for name in CHECKS}
    names = _tags(record)
    path = values.pop("path")
    del values["id"], values["thumbnail_path"]
    match = PATH.fullmatch(path)
    if match is None or match[1] != OF_MEDIA_TYPE[values["content_type"]].suffix:
        raise BadRecord(f"path: {path[:80]!r}")
    image = Image(**values, file=path, thumbnail=pictures.thumbnail_name(path))
    image.derive()
    return image, names


def stem_of(path: str) -> str:
    """Return a file's name without its suffix, which the files derived from it share."""
    return path.rpartition(".")[0]


def id_of(record: Mapping[str, Any]) -> int | None:
    """Return the record's id if the library may use it, else None."""
    try:
        return sound_id(record.get("id"))
    except Unsound:
        return None


def _checked(record: Mapping[str, Any], name: str) -> Any:
    try:
        return CHECKS[name](record[name])
    except KeyError:
        raise BadRecord(f"{name}: missing") from None
    except Unsound as error:
        raise BadRecord(f"{name}: {error}") from None


def _tags(record: Mapping[str, Any]) -> list[str]:
    names = record.get("tags")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise BadRecord("tags: must be a list of texts")
    try:
        return tagging.clean_names(names)
    except ValidationError as error:
        raise BadRecord(f"tags: {'; '.join(error.messages)}") from None


def _matching(pattern: str, value: object) -> str:
    text = sound_text(value, limit=200)
    if not re.fullmatch(pattern, text):
        raise Unsound(f"{text[:80]!r}")
    return text


def _one_of(options: Callable[[], set[str]], value: object) -> str:
    text = sound_text(value, limit=64)
    if text not in options():
        raise Unsound(f"{text!r} is none that the library knows")
    return text


def _or_null(value: object) -> datetime | None:
    return None if value is None else sound_moment(value)


def _file_name(value: object) -> str:
    return file_names.clean(sound_text(value, limit=1000))


sound_id = partial(sound_number, least=1, most=MAX_ROW_ID)

CHECKS: dict[str, Callable[[object], Any]] = {
    "id": sound_id,
    "path": partial(sound_text, limit=MAX_PATH),
    "thumbnail_path": partial(_matching, THUMBNAIL.pattern),
    "file_name": _file_name,
    "content_type": partial(_one_of, lambda: set(OF_MEDIA_TYPE)),
    "width": partial(sound_number, least=1, most=NUMBERS),
    "height": partial(sound_number, least=1, most=NUMBERS),
    "file_size": partial(sound_number, least=0, most=2**62),
    "content_hash": partial(_matching, "[0-9a-f]{64}"),
    "color": partial(_matching, "#[0-9a-f]{6}"),
    "thumbnail_version": partial(sound_number, least=1, most=2**15 - 1),
    "source": partial(_one_of, lambda: set(Image.Source.values)),
    "prompt": partial(sound_text, limit=MAX_PROMPT_LENGTH),
    "prompt_source": partial(_one_of, lambda: {"", *Image.PromptSource.values}),
    "model": partial(sound_text, limit=MAX_MODEL_LENGTH),
    "aspect_ratio": partial(sound_text, limit=16),
    "metadata": sound_json,
    "favorite": sound_flag,
    "nsfw": sound_flag,
    "created_at": sound_moment,
    "added_at": sound_moment,
    "updated_at": sound_moment,
    "trashed_at": _or_null,
}
"""The check for each field of a record."""
