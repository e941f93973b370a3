"""AVIF: boxes (ISO/IEC 14496-12), with EXIF and XMP as items that a `meta` box points to."""

from collections.abc import Iterator
from dataclasses import dataclass

EMPTY_EXIF = b"\0\0\0\0II*\0\x08\0\0\0\0\0\0\0\0\0"
"""An item of EXIF without an entry: an offset of 0, then a TIFF head and an empty directory."""


@dataclass(frozen=True, slots=True)
class Box:
    """A box's kind, and where in the file it and its content lie."""

    kind: bytes
    start: int
    content: int
    end: int


def is_avif(data: bytes) -> bool:
    return data[4:8] == b"ftyp" and data[8:12] in (b"avif", b"avis", b"mif1", b"msf1")


def is_whole(data: bytes) -> bool:
    """Whether no box that a picture is made of breaks off.

    What follows the last box may be anything, and is then no such box.
    """
    at = 0
    for box in boxes(data, 0, len(data)):
        at = box.end
    return data[at + 4 : at + 8] not in (b"ftyp", b"meta", b"moov", b"mdat")


def strip(data: bytes) -> bytes:
    """The file with EXIF and XMP blanked and credentials turned into free space.

    Nothing moves, since items are found by their place in the file. How the picture is turned
    is said by boxes of its own, which stay.
    """
    blank = bytearray(data)
    for box in boxes(data, 0, len(data)):
        if box.kind == b"uuid":  # where C2PA keeps its manifest
            blank[box.start + 4 : box.start + 8] = b"free"
            blank[box.content : box.end] = bytes(box.end - box.content)
        if box.kind == b"meta":
            for kind, begin, end in _items(data, box):
                if kind == b"Exif":
                    filling = EMPTY_EXIF.ljust(end - begin, b"\0")
                elif kind == b"mime":
                    filling = b" " * (end - begin)
                else:
                    continue
                blank[begin:end] = filling[: end - begin]
    return bytes(blank)


def boxes(data: bytes, at: int, end: int) -> Iterator[Box]:
    """The boxes between two places, as far as they can be followed."""
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


def _items(data: bytes, meta: Box) -> Iterator[tuple[bytes, int, int]]:
    """Kind, begin and end of each piece of each item."""
    inner = {box.kind: box for box in boxes(data, meta.content + 4, meta.end)}
    if b"iinf" not in inner or b"iloc" not in inner:
        return
    kinds = dict(_kinds(data, inner[b"iinf"]))
    idat = inner[b"idat"].content if b"idat" in inner else 0
    for item, in_idat, begin, length in _places(data, inner[b"iloc"]):
        begin += idat if in_idat else 0
        if begin + length <= len(data):
            yield kinds.get(item, b""), begin, begin + length


def _kinds(data: bytes, iinf: Box) -> Iterator[tuple[int, bytes]]:
    count = 2 if data[iinf.content] == 0 else 4
    for box in boxes(data, iinf.content + 4 + count, iinf.end):
        wide = 4 if data[box.content] >= 3 else 2
        at = box.content + 4
        item = int.from_bytes(data[at : at + wide], "big")
        yield item, data[at + wide + 2 : at + wide + 6]


def _places(data: bytes, iloc: Box) -> Iterator[tuple[int, bool, int, int]]:
    """Item, whether its place counts from `idat`, place and length of each piece."""
    at = iloc.content

    def number(size: int) -> int:
        nonlocal at
        at += size
        return int.from_bytes(data[at - size : at], "big")

    version = number(1)
    number(3)
    sizes, more = number(1), number(1)
    of_offset, of_length, of_base, of_index = sizes >> 4, sizes & 15, more >> 4, more & 15
    wide = 4 if version == 2 else 2
    for _ in range(number(wide)):
        item = number(wide)
        method = number(2) & 15 if version in (1, 2) else 0
        number(2)  # which file: always this one
        base = number(of_base)
        for _ in range(number(2)):
            if version in (1, 2):
                number(of_index)
            offset = number(of_offset)
            yield item, method == 1, base + offset, number(of_length)
        if at > iloc.end:
            return
