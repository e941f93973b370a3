"""JPEG: marker segments before the compressed picture. Specification: ITU-T T.81, annex B."""

import struct
from collections.abc import Iterable, Iterator

SIGNATURE = b"\xff\xd8\xff"
EXIF_HEAD = b"Exif\0\0"
XMP_HEAD = b"http://ns.adobe.com/xap/1.0/\0"
APP0, APP1, APP2, APP11, APP14, COMMENT, SCAN = 0xE0, 0xE1, 0xE2, 0xEB, 0xEE, 0xFE, 0xDA
MAX_SEGMENT = 0xFFFF - 2


def segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Marker and content of each segment; the last is the scan with all that follows it."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
            continue
        if marker == SCAN:
            yield SCAN, data[at + 2 :]
            return
        if _stands_alone(marker):
            yield marker, b""
            at += 2
            continue
        (length,) = struct.unpack_from(">H", data, at + 2)
        if length < 2 or at + 2 + length > len(data):
            return
        yield marker, data[at + 4 : at + 2 + length]
        at += 2 + length


def whole(data: bytes) -> list[tuple[int, bytes]]:
    """All segments; none where the file breaks off before its scan, so that nothing is cut."""
    parts = list(segments(data))
    return parts if parts and parts[-1][0] == SCAN else []


def is_whole(data: bytes) -> bool:
    """Whether the end of the picture (EOI) is marked behind its first scan.

    Searched for from behind: a picture is long, and what follows it is short as a rule.
    """
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == SCAN:
            return data.rfind(b"\xff\xd9", at) >= 0
        if marker == 0xFF:
            at += 1
        elif _stands_alone(marker):
            at += 2
        else:
            at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return False


def _stands_alone(marker: int) -> bool:
    """Whether a marker has no length and no content."""
    return marker == 0x01 or 0xD0 <= marker <= 0xD7


def join(parts: Iterable[tuple[int, bytes]], *, trailer: bool = True) -> bytes:
    """A file of these segments; `trailer` keeps what follows the picture's end."""
    out = [b"\xff\xd8"]
    for marker, body in parts:
        out.append(bytes((0xFF, marker)))
        if marker != SCAN and not _stands_alone(marker):
            out.append(struct.pack(">H", len(body) + 2))
        out.append(body if trailer or marker != SCAN else body[: _end(body)])
    return b"".join(out)


def _end(scan: bytes) -> int:
    """Where the picture ends in its scans: behind the first EOI that is no part of a segment."""
    at = 0
    while (at := scan.find(b"\xff", at)) >= 0 and at + 1 < len(scan):
        marker = scan[at + 1]
        if marker == 0xD9:
            return at + 2
        if marker in (0x00, 0xFF) or 0xD0 <= marker <= 0xD7:
            at += 1 if marker == 0xFF else 2
            continue
        at += 2 + int.from_bytes(scan[at + 2 : at + 4], "big")
    return len(scan)


def is_private(marker: int, body: bytes) -> bool:
    """Whether a segment tells of the picture's making; colours and size need none of these."""
    if marker == APP2:
        return not body.startswith(b"ICC_PROFILE\0")
    return marker == COMMENT or (0xE1 <= marker <= 0xEF and marker != APP14)


def is_exif(marker: int, body: bytes) -> bool:
    return marker == APP1 and body.startswith(EXIF_HEAD)


def has_credentials(marker: int, body: bytes) -> bool:
    """Whether a segment is a part of a C2PA manifest (JUMBF in APP11)."""
    return marker == APP11 and body.startswith(b"JP")


def texts(data: bytes) -> tuple[dict[str, str], bytes, bytes, bool]:
    """The comment, EXIF, XMP, and whether credentials are there."""
    text: dict[str, str] = {}
    exif, xmp, credentials = b"", b"", False
    for marker, body in segments(data):
        if is_exif(marker, body):
            exif = exif or body
        elif marker == APP1 and body.startswith(XMP_HEAD):
            xmp = xmp or body[len(XMP_HEAD) :]
        elif marker == COMMENT:
            text.setdefault("comment", body.decode("utf-8", "replace"))
        elif has_credentials(marker, body):
            credentials = True
    return text, exif, xmp, credentials
