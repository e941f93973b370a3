"""Pictures for tests, in the library."""

from collections.abc import Iterable
from typing import Any

from gallery.files import file_names, pictures
from gallery.jobs import ingest, tagging
from gallery.jobs.changes import repeated
from gallery.models import Image


@repeated
def add_image(
    *,
    data: bytes,
    source: Image.Source,
    tags: Iterable[str] = (),
    file_name: str = "",
    thumbnail_later: bool = False,
    **facts: Any,
) -> Image:
    """Put a picture into the library by its only door, with nothing that belongs to it."""
    picture = pictures.read_picture(data, thumbnail_later=thumbnail_later)
    facts |= {"tags": tagging.clean_names(tags), "file_name": file_names.clean(file_name)}
    with ingest.adding(picture, data, source=source, **facts) as image:
        return image
