"""How a segment of the index is stored: sets of pictures by token, as bytes. Pure.

A segment is `SEGMENT` successive ids. A set of its pictures is an integer of that many bits.
Tokens are spread over buckets by their code, and a bucket's bytes are

    count (4 bytes) · codes (8 bytes each, sorted) · ends (4 bytes each) · sets

where a set is up to 16 offsets of 2 bytes, or a longer bitmap, in the machine's order of bytes.
A bitmap is deflated where that makes it much smaller.
"""

import re
import struct
import zlib
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from hashlib import blake2b

from isal import isal_zlib
from pyroaring import FrozenBitMap64

SEGMENT_BITS = 15
SEGMENT = 1 << SEGMENT_BITS
BUCKETS = 8192
"""So many that a bucket of a full segment mostly fits into a database's page with others: a larger
one is kept apart in pieces, which takes PostgreSQL three times as long to read."""

FACET_BUCKETS = 512
"""Facets lie apart from grams: they are few, read often, and their sets are large."""

MAX_OFFSETS = 16
_BITMAP = SEGMENT // 8
_MAX_DEFLATED = _BITMAP * 3 // 8
"""Bytes; inflating more takes five times as long as reading the bitmap as it is."""


def code(token: str) -> int:
    """An unsigned 64-bit number: of a gram of up to three characters its own, of others a hash.

    Facets have the highest bit, whole words the one below. A gram has neither: only signs for
    private use, which are grams alone, begin so high.
    """
    if token[0] == "\0":
        return _hash(token) | 1 << 63
    if len(token) > 3:
        return _hash(token) & (1 << 62) - 1 | 1 << 62
    number = 0
    for character in token:
        number = number << 21 | ord(character)
    return number


def _hash(token: str) -> int:
    return int.from_bytes(blake2b(token.encode(), digest_size=8).digest(), "little")


def bucket(token_code: int) -> int:
    mixed = (token_code * 0x9E3779B97F4A7C15 & 0xFFFF_FFFF_FFFF_FFFF) >> 40
    if token_code >> 63:
        return BUCKETS + mixed % FACET_BUCKETS
    return mixed % BUCKETS


def pack(sets: Mapping[str, Iterable[int]]) -> dict[int, bytes]:
    """Bytes of every bucket that holds anything; a set is its pictures' offsets, ascending."""
    buckets: dict[int, list[tuple[int, bytes]]] = {}
    for token, offsets in sets.items():
        token_code = code(token)
        buckets.setdefault(bucket(token_code), []).append((token_code, _pack_set(offsets)))
    return {number: _pack_bucket(sorted(entries)) for number, entries in buckets.items()}


def unpack(data: bytes, token_code: int) -> int:
    """The set of a token in a bucket, 0 where it has none."""
    (count,) = struct.unpack_from("=I", data)
    codes = memoryview(data)[4 : 4 + 8 * count].cast("Q")
    place = bisect_left(codes, token_code)
    if place == count or codes[place] != token_code:
        return 0
    ends = 4 + 8 * count
    start = struct.unpack_from("=I", data, ends + 4 * (place - 1))[0] if place else 0
    (end,) = struct.unpack_from("=I", data, ends + 4 * place)
    sets = ends + 4 * count
    return _unpack_set(data[sets + start : sets + end])


def bits_of(offsets: Iterable[int]) -> int:
    """The set of these offsets."""
    bitmap = bytearray(_BITMAP)
    for offset in offsets:
        bitmap[offset >> 3] |= 1 << (offset & 7)
    return int.from_bytes(bitmap, "little")


def by_segment(ids: Iterable[int]) -> dict[int, int]:
    """Pictures' ids as a set for each of their segments."""
    offsets: dict[int, list[int]] = {}
    for pk in ids:
        offsets.setdefault(pk >> SEGMENT_BITS, []).append(pk & SEGMENT - 1)
    return {number: bits_of(each) for number, each in offsets.items()}


def bits_among(ids: FrozenBitMap64, number: int) -> int:
    """Which pictures of a segment are among these, as a set."""
    first = number << SEGMENT_BITS
    count = ids.range_cardinality(first, first + SEGMENT)
    if count in (0, SEGMENT):
        return (1 << count) - 1
    inside = ids & FrozenBitMap64(range(first, first + SEGMENT))
    return bits_of(inside.shift(-first).to_array())


def offsets_of(bits: int) -> list[int]:
    """The offsets in a set, ascending."""
    bitmap = bits.to_bytes(_BITMAP, "little")
    return [
        (match.start() << 3) + offset
        for match in _NOT_EMPTY.finditer(bitmap)
        for offset in _OFFSETS[bitmap[match.start()]]
    ]


_NOT_EMPTY = re.compile(rb"[^\0]")
_OFFSETS = [[offset for offset in range(8) if byte >> offset & 1] for byte in range(256)]


def _pack_set(offsets: Iterable[int]) -> bytes:
    short = array("H", offsets)
    if len(short) > MAX_OFFSETS:
        bitmap = bits_of(short).to_bytes(_BITMAP, "little")
        packed = zlib.compress(bitmap, 1).ljust(2 * MAX_OFFSETS + 1, b"\0")
        return packed if len(packed) <= _MAX_DEFLATED else bitmap
    return short.tobytes()


def _unpack_set(data: bytes) -> int:
    if len(data) == _BITMAP:
        return int.from_bytes(data, "little")
    if len(data) > 2 * MAX_OFFSETS:
        return int.from_bytes(isal_zlib.decompress(data, bufsize=_BITMAP), "little")
    bits = 0
    for offset in struct.unpack(f"={len(data) // 2}H", data):
        bits |= 1 << offset
    return bits


def _pack_bucket(entries: list[tuple[int, bytes]]) -> bytes:
    end = 0
    ends = [end := end + len(packed) for _, packed in entries]
    return b"".join(
        [
            struct.pack(
                f"=I{len(entries)}Q{len(entries)}I",
                len(entries), *(token_code for token_code, _ in entries), *ends,
            ),
            *(packed for _, packed in entries),
        ]
    )  # fmt: skip
