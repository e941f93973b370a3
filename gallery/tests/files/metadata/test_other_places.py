"""What tools and people make of the known texts: other places, other codes, other names."""

import json
import struct
import time
import zlib

import pytest
from PIL import ExifTags, Image

from gallery.files.metadata import png as chunks
from gallery.files.metadata import read
from gallery.files.metadata.exif import decode_comment
from gallery.tests.drawing import draw
from gallery.tests.files.metadata.tool_files import png, unicode_comment, with_exif

SETTINGS = "Steps: 20, Sampler: Euler, Seed: 42, Size: 9x6, Model: demo"
TEXT = f"a kite\nNegative prompt: fog\n{SETTINGS}"
JOB = " Job ID: 0f6e0a4a-5e0f-4b7a-9a0e-6f4d3e2a1b0c"
PLAIN = {"prompt": "a kite", "negative_prompt": "fog", "model": "demo", "seed": 42}
NOVELAI = {
    "Software": "NovelAI", "Source": "demo", "Description": "a kite",
    "Comment": json.dumps({"prompt": "a kite", "uc": "fog", "seed": 42}),
}  # fmt: skip
DRAW_THINGS = {"c": "a kite", "uc": "fog", "model": "demo", "seed": 42}
FOOOCUS = {"prompt": "a kite", "negative_prompt": "fog", "base_model": "demo", "seed": 42,
           "guidance_scale": 4, "metadata_scheme": "fooocus"}  # fmt: skip


def packet(element: str, text: str) -> str:
    return f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><{element}>{text}</{element}></x:xmpmeta>'


def exif_of(text: str) -> bytes:
    entries = Image.Exif()
    entries.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.UserComment] = unicode_comment(text)
    return entries.tobytes()


def raw_profile(kind: str, block: bytes) -> bytes:
    """A PNG with a block of another format, as ImageMagick keeps it."""
    return png(**{f"Raw profile type {kind}": f"\n{kind}\n{len(block):8}\n{block.hex()}\n"})


def told(data: bytes, hidden: str = "") -> tuple[str, str, str]:
    found = read(data, hidden=hidden)
    assert "42" in {str(found.parameters.get(name)) for name in ("seed", "Seed")}
    return found.prompt, found.negative_prompt, found.model


@pytest.mark.parametrize("data", [
    pytest.param(png(Parameters=TEXT), id="a key in capitals"),
    pytest.param(png(UserComment=TEXT), id="EXIF's word as a key"),
    pytest.param(png(Description=TEXT), id="a key of the standard"),
    pytest.param(with_exif(Model=TEXT), id="another entry of EXIF"),
    pytest.param(draw(format="JPEG", xmp=packet("dc:description", TEXT).encode()), id="XMP"),
    pytest.param(raw_profile("exif", exif_of(TEXT)), id="EXIF as a text"),
    pytest.param(raw_profile("APP1", exif_of(TEXT)), id="a segment as a text"),
    pytest.param(raw_profile("xmp", packet("dc:description", TEXT).encode()), id="XMP as a text"),
    pytest.param(png(prompt="a kite", negative_prompt="fog", model="demo", seed="42"), id="keys"),
    pytest.param(png(parameters=json.dumps(PLAIN)), id="JSON"),
    pytest.param(with_exif(UserComment=unicode_comment(json.dumps(PLAIN))), id="JSON in EXIF"),
    pytest.param(png(data=json.dumps({"meta": PLAIN})), id="JSON in JSON"),
    pytest.param(with_exif("WEBP", UserComment=unicode_comment(json.dumps(NOVELAI))), id="NovelAI"),
    pytest.param(with_exif("WEBP", UserComment=unicode_comment(json.dumps(FOOOCUS))), id="Fooocus"),
])  # fmt: skip
def test_the_prompt_is_found_wherever_it_was_put(data):
    assert told(data) == ("a kite", "fog", "demo")


@pytest.mark.parametrize("beside", [
    TEXT, json.dumps(PLAIN), json.dumps({"meta": PLAIN}), packet("dc:description", TEXT),
    packet("exif:UserComment", json.dumps(DRAW_THINGS)),
])  # fmt: skip
def test_the_prompt_may_lie_beside_the_picture(beside):
    assert told(draw(format="PNG"), beside) == ("a kite", "fog", "demo")


@pytest.mark.parametrize("data", [
    with_exif(ImageDescription="Signature: AbCd/efg+hIJ=="),
    with_exif(ImageDescription="Model: X100, a camera"),
    png(Description="A harbour at night", Author="somebody"),
    png(metadata=json.dumps({"prompt": json.dumps({"1": {"class_type": "LoadImage"}})})),
])  # fmt: skip
def test_what_is_no_prompt_is_none(data):
    assert read(data).prompt == ""


@pytest.mark.parametrize(
    "text", ["", "\n", "\nexif\n", "\nexif\n-3\nff", "\nexif\nx\nzz", "\nexif\n9\nf"]
)
def test_a_raw_profile_that_is_none_says_nothing(text):
    assert read(png(**{"Raw profile type exif": text})).prompt == ""


@pytest.mark.parametrize("comment", [
    b"ASCII\0\0\0" + "日落, sun".encode(), b"ASCII   " + "日落, sun".encode(),
    b"Unicode\0" + "日落, sun".encode("utf-16-be"), "日落, sun".encode(),
    b"JIS\0\0\0\0\0" + "日落, sun".encode("iso2022_jp"), b"JIS\0\0\0\0\0" + "日落, sun".encode(),
    b"JIS\0\0\0\0\0" + "日落, sun".encode("cp932"), b"JIS\0\0\0\0\0" + "日落, sun".encode("euc_jp"),
])  # fmt: skip
def test_comment_is_read_whatever_it_calls_its_code(comment):
    assert decode_comment(comment) == "日落, sun"


@pytest.mark.parametrize("code", [b"", b"ASCII\0\0\0", b"UNICODE\0"])
def test_comment_may_be_called_a_plain_text(code):
    encoding = "utf-16-be" if code == b"UNICODE\0" else "utf-8"
    body = code + f"a kite\n{SETTINGS}".encode(encoding) + b"\0"
    entry = struct.pack("<HHII", 0x9286, 2, len(body), 26)
    block = b"Exif\0\0II*\0\x08\0\0\0\1\0" + entry + b"\0\0\0\0" + body
    assert read(draw(exif=block)).prompt == "a kite"


@pytest.mark.parametrize("code", ["utf-16-le", "utf-16-be"])
def test_comment_of_two_bytes_a_letter_need_not_say_so(code):
    assert decode_comment("a kite, 日落".encode(code)) == "a kite, 日落"


@pytest.mark.parametrize(
    ("text", "prompt", "negative", "more"),
    [
        ("a kite --ar 16:9 --no fog, rain --v 7", "a kite", "fog, rain", {"ar": "16:9", "v": "7"}),
        ("a kite --sref https://a/b https://c/d --tile", "a kite", "",
         {"sref": "https://a/b https://c/d", "tile": True}),
        ("a kite —ar 2:3 —v 7", "a kite", "", {"ar": "2:3"}),
        ("well-known -- a study --weird -3", "well-known -- a study", "", {"weird": "-3"}),
    ],
)  # fmt: skip
def test_midjourneys_options_go_to_the_next(text, prompt, negative, more):
    found = read(png(Description=text + JOB))
    assert (found.prompt, found.negative_prompt) == (prompt, negative)
    assert more.items() <= found.parameters.items()


def test_civitai_tells_the_model_among_what_it_has_used():
    used = [{"type": "lora", "modelName": "ink"},
            {"type": "checkpoint", "modelName": "Demo", "modelVersionName": "v6"}]  # fmt: skip
    line = f"Steps: 2, Sampler: Euler, Seed: 1, Civitai resources: {json.dumps(used)}"
    assert read(png(parameters=f"a kite\n{line}")).model == "Demo v6"


@pytest.mark.parametrize(
    ("key", "unit"),
    [("parameters", "Steps: 1, "), ("Comment", "Steps: 1, "), ("Description", " --a"),
     ("XML:com.adobe.xmp", ">{<"), ("XML:com.adobe.xmp", '="{')],
)  # fmt: skip
def test_a_small_file_of_a_long_text_is_read_soon(key, unit):
    long = zlib.compress(unit.encode() * (4_000_000 // len(unit)), 9)
    body = key.encode() + b"\0\1\0\0\0" + long
    data = chunks.insert(draw(format="PNG"), [(b"iTXt", body)])
    start = time.process_time()
    read(data)
    assert time.process_time() - start < 3  # where each look cost the whole text: 12 and more
