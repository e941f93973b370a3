"""A picture's row as a flat record, for manifests and backups, and back again."""

from datetime import datetime
from typing import Any

from .models import Image

FIELDS = (
    "content_type", "width", "height", "file_size", "content_hash", "color", "prompt", "model",
    "aspect_ratio", "source", "metadata", "favorite", "nsfw",
)  # fmt: skip
MOMENTS = ("created_at", "updated_at", "trashed_at")


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
