"""Reads and writes GIF: blocks after a header. https://www.w3.org/Graphics/GIF/spec-gif89a.txt"""

import re
from collections.abc import Iterator

EXTENSION, PICTURE, TRAILER = 0x21, 0x2C, 0x3B
CONTROL, COMMENT, APPLICATION = 0xF9, 0xFE, 0xFF
PROFILE = b"ICCRGBG1012"
SHOWN = (b"NETSCAPE2.0", b"ANIMEXTS1.0", PROFILE)
"""Applications whose extensions say how the picture is shown: repetitions and colours."""
_FULL_BLOCKS = re.compile(rb"(?:\xff.{255})*+", re.DOTALL)
"""A picture's sub-blocks except the last ones, as encoders write them."""
_NOT_ZERO = re.compile(rb"[^\0]")


XMP = b"XMP DataXMP"
CREDENTIALS = b"C2PA_GIF"
_XMP_END = bytes([1, *range(0xFF, -1, -1), 0])
"""It follows an XMP packet, which is not split into sub-blocks: a reader that takes its bytes for
lengths lands somewhere in here, and then on the last byte."""


def is_gif(data: bytes) -> bool:
    return data[:6] in (b"GIF87a", b"GIF89a")


def strip(data: bytes) -> bytes:
    """Keep only the pictures and the extensions that say how they are shown.

    A block that cannot be followed to its end is cut off there, so that nothing unread stays.
    """
    kept = [data[: _behind_head(data)]]
    for begin, end in _blocks(data):
        label = data[begin + 1 : begin + 2]
        if data[begin] == PICTURE or label == bytes((CONTROL,)):
            kept.append(data[begin:end])
        elif label == bytes((APPLICATION,)) and data[begin + 3 : begin + 14] in SHOWN:
            is_loop = data[begin + 3 : begin + 14] != PROFILE
            kept.append(data[begin : begin + 18] + b"\0" if is_loop else data[begin:end])
    return b"".join([*kept, bytes((TRAILER,))])


def bare(data: bytes) -> bytes:
    """Return the file as it is: decoders skip extensions."""
    return data


def block(data: bytes) -> bytes:
    """Return nothing: the format has no place for EXIF."""
    return b""


def profile(data: bytes) -> bytes:
    """Return the ICC profile; empty if there is none."""
    for begin, _ in _blocks(data):
        if data[begin + 1 : begin + 14] == bytes((APPLICATION, len(PROFILE))) + PROFILE:
            return _joined(data, begin + 14)
    return b""


def embed(data: bytes, text: str, packet: bytes) -> bytes:
    """Add A1111's text as a comment and an XMP packet, whichever is not empty.

    Tools read a GIF's comment. Two would be read as one, so an existing one stays the only one.
    """
    comment = b"" if texts(data)[0] else text.encode("utf-8", "replace").rstrip(b"\n")
    return insert(data, comment=comment, packet=packet)


def is_whole(data: bytes) -> bool:
    """Return whether no block is truncated.

    The trailer may be missing after a whole picture: some tools write such files.
    """
    spans = list(_blocks(data))
    if not any(data[begin] == PICTURE for begin, _ in spans):
        return False
    at = _behind_zeros(data, spans[-1][1])
    return at == len(data) or data[at : at + 1] == bytes((TRAILER,))


def insert(data: bytes, *, comment: bytes, packet: bytes) -> bytes:
    """Insert a comment and an XMP packet, whichever is not empty, leaving everything else as it is.

    They stand before the first picture, after the extension that makes an animation run.
    """
    at = _behind_head(data)
    for begin, end in _blocks(data):
        if data[begin : begin + 2] != bytes((EXTENSION, APPLICATION)):
            break
        at = end
    else:
        return data  # no picture follows
    new = b""
    if comment:
        pieces = [comment[start : start + 255] for start in range(0, len(comment), 255)]
        cut = b"".join(bytes((len(piece),)) + piece for piece in pieces)
        new += bytes((EXTENSION, COMMENT)) + cut + b"\0"
    if packet:
        new += bytes((EXTENSION, APPLICATION, len(XMP))) + XMP + packet + _XMP_END
    return b"GIF89a" + data[6:at] + new + data[at:]  # the first version had no extensions


def texts(data: bytes) -> tuple[dict[str, str], bytes, bytes, bool]:
    """Return the comments as one text, no EXIF, XMP, and whether there are credentials."""
    comments: list[bytes] = []
    packet, credentials = b"", False
    for begin, end in _blocks(data):
        head = data[begin : begin + 14]
        if head[:2] == bytes((EXTENSION, COMMENT)):
            comments.append(_joined(data, begin + 2))
        elif head == bytes((EXTENSION, APPLICATION, len(XMP))) + XMP:
            raw = data[begin + 14 : end]
            is_plain = raw.endswith(_XMP_END)
            found = raw[: -len(_XMP_END)] if is_plain else _joined(data, begin + 14)
            packet = packet or found
        elif head[:2] == bytes((EXTENSION, APPLICATION)) and head[3:11] == CREDENTIALS:
            credentials = True
    text = b"\n".join(comments).decode("utf-8", "replace")
    return {"comment": text} if text else {}, b"", packet, credentials


def _blocks(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield start and end of each extension and picture, as far as they can be followed.

    The end of the last one lies beyond the file's if the file is truncated. Zeros between blocks
    are skipped, as other readers do.
    """
    at = _behind_head(data)
    while at < len(data):
        begin = at = _behind_zeros(data, at)
        if data[at : at + 1] == bytes((EXTENSION,)):
            at = _behind_run(data, at + 2)
        elif data[at : at + 1] == bytes((PICTURE,)) and at + 10 < len(data):
            at = _behind_run(data, at + 11 + _table(data[at + 9]))
        else:
            return
        yield begin, at


def _behind_head(data: bytes) -> int:
    return 13 + _table(data[10]) if len(data) > 10 else 13


def _behind_zeros(data: bytes, at: int) -> int:
    following = _NOT_ZERO.search(data, at)
    return following.start() if following else max(at, len(data))


def _table(flags: int) -> int:
    """Return the size of a colour table from the flags that announce it."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _behind_run(data: bytes, at: int) -> int:
    """Return the position after a run of sub-blocks, each preceded by its length, the last
    empty."""
    if full := _FULL_BLOCKS.match(data, at):
        at = full.end()
    while at < len(data) and data[at]:
        at += data[at] + 1
    return at + 1


def _joined(data: bytes, at: int) -> bytes:
    """Return the content of a run of sub-blocks."""
    pieces = []
    while at < len(data) and data[at]:
        pieces.append(data[at + 1 : at + 1 + data[at]])
        at += data[at] + 1
    return b"".join(pieces)
