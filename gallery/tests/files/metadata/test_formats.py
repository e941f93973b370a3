"""Files that go on to their end, and files that do not."""

import io
from random import Random

import pytest
from PIL import Image

from gallery.files.metadata import png, strip
from gallery.files.metadata.formats import is_whole, media_type
from gallery.files.pictures import UnreadablePicture, read_whole_picture
from gallery.tests.drawing import draw


def noise(kind: str, frames: int = 1, **options) -> bytes:
    rng = Random(kind)
    pictures = [Image.frombytes("RGB", (60, 40), rng.randbytes(7200)) for _ in range(frames)]
    out = io.BytesIO()
    pictures[0].save(out, kind, save_all=frames > 1, append_images=pictures[1:], **options)
    return out.getvalue()


FILES = {
    "png": noise("PNG"),
    "png-animated": noise("PNG", 3),
    "jpeg": noise("JPEG"),
    "jpeg-progressive": noise("JPEG", progressive=True, exif=b"Exif\0\0\xff\xd9"),
    "jpeg-pair": noise("MPO", 2),
    "gif": noise("GIF"),
    "gif-animated": noise("GIF", 3, comment=b"words " * 100),
    "webp": noise("WEBP"),
    "webp-animated": noise("WEBP", 3),
    "avif": noise("AVIF"),
    "avif-animated": noise("AVIF", 3),
}


@pytest.mark.parametrize("data", FILES.values(), ids=FILES)
def test_a_file_with_its_end_is_whole_and_more_may_follow(data):
    tails = (b"", b"\0", b"\0" * 5000, b"tail", bytes(range(256)) * 9, data)
    assert [is_whole(data + tail) for tail in tails] == [True] * len(tails)


@pytest.mark.parametrize("name", FILES)
def test_a_file_without_its_end_is_not_whole_wherever_it_is_cut(name):
    data = FILES[name]
    # The second picture of a pair has an end of its own; of a GIF only the trailer may be missing.
    stop = data.find(b"\xff\xd9\xff\xd8") if name == "jpeg-pair" else len(data)
    start = data.find(b"\xff\xda") if name.startswith("jpeg") else 16
    passed = [at for at in range(start, stop) if is_whole(data[:at])]
    if name == "gif":
        assert passed == [len(data) - 1]
    elif name == "gif-animated":
        assert passed[-1] == len(data) - 1
        assert len(passed) <= 9  # between two frames, and their extensions
    elif name.startswith("avif"):
        boxes = [data.find(kind) - 4 for kind in (b"meta", b"moov", b"mdat") if kind in data]
        headless = {at + more for at in boxes for more in range(8)}
        assert set(passed) <= headless  # where nothing of the next box can be known
    else:
        assert passed == []


def test_a_gif_that_a_tool_left_without_trailer_is_whole():
    assert is_whole(draw(format="GIF")[:-1])


def test_what_is_no_picture_is_not_whole():
    assert [is_whole(data) for data in (b"", b"GIF89a", b"\xff\xd8\xff", b"x" * 50)] == [False] * 4


def test_a_png_begins_with_its_header():
    data = png.join([(b"tEXt", b"a\0b"), *png.chunks(draw(format="PNG"))])
    assert not is_whole(data)
    assert png.embed(data, "a kite", b"") == data


def test_a_png_ends_with_its_end_whatever_length_that_has_by_mistake():
    data = draw(format="PNG")
    wrong = data[:-12] + b"\0\0\0\x07" + data[-8:]
    assert is_whole(wrong)
    assert strip(wrong) == strip(data)
    assert is_whole(png.embed(wrong, "a kite", b""))


def test_a_jpeg_that_is_given_out_has_an_end_behind_a_wrong_length():
    data = draw(format="JPEG")
    assert strip(data[:-10] + b"\xff\x9a\xff\xff" + data[-6:]).endswith(b"\xff\xd9")


def test_a_gif_that_breaks_off_in_its_second_picture_is_damaged():
    with pytest.raises(UnreadablePicture) as refusal:
        read_whole_picture(draw(format="GIF")[:-1] + b"," + bytes(9))
    assert refusal.value.code == "damaged"


@pytest.mark.parametrize(
    ("head", "told"),
    [
        *((data[:60], f"image/{kind.partition('-')[0]}") for kind, data in FILES.items()),
        (b"II*\0", "image/tiff"), (b"\0\0\0\x18ftypheic\0\0\0\0mif1", "image/heic"),
        (b"\0\0\0\x14ftypmif1\0\0\0\0", "image/heif"), (b"%PDF-1.7", "application/pdf"),
        (b'<?xml version="1.0"?><svg/>', "image/svg+xml"), (b"PK\3\4", ""), (b"words", ""),
    ],
)  # fmt: skip
def test_media_type_is_told_by_the_beginning(head, told):
    assert media_type(head) == told
