"""Reads and writes WebP: RIFF chunks.
https://developers.google.com/speed/webp/docs/riff_container"""

import struct
from collections.abc import Iterable, Iterator

from . import exif

EXTENDED, EXIF, XMP, CREDENTIALS = b"VP8X", b"EXIF", b"XMP ", b"C2PA"
PROFILE, FRAME = b"ICCP", b"ANMF"
PIXELS = frozenset((EXTENDED, b"VP8 ", b"VP8L", b"ALPH", b"ANIM", FRAME))
"""Chunks that the picture, or animation, is made of; a profile is shown, too."""
MAX_EXIF = 1024 * 1024
FRAME_HEAD = 16  # bytes of a frame before its own chunks
PROFILE_FLAG = 0x20
ALPHA_FLAG, EXIF_FLAG, XMP_FLAG = 0x10, 0x08, 0x04


def is_webp(data: bytes) -> bool:
    return data[:4] == b"RIFF" and data[8:12] == b"WEBP"


def is_whole(data: bytes) -> bool:
    """Return whether everything that the RIFF head announces is there."""
    return int.from_bytes(data[4:8], "little") + 8 <= len(data)


def chunks(data: bytes, at: int = 12) -> Iterator[tuple[bytes, bytes]]:
    """Yield kind and content of each chunk, as far as the file goes."""
    while at + 8 <= len(data):
        kind, length = struct.unpack_from("<4sI", data, at)
        if at + 8 + length > len(data):
            return
        yield kind, data[at + 8 : at + 8 + length]
        at += 8 + length + length % 2


def whole(data: bytes) -> list[tuple[bytes, bytes]]:
    """Return all chunks; none if the file does not begin as a WebP must, so that it is left
    alone."""
    parts = list(chunks(data))
    heads = (EXTENDED, b"VP8 ", b"VP8L")
    return parts if parts and parts[0][0] in heads and len(parts[0][1]) >= 10 else []


def join(parts: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Build a file from these chunks; its head (VP8X) lists their kinds."""
    parts = list(parts)
    kinds = {kind for kind, _ in parts}
    flags = EXIF_FLAG | XMP_FLAG | PROFILE_FLAG
    told = EXIF_FLAG * (EXIF in kinds) | XMP_FLAG * (XMP in kinds)
    told |= PROFILE_FLAG * (PROFILE in kinds)
    if EXTENDED not in kinds and told:
        parts.insert(0, (EXTENDED, _head(*parts[0])))
    out = [
        _packed(kind, bytes((body[0] & ~flags | told,)) + body[1:] if kind == EXTENDED else body)
        for kind, body in parts
    ]
    size = sum(map(len, out)) + 4
    return b"".join((b"RIFF", struct.pack("<I", size), b"WEBP", *out))


def _packed(kind: bytes, body: bytes) -> bytes:
    return b"".join((kind, struct.pack("<I", len(body)), body, b"\0" * (len(body) % 2)))


def bare(data: bytes) -> bytes:
    """Return the file with its pixels alone, so that nothing else can trip a decoder."""
    parts = [part for part in whole(data) if part[0] in PIXELS]
    return join(parts) if parts else data


def block(data: bytes) -> bytes:
    """Return the EXIF block; empty if there is none."""
    return next((body for kind, body in chunks(data) if kind == EXIF), b"")


def profile(data: bytes) -> bytes:
    """Return the ICC profile; empty if there is none."""
    return next((body for kind, body in chunks(data) if kind == PROFILE), b"")


def strip(data: bytes) -> bytes:
    """Keep only the chunks that show the picture, and its orientation."""
    parts = [
        (kind, _clean(body) if kind == FRAME else body)
        for kind, body in whole(data)
        if kind in PIXELS or kind == PROFILE
    ]
    if not parts:
        return data
    if turn := exif.orientation(block(data)):
        parts.append((EXIF, exif.turned(turn)))
    return join(parts)


def _clean(frame: bytes) -> bytes:
    """Return a frame without chunks that do not show anything."""
    inner = chunks(frame[FRAME_HEAD:], at=0)
    kept = (_packed(kind, body) for kind, body in inner if kind in (b"ALPH", b"VP8 ", b"VP8L"))
    return frame[:FRAME_HEAD] + b"".join(kept)


def embed(data: bytes, text: str, packet: bytes) -> bytes:
    """Add A1111's text as EXIF's comment and an XMP packet, whichever is not empty."""
    parts = whole(data)
    if not parts:
        return data
    if text and (written := exif.with_comment(block(data), text, MAX_EXIF)):
        parts = [part for part in parts if part[0] != EXIF] + [(EXIF, written)]
    if packet:
        parts.append((XMP, packet))
    return join(parts)


def _head(kind: bytes, body: bytes) -> bytes:
    """Build VP8X for a file without it: flags, and a canvas as large as its only picture."""
    if kind == b"VP8L":
        bits = int.from_bytes(body[1:5], "little")
        width, height = bits & 0x3FFF, bits >> 14 & 0x3FFF
        alpha = ALPHA_FLAG * (bits >> 28 & 1)
    else:
        width, height = (value - 1 & 0x3FFF for value in struct.unpack_from("<HH", body, 6))
        alpha = 0
    return bytes((alpha, 0, 0, 0)) + width.to_bytes(3, "little") + height.to_bytes(3, "little")


def texts(data: bytes) -> tuple[dict[str, str], bytes, bytes, bool]:
    """Return the texts (none of WebP's own), EXIF, XMP, and whether there are credentials."""
    first: dict[bytes, bytes] = {}
    for kind, body in chunks(data):
        first.setdefault(kind, body)
    return {}, first.get(EXIF, b""), first.get(XMP, b""), CREDENTIALS in first
