"""The gallery's pages. The address holds the state of each, and all require a staff login."""

from .archive import export
from .emptying import empty_trash
from .events import events
from .history import history, history_undo
from .image import (
    image_delete,
    image_detail,
    image_favorite,
    image_prompt,
    image_restore,
    image_sensitive,
    image_tags,
)
from .listing import image_list, trash
from .live import count, periods, selection, statistics, suggestions
from .preferences import preferences
from .sensitive import sensitive

__all__ = [
    "count",
    "empty_trash",
    "events",
    "export",
    "history",
    "history_undo",
    "image_delete",
    "image_detail",
    "image_favorite",
    "image_list",
    "image_prompt",
    "image_restore",
    "image_sensitive",
    "image_tags",
    "periods",
    "preferences",
    "selection",
    "sensitive",
    "statistics",
    "suggestions",
    "trash",
]
