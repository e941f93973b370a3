"""Writes ZIP archives whose size is announced before their content is read.

Members are stored, not deflated: pictures are compressed already. The announced size is kept even
when a member turns out smaller or unreadable: the gap is filled with zeros between the last member
and the directory, a place that every reader skips. (Libraries that stream ZIPs can give an exact
size only if every member is delivered as announced.)

Format: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
"""

import struct
import zlib
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from tempfile import SpooledTemporaryFile

LIMIT = 0xFFFFFFFF
COUNT_LIMIT = 0xFFFF
UTF8_NAME = 0x800
LOCAL, DIRECTORY, END, END64 = 30, 46, 22, 56 + 20
OFFSET64 = 12
FILL = bytes(64 * 1024)


def member_size(name: str, size: int) -> int:
    """Return the most bytes that a member of `size` bytes takes, including its directory entry."""
    return LOCAL + DIRECTORY + OFFSET64 + 2 * len(name.encode()) + size


def end_size() -> int:
    """Return the most bytes that the archive's last records take."""
    return END + END64


class ZipWriter:
    """Turns members into the bytes of an archive, in order, keeping only the directory in
    memory."""

    def __init__(self) -> None:
        self.size = 0  # bytes given out so far
        self._directory = SpooledTemporaryFile(max_size=4 * 1024 * 1024)  # noqa: SIM115
        self._count = 0

    def member(self, name: str, data: bytes, moment: datetime) -> Iterator[bytes]:
        """Yield a file under `name` (joined by `/`), last changed at `moment` (local time)."""
        yield self._head(name, len(data), zlib.crc32(data), moment)
        yield self._counted(data)

    def long_member(
        self, name: str, read: Callable[[], Iterable[bytes]], moment: datetime
    ) -> Iterator[bytes]:
        """Yield a file too long for memory; both calls of `read` must return the same."""
        size, checksum = 0, 0
        for part in read():
            size, checksum = size + len(part), zlib.crc32(part, checksum)
        yield self._head(name, size, checksum, moment)
        for part in read():
            yield self._counted(part)

    def finish(self, total: int) -> Iterator[bytes]:
        """Yield filler, directory and end, so that the whole archive has `total` bytes.

        Raises:
            ValueError: the members have taken more than that already.
        """
        length = self._directory.tell()
        end = END
        if self._count >= COUNT_LIMIT or total > LIMIT:
            end += END64
        start = total - length - end
        if start < self.size:
            raise ValueError(f"{self.size + length + end} bytes, and {total} were promised")
        while (missing := start - self.size) > 0:
            yield self._counted(FILL[:missing])
        self._directory.seek(0)
        while part := self._directory.read(64 * 1024):
            yield self._counted(part)
        if end > END:
            yield self._counted(self._end64(start, length))
        count = min(self._count, COUNT_LIMIT)
        place = min(length, LIMIT), min(start, LIMIT)
        yield self._counted(struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, *place, 0))

    def close(self) -> None:
        self._directory.close()

    def _head(self, name: str, size: int, checksum: int, moment: datetime) -> bytes:
        if size >= LIMIT:
            raise ValueError(f"{name} is too long for a member: {size} bytes")
        raw = name.encode()
        flags = 0 if name.isascii() else UTF8_NAME
        common = (flags, 0, *_dos(moment), checksum, size, size, len(raw))
        extra = b""
        offset = self.size
        if offset >= LIMIT:
            extra = struct.pack("<HHQ", 1, 8, offset)
            offset = LIMIT
        version = 45 if extra else 20
        # 3: made on Unix, so that the last but one field is the file's mode (rw-r--r--).
        self._directory.write(
            struct.pack("<4s2B2B", b"PK\1\2", version, 3, version, 0)
            + struct.pack("<4H3L2H", *common, len(extra))
            + struct.pack("<3H2L", 0, 0, 0, 0o100644 << 16, offset)
            + raw
            + extra
        )
        self._count += 1
        return self._counted(
            struct.pack("<4s2B", b"PK\3\4", 20, 0) + struct.pack("<4H3L2H", *common, 0) + raw
        )

    def _end64(self, start: int, length: int) -> bytes:
        record = struct.pack(
            "<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, self._count, self._count, length, start
        )
        return record + struct.pack("<4sLQL", b"PK\6\7", 0, start + length, 1)

    def _counted(self, part: bytes) -> bytes:
        self.size += len(part)
        return part


def _dos(moment: datetime) -> tuple[int, int]:
    """Return time and date in ZIP's format: from 1980 to 2107, in steps of two seconds."""
    year = min(max(moment.year, 1980), 2107)
    time = moment.hour << 11 | moment.minute << 5 | moment.second // 2
    return time, (year - 1980) << 9 | moment.month << 5 | moment.day
