"""The texts of a picture file, whatever the file's format."""

import io
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field

from PIL import ExifTags, Image

from . import gif, jpeg, png, webp
from .embedded import clean

MAX_TEXT = 4 * 1024 * 1024
"""Characters of one text that are looked at; a longer one stays in the file alone."""

EXIF_NAMES = {
    0x010D: "DocumentName",
    0x010E: "ImageDescription",
    0x010F: "Make",
    0x0110: "Model",
    0x0131: "Software",
    0x013B: "Artist",
    0x9286: "UserComment",
    0x927C: "MakerNote",
    0x9C9C: "XPComment",
}


@dataclass(frozen=True, slots=True)
class Fields:
    """Texts by their place in the file."""

    text: dict[str, str] = field(
        default_factory=dict
    )  # PNG text chunks; the `comment` of a GIF or JPEG
    exif: dict[str, str] = field(default_factory=dict)  # by the names of EXIF_NAMES
    xmp: str = ""
    credentials: bool = False

    @property
    def raw(self) -> dict[str, str]:
        """Every text under a name of its own."""
        places = {f"png:{key}": value for key, value in self.text.items()}
        places |= {f"exif:{key}": value for key, value in self.exif.items()}
        if self.xmp:
            places["xmp"] = self.xmp
        return places


def fields_of(data: bytes) -> Fields:
    """The texts in a file; the format is told by its first bytes, never by a name."""
    if data.startswith(png.SIGNATURE):
        found = png.texts(data)
    elif data.startswith(jpeg.SIGNATURE):
        found = jpeg.texts(data)
    elif webp.is_webp(data):
        found = webp.texts(data)
    elif gif.is_gif(data):
        found = gif.texts(data)
    else:
        found = _with_pillow(data)
    text, exif, xmp, credentials = found
    if len(xmp) > MAX_TEXT or not xmp.strip():
        xmp = b""
    return Fields(
        text={key: clean(value) for key, value in text.items() if len(value) <= MAX_TEXT},
        exif={key: clean(value) for key, value in exif_texts(exif) if len(value) <= MAX_TEXT},
        xmp=clean(xmp.decode("utf-8", "replace")),
        credentials=credentials,
    )


def parsed_exif(blob: bytes) -> Image.Exif | None:
    """An EXIF block (with or without its `Exif\\0\\0` head); None of one that is damaged."""
    exif = Image.Exif()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # damaged entries are left out one by one
            exif.load(blob)
            exif.get_ifd(ExifTags.IFD.Exif)
    except Exception:  # noqa: BLE001  Pillow raises whatever a damaged block provokes
        return None
    return exif


def exif_texts(blob: bytes) -> Iterator[tuple[str, str]]:
    """The texts of an EXIF block, in their order."""
    exif = parsed_exif(blob) if blob else None
    if exif is None:
        return
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            entries = [*exif.items(), *exif.get_ifd(ExifTags.IFD.Exif).items()]
    except Exception:  # noqa: BLE001  as above: entries are read when they are asked for
        return
    for tag, value in entries:
        if tag not in EXIF_NAMES or not isinstance(value, bytes | str):
            continue
        if isinstance(value, str):
            text = _utf8(value)
        elif tag == 0x9C9C:
            text = value.decode("utf-16-le", "replace")
        else:
            text = decode_comment(value)
        if text.rstrip("\0"):
            yield EXIF_NAMES[tag], text


def decode_comment(value: bytes) -> str:
    """EXIF's UserComment: eight bytes that name the code, then the text; some leave them out."""
    code, body = value[:8], value[8:]
    if code == b"UNICODE\0":
        # The standard leaves the byte order open and tools differ: take the one that reads.
        both = [body.decode(order, "replace") for order in ("utf-16-be", "utf-16-le")]
        return max(both, key=_readability).lstrip("\ufeff")
    if code in (b"ASCII\0\0\0", b"\0" * 8):
        value = body
    elif code == b"JIS\0\0\0\0\0":
        return body.decode("iso2022_jp", "replace")
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _readability(text: str) -> int:
    sample = text[:4000]
    return sum(
        character < "\x80" or "\u3000" <= character <= "\u9fff" or "\uff00" <= character <= "\uffee"
        for character in sample
    ) - 4 * sample.count("\0")


def _utf8(text: str) -> str:
    # Pillow reads EXIF's ASCII entries as Latin-1, and tools write UTF-8 into them.
    try:
        return text.encode("latin-1").decode("utf-8")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return text


def _with_pillow(data: bytes) -> tuple[dict[str, str], bytes, bytes, bool]:
    """AVIF, whose own reader is Pillow's."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data), formats=["AVIF"]) as image:
                info = dict(image.info)
    except Exception:  # noqa: BLE001  as above
        return {}, b"", b"", False
    return {}, info.get("exif") or b"", info.get("xmp") or b"", b"c2pa" in data[:65536]
