"""The picture formats that the library keeps, and how each is recognised, read and written.

A format is recognised by its first bytes, never by a name.
"""

from collections.abc import Callable
from dataclasses import dataclass

from . import avif, exif, gif, jpeg, png, webp

Texts = tuple[dict[str, str], bytes, bytes, bool]
"""Texts by key, the EXIF block, the XMP packet, and whether there are C2PA credentials."""


@dataclass(frozen=True, slots=True)
class Format:
    """One format. Its functions take a file's bytes, and none of them decodes a pixel."""

    name: str  # Pillow's
    title: str  # people's
    media_type: str
    suffixes: tuple[str, ...]  # the first is the one that files are given
    is_one: Callable[[bytes], bool]
    is_whole: Callable[[bytes], bool]  # whether no part that its end needs is missing
    texts: Callable[[bytes], Texts]
    bare: Callable[[bytes], bytes]  # the pixels' own parts alone, for a decoder
    profile: Callable[[bytes], bytes]  # the ICC profile
    strip: Callable[[bytes], bytes]
    embed: Callable[[bytes, str, bytes], bytes]  # with A1111's text and an XMP packet
    block: Callable[[bytes], bytes]  # the EXIF block
    turns: bool = True  # EXIF says how it is turned; else boxes that decoders obey by themselves

    def turn(self, data: bytes) -> int:
        """Return EXIF's orientation if it is not the plain one, 2 to 8; else 0."""
        return exif.orientation(self.block(data))

    @property
    def suffix(self) -> str:
        return self.suffixes[0]


FORMATS = (
    Format("JPEG", "JPEG", "image/jpeg", ("jpg", "jpeg", "jfif"), jpeg.is_jpeg, jpeg.is_whole,
           jpeg.texts, jpeg.bare, jpeg.profile, jpeg.strip, jpeg.embed, jpeg.block),
    Format("PNG", "PNG", "image/png", ("png",), png.is_png, png.is_whole,
           png.texts, png.bare, png.profile, png.strip, png.embed, png.block),
    Format("WEBP", "WebP", "image/webp", ("webp",), webp.is_webp, webp.is_whole,
           webp.texts, webp.bare, webp.profile, webp.strip, webp.embed, webp.block),
    Format("GIF", "GIF", "image/gif", ("gif",), gif.is_gif, gif.is_whole,
           gif.texts, gif.bare, gif.profile, gif.strip, gif.embed, gif.block, turns=False),
    Format("AVIF", "AVIF", "image/avif", ("avif",), avif.is_avif, avif.is_whole,
           avif.texts, avif.bare, avif.profile, avif.strip, avif.embed, avif.block, turns=False),
)  # fmt: skip

JPEG, PNG, WEBP, GIF, AVIF = FORMATS
OF_MEDIA_TYPE = {each.media_type: each for each in FORMATS}

HEAD = 4096  # bytes that `format_of` and `other_format` need to see

OTHERS: tuple[tuple[bytes, int, str, str], ...] = (
    (b"\xff\x0a", 0, "JPEG XL", "image/jxl"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", 0, "JPEG XL", "image/jxl"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", 0, "JPEG 2000", ""),
    (b"\xff\x4f\xff\x51", 0, "JPEG 2000", ""),
    (b"II*\0", 0, "TIFF", "image/tiff"),
    (b"MM\0*", 0, "TIFF", "image/tiff"),
    (b"II+\0", 0, "TIFF", "image/tiff"),
    (b"MM\0+", 0, "TIFF", "image/tiff"),
    (b"8BPS", 0, "Photoshop (PSD)", ""),
    (b"\0\0\1\0", 0, "icon (ICO)", ""),
    (b"qoif", 0, "QOI", ""),
    (b"v/1\1", 0, "OpenEXR", ""),
    (b"DDS ", 0, "DDS", ""),
    (b"gimp xcf", 0, "GIMP (XCF)", ""),
    (b"PK\3\4", 0, "ZIP", ""),
    (b"%PDF-", 0, "PDF", "application/pdf"),
    (b"\x1aE\xdf\xa3", 0, "WebM", ""),
    (b"WAVE", 8, "WAV", ""),
    (b"AVI ", 8, "AVI", ""),
    (b"7z\xbc\xaf\x27\x1c", 0, "7-Zip", ""),
    (b"Rar!\x1a\x07", 0, "RAR", ""),
    (b"ustar", 257, "tar", ""),
    (b"\x1f\x8b\x08", 0, "gzip", ""),
    (b"\xfd7zXZ\0", 0, "xz", ""),
    (b"BZh", 0, "bzip2", ""),
    (b"\x28\xb5\x2f\xfd", 0, "Zstandard", ""),
    (b"%!PS", 0, "PostScript", ""),
    (b"#?RADIANCE", 0, "Radiance (HDR)", ""),
    (b"FLIF", 0, "FLIF", ""),
    (b"icns", 0, "icon (ICNS)", ""),
    (b"P5\n", 0, "PGM", ""),
    (b"P6\n", 0, "PPM", ""),
    (b"RIFF", 0, "RIFF", ""),
)
"""First bytes of formats that are not kept: the bytes, their position, the format's title, and its
media type where upstreams are known to send it."""

BRANDS = (
    ({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"}, "HEIC", "image/heic"),
    ({b"mif1", b"msf1"}, "HEIC", "image/heif"),
    ({b"qt  "}, "QuickTime", ""),
    ({b"crx "}, "Canon raw (CR3)", ""),
)
"""Other formats that use the boxes of MP4: their brands, title and media type."""

BMP_HEADERS = (12, 16, 40, 52, 56, 64, 108, 124)
"""Possible lengths of a bitmap's second header: a text may begin with BM, too."""


def format_of(data: bytes) -> Format | None:
    """Return the format of a file, or None if the library does not keep it."""
    return next((each for each in FORMATS if each.is_one(data)), None)


def is_whole(data: bytes) -> bool:
    """Return whether a file has the end that its format requires; more may follow it.

    Decoders are satisfied once they have the last pixel. This takes tens of microseconds, since
    nothing is decoded. It says nothing about bytes that are not a picture.
    """
    found = format_of(data)
    return found is not None and found.is_whole(data)


def other_format(data: bytes) -> str:
    """Return the title of a format that the library does not keep; empty if it is unknown."""
    return _other(data)[0]


def media_type(data: bytes) -> str:
    """Guess a picture's media type by how its file begins; empty if it is unknown."""
    found = format_of(data)
    return found.media_type if found else _other(data)[1]


def _other(data: bytes) -> tuple[str, str]:
    """Return title and media type of a format that the library does not keep."""
    named = avif.brands(data[:HEAD])
    if named:
        known = ((title, type_) for brands, title, type_ in BRANDS if brands & named)
        return next(known, ("MP4", ""))
    if data.startswith(b"BM") and int.from_bytes(data[14:18], "little") in BMP_HEADERS:
        return "BMP", "image/bmp"
    start = data[:HEAD].lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith(b"<") and b"<svg" in start and b"<html" not in start.lower():
        return "SVG", "image/svg+xml"
    known = ((title, type_) for mark, at, title, type_ in OTHERS if data.startswith(mark, at))
    return next(known, ("", ""))
