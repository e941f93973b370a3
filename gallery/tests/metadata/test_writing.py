"""Prompts into files and everything out of them, without touching a pixel."""

import io
from dataclasses import replace
from datetime import UTC, datetime
from random import Random
from xml.etree import ElementTree

import pytest
from PIL import Image

from gallery.metadata import Description, SourceType, embed, read, strip
from gallery.tests.drawing import draw
from gallery.tests.metadata.tool_files import A1111, png, unicode_comment, with_exif

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
}


def pixels(data: bytes) -> tuple[str, tuple[int, int], bytes]:
    with Image.open(io.BytesIO(data)) as image:
        return image.mode, image.size, image.tobytes()


@pytest.mark.parametrize("data", FILES.values(), ids=FILES)
def test_embed_writes_what_read_finds_and_touches_no_pixel(data):
    written = embed(data, DESCRIPTION)
    found = read(written)
    assert pixels(written) == pixels(data)
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


@pytest.mark.parametrize("kind", ["GIF", "AVIF"])
def test_formats_without_a_writer_come_back_as_they_are(kind):
    data = draw(format=kind)
    assert embed(data, DESCRIPTION) == data


XMP = b"<x:xmpmeta>secret</x:xmpmeta>"


def frames(kind: str, **options) -> bytes:
    pictures = [Image.new("RGB", (40, 30), color) for color in ("red", "green", "blue")]
    out = io.BytesIO()
    pictures[0].save(out, kind, save_all=True, append_images=pictures[1:], **options)
    return out.getvalue()


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
        frames("GIF", comment=b"x" * 300), draw(format="AVIF", xmp=XMP), *FILES.values(),
    ):  # fmt: skip
        broken = bytearray(data)
        for _ in range(rng.randint(1, 12)):
            broken[rng.randrange(13, len(broken))] = rng.randrange(256)
        part = bytes(broken[: rng.randint(20, len(broken))])
        strip(part)
        embed(part, DESCRIPTION)
