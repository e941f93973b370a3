"""Reads texts hidden in the lowest bits of a picture's alpha (or colour) channels, by columns.

NovelAI's format: a magic word, the length in bits (32, big-endian), then the text, plain
(`stealth_pnginfo`, `stealth_rgbinfo`) or gzipped (`stealth_pngcomp`, `stealth_rgbcomp`).
"""

import zlib

from PIL import Image

from .embedded import clean

MAGIC = len("stealth_pnginfo")
ALPHA = {b"stealth_pnginfo": False, b"stealth_pngcomp": True}
COLORS = {b"stealth_rgbinfo": False, b"stealth_rgbcomp": True}
MAX_INFLATED = 4 * 1024 * 1024
LOWEST_BIT = bytes(b"01"[value & 1] for value in range(256))


def hidden_text(image: Image.Image) -> str:
    """Return the text hidden in a picture; empty if there is none."""
    if image.mode == "RGBA" and (text := _read(image, "A", ALPHA)):
        return text
    return _read(image, "RGB", COLORS) if image.mode in ("RGB", "RGBA") else ""


def _read(image: Image.Image, channels: str, magic_words: dict[bytes, bool]) -> str:
    # The first columns hold the magic word and the length, which says how many others matter.
    start = MAGIC * 8 + 32
    bits = _bits(image, channels, start)
    compressed = magic_words.get(_bytes(bits[: MAGIC * 8]))
    if compressed is None:
        return ""
    length = min(int(bits[MAGIC * 8 : start] or b"0", 2), 8 * MAX_INFLATED)
    body = _bytes(_bits(image, channels, start + length)[start : start + length])
    if compressed:
        try:
            body = zlib.decompressobj(31).decompress(body, MAX_INFLATED)
        except zlib.error:
            return ""
    return clean(body.decode("utf-8", "replace"))


def _bits(image: Image.Image, channels: str, number: int) -> bytes:
    """Return the first bits, or as many as there are."""
    columns = min(-(-number // (image.height * len(channels))), image.width)
    part = image.crop((0, 0, columns, image.height))
    plain = part.getchannel("A") if channels == "A" else part.convert("RGB")
    return plain.transpose(Image.Transpose.TRANSPOSE).tobytes().translate(LOWEST_BIT)


def _bytes(bits: bytes) -> bytes:
    whole = len(bits) // 8 * 8
    return int(bits[:whole] or b"0", 2).to_bytes(whole // 8, "big")
