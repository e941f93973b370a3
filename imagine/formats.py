"""Converts a picture to the format that the client asked for."""

import io

from PIL import Image, UnidentifiedImageError

from gallery.files import decoding, pictures
from gallery.files.metadata import formats

DEFAULT_QUALITY = 90

CONVERTED = ("png", "jpeg", "webp", "gif")
"""Formats that are made here. Any other is up to the upstream: a client may name anything."""

UNKNOWN = "application/octet-stream"
TEXT = "text/plain"
SVG = "image/svg+xml"

SUFFIXES = {UNKNOWN: "bin", TEXT: "txt"}
"""File suffixes of what is not a picture; an unkept picture format has its short name."""


def convert(data: bytes, output_format: str, compression: int | None = None) -> bytes:
    """Convert a picture to one of the formats `CONVERTED`; leave it untouched if it has it already.

    Any other format, bytes that are not a picture, and a picture that the format cannot hold come
    back untouched, too: whoever stores them reports what is wrong.

    Args:
        compression: OpenAI's `output_compression`, the quality from 0 to 100.
    """
    try:
        with Image.open(io.BytesIO(data)) as image:
            if (image.format or "").lower() == output_format or output_format not in CONVERTED:
                return data
            # The picture, and what it is converted into.
            needed = pictures.memory_for(data) + 2 * decoding.DECODED * image.width * image.height
            with decoding.budget.room(needed, patient=True):
                out = io.BytesIO()
                quality = DEFAULT_QUALITY if compression is None else compression
                _with_mode(image, output_format).save(out, output_format, quality=quality)
    except (UnidentifiedImageError, pictures.UnreadablePicture, OSError, SyntaxError, ValueError):
        return data
    return out.getvalue()


def media_type(data: bytes) -> str:
    """Guess the type of unreadable bytes by how they begin; `TEXT` means they are not a picture."""
    if found := formats.media_type(data):
        return found
    start = data[:4000].lower()
    if b"<svg" in start and b"<html" not in start:  # behind something else
        return SVG
    try:
        data[:4000].decode()
    except UnicodeDecodeError as error:
        return TEXT if error.start > 3990 else UNKNOWN
    return UNKNOWN if b"\x00" in data[:4000] else TEXT


def suffix(content_type: str) -> str:
    """Return the suffix of a file of this media type, without its dot."""
    if kept := formats.OF_MEDIA_TYPE.get(content_type):
        return kept.suffix
    return SUFFIXES.get(content_type) or short_name(content_type)


def short_name(content_type: str) -> str:
    """Return `jpeg` for `image/jpeg`, `svg` for `image/svg+xml`."""
    return content_type.rpartition("/")[2].partition("+")[0]


def _with_mode(image: Image.Image, output_format: str) -> Image.Image:
    transparent = "A" in image.getbands() or "transparency" in image.info
    if output_format != "jpeg":
        return image.convert("RGBA" if transparent else "RGB")
    if transparent:  # JPEG has no transparency: white shows through
        ground = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(ground, image.convert("RGBA")).convert("RGB")
    return image.convert("RGB")
