"""Reads and writes JPEG: marker segments before the compressed picture (ITU-T T.81, annex B)."""

import re
import struct
from collections.abc import Iterable, Iterator

from . import exif
from .xmp import HEAD as XMP_HEAD

SIGNATURE = b"\xff\xd8\xff"
PROFILE_HEAD = b"ICC_PROFILE\0"
APP0, APP1, APP2, APP11, APP14, COMMENT, SCAN = 0xE0, 0xE1, 0xE2, 0xEB, 0xEE, 0xFE, 0xDA
END = 0xD9
SHOWN = frozenset((
    *range(0xC0, 0xC8), *range(0xC9, 0xD0),  # frames, Huffman and arithmetic tables
    SCAN, 0xDB, 0xDC, 0xDD, 0xDE, 0xDF,  # quantization, lines, restarts, hierarchy
))  # fmt: skip
"""Segments that the picture is made of. Of applications' segments, little is kept (`_shown`)."""
NOTHING = (0, b"")
_ANY_MARKER = re.compile(rb"\xff[^\xff\x00]")
_MARKER = re.compile(rb"\xff[^\xff\x00\xd0-\xd7]")
"""A marker that ends a scan; restarts (RST) are part of the scan."""
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Markers of the segment that gives a picture's size and components."""
MAX_SEGMENT = 0xFFFF - 2


def is_jpeg(data: bytes) -> bool:
    return data.startswith(SIGNATURE)


def _places(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield each segment's marker, and where its content begins and ends; the last is the scan.

    Stray bytes between segments are skipped, as decoders do.
    """
    at, size = 2, len(data)
    while True:
        if at + 1 < size and data[at] == 0xFF and data[at + 1] not in (0x00, 0xFF):
            marker, at = data[at + 1], at + 2
        elif found := _ANY_MARKER.search(data, at):
            marker, at = data[found.end() - 1], found.end()
        else:
            return
        if marker == SCAN:
            yield SCAN, at, size
            return
        if marker == END:
            return
        if _stands_alone(marker):
            yield marker, at, at
            continue
        length = int.from_bytes(data[at : at + 2], "big")
        if length < 2 or at + length > size:
            return
        yield marker, at + 2, at + length
        at += length


def segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield marker and content of each segment; the last is the scan with all that follows it."""
    return ((marker, data[begin:end]) for marker, begin, end in _places(data))


def whole(data: bytes) -> list[tuple[int, bytes]]:
    """Return all segments; none if the file ends before its scan, so that nothing is cut off."""
    parts = list(segments(data))
    return parts if parts and parts[-1][0] == SCAN else []


def is_whole(data: bytes) -> bool:
    """Return whether the end of the picture (EOI) is marked after its first scan.

    It searches backwards: a picture is long, and what follows it is usually short.
    """
    for marker, begin, _ in _places(data):
        if marker == SCAN:
            return data.rfind(b"\xff\xd9", begin) >= 0
    return False


def _stands_alone(marker: int) -> bool:
    """Return whether a marker has no length and no content."""
    return marker == 0x01 or 0xD0 <= marker <= 0xD7


def join(parts: Iterable[tuple[int, bytes]]) -> bytes:
    """Build a file from these segments."""
    out = [b"\xff\xd8"]
    for marker, body in parts:
        out.append(bytes((0xFF, marker)))
        if marker != SCAN and not _stands_alone(marker):
            out.append(struct.pack(">H", len(body) + 2))
        out.append(body)
    return b"".join(out)


def bare(data: bytes) -> bytes:
    """Return the file with its pixels alone, so that nothing else can trip a decoder."""
    parts = [(marker, body) for marker, body in map(_shown, segments(data)) if marker != APP2]
    return join(part for part in parts if part != NOTHING)


def block(data: bytes) -> bytes:
    """Return the EXIF block; empty if there is none."""
    return next((body for marker, body in segments(data) if is_exif(marker, body)), b"")


def profile(data: bytes) -> bytes:
    """Return the ICC profile, joined from its numbered pieces; empty if one is missing."""
    pieces = {
        body[12]: body[14:]
        for marker, body in segments(data)
        if marker == APP2 and body.startswith(PROFILE_HEAD) and len(body) > 14
    }
    return b"".join(pieces[n] for n in sorted(pieces)) if 1 in pieces else b""


def strip(data: bytes) -> bytes:
    """Keep only the segments that show the picture, up to its end, and its orientation."""
    parts = whole(data)
    if not parts:
        return data
    scan = parts.pop()[1]
    shown = [part for part in map(_shown, parts) if part != NOTHING]
    if turn := exif.orientation(block(data)):
        shown.insert(_after_jfif(shown), (APP1, exif.HEAD + exif.turned(turn)))
    return join([*shown, (SCAN, _clean(scan))])


def embed(data: bytes, text: str, packet: bytes) -> bytes:
    """Add A1111's text as EXIF's comment and an XMP packet, whichever is not empty.

    Anything too long for a segment (64 KB) is left out.
    """
    parts = whole(data)
    if not parts:
        return data
    at = _after_jfif(parts)
    if packet and len(XMP_HEAD + packet) <= MAX_SEGMENT:
        parts.insert(at, (APP1, XMP_HEAD + packet))
    room = MAX_SEGMENT - len(exif.HEAD)
    if text and (written := exif.with_comment(block(data), text, room)):
        parts = [part for part in parts if not is_exif(*part)]
        parts.insert(at, (APP1, exif.HEAD + written))
    return join(parts)


def _after_jfif(parts: list[tuple[int, bytes]]) -> int:
    return 1 if parts and parts[0][0] == APP0 else 0


def _shown(part: tuple[int, bytes]) -> tuple[int, bytes]:
    """Return the part of a segment that says how the picture is shown; `NOTHING` if there is
    none."""
    marker, body = part
    if marker in SHOWN:
        return part
    if marker == APP0 and body.startswith(b"JFIF\0") and len(body) >= 14:
        return marker, body[:12] + b"\0\0"  # without its small picture
    if marker == APP2 and body.startswith(PROFILE_HEAD):
        return part
    if marker == APP14 and body.startswith(b"Adobe") and len(body) >= 12:
        return marker, body[:12]
    return NOTHING


def _clean(scan: bytes) -> bytes:
    """Return the scans up to the picture's end, without irrelevant segments between them."""
    kept: list[bytes] = []
    start = at = 0
    while found := _MARKER.search(scan, at):
        marker, at = scan[found.end() - 1], found.end()
        if marker == END:
            return b"".join([*kept, scan[start:at]])
        end = at + int.from_bytes(scan[at : at + 2], "big")
        if marker not in SHOWN:
            kept.append(scan[start : found.start()])
            start = end
        at = max(end, at)
    return b"".join([*kept, scan[start:], b"\xff\xd9"])  # a wrong length may have skipped it


def is_exif(marker: int, body: bytes) -> bool:
    return marker == APP1 and body.startswith(exif.HEAD)


def has_credentials(marker: int, body: bytes) -> bool:
    """Return whether a segment is a part of a C2PA manifest (JUMBF in APP11)."""
    return marker == APP11 and body.startswith(b"JP")


def texts(data: bytes) -> tuple[dict[str, str], bytes, bytes, bool]:
    """Return the comment, EXIF, XMP, and whether there are credentials."""
    text: dict[str, str] = {}
    found, xmp, credentials = b"", b"", False
    for marker, body in segments(data):
        if is_exif(marker, body):
            found = found or body
        elif marker == APP1 and body.startswith(XMP_HEAD):
            xmp = xmp or body[len(XMP_HEAD) :]
        elif marker == COMMENT:
            text.setdefault("comment", body.decode("utf-8", "replace"))
        elif has_credentials(marker, body):
            credentials = True
    return text, found, xmp, credentials


def waiting(data: bytes) -> int:
    """Return the bytes per pixel that a decoder keeps until the last scan; 0 for a single scan.

    Coefficients take two bytes each, for each component as many as its sampling says, rounded up.
    """
    components, is_progressive = b"", False
    for marker, begin, end in _places(data):
        if marker in FRAMES:
            components = data[begin + 6 : end]
            is_progressive = marker & 3 == 2
        elif marker == SCAN:
            is_one_scan = not is_progressive and data[begin + 2] == len(components) // 3
            samples = [(each >> 4) * (each & 15) for each in components[1::3]]
            return 0 if is_one_scan or not samples else -(-2 * sum(samples) // max(samples))
    return 0
