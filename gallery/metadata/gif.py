"""GIF: blocks after a header. Specification: https://www.w3.org/Graphics/GIF/spec-gif89a.txt"""

import re
from collections.abc import Iterator

EXTENSION, PICTURE, TRAILER = 0x21, 0x2C, 0x3B
COMMENT, APPLICATION = 0xFE, 0xFF
SHOWN = (b"NETSCAPE2.0", b"ANIMEXTS1.0", b"ICCRGBG1012")
"""Applications whose extensions say how the picture is shown: how often it runs, its colours."""
_FULL_BLOCKS = re.compile(rb"(?:\xff.{255})*+", re.DOTALL)
"""All of a picture's sub-blocks but the last ones, as encoders write them."""


XMP = b"XMP DataXMP"
_XMP_END = bytes([1, *range(0xFF, -1, -1), 0])
"""Behind an XMP packet, which is not cut into sub-blocks: whoever takes its bytes for lengths
lands somewhere in here, and from there on the last byte."""


def is_gif(data: bytes) -> bool:
    return data[:6] in (b"GIF87a", b"GIF89a")


def strip(data: bytes) -> bytes:
    """The file without comments and without other programs' extensions (XMP among them).

    What cannot be followed to its end comes back cut there, so that nothing unread stays.
    """
    kept = [data[: _behind_head(data)]]
    for begin, end in _blocks(data):
        label, name = data[begin + 1 : begin + 2], data[begin + 3 : begin + 14]
        is_private = label == bytes((COMMENT,)) or (
            label == bytes((APPLICATION,)) and name not in SHOWN
        )
        if data[begin] == PICTURE or not is_private:
            kept.append(data[begin:end])
    return b"".join([*kept, bytes((TRAILER,))])


def is_whole(data: bytes) -> bool:
    """Whether no block breaks off.

    The trailer may be missing behind a whole picture: tools have written such files.
    """
    spans = list(_blocks(data))
    if not any(data[begin] == PICTURE for begin, _ in spans):
        return False
    at = _behind_zeros(data, spans[-1][1])
    return at == len(data) or data[at : at + 1] == bytes((TRAILER,))


def insert(data: bytes, *, comment: bytes, packet: bytes) -> bytes:
    """The file with a comment and an XMP packet, those that are not empty; all else as it is.

    They come before the first picture, behind the extension that lets an animation run.
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
    """The comments as one, no EXIF, XMP, and whether credentials are there."""
    comments: list[bytes] = []
    packet = b""
    for begin, end in _blocks(data):
        head = data[begin : begin + 14]
        if head[:2] == bytes((EXTENSION, COMMENT)):
            comments.append(_joined(data, begin + 2))
        elif head == bytes((EXTENSION, APPLICATION, len(XMP))) + XMP:
            raw = data[begin + 14 : end]
            is_plain = raw.endswith(_XMP_END)
            found = raw[: -len(_XMP_END)] if is_plain else _joined(data, begin + 14)
            packet = packet or found
    text = b"\n".join(comments).decode("utf-8", "replace")
    return {"comment": text} if text else {}, b"", packet, b"c2pa" in data[:65536]


def _blocks(data: bytes) -> Iterator[tuple[int, int]]:
    """Begin and end of each extension and picture, as far as they can be followed.

    The last one's end lies behind the file's where the file breaks off. Zeros between blocks
    are passed over, as other readers do.
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
    if data[at : at + 1] != b"\0":
        return at
    return len(data) - len(data[at:].lstrip(b"\0"))


def _table(flags: int) -> int:
    """Bytes of a colour table, by the flags that announce it."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _behind_run(data: bytes, at: int) -> int:
    """The place behind a run of sub-blocks, each with its length before it, the last empty."""
    if full := _FULL_BLOCKS.match(data, at):
        at = full.end()
    while at < len(data) and data[at]:
        at += data[at] + 1
    return at + 1


def _joined(data: bytes, at: int) -> bytes:
    """The content of a run of sub-blocks."""
    pieces = []
    while at < len(data) and data[at]:
        pieces.append(data[at + 1 : at + 1 + data[at]])
        at += data[at] + 1
    return b"".join(pieces)
