"""GIF: blocks after a header. Specification: https://www.w3.org/Graphics/GIF/spec-gif89a.txt"""

import re

EXTENSION, PICTURE, TRAILER = 0x21, 0x2C, 0x3B
COMMENT, APPLICATION = 0xFE, 0xFF
SHOWN = (b"NETSCAPE2.0", b"ANIMEXTS1.0", b"ICCRGBG1012")
"""Applications whose extensions say how the picture is shown: how often it runs, its colours."""
_FULL_BLOCKS = re.compile(rb"(?:\xff.{255})*+", re.DOTALL)
"""All of a picture's sub-blocks but the last ones, as encoders write them."""


def strip(data: bytes) -> bytes:
    """The file without comments and without other programs' extensions (XMP among them).

    What cannot be followed to its end comes back cut there, so that nothing unread stays.
    """
    at = 13 + _table(data[10])
    kept = [data[:at]]
    while at < len(data) and data[at] != TRAILER:
        begin = at
        if data[at] == EXTENSION:
            label, at = data[at + 1 : at + 2], _behind_blocks(data, at + 2)
            name = data[begin + 3 : begin + 14]
            private = label == bytes((COMMENT,)) or (
                label == bytes((APPLICATION,)) and name not in SHOWN
            )
            if private:
                continue
        elif data[at] == PICTURE and at + 10 < len(data):
            at = _behind_blocks(data, at + 11 + _table(data[at + 9]))
        else:
            break
        kept.append(data[begin:at])
    return b"".join([*kept, bytes((TRAILER,))])


def is_whole(data: bytes) -> bool:
    """Whether no block breaks off.

    The trailer may be missing behind a whole picture: tools have written such files. Zeros
    between blocks are passed over, as readers do.
    """
    at = 13 + _table(data[10]) if len(data) > 13 else len(data) + 1
    pictures = 0
    while at < len(data) and data[at] != TRAILER:
        if data[at] == EXTENSION:
            at = _behind_blocks(data, at + 2)
        elif data[at] == PICTURE and at + 10 < len(data):
            at = _behind_blocks(data, at + 11 + _table(data[at + 9]))
            pictures += 1
        elif data[at] == 0:
            at = len(data) - len(data[at:].lstrip(b"\0"))
        else:
            return False
    return at <= len(data) and pictures > 0


def _table(flags: int) -> int:
    """Bytes of a colour table, by the flags that announce it."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _behind_blocks(data: bytes, at: int) -> int:
    """The place behind a run of sub-blocks, each with its length before it, the last empty."""
    at = _FULL_BLOCKS.match(data, at).end()  # type: ignore[union-attr]  # it matches nothing, too
    while at < len(data) and data[at]:
        at += data[at] + 1
    return at + 1
