"""Files on this machine's disk, written so that a crash leaves no half of one."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.core.files.base import File
from django.core.files.storage import FileSystemStorage
from django.dispatch import Signal
from django.utils.deconstruct import deconstructible

storage_failed = Signal()
"""Sent with `operation` ("save", "open", "delete") when a storage refuses; whoever counts listens.

Of a file that is not there nothing is sent: that is an answer, not a failure.
"""

PART_SUFFIX = ".part"
"""Ends the temporary name of a file that is being written."""


class StorageFailure(OSError):
    """The place of pictures refused, or does not answer."""


@deconstructible(path="gallery.storage.DurableFileSystemStorage")
class DurableFileSystemStorage(FileSystemStorage):
    """`save()` returns when the bytes and the name are on the disk.

    A file is written under a temporary name, synced, and only then given its own name;
    the folder is synced after it. Whoever reads sees the whole file or none.
    """

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
        _make_folder(target.parent)
        handle, part = tempfile.mkstemp(suffix=PART_SUFFIX, dir=target.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                for chunk in content.chunks():
                    file.write(chunk)
                file.flush()
                os.fchmod(file.fileno(), self.file_permissions_mode or 0o644)
                os.fsync(file.fileno())
            Path(part).replace(target)
        except BaseException:
            Path(part).unlink(missing_ok=True)
            raise
        _sync_folder(target.parent)
        return name.replace("\\", "/")


@contextmanager
def failures_told(operation: str) -> Iterator[None]:
    """Sends `storage_failed` for an OSError inside, which goes on."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError:
        storage_failed.send(sender=None, operation=operation)
        raise


def _make_folder(folder: Path) -> None:
    """A folder whose name is on the disk, and those of the folders above it that were new too."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":  # Windows cannot open a folder, and journals renames itself
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
