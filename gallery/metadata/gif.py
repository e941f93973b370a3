"""GIF: blocks after a header. Specification: https://www.w3.org/Graphics/GIF/spec-gif89a.txt"""

EXTENSION, PICTURE, TRAILER = 0x21, 0x2C, 0x3B
COMMENT, APPLICATION = 0xFE, 0xFF
SHOWN = (b"NETSCAPE2.0", b"ANIMEXTS1.0", b"ICCRGBG1012")
"""Applications whose extensions say how the picture is shown: how often it runs, its colours."""


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


def _table(flags: int) -> int:
    """Bytes of a colour table, by the flags that announce it."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _behind_blocks(data: bytes, at: int) -> int:
    """The place behind a run of sub-blocks, each with its length before it, the last empty."""
    while at < len(data) and data[at]:
        at += data[at] + 1
    return at + 1
