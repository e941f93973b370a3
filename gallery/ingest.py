"""The only door for a new file."""

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from . import pictures, tagging
from .changes import changing
from .models import Image
from .text import fold


def add_image(
    *,
    data: bytes,
    source: Image.Source,
    prompt: str = "",
    model: str = "",
    aspect_ratio: str = "",
    tags: Iterable[str] = (),
    created_at: datetime | None = None,
    metadata: dict[str, Any] | None = None,
    favorite: bool = False,
    nsfw: bool = False,
) -> Image:
    """Put a picture into the library: file and thumbnail first, then row, tags, index, counters.

    A row never points to a file that is not whole. When the row cannot be written, the files
    go again; a crash in between leaves stray files, which `cleanup_orphans` finds.

    Args:
        aspect_ratio: as asked of the model; empty for the offered ratio nearest to the pixels.
        tags: names; doubles are left out.

    Raises:
        ValidationError: a tag's name is not valid.
        pictures.UnreadablePicture: the bytes are not a whole picture of a known format.
        OSError: the storage refused them (disk full, read-only).
    """
    names = tagging.clean_names(tags)
    picture = pictures.read_picture(data)
    created_at = created_at or timezone.now()
    stem = f"images/{created_at:%Y/%m/%d}/{uuid.uuid4().hex}"
    saved: list[str] = []
    try:
        for name, content in (
            (f"{stem}.{picture.suffix}", data),
            (f"{stem}.thumb.webp", picture.thumbnail),
        ):
            saved.append(default_storage.save(name, ContentFile(content)))
        new_ids: list[int] = []
        with changing(new_ids):
            image = Image.objects.create(
                file=saved[0],
                thumbnail=saved[1],
                content_type=picture.content_type,
                width=picture.width,
                height=picture.height,
                file_size=picture.size,
                content_hash=picture.content_hash,
                color=picture.color,
                prompt=prompt,
                prompt_folded=fold(prompt),
                model=model,
                aspect_ratio=aspect_ratio
                or pictures.nearest_aspect_ratio(picture.width, picture.height),
                source=source,
                metadata=metadata or {},
                created_at=created_at,
                updated_at=created_at,
                favorite=favorite,
                nsfw=nsfw,
            )
            new_ids.append(image.pk)
            tagging.attach(image_ids=new_ids, names=names)
    except BaseException:
        for name in saved:
            default_storage.delete(name)
        raise
    return image
