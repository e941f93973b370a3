"""WebP: RIFF chunks. Specification: https://developers.google.com/speed/webp/docs/riff_container"""

import struct
from collections.abc import Iterable, Iterator

EXTENDED, EXIF, XMP, CREDENTIALS = b"VP8X", b"EXIF", b"XMP ", b"C2PA"
PRIVATE = (EXIF, XMP, CREDENTIALS)
ALPHA_FLAG, EXIF_FLAG, XMP_FLAG = 0x10, 0x08, 0x04


def is_webp(data: bytes) -> bool:
    return data[:4] == b"RIFF" and data[8:12] == b"WEBP"


def is_whole(data: bytes) -> bool:
    """Whether all that the RIFF head announces is there."""
    return int.from_bytes(data[4:8], "little") + 8 <= len(data)


def chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and content of each chunk, as far as the file goes."""
    at = 12
    while at + 8 <= len(data):
        kind, length = struct.unpack_from("<4sI", data, at)
        if at + 8 + length > len(data):
            return
        yield kind, data[at + 8 : at + 8 + length]
        at += 8 + length + length % 2


def whole(data: bytes) -> list[tuple[bytes, bytes]]:
    """All chunks; none where the file does not begin as a WebP must, so that it is left alone."""
    parts = list(chunks(data))
    heads = (EXTENDED, b"VP8 ", b"VP8L")
    return parts if parts and parts[0][0] in heads and len(parts[0][1]) >= 10 else []


def join(parts: Iterable[tuple[bytes, bytes]]) -> bytes:
    """A file of these chunks; its head (VP8X) says which kinds there are."""
    parts = list(parts)
    kinds = {kind for kind, _ in parts}
    told = EXIF_FLAG * (EXIF in kinds) | XMP_FLAG * (XMP in kinds)
    if EXTENDED not in kinds and told:
        parts.insert(0, (EXTENDED, _head(*parts[0])))
    out = b""
    for kind, body in parts:
        if kind == EXTENDED:
            body = bytes((body[0] & ~(EXIF_FLAG | XMP_FLAG) | told,)) + body[1:]
        out += kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)
    return b"RIFF" + struct.pack("<I", len(out) + 4) + b"WEBP" + out


def _head(kind: bytes, body: bytes) -> bytes:
    """VP8X for a file that had none: flags, and the canvas as large as its only picture."""
    if kind == b"VP8L":
        bits = int.from_bytes(body[1:5], "little")
        width, height = bits & 0x3FFF, bits >> 14 & 0x3FFF
        alpha = ALPHA_FLAG * (bits >> 28 & 1)
    else:
        width, height = (value - 1 & 0x3FFF for value in struct.unpack_from("<HH", body, 6))
        alpha = 0
    return bytes((alpha, 0, 0, 0)) + width.to_bytes(3, "little") + height.to_bytes(3, "little")


def texts(data: bytes) -> tuple[dict[str, str], bytes, bytes, bool]:
    """No text of its own, EXIF, XMP, and whether credentials are there."""
    first: dict[bytes, bytes] = {}
    for kind, body in chunks(data):
        first.setdefault(kind, body)
    return {}, first.get(EXIF, b""), first.get(XMP, b""), CREDENTIALS in first
