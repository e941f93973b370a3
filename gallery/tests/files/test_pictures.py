"""Bytes to thumbnail and colour: as viewers show the picture, and whatever else the file holds."""

import io
import struct
import zlib
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageCms, ImageStat

from gallery.files import pictures
from gallery.tests.drawing import draw
from gallery.tests.files.metadata.test_stripping import chunk, in_jpeg, in_png, riff, segment

SRGB = ImageCms.createProfile("sRGB")


def thumbnail(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(pictures.read_picture(data).thumbnail))


def saved(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def swapped_profile() -> bytes:
    """sRGB with the columns of red and green exchanged: its pure red is seen as green."""
    profile = bytearray(ImageCms.ImageCmsProfile(SRGB).tobytes())
    count = int.from_bytes(profile[128:132], "big")
    tags = {bytes(profile[at : at + 4]): at for at in range(132, 132 + 12 * count, 12)}
    red, green = tags[b"rXYZ"], tags[b"gXYZ"]
    profile[red : red + 4], profile[green : green + 4] = b"gXYZ", b"rXYZ"
    return bytes(profile)


def wide_profile(*primaries: tuple[float, float, float]) -> bytes:
    """sRGB's curves with these primaries: X, Y, Z of red, green and blue, seen by D50."""
    profile = bytearray(ImageCms.ImageCmsProfile(SRGB).tobytes())
    for name, values in zip((b"rXYZ", b"gXYZ", b"bXYZ"), primaries, strict=True):
        entry = profile.index(name, 132)
        at = int.from_bytes(profile[entry + 4 : entry + 8], "big") + 8
        profile[at : at + 12] = struct.pack(">3i", *(round(value * 65536) for value in values))
    return bytes(profile)


DISPLAY_P3 = wide_profile(
    (0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407)
)
REC_2020 = wide_profile(
    (0.67348, 0.27904, -0.00194), (0.16568, 0.67534, 0.02998), (0.12508, 0.04560, 0.79686)
)


def broken_profile() -> bytes:
    return swapped_profile()[:200]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_thumbnail_is_converted_by_the_pictures_profile(kind):
    data = saved(Image.new("RGB", (64, 48), (255, 0, 0)), kind, icc_profile=swapped_profile())
    red, green, blue = thumbnail(data).convert("RGB").getpixel((32, 24))
    assert red < 12
    assert green > 243
    assert blue < 12


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
@pytest.mark.parametrize("profile", [DISPLAY_P3, REC_2020], ids=["P3", "Rec. 2020"])
def test_thumbnail_is_near_to_what_littlecms_makes_of_the_whole_picture(kind, profile):
    colours = Image.open(io.BytesIO(draw(1200, 900))).convert("RGB")
    rainbow = Image.merge("RGB", [Image.linear_gradient("L").rotate(turn) for turn in (0, 90, 180)])
    colours.paste(rainbow.resize((600, 900)), (0, 0))
    data = saved(colours, kind, icc_profile=profile, **({} if kind == "PNG" else {"quality": 95}))
    with Image.open(io.BytesIO(data)) as whole:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        wanted = ImageCms.profileToProfile(whole.convert("RGB"), source, SRGB)
    small = thumbnail(data).convert("RGB")
    wanted = wanted.resize(small.size, Image.Resampling.LANCZOS)
    error = ImageStat.Stat(ImageChops.difference(small, wanted)).mean
    plain = ImageStat.Stat(ImageChops.difference(small, colours.resize(small.size))).mean
    assert sum(error) / 3 <= 2 < sum(plain) / 3


@pytest.mark.parametrize(
    ("mode", "profile"),
    [("RGB", broken_profile()), ("RGB", b"nothing"), ("L", swapped_profile()),
     ("RGB", b"\0" * 5_000_000)],
    ids=["cut", "no-profile", "of-other-colours", "large"],
)  # fmt: skip
def test_a_profile_that_does_not_fit_is_left_out_of_account(mode, profile):
    data = saved(Image.new(mode, (20, 20), 200 if mode == "L" else (200, 200, 200)),
                 icc_profile=profile)  # fmt: skip
    assert pictures.read_picture(data).color == "#c8c8c8"


@pytest.mark.parametrize("clear", [None, 0])
def test_thumbnail_of_16_bit_grey_is_scaled(clear):
    ramp = Image.new("I;16", (256, 8))
    ramp.putdata([x * 257 for _ in range(8) for x in range(256)])
    options = {} if clear is None else {"transparency": clear}
    small = thumbnail(saved(ramp, **options)).convert("RGB")
    found = [small.getpixel((x, 4))[0] for x in (2, 64, 128, 192, 253)]
    assert all(abs(got - x) < 6 for got, x in zip(found, (2, 64, 128, 192, 253), strict=True))
    assert pictures.read_picture(saved(ramp)).color == "#808080"


@pytest.mark.parametrize("mode", ["RGB", "L", "P"])
def test_thumbnail_keeps_the_one_colour_that_is_transparent(mode):
    image = Image.new("RGB", (40, 40), (10, 200, 30))
    image.paste((250, 20, 20), (10, 10, 30, 30))
    image = image.convert(mode)
    clear = image.getpixel((0, 0))
    small = thumbnail(saved(image, transparency=clear))
    assert (small.getpixel((2, 2))[3], small.getpixel((20, 20))[3]) == (0, 255)


def test_thumbnail_of_an_animated_png_is_its_first_frame():
    """The picture before the animation is for programs that know no animation."""
    out = io.BytesIO()
    Image.new("RGB", (20, 20), "red").save(
        out, "PNG", save_all=True, default_image=True,
        append_images=[Image.new("RGB", (20, 20), color) for color in ("blue", "green")],
    )  # fmt: skip
    assert pictures.read_picture(out.getvalue()).color == "#0000ff"


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_thumbnail_is_turned_as_exif_says(kind, turn):
    image = Image.new("RGB", (40, 20), "white")
    image.paste("black", (0, 0, 20, 10))
    exif = Image.Exif()
    exif[0x0112] = turn
    small = thumbnail(saved(image, kind, exif=exif)).convert("L")
    corner = {
        1: (0, 0),
        2: (1, 0),
        3: (1, 1),
        4: (0, 1),
        5: (0, 0),
        6: (1, 0),
        7: (1, 1),
        8: (0, 1),
    }
    right, down = corner[turn]
    width, height = small.size
    x, y = width // 4 + right * width // 2, height // 4 + down * height // 2
    assert (width > height) == (turn < 5)
    assert small.getpixel((x, y)) < 80
    assert small.getpixel((width - 1 - x, height - 1 - y)) > 180


def test_orientation_that_only_xmp_tells_is_not_obeyed():
    packet = b'<x:xmpmeta><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
    data = in_jpeg(segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + packet), data=draw(40, 20))
    picture = pictures.read_picture(data)
    assert (picture.width, picture.height) == (40, 20)


def in_webp(part: bytes) -> bytes:
    body = draw(format="WEBP", exif=b"Exif\0\0II*\0\x08\0\0\0\0\0")[8:]
    at = body.index(b"EXIF")
    body = body[:at] + part
    return b"RIFF" + struct.pack("<I", len(body)) + body


@pytest.mark.parametrize(
    "data",
    [
        in_png(chunk(b"tEXt", b"prompt\0a kite")),
        in_png(chunk(b"eXIf", b"no TIFF at all")),
        in_png(chunk(b"iCCP", b"x\0\0" + b"no profile")),
        in_png(chunk(b"iCCP", b"x\0\0" + zlib.compress(bytes(3_000_000)))),
        in_png(chunk(b"zTXt", b"x\0\0" + zlib.compress(bytes(9_000_000)))),
        in_png(chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(b"\nexif\n  9\nzz"))),
        in_png(chunk(b"iTXt", b"x\0\1\0\0\0" + b"no stream")),
        in_png(chunk(b"pHYs", b"")), in_png(chunk(b"gAMA", b"1")), in_png(chunk(b"sRGB", b"")),
        in_png(*[chunk(b"tEXt", b"k\0" + bytes(500_000))] * 4),
        in_png() + b"tail",
        in_jpeg(segment(0xDD, b"\0\0") + b"filler \0\xff\0 bytes"),
        in_jpeg(segment(0xE1, b"Exif\0\0no TIFF at all")),
        in_jpeg(segment(0xE2, b"MPF\0no index at all")),
        in_jpeg(segment(0xED, b"Photoshop 3.0\08BIM")),
        in_jpeg(segment(0xE2, b"ICC_PROFILE\0\2\3piece")),
        in_webp(riff(b"EXIF", b"no TIFF at all")),
        in_webp(riff(b"EXIF", b"")), in_webp(riff(b"XMP ", b"\xff")),
    ],
)  # fmt: skip
def test_what_is_not_needed_for_the_pixels_does_not_decide(data):
    picture = pictures.read_whole_picture(data)
    assert (picture.width, picture.height, bool(picture.thumbnail)) == (64, 64, True)


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC"), (b"\xff\x0a\0", "JPEG XL"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"), (b"II*\0\x08", "TIFF"), (b"MM\0*", "TIFF"),
        (b"BM\x36" + bytes(11) + b"\x28", "BMP"),
        (b"8BPS\0\1", "Photoshop (PSD)"), (b"%PDF-1.7", "PDF"),
        (b'<?xml version="1.0"?>\n<svg xmlns="x">', "SVG"), (b"\xef\xbb\xbf<svg>", "SVG"),
        (b"<!-- drawn by hand -->\n<svg>", "SVG"),
        (b"\0\0\0\x18ftypisom\0\0\0\0", "MP4"),
    ],
)  # fmt: skip
def test_a_format_that_is_not_kept_is_named(head, name):
    with pytest.raises(pictures.UnreadablePicture) as refusal:
        pictures.read_picture(head.ljust(200, b"\0"))
    assert refusal.value.code == "unsupported_format"
    assert (
        str(refusal.value) == f"{name} files are not supported. Use JPEG, PNG, WebP, GIF or AVIF."
    )


def test_refusals_name_every_format_that_is_kept():
    *most, last = (each.title for each in pictures.formats.FORMATS)
    titles = f"{', '.join(most)} or {last}"
    assert str(pictures.not_kept(b"x")) == f"The file is not a {titles} picture."
    assert str(pictures.not_kept(b"qoif")) == f"QOI files are not supported. Use {titles}."


@pytest.mark.parametrize("text", [b"BM25 ranks documents by", b"<!DOCTYPE html><html><svg>"])
def test_a_text_that_begins_like_a_format_is_not_taken_for_it(text):
    assert pictures.not_kept(text).code == "not_a_picture"


@pytest.mark.parametrize("brands", [b"avifmif1miaf", b"mif1avif", b"msf1avisavif", b"avis"])
def test_avif_is_told_by_any_of_its_brands(brands):
    data = draw(format="AVIF")
    size = int.from_bytes(data[:4], "big")
    head = brands[:4] + b"\0\0\0\0" + brands
    other = (8 + len(head)).to_bytes(4, "big") + b"ftyp" + head + data[size:]
    moved = len(other) - len(data)
    assert pictures.formats.format_of(other).name == "AVIF"
    if not moved:  # items are found by their place
        assert pictures.read_picture(other).content_type == "image/avif"
