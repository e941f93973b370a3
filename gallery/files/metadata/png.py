"""Reads and writes PNG: a signature and chunks. Specification: https://www.w3.org/TR/png-3/"""

import struct
import zlib
from collections.abc import Iterable, Iterator

from . import colorimetry, exif
from .xmp import HEAD as XMP_HEAD

SIGNATURE = b"\x89PNG\r\n\x1a\n"
CREDENTIALS = b"caBX"  # where C2PA keeps its manifest
TEXTS = (b"tEXt", b"zTXt", b"iTXt")
RAW_PROFILES = tuple(f"Raw profile type {kind}" for kind in ("exif", "APP1", "xmp"))
"""Texts in which ImageMagick keeps the blocks of other formats."""
PROFILE = b"iCCP"
PIXELS = frozenset((
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"acTL", b"fcTL", b"fdAT",
))  # fmt: skip
"""Chunks that the picture, or animation, is made of."""
SHOWN = PIXELS | {
    PROFILE, b"cHRM", b"gAMA", b"sBIT", b"sRGB", b"cICP", b"mDCV", b"cLLI", b"bKGD", b"hIST",
    b"pHYs",
}  # fmt: skip
"""Chunks that say how the picture is shown; all others describe its making, or anything."""

COLORS = (b"cICP", PROFILE, b"sRGB", b"gAMA", b"cHRM")
"""Chunks that say what the colours are; the first of them counts."""
MIN_GAMMA, MAX_GAMMA = 10_000, 1_000_000
"""Hundred-thousandths; anything beyond is a mistake."""
MAX_PROFILE = 4 * 1024 * 1024
MAX_TEXTS = 16 * 1024 * 1024
"""Bytes of all texts together; a small file may hold thousands of times its size."""
MOST_TEXTS = 1000


def chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield kind and content of each chunk, as far as the file goes."""
    return ((kind, body) for kind, body, _ in _chunks(data))


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Yield kind, content and checksum of each chunk."""
    at = len(SIGNATURE)
    while at + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        if kind == b"IEND":  # whatever length it has by mistake: decoders do not look
            yield kind, b"", b""
            return
        if at + 12 + length > len(data):
            return
        end = at + 8 + length
        yield kind, data[at + 8 : end], data[end : end + 4]
        at += 12 + length


def is_png(data: bytes) -> bool:
    return data.startswith(SIGNATURE)


def is_whole(data: bytes) -> bool:
    """Return whether the chunks lead from the header to the final one."""
    at = len(SIGNATURE)
    if data[at : at + 8] != b"\0\0\0\x0dIHDR":
        return False
    while at + 12 <= len(data):
        if data[at + 4 : at + 8] == b"IEND":
            return True
        at += 12 + int.from_bytes(data[at : at + 4], "big")
    return False


def join(parts: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Build a file from these chunks."""
    return SIGNATURE + b"".join(map(_packed, parts))


def bare(data: bytes) -> bytes:
    """Return the file with its pixels alone; checksums are recomputed, except those of the pixels.

    So nothing else can trip a decoder.
    """
    return SIGNATURE + b"".join(
        _packed((kind, body), checksum if kind in (b"IHDR", b"PLTE", b"IDAT") else b"")
        for kind, body, checksum in _chunks(data)
        if kind in PIXELS
    )


def block(data: bytes) -> bytes:
    """Return the EXIF block; empty if there is none."""
    return next((body for kind, body in chunks(data) if kind == b"eXIf"), b"")


def profile(data: bytes) -> bytes:
    """Return the ICC profile, or one for numeric colours; empty without either, and for sRGB."""
    said: dict[bytes, bytes] = {}
    for kind, body in chunks(data):
        if kind == b"IDAT":
            break
        if kind in COLORS:
            said.setdefault(kind, body)
    if len(codes := said.get(b"cICP", b"")) == 4:
        return colorimetry.of_codes(codes[0], codes[1])
    if PROFILE in said:
        return _inflated(said[PROFILE].partition(b"\0")[2][1:], MAX_PROFILE)
    gamma = int.from_bytes(said.get(b"gAMA", b""), "big")
    if b"sRGB" in said or not MIN_GAMMA <= gamma <= MAX_GAMMA:
        return b""
    points: list[tuple[float, float]] = []
    if len(said.get(b"cHRM", b"")) == 32:
        points = [(x / 100_000, y / 100_000) for x, y in struct.iter_unpack(">II", said[b"cHRM"])]
    return colorimetry.of_gamma(100_000 / gamma, *((tuple(points),) if points else ()))


def strip(data: bytes) -> bytes:
    """Keep only the chunks that show the picture, and its orientation."""
    parts = [(kind, _nameless(kind, body)) for kind, body in chunks(data) if kind in SHOWN]
    if turn := exif.orientation(block(data)):
        parts.insert(1, (b"eXIf", exif.turned(turn)))
    return join(parts)


def _nameless(kind: bytes, body: bytes) -> bytes:
    """Replace a profile's name, which its writer may choose freely."""
    return b"ICC" + body[body.find(b"\0") :] if kind == PROFILE and b"\0" in body else body


def embed(data: bytes, text: str, packet: bytes) -> bytes:
    """Add A1111's text and an XMP packet, whichever is not empty."""
    new = [text_chunk("parameters", text)] if text else []
    if packet:
        new.append((b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + packet))
    return insert(data, new)


def insert(data: bytes, parts: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Insert these chunks after the first one, the header; everything else stays byte for byte."""
    if not is_whole(data):
        return data
    header = len(SIGNATURE) + 12 + 13
    return data[:header] + b"".join(map(_packed, parts)) + data[header:]


def _packed(part: tuple[bytes, bytes], checksum: bytes = b"") -> bytes:
    kind, body = part
    checksum = checksum or struct.pack(">I", zlib.crc32(body, zlib.crc32(kind)))
    return b"".join((struct.pack(">I", len(body)), kind, body, checksum))


def text_chunk(key: str, text: str) -> tuple[bytes, bytes]:
    """Build a tEXt chunk, which every tool reads, if the text is plain, else iTXt in UTF-8."""
    name = key.encode("latin-1")
    if text.isascii():
        return b"tEXt", name + b"\0" + text.encode()
    return b"iTXt", name + b"\0\0\0\0\0" + text.encode("utf-8", "replace")


def texts(data: bytes) -> tuple[dict[str, str], bytes, bytes, bool]:
    """Return text chunks by key (the first of each), EXIF, XMP, and whether there are
    credentials."""
    found: dict[str, str] = {}
    last, xmp, credentials = b"", b"", False
    left = MAX_TEXTS
    for kind, body in chunks(data):
        if kind in TEXTS:
            if left <= 0 or len(found) >= MOST_TEXTS:
                found["…"] = "There are more texts in the file."
                continue
            key, text = _text(kind, body, left)
            left -= len(text)
            if key == "XML:com.adobe.xmp":
                xmp = xmp or text.encode()
            elif key:
                found.setdefault(key, text)
        elif kind == b"eXIf":
            last = last or body
        elif kind == CREDENTIALS:
            credentials = True
    for key in RAW_PROFILES:
        raw = _unhexed(found.get(key, ""))
        if raw.startswith(XMP_HEAD) or key.endswith("xmp"):
            xmp = xmp or raw.removeprefix(XMP_HEAD)
        else:
            last = last or raw
    return found, last, xmp, credentials


def _unhexed(text: str) -> bytes:
    """Decode a block from a text: its kind and its length, each on a line, then hexadecimals."""
    _, _, digits = text.strip().partition("\n")
    length, _, digits = digits.lstrip().partition("\n")
    try:
        return bytes.fromhex(digits)[: int(length)]
    except ValueError:
        return b""


def _text(kind: bytes, body: bytes, most: int) -> tuple[str, str]:
    """Return key and text; a compressed text is limited to so many bytes."""
    key, _, rest = body.partition(b"\0")
    name = key.decode("latin-1")
    if kind == b"tEXt":
        return name, _decoded(rest)
    if kind == b"zTXt":
        return name, _decoded(_inflated(rest[1:], most))
    compressed, rest = rest[:1] == b"\1", rest[2:]
    _, _, rest = rest.partition(b"\0")  # language
    _, _, rest = rest.partition(b"\0")  # translated key
    return name, (_inflated(rest, most) if compressed else rest).decode("utf-8", "replace")


def _decoded(body: bytes) -> str:
    # The standard says Latin-1; several tools write UTF-8 all the same.
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return body.decode("latin-1")


def _inflated(body: bytes, most: int) -> bytes:
    try:
        return zlib.decompressobj().decompress(body, most)
    except zlib.error:
        return b""
