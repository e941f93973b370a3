"""PNG: a signature and chunks. Specification: https://www.w3.org/TR/png-3/"""

import struct
import zlib
from collections.abc import Iterable, Iterator

SIGNATURE = b"\x89PNG\r\n\x1a\n"
CREDENTIALS = b"caBX"  # where C2PA keeps its manifest
TEXTS = (b"tEXt", b"zTXt", b"iTXt")
PRIVATE = (*TEXTS, b"eXIf", b"tIME", CREDENTIALS)
"""Chunks that tell of the picture's making; without them the same pixels are shown."""

MAX_INFLATED = 4 * 1024 * 1024


def chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and content of each chunk, as far as the file goes."""
    at = len(SIGNATURE)
    while at + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        if at + 12 + length > len(data):
            return
        yield kind, data[at + 8 : at + 8 + length]
        at += 12 + length
        if kind == b"IEND":
            return


def is_whole(data: bytes) -> bool:
    """Whether the chunks lead to the one that ends a PNG."""
    at = len(SIGNATURE)
    while at + 12 <= len(data):
        if data[at + 4 : at + 8] == b"IEND":
            return True
        at += 12 + int.from_bytes(data[at : at + 4], "big")
    return False


def join(parts: Iterable[tuple[bytes, bytes]]) -> bytes:
    """A file of these chunks."""
    return SIGNATURE + b"".join(map(_packed, parts))


def insert(data: bytes, parts: Iterable[tuple[bytes, bytes]]) -> bytes:
    """The file with these chunks behind its first, the header; all else byte for byte."""
    header = len(SIGNATURE) + 12 + 13
    return data[:header] + b"".join(map(_packed, parts)) + data[header:]


def _packed(part: tuple[bytes, bytes]) -> bytes:
    kind, body = part
    checksum = zlib.crc32(kind + body)
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", checksum)


def text_chunk(key: str, text: str) -> tuple[bytes, bytes]:
    """tEXt, the kind that every tool reads, where the text is plain; else iTXt in UTF-8."""
    name = key.encode("latin-1")
    if text.isascii():
        return b"tEXt", name + b"\0" + text.encode()
    return b"iTXt", name + b"\0\0\0\0\0" + text.encode("utf-8", "replace")


def texts(data: bytes) -> tuple[dict[str, str], bytes, bytes, bool]:
    """Text chunks by key (the first of a key), EXIF, XMP, and whether credentials are there."""
    found: dict[str, str] = {}
    exif, xmp, credentials = b"", b"", False
    for kind, body in chunks(data):
        if kind in TEXTS:
            key, text = _text(kind, body)
            if key == "XML:com.adobe.xmp":
                xmp = xmp or text.encode()
            elif key:
                found.setdefault(key, text)
        elif kind == b"eXIf":
            exif = body
        elif kind == CREDENTIALS:
            credentials = True
    return found, exif, xmp, credentials


def _text(kind: bytes, body: bytes) -> tuple[str, str]:
    key, _, rest = body.partition(b"\0")
    name = key.decode("latin-1")
    if kind == b"tEXt":
        return name, _decoded(rest)
    if kind == b"zTXt":
        return name, _decoded(_inflated(rest[1:]))
    compressed, rest = rest[:1] == b"\1", rest[2:]
    _, _, rest = rest.partition(b"\0")  # language
    _, _, rest = rest.partition(b"\0")  # translated key
    return name, (_inflated(rest) if compressed else rest).decode("utf-8", "replace")


def _decoded(body: bytes) -> str:
    # The standard says Latin-1; several tools write UTF-8 all the same.
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return body.decode("latin-1")


def _inflated(body: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(body, MAX_INFLATED)
    except zlib.error:
        return b""
