"""A picture's row as a flat record, for manifests and backups, and back again."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone

from . import tagging
from .models import Image
from .pictures import FORMATS
from .text import fold

EDITABLE = ("prompt", "model", "aspect_ratio", "metadata", "favorite", "nsfw")
FIELDS = (
    "content_type", "width", "height", "file_size", "content_hash", "color", "source", *EDITABLE,
)  # fmt: skip
MOMENTS = ("created_at", "updated_at", "trashed_at")

PATH = re.compile(r"images/(?:[\w-]+/)*[\w-][\w.-]*\.(\w+)")
"""Where the library keeps its files. No `..`, nothing outside."""


class BadRecord(ValueError):
    """A record is not one of a picture; the message names the field."""


def as_record(image: Image) -> dict[str, Any]:
    """Everything that the library knows of a picture, in JSON's types; tags by name.

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
    """The picture of a record, not saved and without a key, and the names of its tags.

    Raises:
        BadRecord: a field is missing or not what it must be.
    """
    try:
        image = Image(**{name: record[name] for name in FIELDS})
        image.file, image.thumbnail = record["path"], record["thumbnail_path"]
        for name in MOMENTS:
            setattr(image, name, _moment(record[name]))
        image.prompt_folded = fold(image.prompt)
        names = tagging.clean_names(record["tags"])
        image.clean_fields()
    except KeyError as error:
        raise BadRecord(f"{error.args[0]}: missing") from None
    except ValidationError as error:
        raise BadRecord("; ".join(error.messages)) from None
    except (TypeError, ValueError, AttributeError) as error:
        raise BadRecord(str(error)) from None
    suffixes = {
        suffix for content_type, suffix in FORMATS.values() if content_type == image.content_type
    }
    for name, allowed in (("path", suffixes), ("thumbnail_path", {"webp"})):
        match = PATH.fullmatch(record[name]) if isinstance(record[name], str) else None
        if match is None or match[1] not in allowed:
            raise BadRecord(f"{name}: {str(record[name])[:80]!r}")
    return image, names


def _moment(value: str | None) -> datetime | None:
    if value is None:
        return None
    moment = datetime.fromisoformat(value)
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment)
