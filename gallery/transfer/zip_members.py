"""Reads ZIP archives that others made, and never more than a given number of bytes."""

import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

UNREADABLE = (
    OSError, EOFError, zipfile.BadZipFile, zlib.error, struct.error, ValueError,
    RuntimeError,  # encrypted, or packed in a way that Python does not know
)  # fmt: skip
"""What Python raises for archives that are damaged, encrypted, or lie about themselves."""

READABLE = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Other methods are unpacked without a limit, and a few kilobytes may hold gigabytes."""


UTF8 = 0x800  # the flag of a member whose name says its code
UNICODE_PATH = 0x7075
"""The extra field in which some programs repeat the name in UTF-8."""
KANA = re.compile(rb"[\x82\x83][\x80-\xfc]")
"""Two bytes that Shift-JIS uses for one character, and that cannot mean accented Latin letters."""


class UnreadableArchive(ValueError):
    """The file is not an archive, or is truncated."""


class UnreadableMember(ValueError):
    """A member is damaged, encrypted, too large or oddly packed; the message says which."""


def speller(members: Iterable[zipfile.ZipInfo]) -> Callable[[zipfile.ZipInfo], str]:
    """Return a function that decodes a member's name as its writer saw it.

    Many programs write names in the encoding of their own system without naming it; Python takes it
    for CP437. The names of one archive share an encoding: UTF-8, or Chinese or Japanese if all of
    them can be read so.
    """
    code = _code_of(b"\n".join(filter(None, map(_unmarked, members))))

    def spelled(info: zipfile.ZipInfo) -> str:
        raw = _unmarked(info)
        return _unicode_path(info.extra, raw) or raw.decode(code) if raw else info.filename

    return spelled


def _unmarked(info: zipfile.ZipInfo) -> bytes:
    """Return the bytes of a name without a given encoding; empty if that does not matter."""
    if info.flag_bits & UTF8 or info.filename.isascii():
        return b""
    try:
        return info.filename.encode("cp437")
    except UnicodeEncodeError:
        return b""


def _code_of(names: bytes) -> str:
    for code in ("utf-8", "gb2312", "cp932"):
        try:
            names.decode(code)
        except UnicodeDecodeError:
            continue
        if code != "cp932" or KANA.search(names):
            return code
    return "cp437"


def _unicode_path(extra: bytes, raw: bytes) -> str:
    """Return the UTF-8 name from a member's extra fields, if it is there and matches these
    bytes."""
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<HH", extra)
        body, extra = extra[4 : 4 + length], extra[4 + length :]
        if kind == UNICODE_PATH and body[1:5] == struct.pack("<I", zlib.crc32(raw)):
            return body[5:].decode("utf-8", "replace")
    return ""


@contextmanager
def opened(file: Path | IO[bytes]) -> Iterator[zipfile.ZipFile]:
    """Open the archive, and close it afterwards.

    Raises:
        UnreadableArchive
    """
    try:
        archive = zipfile.ZipFile(file)
    except UNREADABLE as error:
        raise UnreadableArchive(str(error) or type(error).__name__) from error
    with archive:
        yield archive


@contextmanager
def member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[IO[bytes]]:
    """Open a member to be read in pieces. Its checksum is verified at its end.

    Raises:
        UnreadableMember: here, or where it is read.
    """
    if info.compress_type not in READABLE:
        raise UnreadableMember("packed in a way that is not read here")
    if info.flag_bits & 1:
        raise UnreadableMember("encrypted")
    try:
        with archive.open(info) as file:
            yield file
    except UnreadableMember:
        raise
    except UNREADABLE as error:
        raise UnreadableMember(str(error) or type(error).__name__) from error


def read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, *, limit: int) -> bytes:
    """Return all bytes of a member, verified by its checksum.

    Raises:
        UnreadableMember: also where it has more than `limit` bytes.
    """
    if info.file_size > limit:
        raise UnreadableMember(f"larger than {limit // 1024 // 1024} MB")
    with member(archive, info) as file:
        return file.read()
