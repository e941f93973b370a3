"""Reads and writes EXIF: a TIFF directory of entries. Specification: CIPA DC-008."""

import re
import unicodedata
import warnings
from collections.abc import Iterator
from datetime import datetime, timedelta
from datetime import timezone as tz
from typing import Any

from PIL import ExifTags, Image

HEAD = b"Exif\0\0"
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

USER_COMMENT = 0x9286
MOMENTS = ((0x9003, 0x9011), (0x9004, 0x9012), (0x0132, 0x9010))
"""DateTimeOriginal, DateTimeDigitized and DateTime, each with its offset from UTC."""
MOMENT = re.compile(rb"\d{4}:\d\d:\d\d \d\d:\d\d:\d\d")
OFFSET = re.compile(r"([+-])([01]\d):([0-5]\d)")


def parsed(blob: bytes) -> Image.Exif | None:
    """Parse an EXIF block (with or without its `Exif\\0\\0` head); return None if it is damaged."""
    exif = Image.Exif()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # damaged entries are left out one by one
            exif.load(blob)
            exif.get_ifd(ExifTags.IFD.Exif)
    except Exception:  # noqa: BLE001  Pillow raises whatever a damaged block provokes
        return None
    return exif


def _entries(blob: bytes) -> list[tuple[int, Any]]:
    """Return tags and values of a block; none if it is damaged."""
    exif = parsed(blob)
    if exif is None:
        return []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return [*exif.items(), *exif.get_ifd(ExifTags.IFD.Exif).items()]
    except Exception:  # noqa: BLE001  as above: entries are read when they are asked for
        return []


def texts(blob: bytes) -> Iterator[tuple[str, str]]:
    """Return the texts of an EXIF block, in their order."""
    for tag, value in _entries(blob) if blob else ():
        if tag not in EXIF_NAMES or not isinstance(value, bytes | str):
            continue
        if tag == USER_COMMENT and isinstance(value, str):  # which some write as a plain text
            text = decode_comment(value.encode("latin-1", "replace"))
        elif isinstance(value, str):
            text = _utf8(value)
        elif tag == 0x9C9C:
            text = value.decode("utf-16-le", "replace")
        else:
            text = decode_comment(value)
        if text.rstrip("\0"):
            yield EXIF_NAMES[tag], text


def taken_at(block: bytes) -> datetime | None:
    """Return when the picture was taken, with a zone if the block has one; None if it does not say.

    The original's time is preferred to that of digitising and of the last change.
    """
    entries = dict(_entries(block)) if MOMENT.search(block) else {}
    for time, zone in MOMENTS:
        if (moment := _moment(entries.get(time), entries.get(zone))) is not None:
            return moment
    return None


def _moment(time: object, zone: object) -> datetime | None:
    if not isinstance(time, str):
        return None
    try:
        local = datetime.strptime(time.strip("\0 ")[:19], "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007
    except ValueError:
        return None
    offset = OFFSET.fullmatch(zone.strip("\0 ")) if isinstance(zone, str) else None
    if offset is None:
        return local
    apart = timedelta(hours=int(offset[2]), minutes=int(offset[3]))
    return local.replace(tzinfo=tz(-apart if offset[1] == "-" else apart))


def decode_comment(value: bytes) -> str:
    """Decode EXIF's UserComment: eight bytes name the encoding, which some tools leave out."""
    code, body = value[:8].upper(), value[8:]
    if code == b"UNICODE\0":
        return _unicode(body)
    if code in (b"ASCII\0\0\0", b"ASCII   ", b"\0" * 8):
        value = body
    elif code == b"JIS\0\0\0\0\0":
        # The standard means ISO-2022-JP; tools write any Japanese encoding.
        escaped = b"\x1b" in body
        return _first_that_fits(body, "iso2022_jp" if escaped else "utf-8", "euc_jp", "cp932")
    elif value[1:4:2] == b"\0\0" or value[:3:2] == b"\0\0":
        return _unicode(value)
    return _first_that_fits(value, "utf-8")


def _first_that_fits(value: bytes, *codes: str) -> str:
    """Decode the text by the first of these encodings that fits, else as Latin-1."""
    for code in codes:
        try:
            return value.decode(code)
        except UnicodeDecodeError:
            pass
    return value.decode("latin-1")


CONTROLS = re.compile(rb"[\x01-\x08\x0b\x0c\x0e-\x1f]")
"""Characters that occur in no text, but as halves of characters in UTF-16."""


def _unicode(body: bytes) -> str:
    """Decode a text whose encoding the standard leaves open: UTF-16 of either order, or UTF-8.

    A mark at its beginning decides. Without one, blanks, commas and line ends, which every script
    uses, have a zero byte before or after them in UTF-16; UTF-8 has none.
    """
    for mark, code in ((b"\xfe\xff", "utf-16-be"), (b"\xff\xfe", "utf-16-le"),
                       (b"\xef\xbb\xbf", "utf-8")):  # fmt: skip
        if body.startswith(mark):
            return body[len(mark) :].decode(code, "replace")
    text = body.rstrip(b"\0")
    before, behind = text[::2].count(0), text[1::2].count(0)
    if not before and not behind and not CONTROLS.search(text):
        try:
            return text.decode("utf-8")
        except UnicodeDecodeError:
            pass
    if before != behind:
        return body.decode("utf-16-be" if before > behind else "utf-16-le", "replace")
    # One script without blanks: in the right byte order its characters are neighbours.
    both = [body.decode(order, "replace") for order in ("utf-16-be", "utf-16-le")]
    return min(both, key=_spread)


def _spread(text: str) -> tuple[int, int]:
    """Score how unlike a text it looks: unassigned characters first, then blocks of 256 used."""
    sample = text[:4000]
    unassigned = sum(unicodedata.category(character) in ("Cn", "Co", "Cs") for character in sample)
    return unassigned + sample.count("\ufffd"), len({ord(character) >> 8 for character in sample})


def _utf8(text: str) -> str:
    # Pillow reads EXIF's ASCII entries as Latin-1, and tools write UTF-8 into them.
    try:
        return text.encode("latin-1").decode("utf-8")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return text


def orientation(block: bytes) -> int:
    """Return the orientation if it is not the plain one: 2 to 8, else 0."""
    exif = parsed(block) if block else None
    turn = exif.get(ExifTags.Base.Orientation) if exif else None
    return turn if isinstance(turn, int) and 2 <= turn <= 8 else 0


def turned(turn: int) -> bytes:
    """Build a block (TIFF, without head) that holds the orientation and nothing else."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = turn
    return exif.tobytes().removeprefix(HEAD)


def with_comment(block: bytes, text: str, room: int) -> bytes:
    """Return the block with this comment; empty if it cannot be rewritten without loss.

    Args:
        room: bytes that the block may have. UTF-16, which every tool reads, is left for UTF-8
            where the text does not fit otherwise.
    """
    exif = parsed(block) if block else Image.Exif()
    if exif is None:
        exif = Image.Exif()  # unreadable, so there is nothing in it to keep
    for code in ("utf-16-be", "utf-8"):
        entries = exif.get_ifd(ExifTags.IFD.Exif)
        entries[ExifTags.Base.UserComment] = b"UNICODE\0" + text.encode(code, "replace")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                written = exif.tobytes().removeprefix(HEAD)
        except Exception:  # noqa: BLE001  Pillow raises whatever a damaged entry provokes
            return b""
        if len(written) <= room:
            return written
    return b""
