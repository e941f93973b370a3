"""Reads AVIF: boxes (ISO/IEC 14496-12), with EXIF and XMP as items listed in a `meta` box."""

from collections.abc import Iterator

from . import colorimetry
from .boxes import IN_IDAT, Box, Locations, box, boxes

EMPTY_EXIF = b"\0\0\0\0II*\0\x08\0\0\0\0\0\0\0\0\0"
"""An item of EXIF without an entry: an offset of 0, then a TIFF head and an empty directory."""

MAX_HEAD = 4096  # bytes of the head that are looked at
CREDENTIALS = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
"""The UUID of the box in which C2PA keeps its manifest."""
TOP = frozenset((b"ftyp", b"meta", b"moov", b"mdat", b"mini"))
IN_META = frozenset((
    b"hdlr", b"pitm", b"iinf", b"iloc", b"iprp", b"iref", b"idat", b"dinf", b"grpl",
))  # fmt: skip
IN_MOOV = frozenset((b"mvhd", b"trak", b"mvex"))
IN_TRACK = frozenset((b"tkhd", b"mdia", b"edts", b"tref"))
"""Boxes that a picture or sequence is made of; what else lies beside them is blanked."""
HANDLER_NAME = 24  # bytes of a handler box before the name that its writer chose
ITEMS = frozenset((b"av01", b"grid", b"iovl", b"iden", b"tmap", b"hvc1", b"sato"))


def is_avif(data: bytes) -> bool:
    """Return whether the file's head names AVIF as its own or as a compatible brand."""
    return bool({b"avif", b"avis"} & brands(data))


def brands(data: bytes) -> set[bytes]:
    """Return the four-letter brands in the head of such a file."""
    if data[4:8] != b"ftyp":
        return set()
    end = min(int.from_bytes(data[:4], "big"), len(data), MAX_HEAD)
    return {data[8:12], *(data[at : at + 4] for at in range(16, end - 3, 4))}


def is_whole(data: bytes) -> bool:
    """Return whether no box of the picture is truncated.

    What follows the last box may be anything, and then is not such a box.
    """
    at = 0
    for each in boxes(data, 0, len(data)):
        at = each.end
    return data[at + 4 : at + 8] not in (b"ftyp", b"meta", b"moov", b"mdat")


def texts(data: bytes) -> tuple[dict[str, str], bytes, bytes, bool]:
    """Return the texts (none of AVIF's own), EXIF, XMP, and whether there are credentials."""
    found, packet, credentials = b"", b"", False
    for each in boxes(data, 0, len(data)):
        if each.kind == b"uuid":
            credentials |= data[each.content : each.content + 16] == CREDENTIALS
        if each.kind != b"meta":
            continue
        for kind, begin, end in _items(data, each):
            if kind == b"Exif" and not found:
                skipped = 4 + int.from_bytes(data[begin : begin + 4], "big")
                found = data[begin + skipped : end]
            elif kind == b"mime" and not packet:
                packet = data[begin:end]
    return {}, found, packet, credentials


def strip(data: bytes) -> bytes:
    """Blank everything but the picture; what is blanked becomes free space.

    Nothing moves, since items are found by their position in the file. Boxes of their own say how
    the picture is rotated; these stay.
    """
    blank = bytearray(data)
    end = 0
    for each in boxes(data, 0, len(data)):
        end = each.end
        if each.kind not in TOP:
            _free(blank, each)
        elif each.kind == b"meta":
            _blank_inner(data, blank, each.content + 4, each.end, IN_META)
            _blank_items(data, blank, each)
        elif each.kind == b"moov":
            _blank_inner(data, blank, each.content, each.end, IN_MOOV)
            for track in boxes(data, each.content, each.end):
                if track.kind == b"trak":
                    _blank_inner(data, blank, track.content, track.end, IN_TRACK)
    return bytes(blank[:end])


def bare(data: bytes) -> bytes:
    """Return the file without texts that could trip a decoder."""
    return strip(data)


def block(data: bytes) -> bytes:
    """Return the EXIF block; empty if there is none."""
    return texts(data)[1]


def profile(data: bytes) -> bytes:
    """Return the ICC profile, or one for numeric colours; empty without either, and for sRGB."""
    codes = b""
    for meta in boxes(data, 0, len(data)):
        if meta.kind != b"meta":
            continue
        for iprp in boxes(data, meta.content + 4, meta.end):
            for ipco in boxes(data, iprp.content, iprp.end) if iprp.kind == b"iprp" else ():
                for each in boxes(data, ipco.content, ipco.end) if ipco.kind == b"ipco" else ():
                    kind = data[each.content : each.content + 4]
                    if each.kind == b"colr" and kind in (b"prof", b"rICC"):
                        return data[each.content + 4 : each.end]
                    if each.kind == b"colr" and kind == b"nclx":
                        codes = codes or data[each.content + 4 : each.content + 8]
    primaries, transfer = codes[:2], codes[2:]
    return colorimetry.of_codes(*(int.from_bytes(each, "big") for each in (primaries, transfer)))


def embed(data: bytes, text: str, packet: bytes) -> bytes:
    """Add the XMP packet alone, if the file has the usual structure; leave a sequence as it is."""
    return insert(data, packet) if packet else data


def _free(blank: bytearray, each: Box) -> None:
    blank[each.start + 4 : each.start + 8] = b"free"
    blank[each.content : each.end] = bytes(each.end - each.content)


def _blank_inner(
    data: bytes, blank: bytearray, begin: int, end: int, kept: frozenset[bytes]
) -> None:
    for each in boxes(data, begin, end):
        if each.kind not in kept:
            _free(blank, each)
        elif each.kind == b"hdlr" and each.end - each.content > HANDLER_NAME:
            name = each.content + HANDLER_NAME
            blank[name : each.end] = bytes(each.end - name)


def _blank_items(data: bytes, blank: bytearray, meta: Box) -> None:
    for kind, begin, end in _items(data, meta):
        if kind in ITEMS:
            continue
        filling = b" " * (end - begin) if kind == b"mime" else bytes(end - begin)
        if kind == b"Exif":
            filling = EMPTY_EXIF.ljust(end - begin, b"\0")[: end - begin]
        blank[begin:end] = filling


def insert(data: bytes, packet: bytes) -> bytes:
    """Append an XMP packet as one more item that describes the picture.

    What lies behind the `meta` box moves, and the positions of all items are adjusted; their bytes
    stay. A file of unusual structure is returned unchanged: a sequence, one with an XMP item
    already, one with bytes behind its last box.
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
    """Raises: ValueError, IndexError, OverflowError: the file has no room or no place for it."""
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
    """Yield kind and bytes of each piece of each item, in order."""
    (meta,) = (each for each in boxes(data, 0, len(data)) if each.kind == b"meta")
    return [(kind, data[begin:end]) for kind, begin, end in _items(data, meta)]


def _items(data: bytes, meta: Box) -> Iterator[tuple[bytes, int, int]]:
    """Yield kind, start and end of each piece of each item."""
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
    """Yield item, whether it is relative to `idat`, position and length of each piece."""
    for entry in Locations.read(data, iloc).entries:
        for _, offset, length in entry.pieces:
            yield entry.item, entry.method == IN_IDAT, entry.base + offset, length


def planes(data: bytes, channels: int) -> float:
    """Return the bytes per pixel of luma, chroma and alpha planes before they are combined.

    The box `av1C` of the first item says so; without it the widest case is assumed.
    """
    at = data.find(b"av1C", 0, 1 << 16)
    said = data[at + 6] if 0 <= at < len(data) - 6 else 0x40
    width = 2 if said & 0x40 else 1  # more than eight bits
    colors = 0 if said & 0x10 else 2 / (1 << bool(said & 8)) / (1 << bool(said & 4))
    return float(width * (1 + colors + (channels == 4)))
