"""Turns bytes into facts and a thumbnail, without database or settings.

The memory that decoding takes is borrowed from `decoding`.
"""

import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from . import colors, decoding
from .metadata import avif, formats, jpeg
from .metadata.formats import AVIF, JPEG, PNG, WEBP, Format, is_whole
from .metadata.stealth import hidden_text

ORIENTATION = 0x0112
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""The transposition for each of EXIF's orientations."""
TURNED_ASIDE = (5, 6, 7, 8)

MAX_BYTES = 64 * 1024 * 1024
JPEG_PIXELS = 1.78
"""How many times larger JPEGs may be: they are decoded at an eighth of their size."""

Image.MAX_IMAGE_PIXELS = None
"""Pillow's own limit, which cannot be told how many are under way at once. Ours is below."""

STRIP = 1_000_000
"""Pixels that are shrunk at once."""

THUMBNAIL_SIDE = 512
LARGE_SIDE = 1024
LARGE_QUALITY = 40
"""It suffices for high-density displays, where no pixel is visible: fifty weigh two megabytes."""

THUMBNAILS = (".thumb.webp", ".thumb-1024.webp")
"""The endings of both thumbnails' names, in place of the picture's own suffix."""
THUMBNAIL_VERSION = 2
"""It grows whenever thumbnails change, and older ones are made again. Rows say which version made
theirs, and so do addresses, which browsers cache for ever."""

UNKNOWN_COLOR = "#808080"

ASPECT_RATIOS = (
    "1:1", "2:3", "3:2", "3:4", "4:3", "9:16", "16:9", "1:2", "2:1",
    "9:19.5", "19.5:9", "9:20", "20:9", "21:9", "5:2",
)  # fmt: skip
"""The ratios that image models offer; the first, "1:1", is the default of most."""


class UnreadablePicture(ValueError):
    """The bytes are not a picture that the library keeps; `code` says why in one word.

    `message` is the sentence to be translated, and `values` are filled into it.
    """

    def __init__(self, code: str, message: str, **values: int | str) -> None:
        super().__init__(message % values if values else message)
        self.code = code
        self.message = message
        self.values = values

    def __reduce__(self) -> tuple[Any, ...]:  # it passes between processes
        return _refusal, (self.code, self.message, self.values)


def _refusal(code: str, message: str, values: dict[str, int | str]) -> UnreadablePicture:
    return UnreadablePicture(code, message, **values)


@dataclass(frozen=True, slots=True)
class Picture:
    """A whole, decoded picture: its facts and its thumbnail (WebP, at most 512 pixels a side)."""

    content_type: str
    suffix: str
    width: int  # pixels, as displayed (after EXIF orientation)
    height: int
    size: int  # bytes
    color: str  # mean colour, #rrggbb: what a page shows until the thumbnail has come
    thumbnail: bytes  # empty where it is to be made later
    hidden_text: str  # in the lowest bits of the pixels, see `metadata.stealth`


def read_picture(data: bytes, *, thumbnail_later: bool = False, patient: bool = True) -> Picture:
    """Decode a picture completely, so that a truncated or lying file is found out now.

    Args:
        thumbnail_later: where its head and its end already say that it is whole, do not decode
            it: there is no thumbnail then, and for a colour grey. True of JPEG alone, whose
            decoder makes some picture of whatever stands between the two.
        patient: wait for memory as long as it takes (`decoding`).

    Raises:
        UnreadablePicture: code `empty`, `too_large`, `too_many_pixels`, `not_a_picture`,
            `unsupported_format` or `damaged`.
        decoding.Busy: it did not wait.
    """
    if not data:
        raise not_kept(data)
    if len(data) > MAX_BYTES:
        raise too_large()
    found = _format_of(data)
    with _opened(found, data) as image:
        turn = _turn_of(image, found, data)
        width, height = image.size
        if turn in TURNED_ASIDE:
            width, height = height, width
        if found is JPEG and thumbnail_later and found.is_whole(data):
            thumbnail, color, hidden = b"", UNKNOWN_COLOR, ""
        else:
            with decoding.budget.room(_cost(image, found, data), patient=patient):
                thumbnail, color, hidden = _decoded(image, found, data, turn)
    return Picture(
        content_type=found.media_type,
        suffix=found.suffix,
        width=width,
        height=height,
        size=len(data),
        color=color,
        thumbnail=thumbnail,
        hidden_text=hidden,
    )


def read_elsewhere(given: bytes | str, max_pixels: int) -> Picture:
    """Do the same as `read_picture` in a process of its own, which does not know the settings.

    Args:
        given: the bytes, or the path of a file that has them.
    """
    decoding.allow(max_pixels)
    return read_picture(Path(given).read_bytes() if isinstance(given, str) else given)


def memory_for(data: bytes) -> int:
    """Return the bytes that decoding a picture takes at its peak.

    Raises:
        UnreadablePicture: as `read_picture`, but for what only decoding finds out.
    """
    found = _format_of(data)
    with _opened(found, data) as image:
        return _cost(image, found, data)


def read_whole_picture(data: bytes, *, patient: bool = True) -> Picture:
    """Do the same as `read_picture`, and require every byte of the file, even after the last pixel.

    This is for files from outside, which can be sent again. (A generated picture cannot.)

    Raises: as `read_picture`.
    """
    picture = read_picture(data, patient=patient)
    if not is_whole(data):
        raise _damaged()
    return picture


def read_head(data: bytes) -> tuple[str, int, int]:
    """Read media type, width and height (in pixels, as stored) from a file's head alone.

    This is for files whose checksum proves that they were decoded before.

    Raises:
        UnreadablePicture: as `read_picture`, except for what only decoding finds out.
    """
    found = _format_of(data)
    with _opened(found, data) as image:
        return found.media_type, *image.size


def is_thumbnail(data: bytes) -> bool:
    """Return whether these bytes are a complete WebP picture of a thumbnail's size."""
    if formats.format_of(data) is not WEBP:
        return False
    try:
        with _opened(WEBP, data) as image:
            if max(image.size) > THUMBNAIL_SIDE:
                return False
            image.load()  # it takes too little memory to ask for
    except UnreadablePicture:
        return False
    return True


def thumbnail_name(file: str) -> str:
    """Return the name of the thumbnail of the stored file `file`."""
    return f"{file.rpartition('.')[0]}{THUMBNAILS[0]}"


def large_thumbnail_name(file: str) -> str:
    """Return the name of the large thumbnail, which exists once somebody has asked for it."""
    return f"{file.rpartition('.')[0]}{THUMBNAILS[1]}"


def current_version() -> int:
    """Return the version of today's thumbnails."""
    return THUMBNAIL_VERSION


def thumbnail_address_version(file: str, version: int) -> str:
    """Return what a thumbnail's address names, so that each edition has an address of its own."""
    return f"{version}-{file.rpartition('/')[2][:8]}"


def large_thumbnail(data: bytes) -> bytes:
    """Make a WebP of at most 1024 pixels a side.

    Raises:
        UnreadablePicture: as `read_picture`.
    """
    found = _format_of(data)
    with _opened(found, data) as image:
        turn = _turn_of(image, found, data)
        with decoding.budget.room(_cost(image, found, data), patient=True):
            _begin(image, found, LARGE_SIDE)
            large = _shrunk(image, found.profile(data), turn, LARGE_SIDE)
        return _webp(large, quality=LARGE_QUALITY, method=2)


def is_derived(name: str) -> bool:
    """Return whether a file was made from another one and can be made again."""
    return name.endswith(THUMBNAILS)


def nearest_aspect_ratio(width: float, height: float, among: Iterable[str] = ASPECT_RATIOS) -> str:
    """Return the offered ratio nearest to `width` : `height`, compared as proportions."""

    def distance(ratio: str) -> float:
        across, down = map(float, ratio.split(":"))
        wanted, offered = width / height, across / down
        return max(wanted / offered, offered / wanted)

    return min(among, key=distance)


@contextmanager
def _opened(found: Format, data: bytes) -> Iterator[Image.Image]:
    """Open the picture from only those parts of the file that its pixels need."""
    try:
        image = Image.open(io.BytesIO(found.bare(data)), formats=[found.name])
    except Exception as error:  # Pillow's plugins raise whatever the bytes provoke
        raise _damaged() from error
    with image:
        try:
            limit = _max_pixels(image, found, data)
            if image.width * image.height > limit:
                raise UnreadablePicture(
                    "too_many_pixels",
                    "The picture has more than %(limit)d million pixels.",
                    limit=limit // 1_000_000,
                )
            yield image
        except (UnreadablePicture, decoding.Busy):
            raise
        except Exception as error:  # as above
            raise _damaged() from error


def _max_pixels(image: Image.Image, found: Format, data: bytes) -> int:
    """Return the most pixels of such a picture: what is allowed, and fits into the budget."""
    allowed = decoding.max_pixels() * (JPEG_PIXELS if found is JPEG else 1)
    pixels = max(1, image.width * image.height)
    return min(
        int(allowed), decoding.budget.total * pixels // _decoding(image, found, data, pixels)
    )


def _cost(image: Image.Image, found: Format, data: bytes) -> int:
    """Return the bytes that decoding and shrinking take at their peak, as measured, rounded up."""
    pixels = max(1, image.width * image.height)
    return _decoding(image, found, data, pixels) + 3 * decoding.DECODED * min(pixels, STRIP)


def _decoding(image: Image.Image, found: Format, data: bytes, pixels: int) -> int:
    if found is JPEG:
        return pixels * jpeg.waiting(data) + pixels // 16 + 1
    if found is WEBP:
        return pixels * 12  # the canvas twice, and the picture
    if found is AVIF:
        channels = len(image.mode)
        return int(pixels * (2 * channels + 1.5 * avif.planes(data, channels)))
    # Only a PNG says so at its beginning: for a GIF, all frames would be read.
    animated = 3 if found is PNG and getattr(image, "n_frames", 1) > 1 else 1
    narrow = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2}
    return pixels * narrow.get(image.mode, decoding.DECODED) * animated


def _format_of(data: bytes) -> Format:
    """Return the format; the error for another one names it.

    Raises:
        UnreadablePicture
    """
    if found := formats.format_of(data):
        return found
    raise not_kept(data)


def not_kept(data: bytes) -> UnreadablePicture:
    """Build the error for a file (or its first `formats.HEAD` bytes) of a format that is not
    kept."""
    if not data:
        return UnreadablePicture("empty", "The file is empty.")
    if kind := formats.other_format(data):
        return UnreadablePicture(
            "unsupported_format",
            "%(kind)s files are not supported. Use JPEG, PNG, WebP, GIF or AVIF.",
            kind=kind,
        )
    return UnreadablePicture(
        "not_a_picture", "The file is not a JPEG, PNG, WebP, GIF or AVIF picture."
    )


def too_large() -> UnreadablePicture:
    """Build the error for a caller that knows the size before the bytes."""
    limit = MAX_BYTES // 1024 // 1024
    return UnreadablePicture("too_large", "The file is larger than %(limit)d MB.", limit=limit)


def _damaged() -> UnreadablePicture:
    return UnreadablePicture("damaged", "The picture is damaged or incomplete.")


def _decoded(image: Image.Image, found: Format, data: bytes, turn: int) -> tuple[bytes, str, str]:
    """Return the thumbnail, the mean colour, and the text hidden in the pixels."""
    _begin(image, found, THUMBNAIL_SIDE)
    hidden = hidden_text(image) if found in (PNG, WEBP) else ""
    return *_thumbnail(image, found.profile(data), turn), hidden


def _turn_of(image: Image.Image, found: Format, data: bytes) -> int:
    return int(found.turn(data) if found.turns else image.getexif().get(ORIENTATION, 1))


def _begin(image: Image.Image, found: Format, side: int) -> None:
    """Have the decoder produce what a thumbnail of so many pixels a side needs."""
    if found is JPEG:
        # Decode the file once, whole, at the size nearest above the thumbnail's: libjpeg
        # then leaves out work, and still reads to the end, so truncation shows.
        image.draft("RGB", (side, side))
    elif found in (WEBP, AVIF):
        _let_go_early(image)
    elif image.info.get("default_image"):
        image.seek(1)  # the still before an animation is for programs without animations


def _let_go_early(image: Any) -> None:
    """Free the decoder after the one picture that is wanted, before that is copied.

    Its canvas takes as much memory again, or twice as much.
    """

    def prepare() -> None:
        image._decoder = None
        del image.load_prepare  # and with it a circle of references
        image.load_prepare()

    image.load_prepare = prepare


def _thumbnail(image: Image.Image, profile: bytes, turn: int) -> tuple[bytes, str]:
    small = _shrunk(image, profile, turn, THUMBNAIL_SIDE)
    red, green, blue = small.convert("RGB").resize((1, 1), Image.Resampling.BOX).tobytes()
    return _webp(small, quality=80, method=0), f"#{red:02x}{green:02x}{blue:02x}"


def _shrunk(image: Image.Image, profile: bytes, turn: int, side: int) -> Image.Image:
    """Return the picture upright, in sRGB, with at most so many pixels a side."""
    small = _fitted(image, side)
    small = colors.to_srgb(small, profile)
    return small.transpose(TURNS[turn]) if turn in TURNS else small


def _fitted(image: Image.Image, side: int) -> Image.Image:
    """Return the picture in 8 bits, with at most so many pixels a side.

    A large one is shrunk strip by strip, so that no second copy of it is in memory.
    """
    factor = min(image.size) // (2 * side)
    is_large = factor > 1 and image.width * image.height > STRIP
    small = _reduced(image, factor) if is_large else colors.as_8_bits(image)
    small.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=2)
    return small


def _reduced(image: Image.Image, factor: int) -> Image.Image:
    rows = max(1, STRIP // image.width // factor) * factor
    strips = [
        colors.as_8_bits(image.crop((0, top, image.width, min(top + rows, image.height)))).reduce(
            factor
        )
        for top in range(0, image.height, rows)
    ]
    whole = Image.new(strips[0].mode, (strips[0].width, sum(strip.height for strip in strips)))
    top = 0
    for strip in strips:
        whole.paste(strip, (0, top))
        top += strip.height
    return whole


def _webp(image: Image.Image, *, quality: int, method: int) -> bytes:
    out = io.BytesIO()
    image.save(out, WEBP.name, quality=quality, method=method)
    return out.getvalue()
