"""Restricts who may read a library's files on this machine: its own user, and a group for pictures.

New files have their mode from the first byte on (`manage.py`, `gallery.files.storage`). This module
corrects files that an earlier release wrote, or somebody copied.
"""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from gallery.files.storage import file_mode, folder_mode

OWN = ("grok2api.sqlite3*", "secret_key", "*.lock", "*.zip", "*.part")
"""Files that the program writes into DATA_DIR, including backups as the documentation names
them."""

LOGS = ("app.log*", ".__app.lock")


def close_to_others() -> int:
    """Remove excess rights from files and folders; return how many had any.

    Files of other users stay as they are, and so do the targets of links. The folder of pictures
    comes after its files: if it is right, they are, and are not checked.
    """
    if os.name != "posix":
        return 0
    closed = 0
    data_mode = 0o700 if _media_is_elsewhere() else 0o710
    group = None if _media_is_elsewhere() else settings.MEDIA_GROUP
    for folder, patterns in ((settings.DATA_DIR, OWN), (settings.LOG_DIR, LOGS)):
        for pattern in patterns:
            closed += sum(_set(path, 0o600, None) for path in folder.glob(pattern))
        mode = data_mode if folder == settings.DATA_DIR else 0o700
        closed += _set(folder, mode, group if mode == 0o710 else None)
    return closed + (0 if settings.S3 else _close_pictures(Path(settings.MEDIA_ROOT)))


def unreadable_for_group() -> Path | None:
    """Return the folder above the pictures that `MEDIA_GROUP` cannot enter; None if there is
    none."""
    for folder in Path(settings.MEDIA_ROOT).parents:
        state = folder.stat()
        by_group = state.st_gid == settings.MEDIA_GROUP and state.st_mode & stat.S_IXGRP
        if not (by_group or state.st_mode & stat.S_IXOTH):
            return folder
    return None


def _media_is_elsewhere() -> bool:
    inside = Path(settings.DATA_DIR) in Path(settings.MEDIA_ROOT).parents
    return settings.MEDIA_GROUP is None or not inside


def _close_pictures(root: Path) -> int:
    if not root.is_dir() or _is_right(root, folder_mode(), settings.MEDIA_GROUP):
        return 0
    closed = 0
    for path, is_folder in _below(root):
        closed += _set(path, folder_mode() if is_folder else file_mode(), settings.MEDIA_GROUP)
    return closed + _set(root, folder_mode(), settings.MEDIA_GROUP)


def _below(root: Path) -> Iterator[tuple[Path, bool]]:
    for folder, folders, files in os.walk(root):
        yield from ((Path(folder, name), True) for name in folders)
        yield from ((Path(folder, name), False) for name in files)


def _set(path: Path, mode: int, group: int | None) -> int:
    """Return 1 if the mode was changed, else 0."""
    try:
        state = path.lstat()
        regular = stat.S_ISREG(state.st_mode) or stat.S_ISDIR(state.st_mode)
        if not regular or state.st_uid != os.geteuid() or _is_right(path, mode, group):
            return 0
        if group is not None:
            os.chown(path, -1, group)
        path.chmod(mode)
    except FileNotFoundError:  # gone meanwhile
        return 0
    return 1


def _is_right(path: Path, mode: int, group: int | None) -> bool:
    state = path.lstat()
    return stat.S_IMODE(state.st_mode) == mode and group in (None, state.st_gid)
