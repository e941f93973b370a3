"""Finds picture files to import: in folders, in ZIP archives, one by one; nothing is unpacked to
disk."""

import os
import stat
import zipfile
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO

from django.utils import timezone

from ..files.metadata.formats import FORMATS, HEAD, OF_MEDIA_TYPE, format_of, other_format
from ..files.pictures import MAX_BYTES, not_kept
from . import library_archives, zip_members
from .zip_members import UnreadableArchive, UnreadableMember

SUFFIXES = {f".{suffix}" for each in FORMATS for suffix in each.suffixes}
ACCEPTED = (*OF_MEDIA_TYPE, "application/zip", ".zip")
"""What a browser offers to send: pictures and archives, as a file field's `accept` names them."""
SIDECARS = (".txt", ".json", ".xmp")
"""Endings of files with a picture's text, in place of its suffix or after it."""
MAX_SIDECAR = 1024 * 1024  # bytes
UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")

OF_A_LIBRARY = "an export or a backup of a library: `manage.py restore_backup` brings it back"


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file with its bytes, or the reason why it has none; it may not be a picture."""

    name: str  # as the user knows it: a path, or `archive.zip/inner/path`
    data: bytes = b""
    modified: datetime | None = None
    sidecar: str = ""  # the text of a file beside it, `picture.txt` or `picture.png.txt`
    failure: str = ""
    ignored: bool = False
    kind: str = ""  # of a format that is not kept: its name, where it is known


def find_files(path: Path) -> Iterator[FoundFile]:
    """Find the files at a path, including those of a folder or an archive, sorted by name.

    Hidden files are skipped and links not followed. A file that does not begin like a picture is
    ignored, and its format named if known, unless its own name promises a picture. Pipes, devices,
    broken links and unreadable folders are reported.
    """
    if not os.path.lexists(path):
        yield FoundFile(str(path), failure="no such file or folder")
        return
    if not path.is_dir():
        yield from _find(path)
        return
    closed: list[OSError] = []
    for folder, folders, names in os.walk(path, onerror=closed.append):
        folders[:] = sorted(name for name in folders if not _hidden(name))
        for name in sorted(names):
            file = Path(folder, name)
            if not _hidden(name) and not (file.is_symlink() and file.exists()):
                yield from _find(file)
    for error in closed:
        yield FoundFile(str(error.filename), failure=reason(error))


def find_in_archive(
    name: str, file: IO[bytes], *, without: Collection[str] = ()
) -> Iterator[FoundFile]:
    """Find the files in an uploaded ZIP archive; `name` is what its sender calls it.

    Args:
        without: names of members to skip.
    """
    try:
        with zip_members.opened(file) as archive:
            yield from _members(name, archive, without)
    except UnreadableArchive as error:
        yield FoundFile(name, failure=str(error))


def is_of_a_library(file: IO[bytes]) -> bool:
    """Return whether a file is an export or a backup of a library."""
    file.seek(0)
    try:
        with zip_members.opened(file) as archive:
            return library_archives.is_of_a_library(archive)
    except UnreadableArchive:
        return False


def is_archive(head: bytes) -> bool:
    """Return whether a file begins like a ZIP archive."""
    return head.startswith((b"PK\x03\x04", b"PK\x05\x06"))


def is_picture(head: bytes) -> bool:
    """Return whether a file begins like one of the formats that the library keeps."""
    return format_of(head) is not None


def _find(path: Path) -> Iterator[FoundFile]:
    try:
        with open_regular(path) as file:
            if path.suffix.lower() == ".zip":
                with zip_members.opened(file) as archive:
                    if library_archives.is_of_a_library(archive):
                        yield FoundFile(str(path), failure=OF_A_LIBRARY)
                    else:
                        yield from _members(str(path), archive)
                return
            head = file.read(HEAD)
            state = os.fstat(file.fileno())
            if (odd := _odd(str(path), head, state.st_size)) is not None:
                yield odd
                return
            data = head + file.read(MAX_BYTES)
            modified = datetime.fromtimestamp(state.st_mtime, UTC)
    except (OSError, OverflowError, ValueError) as error:
        yield FoundFile(str(path), failure=reason(error))
        return
    yield FoundFile(str(path), data, modified, _sidecar(str(path), _read_path))


class NotRegular(ValueError):
    """A pipe, device or socket: reading it may wait for ever, or never end."""


@contextmanager
def open_regular(path: Path) -> Iterator[BinaryIO]:
    """Open a regular file for reading.

    Raises:
        NotRegular
        OSError
    """
    # Opening a pipe would wait for somebody who writes.
    descriptor = os.open(
        path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    )
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise NotRegular("a pipe, device or folder, and no file")
        yield file


def reason(error: Exception) -> str:
    """Describe an error to people."""
    return (isinstance(error, OSError) and error.strerror) or str(error) or type(error).__name__


def _members(
    path: str, archive: zipfile.ZipFile, without: Collection[str] = ()
) -> Iterator[FoundFile]:
    by_name: dict[str, list[zipfile.ZipInfo]] = {}
    for info in archive.infolist():
        by_name.setdefault(info.filename, []).append(info)

    def read(info: zipfile.ZipInfo, limit: int) -> bytes:
        # Not more than is promised: a member's header may lie about its size.
        with zip_members.member(archive, info) as file:
            return file.read(limit)

    def beside(place: int, name: str) -> bytes:
        """Return the sidecar text of the picture at this place among those of its name."""
        same = by_name.get(name, [])
        try:
            return read(same[min(place, len(same) - 1)], MAX_SIDECAR) if same else b""
        except UnreadableMember:
            return b""  # the picture counts without it

    spelled = zip_members.speller(archive.infolist())
    # Members may share a name: each is a file of its own.
    seen: Counter[str] = Counter()
    for info in sorted(archive.infolist(), key=lambda each: each.filename):
        inner = info.filename
        seen[inner] += 1
        if (
            inner in without
            or info.is_dir()
            or any(_hidden(part) for part in PurePosixPath(inner).parts)
        ):
            continue
        name = f"{path}/{spelled(info)}"
        try:
            head = read(info, HEAD)
            if (odd := _odd(name, head, info.file_size)) is not None:
                yield odd
                continue
            data = read(info, MAX_BYTES + 1)
        except UnreadableMember as error:
            yield FoundFile(name, failure=str(error))
            continue
        sidecar = _sidecar(inner, partial(beside, seen[inner] - 1))
        yield FoundFile(name, data, _zip_time(info), sidecar)


def _odd(name: str, head: bytes, size: int) -> FoundFile | None:
    """Describe a file that is not worth reading."""
    if not is_picture(head):
        if PurePosixPath(name).suffix.lower() in SUFFIXES:
            return FoundFile(name, failure=str(not_kept(head)))
        return FoundFile(name, ignored=True, kind=other_format(head))
    if size > MAX_BYTES:
        return FoundFile(name, failure=f"larger than {MAX_BYTES // 1024 // 1024} MB")
    return None


def _sidecar(path: str, read: Callable[[str], bytes]) -> str:
    stem, _, suffix = path.rpartition(".")
    is_suffix = stem and not {"/", os.sep} & set(suffix)
    for suffix in SIDECARS:
        for name in (stem, path) if is_suffix else (path,):
            if text := read(name + suffix):
                code = "utf-16" if text.startswith(UTF16_MARKS) else "utf-8-sig"
                return text.decode(code, "replace")
    return ""


def _read_path(path: str) -> bytes:
    try:
        with open_regular(Path(path)) as file:
            return file.read(MAX_SIDECAR)
    except (OSError, NotRegular):
        return b""


def _hidden(name: str) -> bool:
    return (name.startswith(".") and name.strip(".") != "") or name == "__MACOSX"


def _zip_time(info: zipfile.ZipInfo) -> datetime | None:
    try:
        return timezone.make_aware(datetime(*info.date_time))  # noqa: DTZ001  ZIP knows no zones
    except ValueError:
        return None
