"""The gallery's pages. The state of each is in its address; every one needs a staff login."""

from .archive import export
from .emptying import empty_trash
from .events import events
from .image import (
    image_delete,
    image_detail,
    image_favorite,
    image_restore,
    image_sensitive,
    image_tags,
)
from .listing import image_list, trash
from .live import count, selection, statistics, suggestions
from .sensitive import sensitive

__all__ = [
    "count",
    "empty_trash",
    "events",
    "export",
    "image_delete",
    "image_detail",
    "image_favorite",
    "image_list",
    "image_restore",
    "image_sensitive",
    "image_tags",
    "selection",
    "sensitive",
    "statistics",
    "suggestions",
    "trash",
]
