"""Texts in the lowest bits of a picture's alpha (or colour) channels, column by column.

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
    """The text hidden in a picture; empty where there is none."""
    if image.mode == "RGBA" and (text := _read(image.getchannel("A"), ALPHA)):
        return text
    if image.mode in ("RGB", "RGBA"):
        return _read(image if image.mode == "RGB" else image.convert("RGB"), COLORS)
    return ""


def _read(channels: Image.Image, magic_words: dict[bytes, bool]) -> str:
    # The first columns hold the magic word; only where it stands are the others looked at.
    columns = MAGIC * 8 // channels.height + 1
    head = _bits(channels.crop((0, 0, min(columns, channels.width), channels.height)))
    compressed = magic_words.get(_bytes(head[: MAGIC * 8]))
    if compressed is None:
        return ""
    bits = _bits(channels)
    start = MAGIC * 8 + 32
    length = int(bits[MAGIC * 8 : start] or b"0", 2)
    body = _bytes(bits[start : start + length])
    if compressed:
        try:
            body = zlib.decompressobj(31).decompress(body, MAX_INFLATED)
        except zlib.error:
            return ""
    return clean(body.decode("utf-8", "replace"))


def _bits(channels: Image.Image) -> bytes:
    return channels.transpose(Image.Transpose.TRANSPOSE).tobytes().translate(LOWEST_BIT)


def _bytes(bits: bytes) -> bytes:
    whole = len(bits) // 8 * 8
    return int(bits[:whole] or b"0", 2).to_bytes(whole // 8, "big")
