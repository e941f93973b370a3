"""Picture files to import: in folders, in ZIP archives, one by one. Nothing is unpacked to disk."""

import os
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import IO

from django.utils import timezone

from .pictures import FORMATS, MAX_BYTES

SUFFIXES = {f".{suffix}" for _, suffix in FORMATS.values()} | {".jpeg", ".jfif"}
MAX_SIDECAR = 1024 * 1024  # bytes
UNREADABLE_MEMBER = (
    OSError, EOFError, zipfile.BadZipFile, zlib.error,
    RuntimeError,  # encrypted, or packed in a way that Python does not know
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file with its bytes, or with the reason why it has none; or one that is no picture."""

    name: str  # as the user knows it: a path, or `archive.zip/inner/path`
    data: bytes = b""
    modified: datetime | None = None
    sidecar: str = ""  # the text of `<same name>.txt` or `.json` beside it
    failure: str = ""
    ignored: bool = False


def find_files(path: Path) -> Iterator[FoundFile]:
    """The files at a path, a folder's and an archive's included, sorted by name.

    Hidden files are passed over, links are not followed. What is no picture by its first
    bytes is ignored, unless its name promises one.
    """
    if path.is_dir():
        for folder, folders, names in os.walk(path):
            folders[:] = sorted(name for name in folders if not _hidden(name))
            for name in sorted(names):
                file = Path(folder, name)
                if not _hidden(name) and not file.is_symlink():
                    yield from _find(file)
    elif path.exists():
        yield from _find(path)
    else:
        yield FoundFile(str(path), failure="there is no such file or folder")


def find_in_archive(name: str, file: IO[bytes]) -> Iterator[FoundFile]:
    """The files in a ZIP archive that was sent; `name` is what its sender calls it."""
    try:
        with zipfile.ZipFile(file) as archive:
            yield from _members(name, archive)
    except (OSError, zipfile.BadZipFile) as error:
        yield FoundFile(name, failure=str(error) or type(error).__name__)


def is_archive(head: bytes) -> bool:
    """Whether a file begins like a ZIP archive."""
    return head.startswith((b"PK\x03\x04", b"PK\x05\x06"))


def is_picture(head: bytes) -> bool:
    """Whether a file begins like one of the formats that the library keeps."""
    return (
        head.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a"))
        or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")
        or (head[4:8] == b"ftyp" and head[8:12] in (b"avif", b"avis", b"mif1"))
    )


def _find(path: Path) -> Iterator[FoundFile]:
    try:
        if path.suffix.lower() == ".zip":
            with zipfile.ZipFile(path) as archive:
                yield from _members(str(path), archive)
            return
        with path.open("rb") as file:
            head = file.read(16)
            size = os.fstat(file.fileno()).st_size
            if (odd := _odd(str(path), head, size)) is not None:
                yield odd
                return
            data = head + file.read()
            modified = datetime.fromtimestamp(os.fstat(file.fileno()).st_mtime, UTC)
    except (OSError, zipfile.BadZipFile) as error:
        yield FoundFile(str(path), failure=str(error) or type(error).__name__)
        return
    yield FoundFile(str(path), data, _not_later(modified), _sidecar(str(path), _read_path))


def _members(path: str, archive: zipfile.ZipFile) -> Iterator[FoundFile]:
    by_name = {info.filename: info for info in archive.infolist()}

    def read(name: str, limit: int) -> bytes:
        # Not more than is promised: a member's header may lie about its size.
        with archive.open(by_name[name]) as file:
            return file.read(limit)

    for inner, info in sorted(by_name.items()):
        if info.is_dir() or any(_hidden(part) for part in PurePosixPath(inner).parts):
            continue
        name = f"{path}/{inner}"
        try:
            head = read(inner, 16)
            if (odd := _odd(name, head, info.file_size)) is not None:
                yield odd
                continue
            data = read(inner, MAX_BYTES + 1)
        except UNREADABLE_MEMBER as error:
            yield FoundFile(name, failure=str(error) or type(error).__name__)
            continue
        sidecar = _sidecar(inner, lambda each: read(each, MAX_SIDECAR) if each in by_name else b"")
        yield FoundFile(name, data, _not_later(_zip_time(info)), sidecar)


def _odd(name: str, head: bytes, size: int) -> FoundFile | None:
    """What is to be said of a file that is not worth reading."""
    if not is_picture(head):
        promised = PurePosixPath(name).suffix.lower() in SUFFIXES
        return FoundFile(name, failure="not a picture" if promised else "", ignored=not promised)
    if size > MAX_BYTES:
        return FoundFile(name, failure=f"larger than {MAX_BYTES // 1024 // 1024} MB")
    return None


def _sidecar(path: str, read: Callable[[str], bytes]) -> str:
    stem = path.rpartition(".")[0]
    for suffix in (".txt", ".json"):
        if text := read(stem + suffix):
            return text.decode("utf-8-sig", "replace")
    return ""


def _read_path(path: str) -> bytes:
    try:
        with Path(path).open("rb") as file:
            return file.read(MAX_SIDECAR)
    except OSError:
        return b""


def _hidden(name: str) -> bool:
    return (name.startswith(".") and name.strip(".") != "") or name == "__MACOSX"


def _zip_time(info: zipfile.ZipInfo) -> datetime | None:
    try:
        return timezone.make_aware(datetime(*info.date_time))  # noqa: DTZ001  ZIP knows no zones
    except ValueError:
        return None


def _not_later(moment: datetime | None) -> datetime | None:
    """A moment, but none of the future: a wrong clock would put the picture before all others."""
    return min(moment, timezone.now()) if moment else None
