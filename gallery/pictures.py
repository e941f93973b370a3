"""Bytes to facts and bytes to thumbnail. Pure: no database, no settings, no request."""

import hashlib
import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageOps

from .metadata.stealth import hidden_text
from .metadata.wholeness import is_whole

FORMATS = {
    "JPEG": ("image/jpeg", "jpg"),
    "PNG": ("image/png", "png"),
    "WEBP": ("image/webp", "webp"),
    "GIF": ("image/gif", "gif"),
    "AVIF": ("image/avif", "avif"),
}
"""Pillow's name of each format that the library keeps: its media type and file suffix."""

MAX_BYTES = 64 * 1024 * 1024
MAX_PIXELS = 100_000_000
"""Larger pictures are refused before a pixel is decoded: they may be decompression bombs."""

THUMBNAIL_SIDE = 512

UNKNOWN_COLOR = "#808080"

ASPECT_RATIOS = (
    "1:1", "2:3", "3:2", "3:4", "4:3", "9:16", "16:9", "1:2", "2:1",
    "9:19.5", "19.5:9", "9:20", "20:9",
)  # fmt: skip
"""The ratios that image models offer; the first, "1:1", is the default of most."""


class UnreadablePicture(ValueError):
    """The bytes are no picture that the library keeps; `code` says why in one word."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code

    def __reduce__(self) -> tuple[Any, ...]:  # it passes between processes
        return type(self), (self.code, str(self))


@dataclass(frozen=True, slots=True)
class Picture:
    """A whole, decoded picture: its facts and its thumbnail (WebP, at most 512 pixels a side)."""

    content_type: str
    suffix: str
    width: int  # pixels, as displayed (after EXIF orientation)
    height: int
    size: int  # bytes
    content_hash: str  # SHA-256, hexadecimal
    color: str  # mean colour, #rrggbb: what a page shows until the thumbnail has come
    thumbnail: bytes  # empty where it is to be made later
    hidden_text: str  # in the lowest bits of the pixels, see `metadata.stealth`


def read_picture(data: bytes, *, thumbnail_later: bool = False) -> Picture:
    """Decode a picture wholly, so that a truncated or lying file is found out now.

    Args:
        thumbnail_later: where its head and its end already say that it is whole, do not decode
            it: there is no thumbnail then, and for a colour grey. True of JPEG alone, whose
            decoder makes some picture of whatever stands between the two.

    Raises:
        UnreadablePicture: code `empty`, `too_large`, `too_many_pixels`, `not_a_picture`,
            `unsupported_format` or `damaged`.
    """
    if not data:
        raise UnreadablePicture("empty", "The file is empty.")
    if len(data) > MAX_BYTES:
        raise too_large()
    with _opened(data) as image:
        kind = "JPEG" if image.format == "MPO" else image.format or ""  # JPEGs, one behind another
        content_type, suffix = FORMATS[kind]
        width, height = image.size
        if image.getexif().get(0x0112, 1) in (5, 6, 7, 8):  # orientations that turn by 90°
            width, height = height, width
        if kind == "JPEG" and thumbnail_later and is_whole(data):
            thumbnail, color, hidden = b"", UNKNOWN_COLOR, ""
        else:
            thumbnail, color, hidden = _decoded(image, kind)
    return Picture(
        content_type=content_type,
        suffix=suffix,
        width=width,
        height=height,
        size=len(data),
        content_hash=hashlib.sha256(data).hexdigest(),
        color=color,
        thumbnail=thumbnail,
        hidden_text=hidden,
    )


def read_whole_picture(data: bytes) -> Picture:
    """As `read_picture`, and nothing of the file itself may be missing, be it after the last pixel.

    For files from outside, which can be sent again. (A generated picture cannot.)

    Raises:
        UnreadablePicture: as `read_picture`.
    """
    picture = read_picture(data)
    if not is_whole(data):
        raise _damaged()
    return picture


def thumbnail_name(file: str) -> str:
    """The name that the thumbnail of the stored file `file` has."""
    return f"{file.rpartition('.')[0]}.thumb.webp"


def nearest_aspect_ratio(width: float, height: float) -> str:
    """The offered ratio that is nearest to `width` : `height`, compared as proportions."""

    def distance(ratio: str) -> float:
        across, down = map(float, ratio.split(":"))
        wanted, offered = width / height, across / down
        return max(wanted / offered, offered / wanted)

    return min(ASPECT_RATIOS, key=distance)


@contextmanager
def _opened(data: bytes) -> Iterator[Image.Image]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(data), formats=list(FORMATS))
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise _too_many_pixels() from None
    except Exception as error:  # Pillow's plugins raise whatever the bytes provoke
        raise UnreadablePicture(
            "not_a_picture", f"The file is not a {', '.join(FORMATS)} picture."
        ) from error
    with image:
        if image.width * image.height > MAX_PIXELS:
            raise _too_many_pixels()
        try:
            yield image
        except Exception as error:  # as above
            raise _damaged() from error


def too_large() -> UnreadablePicture:
    """For whoever knows the size before the bytes."""
    limit = MAX_BYTES // 1024 // 1024
    return UnreadablePicture("too_large", f"The file is larger than {limit} MB.")


def _damaged() -> UnreadablePicture:
    return UnreadablePicture("damaged", "The picture is damaged or incomplete.")


def _too_many_pixels() -> UnreadablePicture:
    return UnreadablePicture(
        "too_many_pixels", f"The picture has more than {MAX_PIXELS // 1_000_000} million pixels."
    )


def _decoded(image: Image.Image, kind: str) -> tuple[bytes, str, str]:
    """Thumbnail, mean colour, and the text hidden in the pixels."""
    if kind == "JPEG":
        # Decode the file once, whole, at the size nearest above the thumbnail's: libjpeg
        # then leaves out work, and still reads to the end, so truncation shows.
        image.draft("RGB", (THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    hidden = hidden_text(image) if kind in ("PNG", "WEBP") else ""
    return *_thumbnail(image), hidden


def _thumbnail(image: Image.Image) -> tuple[bytes, str]:
    image = ImageOps.exif_transpose(image)
    image.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE), Image.Resampling.LANCZOS, reducing_gap=2)
    if image.mode not in ("RGB", "RGBA"):
        transparent = "A" in image.getbands() or "transparency" in image.info
        image = image.convert("RGBA" if transparent else "RGB")
    red, green, blue = image.convert("RGB").resize((1, 1), Image.Resampling.BOX).tobytes()
    out = io.BytesIO()
    image.save(out, "WEBP", quality=80, method=0)
    return out.getvalue(), f"#{red:02x}{green:02x}{blue:02x}"
