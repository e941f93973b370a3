"""Colours that files describe by numbers are shown as viewers show them."""

import io
import struct

import pytest
from PIL import Image, ImageCms

from gallery.files.metadata import avif, colorimetry, png
from gallery.files.pictures import read_picture
from gallery.tests.drawing import draw

P3 = (31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000)
SRGB = (31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)


def gamma(value: int) -> tuple[bytes, bytes]:
    return b"gAMA", struct.pack(">I", value)


def points(values: tuple[int, ...]) -> tuple[bytes, bytes]:
    return b"cHRM", struct.pack(">8I", *values)


def color_of(color: str, *chunks: tuple[bytes, bytes]) -> tuple[int, ...]:
    out = io.BytesIO()
    Image.new("RGB", (8, 8), color).save(out, "PNG")
    mean = read_picture(png.insert(out.getvalue(), chunks)).color
    return tuple(bytes.fromhex(mean[1:]))


@pytest.mark.parametrize(
    ("color", "chunks", "shown"),
    [
        pytest.param("#c82828", [gamma(45455), points(SRGB)], "#c82828", id="sRGB by numbers"),
        pytest.param("#373737", [gamma(100_000)], "#808080", id="light as it is"),
        pytest.param("#646464", [gamma(55556)], "#767676", id="an old Mac"),
        pytest.param("#373737", [gamma(100_000), (b"sRGB", b"\0")], "#373737", id="sRGB first"),
        pytest.param("#c82828", [points(P3)], "#c82828", id="points alone tell no curve"),
        pytest.param("#c82828", [(b"cICP", bytes((12, 13, 0, 1)))], "#da001a", id="P3"),
        pytest.param("#c82828", [(b"cICP", bytes((1, 13, 0, 1)))], "#c82828", id="sRGB"),
        pytest.param("#c82828", [(b"cICP", bytes((99, 13, 0, 1)))], "#c82828", id="unknown"),
        pytest.param("#949494", [(b"cICP", bytes((9, 16, 0, 1)))], "#bfbfbf", id="PQ's white"),
        pytest.param("#bfbfbf", [(b"cICP", bytes((9, 18, 0, 1)))], "#bfbfbf", id="HLG's white"),
        pytest.param("#c82828", [gamma(0)], "#c82828", id="no gamma at all"),
        pytest.param("#c82828", [gamma(50_000), points((0,) * 8)], "#c82828", id="no points"),
    ],
)  # fmt: skip
def test_a_png_is_shown_in_the_colours_that_it_describes(color, chunks, shown):
    expected = tuple(bytes.fromhex(shown[1:]))
    found = color_of(color, *chunks)
    assert max(abs(one - two) for one, two in zip(found, expected, strict=True)) <= 2


def test_an_avif_is_shown_in_the_colours_that_it_describes():
    data = draw(format="AVIF")
    place = data.index(b"colrnclx") + 8
    assert avif.profile(data) == b""
    wide = data[:place] + struct.pack(">HH", 12, 13) + data[place + 4 :]
    assert avif.profile(wide) == colorimetry.of_codes(12, 13) != b""
    assert read_picture(wide).color != read_picture(data).color


def test_the_profile_of_srgbs_own_numbers_changes_nothing():
    profile = colorimetry._profile(colorimetry.SRGB, colorimetry.SRGB_CURVE)
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    ramp = Image.merge("RGB", [Image.linear_gradient("L")] * 3)
    shown = ImageCms.profileToProfile(ramp, source, ImageCms.createProfile("sRGB"))
    apart = zip(ramp.tobytes(), shown.tobytes(), strict=True)
    assert max(abs(one - two) for one, two in apart) <= 1
