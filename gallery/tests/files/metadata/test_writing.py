"""Prompts into files and everything out of them, without touching a pixel."""

import io
import json
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from random import Random
from xml.etree import ElementTree

import pytest
from PIL import Image

from gallery.files.metadata import Description, SourceType, embed, read, strip
from gallery.files.metadata.boxes import Locations, box, boxes
from gallery.files.metadata.formats import is_whole
from gallery.tests.drawing import draw
from gallery.tests.files.metadata.tool_files import A1111, png, unicode_comment, with_exif

DESCRIPTION = Description(
    prompt='日落海景, "a <red> fox" & \U0001f98a\nsecond line',
    model="grok-imagine-1.0",
    width=64,
    height=64,
    aspect_ratio="1:1",
    created_at=datetime(2026, 2, 7, 12, 30, tzinfo=UTC),
    source_type=SourceType.TRAINED,
)


def with_exif_block(text: str) -> bytes:
    exif = Image.Exif()
    exif[0x010F] = text
    return exif.tobytes()


def frames(kind: str, **options) -> bytes:
    pictures = [Image.new("RGB", (40, 30), color) for color in ("red", "green", "blue")]
    out = io.BytesIO()
    pictures[0].save(out, kind, save_all=True, append_images=pictures[1:], **options)
    return out.getvalue()


def turned(camera: str) -> bytes:
    exif = Image.Exif()
    exif[0x0112], exif[0x0110] = 6, camera
    return exif.tobytes()


FILES = {
    "png": draw(format="PNG"),
    "png-alpha": draw(format="PNG", mode="RGBA"),
    "png-palette": draw(format="PNG", mode="P", color=3),
    "jpeg": draw(),
    "jpeg-progressive": draw(progressive=True),
    "jpeg-exif": with_exif(Make="camera"),
    "webp": draw(format="WEBP"),
    "webp-lossless-alpha": draw(format="WEBP", mode="RGBA", color=(9, 9, 9, 120), lossless=True),
    "webp-exif": with_exif("WEBP", Make="camera"),
    "gif": draw(format="GIF"),
    "gif-palette": draw(format="GIF", mode="P", color=3),
    "gif-animated": frames("GIF", loop=3, duration=50),
    "gif-of-1987": b"GIF87a" + draw(format="GIF")[6:],
}


def pixels(data: bytes) -> tuple[str, tuple[int, int], bytes]:
    with Image.open(io.BytesIO(data)) as image:
        return image.mode, image.size, image.tobytes()


@pytest.mark.parametrize("data", FILES.values(), ids=FILES)
def test_embed_writes_what_read_finds_and_touches_no_pixel(data):
    written = embed(data, DESCRIPTION)
    found = read(written)
    assert pixels(written) == pixels(data)
    assert shown(written) == shown(data)
    assert is_whole(written)
    assert (found.tool, found.prompt, found.model) == (
        "a1111",
        DESCRIPTION.prompt,
        DESCRIPTION.model,
    )
    assert found.parameters == {
        "Size": "64x64", "Model": "grok-imagine-1.0", "Aspect ratio": "1:1",
        "Created": "2026-02-07T12:30:00+00:00", "Version": "Grok2API Gallery",
    }  # fmt: skip
    assert found.source_type == "trainedAlgorithmicMedia"
    assert embed(written, DESCRIPTION) == written
    for place, text in read(data).raw.items():
        assert found.raw[place] == text
    packet = ElementTree.fromstring(found.raw["xmp"])
    for name, text in (
        ("AIPromptInformation", DESCRIPTION.prompt),
        ("AISystemUsed", "grok-imagine-1.0"),
    ):
        (element,) = packet.iter(f"{{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}}{name}")
        assert element.text == text


@pytest.mark.parametrize("data", FILES.values(), ids=FILES)
def test_strip_takes_every_text_out_and_touches_no_pixel(data):
    bare = strip(embed(data, DESCRIPTION))
    found = read(bare)
    assert (found.raw, found.prompt, found.source_type) == ({}, "", "")
    assert pixels(bare) == pixels(data)
    assert strip(bare) == bare


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_strip_keeps_profile_and_the_way_up(kind):
    exif = Image.Exif()
    exif[0x0112], exif[0x0110] = 6, "secret camera"
    data = draw(64, 32, format=kind, exif=exif.tobytes(), icc_profile=b"profile" * 20)
    bare = strip(data)
    with Image.open(io.BytesIO(bare)) as image:
        assert (dict(image.getexif()), image.info["icc_profile"]) == ({0x0112: 6}, b"profile" * 20)
    assert b"secret" not in bare


def test_strip_cuts_what_follows_a_jpeg():
    assert strip(draw(progressive=True) + b"hidden") == strip(draw(progressive=True))
    assert strip(draw() + b"\xff\xd9hidden") == strip(draw())


def test_embed_leaves_another_tools_prompt_alone():
    for data in (png(parameters=A1111), with_exif(UserComment=unicode_comment(A1111))):
        before, after = read(data), read(embed(data, DESCRIPTION))
        assert (after.prompt, after.source_type) == (before.prompt, "trainedAlgorithmicMedia")
        assert {key: text for key, text in after.raw.items() if key != "xmp"} == before.raw


def test_embed_leaves_a_file_with_credentials_untouched():
    sealed = b"\xff\xd8\xff\xeb\0\x0cJP\0\1\0\0\0\1xx" + draw()[2:]
    assert embed(sealed, DESCRIPTION) == sealed
    assert not read(strip(sealed)).credentials


def test_embed_leaves_out_what_a_jpeg_has_no_room_for():
    long = replace(DESCRIPTION, prompt="长" * 32_000)
    for data in (draw(), draw(format="PNG"), draw(format="WEBP")):
        written = embed(data, long)
        assert pixels(written) == pixels(data)
    assert read(embed(draw(format="PNG"), long)).prompt == long.prompt
    assert read(embed(draw(), long)).prompt == long.prompt  # just fits: two bytes a character
    wider = replace(DESCRIPTION, prompt="\U0001f98a" * 32_000)
    assert embed(draw(), wider) == draw()


AVIFS = {
    "avif": draw(format="AVIF"),
    "avif-alpha": draw(format="AVIF", mode="RGBA", color=(9, 9, 9, 120)),
    "avif-turned": draw(64, 32, format="AVIF", exif=turned("camera")),
    "avif-profile": draw(format="AVIF", icc_profile=b"profile" * 20),
}


@pytest.mark.parametrize("data", AVIFS.values(), ids=AVIFS)
def test_an_avif_gets_the_packet_and_its_items_keep_their_bytes(data):
    written = embed(data, DESCRIPTION)
    found = read(written)
    assert (found.tool, found.prompt, found.model, found.source_type) == (
        "iptc", DESCRIPTION.prompt, DESCRIPTION.model, "trainedAlgorithmicMedia",
    )  # fmt: skip
    assert found.raw == {**read(data).raw, "xmp": DESCRIPTION.as_xmp().decode()}
    assert shown(written) == shown(data)
    with Image.open(io.BytesIO(written)) as image, Image.open(io.BytesIO(data)) as before:
        assert dict(image.getexif()) == dict(before.getexif())
        assert image.info.get("icc_profile") == before.info.get("icc_profile")
    assert is_whole(written)
    assert embed(written, DESCRIPTION) == written
    bare = strip(written)
    assert read(bare).raw == {}
    assert DESCRIPTION.model.encode() not in bare
    assert pixels(bare) == pixels(data)


@pytest.mark.parametrize(
    "data",
    [frames("AVIF"), draw(format="AVIF") + b"tail", strip(draw(format="AVIF", xmp=b"<x/>"))],
    ids=["sequence", "bytes behind", "has an item of XMP"],
)
def test_an_avif_that_is_built_in_another_way_comes_back_as_it_is(data):
    assert embed(data, DESCRIPTION) == data


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "AVIF"])
@pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
def test_another_tool_reads_what_was_written(kind, tmp_path):
    file = tmp_path / f"picture.{kind.lower()}"
    file.write_bytes(embed(draw(format=kind), DESCRIPTION))
    command = ["exiftool", "-j", "-validate", "-AIPromptInformation", "-AISystemUsed", file]
    (told,) = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    told.pop("SourceFile")
    # Its warnings are of entries that only a camera knows.
    assert "Error" not in told.pop("Validate")
    assert told == {
        "AIPromptInformation": DESCRIPTION.prompt,
        "AISystemUsed": DESCRIPTION.model,
    }


def test_an_items_pieces_without_a_byte_are_not_followed():
    table = box(b"iloc", b"\0\0\0\0\0\0\xff\xff" + b"\0\1\0\0\xff\xff" * 65_535)
    (iloc,) = boxes(table, 0, len(table))
    assert Locations.read(table, iloc).entries == []


def test_embed_leaves_the_comment_of_a_gif_alone_and_the_prompt_is_in_its_xmp():
    data = draw(format="GIF", comment="café".encode() * 100)
    written = embed(data, DESCRIPTION)
    found = read(written)
    assert found.raw["png:comment"] == "café" * 100
    assert (found.tool, found.prompt, found.model) == (
        "iptc", DESCRIPTION.prompt, DESCRIPTION.model,
    )  # fmt: skip
    assert shown(written) == shown(data)
    assert embed(written, DESCRIPTION) == written


def test_a_gif_keeps_its_order_of_blocks_and_gets_the_packet_as_adobe_asks():
    data = frames("GIF", loop=3)
    written = embed(data, DESCRIPTION)
    loop = written.index(b"NETSCAPE2.0")
    assert loop < written.index(b"\x21\xfe") < written.index(b"\x21\xff\x0bXMP DataXMP<?xpacket")
    assert written.count(b'<?xpacket end="w"?>\x01\xff\xfe\xfd') == 1
    assert strip(written) == strip(data)


def test_a_gif_whose_packet_lies_in_sub_blocks_is_read_too():
    packet = DESCRIPTION.as_xmp()
    pieces = [packet[at : at + 200] for at in range(0, len(packet), 200)]
    cut = b"".join(bytes((len(piece),)) + piece for piece in pieces)
    data = draw(format="GIF")[:-1] + b"\x21\xff\x0bXMP DataXMP" + cut + b"\0;"
    assert read(data).prompt == DESCRIPTION.prompt


XMP = b"<x:xmpmeta>secret</x:xmpmeta>"


@pytest.mark.parametrize(
    "data",
    [
        draw(format="GIF", comment=b"secret"),
        draw(format="GIF", comment=b"secret " * 200, mode="P", color=3),
        frames("GIF", comment=b"secret", loop=3, duration=50),
        frames("GIF", loop=0)[:-1]
        + b"\x21\xff\x0bXMP DataXMP" + bytes([len(XMP)]) + XMP + b"\0;secret",
        with_exif("AVIF", Make="secret camera", UserComment=unicode_comment("secret")),
        draw(format="AVIF", xmp=XMP, exif=with_exif_block("secret")),
        draw(format="AVIF", xmp=XMP) + b"\0\0\0\x16uuid" + b"1234567890secret"[:14],
        frames("AVIF", xmp=XMP),
    ],
)  # fmt: skip
def test_strip_blanks_gif_and_avif(data):
    bare = strip(data)
    assert read(bare).raw == {}
    assert b"secret" not in bare and "secret".encode("utf-16-be") not in bare
    assert shown(bare) == shown(data)
    assert strip(bare) == bare


def shown(data: bytes) -> list:
    with Image.open(io.BytesIO(data)) as image:
        kept = [image.size, image.format, image.info.get("loop"), image.info.get("duration")]
        for number in range(getattr(image, "n_frames", 1)):
            image.seek(number)
            kept.append(image.convert("RGBA").tobytes())
    return kept


@pytest.mark.parametrize("seed", range(60))
def test_damaged_files_never_raise(seed):
    rng = Random(seed)
    for data in (
        frames("GIF", comment=b"x" * 300), draw(format="AVIF", xmp=XMP),
        *FILES.values(), *AVIFS.values(),
    ):  # fmt: skip
        broken = bytearray(data)
        for _ in range(rng.randint(1, 12)):
            broken[rng.randrange(13, len(broken))] = rng.randrange(256)
        part = bytes(broken[: rng.randint(20, len(broken))])
        strip(part)
        embed(part, DESCRIPTION)
        is_whole(part)
