"""Stores files on a local disk so that a crash never leaves half of one."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import FileSystemStorage
from django.dispatch import Signal
from django.utils.deconstruct import deconstructible

storage_failed = Signal()
"""Sent with `operation` ("save", "open", "delete") when a storage refuses. A missing file is an
answer, not a failure, and sends nothing."""

QUARANTINE = "quarantine"
"""The folder for what cannot be taken in; scans skip it."""

PART_SUFFIX = ".part"
"""The suffix of a file that is being written."""

WRITTEN_AT_ONCE = 1024 * 1024
"""Bytes."""


class StorageFailure(OSError):
    """The storage refused, or does not answer."""


@deconstructible(path="gallery.files.storage.DurableFileSystemStorage")
class DurableFileSystemStorage(FileSystemStorage):
    """A storage whose `save()` returns when both the bytes and the name are on the disk.

    Only the program's own user can read the files, and the group `MEDIA_GROUP` if one is set. A
    file is written under a temporary name, synced, and then renamed; the folder is synced after
    that. Readers see the complete file or none.
    """

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        """Return the name as it is: names are uuids, and writing one again replaces the whole
        file."""
        return name

    def _open(self, name: str, mode: str = "rb") -> "File[bytes]":
        with failures_told("open"):
            file: File[bytes] = super()._open(name, mode)  # type: ignore[misc]
            return file

    def delete(self, name: str) -> None:
        with failures_told("delete"):
            super().delete(name)

    def _save(self, name: str, content: "File[bytes]") -> str:
        with failures_told("save"):
            return self._write(name, content)

    def _write(self, name: str, content: "File[bytes]") -> str:
        target = Path(self.path(name))
        folder = target.parent
        _make_folder(folder)
        part = folder / f"{uuid.uuid4().hex}{PART_SUFFIX}"
        try:
            with open(part, "xb", opener=_privately) as file:
                file.writelines(content.chunks(WRITTEN_AT_ONCE))
                file.flush()
                _open_to_group(file.fileno(), file_mode())
                os.fsync(file.fileno())
            part.replace(target)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        _sync_folder(folder)
        return name.replace("\\", "/")


@contextmanager
def failures_told(operation: str) -> Iterator[None]:
    """Send `storage_failed` for an OSError inside the block, and let it propagate."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError:
        storage_failed.send(sender=None, operation=operation)
        raise


def _privately(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _make_folder(folder: Path) -> None:
    """Create a folder and its missing parents, and sync their names to the disk."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    if Path(settings.MEDIA_ROOT) in (folder, *folder.parents):
        _open_to_group(folder, folder_mode())
    _sync_folder(folder.parent)


def file_mode() -> int:
    """Return the mode of a picture's file."""
    return 0o600 if settings.MEDIA_GROUP is None else 0o640


def folder_mode() -> int:
    """Return the mode of a folder of pictures; new files in it get its group (setgid)."""
    return 0o700 if settings.MEDIA_GROUP is None else 0o2750


def _open_to_group(place: Path | int, mode: int) -> None:
    if settings.MEDIA_GROUP is not None:
        os.chown(place, -1, settings.MEDIA_GROUP)
    os.chmod(place, mode)  # noqa: PTH101  (a descriptor has no such method)


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":  # Windows cannot open a folder, and journals renames itself
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
