"""AVIF: boxes (ISO/IEC 14496-12), with EXIF and XMP as items that a `meta` box points to."""

from collections.abc import Iterator

from .boxes import IN_IDAT, Box, Locations, box, boxes

EMPTY_EXIF = b"\0\0\0\0II*\0\x08\0\0\0\0\0\0\0\0\0"
"""An item of EXIF without an entry: an offset of 0, then a TIFF head and an empty directory."""


def is_avif(data: bytes) -> bool:
    return data[4:8] == b"ftyp" and data[8:12] in (b"avif", b"avis", b"mif1", b"msf1")


def is_whole(data: bytes) -> bool:
    """Whether no box that a picture is made of breaks off.

    What follows the last box may be anything, and is then no such box.
    """
    at = 0
    for each in boxes(data, 0, len(data)):
        at = each.end
    return data[at + 4 : at + 8] not in (b"ftyp", b"meta", b"moov", b"mdat")


def strip(data: bytes) -> bytes:
    """The file with EXIF and XMP blanked and credentials turned into free space.

    Nothing moves, since items are found by their place in the file. How the picture is turned
    is said by boxes of its own, which stay.
    """
    blank = bytearray(data)
    for each in boxes(data, 0, len(data)):
        if each.kind == b"uuid":  # where C2PA keeps its manifest
            blank[each.start + 4 : each.start + 8] = b"free"
            blank[each.content : each.end] = bytes(each.end - each.content)
        if each.kind == b"meta":
            for kind, begin, end in _items(data, each):
                if kind == b"Exif":
                    filling = EMPTY_EXIF.ljust(end - begin, b"\0")
                elif kind == b"mime":
                    filling = b" " * (end - begin)
                else:
                    continue
                blank[begin:end] = filling[: end - begin]
    return bytes(blank)


def insert(data: bytes, packet: bytes) -> bytes:
    """The file with an XMP packet behind all else, as one more item that describes the picture.

    What lies behind the `meta` box moves, and the places of all items move with it; their bytes
    stay. A file that is built in an unusual way comes back as it is: a sequence, one with an
    XMP item already, one with bytes behind its last box.
    """
    top = list(boxes(data, 0, len(data)))
    metas = [each for each in top if each.kind == b"meta"]
    usual = {each.kind for each in top} <= {b"ftyp", b"meta", b"mdat", b"free", b"skip"}
    is_closed = bool(top) and top[-1].end == len(data) and any(data[top[-1].start :][:4])
    if not usual or not is_closed or len(metas) != 1:
        return data
    try:
        written = _with_item(data, metas[0], packet)
    except (ValueError, IndexError, OverflowError):
        return data
    before, after = _contents(data), _contents(written)
    return written if after == [*before, (b"mime", packet)] else data


def _with_item(data: bytes, meta: Box, packet: bytes) -> bytes:
    """
    Raises:
        ValueError, IndexError, OverflowError: the file has no room or no place for it.
    """
    parts = {each.kind: each for each in boxes(data, meta.content + 4, meta.end)}
    pitm, iinf, iloc = (parts[kind] for kind in (b"pitm", b"iinf", b"iloc") if kind in parts)
    kinds = dict(_kinds(data, iinf))
    if b"mime" in kinds.values() or data[pitm.content] or data[iinf.content]:
        raise ValueError("has an XMP item, or numbers that are wider than usual")
    item, primary = max(kinds) + 1, data[pitm.content + 4 : pitm.content + 6]
    number = item.to_bytes(2, "big")
    entry = box(b"infe", b"\2\0\0\0" + number + b"\0\0mimeXMP\0application/rdf+xml\0")
    new_iinf = (len(kinds) + 1).to_bytes(2, "big") + data[iinf.content + 6 : iinf.end] + entry
    links = b"\0\0\0\0"
    if iref := parts.get(b"iref"):
        links = data[iref.content : iref.end]
        if links[0]:
            raise ValueError("numbers that are wider than usual")
    new = {
        b"iinf": box(b"iinf", data[iinf.content : iinf.content + 4] + new_iinf),
        b"iref": box(b"iref", links + box(b"cdsc", number + b"\0\1" + primary)),
    }

    def rebuilt(moved: int) -> bytes:
        locations = Locations.read(data, iloc)
        locations.move(meta.end, moved)
        locations.add(item, len(data) + moved + 8, len(packet))
        changed = {**new, b"iloc": box(b"iloc", locations.written())}
        body = [changed.pop(kind, data[each.start : each.end]) for kind, each in parts.items()]
        head = data[meta.content : meta.content + 4]
        return box(b"meta", head + b"".join([*body, *changed.values()]))

    moved = len(rebuilt(0)) - (meta.end - meta.start)
    return data[: meta.start] + rebuilt(moved) + data[meta.end :] + box(b"mdat", packet)


def _contents(data: bytes) -> list[tuple[bytes, bytes]]:
    """Kind and bytes of each piece of each item, in order."""
    (meta,) = (each for each in boxes(data, 0, len(data)) if each.kind == b"meta")
    return [(kind, data[begin:end]) for kind, begin, end in _items(data, meta)]


def _items(data: bytes, meta: Box) -> Iterator[tuple[bytes, int, int]]:
    """Kind, begin and end of each piece of each item."""
    inner = {each.kind: each for each in boxes(data, meta.content + 4, meta.end)}
    if b"iinf" not in inner or b"iloc" not in inner:
        return
    kinds = dict(_kinds(data, inner[b"iinf"]))
    idat = inner[b"idat"].content if b"idat" in inner else 0
    for item, in_idat, begin, length in _places(data, inner[b"iloc"]):
        begin += idat if in_idat else 0
        if begin + length <= len(data):
            yield kinds.get(item, b""), begin, begin + length


def _kinds(data: bytes, iinf: Box) -> Iterator[tuple[int, bytes]]:
    count = 2 if data[iinf.content] == 0 else 4
    for each in boxes(data, iinf.content + 4 + count, iinf.end):
        wide = 4 if data[each.content] >= 3 else 2
        at = each.content + 4
        item = int.from_bytes(data[at : at + wide], "big")
        yield item, data[at + wide + 2 : at + wide + 6]


def _places(data: bytes, iloc: Box) -> Iterator[tuple[int, bool, int, int]]:
    """Item, whether its place counts from `idat`, place and length of each piece."""
    for entry in Locations.read(data, iloc).entries:
        for _, offset, length in entry.pieces:
            yield entry.item, entry.method == IN_IDAT, entry.base + offset, length
