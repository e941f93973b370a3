"""What `strip` leaves: a list of what shows the picture, and nothing else of a file."""

import io
import struct
from collections.abc import Callable
from dataclasses import replace

import pytest
from PIL import Image, ImageCms

from gallery.files.metadata import embed, read, strip
from gallery.files.metadata.boxes import box
from gallery.files.metadata.formats import format_of
from gallery.tests.drawing import draw
from gallery.tests.files.metadata.test_writing import DESCRIPTION, frames, shown

SECRET = b"SECRET-OWNER"
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + b"\0\0\0\0"  # a checksum that is wrong


def in_png(*parts: bytes) -> bytes:
    data = draw(format="PNG", mode="RGBA")
    return data[:33] + b"".join(parts) + data[33:]


def segment(marker: int, body: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body


def in_jpeg(*parts: bytes, data: bytes | None = None) -> bytes:
    data = data or draw()
    return data[:2] + b"".join(parts) + data[2:]


def between_scans(part: bytes) -> bytes:
    data = draw(progressive=True)
    second = data.index(b"\xff\xda", data.index(b"\xff\xda") + 2)
    return data[:second] + part + data[second:]


def riff(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def in_webp(*parts: bytes) -> bytes:
    data = draw(format="WEBP", mode="RGBA", icc_profile=PROFILE)
    body = data[8:] + b"".join(parts)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def in_webp_frame() -> bytes:
    data = frames("WEBP")
    at = data.index(b"ANMF")
    size = struct.unpack_from("<I", data, at + 4)[0]
    more = riff(b"note", SECRET)
    frame = b"ANMF" + struct.pack("<I", size + len(more)) + data[at + 8 : at + 8 + size] + more
    body = data[8:at] + frame + data[at + 8 + size + size % 2 :]
    return b"RIFF" + struct.pack("<I", len(body)) + body


def in_gif(part: bytes) -> bytes:
    data = frames("GIF", loop=2)
    at = data.index(b"\x21\xff\x0bNETSCAPE2.0")
    return data[:at] + part + data[at:]


def in_avif(part: bytes) -> bytes:
    return draw(format="AVIF") + part


def _with_handler(data: bytes) -> bytes:
    """The handler's type is twelve letters long with what is reserved behind it."""
    at = data.index(b"hdlrpict".replace(b"pict", b"\0\0\0\0\0\0\0\0pict"))
    end = at - 4 + int.from_bytes(data[at - 4 : at], "big")
    room = end - (at + 4 + 24)
    return data[: end - room] + SECRET[:room] + data[end:]


PLACES: dict[str, Callable[[], bytes]] = {
    "png tEXt": lambda: in_png(chunk(b"tEXt", b"Author\0" + SECRET)),
    "png private chunk": lambda: in_png(chunk(b"prVt", SECRET)),
    "png unknown critical chunk": lambda: in_png(chunk(b"PRVt", SECRET)),
    "png sPLT name": lambda: in_png(chunk(b"sPLT", SECRET + b"\0\x08")),
    "png tIME and text": lambda: in_png(chunk(b"tIME", b"\x07" * 7), chunk(b"iTXt", SECRET)),
    "png profile name": lambda: draw(format="PNG", icc_profile=PROFILE).replace(
        b"ICC Profile", SECRET.ljust(11)[:11]
    ).replace(b"SECRET-OWNE", SECRET[:11]),
    "png behind its end": lambda: in_png() + SECRET,
    "jpeg comment": lambda: in_jpeg(segment(0xFE, SECRET)),
    "jpeg xmp in app14": lambda: in_jpeg(segment(0xEE, b"http://ns.adobe.com/xap/1.0/\0" + SECRET)),
    "jpeg behind Adobe's marks": lambda: in_jpeg(segment(0xEE, b"Adobe\0d\0\0\0\0\1" + SECRET)),
    "jpeg ciff": lambda: in_jpeg(segment(0xE0, b"II\x1a\0\0\0HEAPJPGM" + SECRET)),
    "jpeg jfxx": lambda: in_jpeg(segment(0xE0, b"JFXX\0\x10" + SECRET)),
    "jpeg jfif thumbnail": lambda: in_jpeg(
        segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\4\1" + SECRET), data=b"\xff\xd8" + draw()[20:]
    ),
    "jpeg app1 of no known kind": lambda: in_jpeg(segment(0xE1, b"XMP\0" + SECRET)),
    "jpeg app2 of no profile": lambda: in_jpeg(segment(0xE2, b"MPF\0" + SECRET)),
    "jpeg app13": lambda: in_jpeg(segment(0xED, b"Photoshop 3.0\0" + SECRET)),
    "jpeg reserved marker": lambda: in_jpeg(segment(0xF0, SECRET)),
    "jpeg filler": lambda: in_jpeg(segment(0xDD, b"\0\0") + SECRET),
    "jpeg between scans": lambda: between_scans(segment(0xFE, SECRET)),
    "jpeg behind its end": lambda: draw() + SECRET,
    "webp XMP of another name": lambda: in_webp(riff(b"XMP\0", SECRET)),
    "webp INFO": lambda: in_webp(riff(b"LIST", b"INFOICMT" + SECRET)),
    "webp unknown chunk": lambda: in_webp(riff(b"note", SECRET)),
    "webp in a frame": in_webp_frame,
    "webp behind its end": lambda: in_webp() + SECRET,
    "gif comment": lambda: in_gif(b"\x21\xfe\x0c" + SECRET + b"\0"),
    "gif plain text": lambda: in_gif(b"\x21\x01\x0c" + bytes(12) + b"\x0c" + SECRET + b"\0"),
    "gif application": lambda: in_gif(b"\x21\xff\x0bWHATEVER1.0\x0c" + SECRET + b"\0"),
    "gif unknown extension": lambda: in_gif(b"\x21\xce\x0c" + SECRET + b"\0"),
    "gif behind the loop": lambda: frames("GIF", loop=2).replace(
        b"NETSCAPE2.0\3\1\2\0\0", b"NETSCAPE2.0\3\1\2\0\x0c" + SECRET + b"\0"
    ),
    "avif box": lambda: in_avif(box(b"uuid", bytes(16) + SECRET)),
    "avif free space": lambda: in_avif(box(b"free", SECRET)),
    "avif udta": lambda: in_avif(box(b"udta", box(b"name", SECRET))),
    "avif behind its boxes": lambda: in_avif(SECRET),
    "avif handler's name": lambda: _with_handler(draw(format="AVIF")),
}  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
def test_strip_leaves_no_text_and_every_pixel(place):
    data = PLACES[place]()
    stripped = strip(data)
    assert SECRET not in stripped
    assert SECRET[:11] not in stripped
    assert read(stripped).raw == {}
    assert shown(stripped) == shown(format_of(data).bare(data))
    assert strip(stripped) == stripped


def test_strip_keeps_the_colour_profile():
    for kind in ("JPEG", "PNG", "WEBP", "AVIF"):
        data = draw(format=kind, icc_profile=PROFILE)
        with Image.open(io.BytesIO(strip(data))) as image:
            assert image.info["icc_profile"] == PROFILE, kind


@pytest.mark.parametrize(
    "prompt",
    ["plain", "{red|blue} kite", '{"a": 1}', "[a:b:0.5]", "a, Steps: 3, Seed: 4, Size: 5x5",
     "Steps: 20, Sampler: x, Seed: 1", "Negative prompt: not one", "日落" * 9_000, "x" * 32_000,
     "line\nNegative prompt: x\nSteps: 1, Seed: 2, Sampler: 3", " spaces  within ", "🦊" * 200],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "AVIF"])
def test_embed_is_given_back_by_our_own_reader(kind, prompt):
    description = replace(DESCRIPTION, prompt=prompt)
    assert read(embed(draw(format=kind), description)).prompt == prompt.strip()
