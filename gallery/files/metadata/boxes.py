"""Reads boxes of ISO/IEC 14496-12, and the table (`iloc`) of where a file's items lie."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Self

IN_FILE, IN_IDAT = 0, 1


@dataclass(frozen=True, slots=True)
class Box:
    """A box's kind, and the positions of the box and its content in the file."""

    kind: bytes
    start: int
    content: int
    end: int


def box(kind: bytes, body: bytes) -> bytes:
    """Return a box as bytes.

    Raises:
        OverflowError: the body is longer than four bytes can say.
    """
    return (8 + len(body)).to_bytes(4, "big") + kind + body


def boxes(data: bytes, at: int, end: int) -> Iterator[Box]:
    """Yield the boxes between two positions, as far as they can be followed."""
    while at + 8 <= end:
        size, kind, content = (
            int.from_bytes(data[at : at + 4], "big"),
            data[at + 4 : at + 8],
            at + 8,
        )
        if size == 1:
            size, content = int.from_bytes(data[at + 8 : at + 16], "big"), at + 16
        elif size == 0:
            size = end - at
        if size < content - at or at + size > end:
            return
        yield Box(kind, at, content, at + size)
        at += size


@dataclass(slots=True)
class Entry:
    """The location of an item: pieces of (index, offset from the base, length)."""

    item: int
    method: int
    source: int
    base: int
    pieces: list[tuple[int, int, int]]


@dataclass(slots=True)
class Locations:
    """An `iloc` box: the widths of its numbers in bytes, and an entry for each item."""

    version: int
    flags: int
    of_offset: int
    of_length: int
    of_base: int
    of_index: int
    entries: list[Entry] = field(default_factory=list)

    @classmethod
    def read(cls, data: bytes, iloc: Box) -> Self:
        """Read as much as possible; a damaged box gives the entries before the damage."""
        at = iloc.content

        def number(size: int) -> int:
            nonlocal at
            at += size
            return int.from_bytes(data[at - size : at], "big")

        version, flags, sizes, more = number(1), number(3), number(1), number(1)
        found = cls(version, flags, sizes >> 4, sizes & 15, more >> 4, more & 15)
        if not found.of_offset and not found.of_length:
            return found  # pieces without a byte: any number of them would fit
        has_method = version in (1, 2)
        wide = 4 if version == 2 else 2
        for _ in range(number(wide)):
            item = number(wide)
            method = number(2) & 15 if has_method else IN_FILE
            source, base, pieces = number(2), number(found.of_base), []
            for _ in range(number(2)):
                index = number(found.of_index) if has_method else 0
                offset = number(found.of_offset)
                pieces.append((index, offset, number(found.of_length)))
                if at > iloc.end:
                    break
            found.entries.append(Entry(item, method, source, base, pieces))
            if at > iloc.end:
                break
        return found

    def move(self, behind: int, by: int) -> None:
        """Shift what lies behind a position by so many bytes.

        Raises:
            ValueError: pieces of one item lie on both sides of the place.
        """
        for entry in self.entries:
            if entry.method != IN_FILE:
                continue
            sides = {entry.base + offset >= behind for _, offset, _ in entry.pieces}
            if len(sides) > 1:
                raise ValueError("an item on both sides")
            if sides == {True} and self.of_base:
                entry.base += by
            elif sides == {True}:
                entry.pieces = [
                    (index, offset + by, length) for index, offset, length in entry.pieces
                ]

    def add(self, item: int, place: int, length: int) -> None:
        """Add an item in one piece."""
        self.entries.append(Entry(item, IN_FILE, 0, 0, [(0, place, length)]))

    def written(self) -> bytes:
        """Return the content of the box.

        Raises:
            OverflowError: a number is too large for its width.
        """
        wide = 4 if self.version == 2 else 2
        has_method = self.version in (1, 2)
        sizes = bytes((self.of_offset << 4 | self.of_length, self.of_base << 4 | self.of_index))
        out = [bytes((self.version,)), self.flags.to_bytes(3, "big"), sizes]
        out.append(len(self.entries).to_bytes(wide, "big"))
        for entry in self.entries:
            out.append(entry.item.to_bytes(wide, "big"))
            if has_method:
                out.append(entry.method.to_bytes(2, "big"))
            out.append(entry.source.to_bytes(2, "big") + entry.base.to_bytes(self.of_base, "big"))
            out.append(len(entry.pieces).to_bytes(2, "big"))
            for index, offset, length in entry.pieces:
                out.append(index.to_bytes(self.of_index, "big") if has_method else b"")
                out.append(offset.to_bytes(self.of_offset, "big"))
                out.append(length.to_bytes(self.of_length, "big"))
        return b"".join(out)
