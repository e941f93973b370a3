"""One reader for each tool, over files as the tool writes them."""

import io
import json
import zlib
from random import Random

import pytest
from PIL import Image

from gallery.files.metadata import read
from gallery.files.metadata.a1111 import pairs
from gallery.files.metadata.png import SIGNATURE, join
from gallery.files.metadata.stealth import hidden_text
from gallery.tests.drawing import draw
from gallery.tests.files.metadata.tool_files import (  # fmt: skip
    A1111,
    COMFY,
    COMFY_EDITOR,
    NEGATIVE,
    NOVELAI,
    PROMPT,
    SWARM,
    png,
    stealth,
    unicode_comment,
    with_exif,
)

A1111_ROW = A1111.replace("\n", ".")
A1111_FOUND = {
    "Steps": "20", "Sampler": "DPM++ 2M Karras", "CFG scale": "7", "Seed": "42",
    "Size": "512x768", "Model hash": "abcdef1234", "Model": "dreamshaper_8",
    "Lora hashes": "add: 1, b: 2", "Version": "v1.9.4",
}  # fmt: skip
FOOOCUS = {
    "prompt": PROMPT, "negative_prompt": NEGATIVE, "base_model": "juggernautXL", "steps": 30,
    "cfg": 4.0, "sampler": "dpmpp_2m", "seed": "1",
}  # fmt: skip
FOOOCUS_FOUND = {"steps": 30, "cfg": 4.0, "sampler": "dpmpp_2m", "seed": "1"}
COMFY_FOUND = {
    "seed": 8566, "steps": 20, "cfg": 8.0, "sampler_name": "euler", "scheduler": "normal",
    "denoise": 1.0, "width": 512, "height": 768, "loras": ["l"],
}  # fmt: skip
DRAW_THINGS = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF><rdf:Description><exif:UserComment><rdf:Alt>'
    '<rdf:li xml:lang="x-default">{&quot;c&quot;:&quot;a fox&quot;,&quot;uc&quot;:&quot;bad&quot;,'
    "&quot;model&quot;:&quot;flux&quot;,&quot;seed&quot;:3,&quot;steps&quot;:8}</rdf:li></rdf:Alt>"
    "</exif:UserComment></rdf:Description></rdf:RDF></x:xmpmeta>"
)


def facts(data: bytes, **options: str) -> tuple[str, str, str, str, dict]:
    found = read(data, **options)
    return (found.tool, found.prompt, found.negative_prompt, found.model, dict(found.parameters))


@pytest.mark.parametrize(
    "data",
    [
        png(parameters=A1111),
        with_exif(UserComment=unicode_comment(A1111)),
        with_exif(UserComment=unicode_comment(A1111, "utf-16-le")),
        with_exif("WEBP", UserComment=unicode_comment(A1111)),
        with_exif("AVIF", UserComment=unicode_comment(A1111)),
    ],
    ids=["png", "jpeg", "jpeg-little-endian", "webp", "avif"],
)
def test_a1111_is_read_from_every_format(data):
    expected = ("a1111", f"{PROMPT}\nsecond line", NEGATIVE, "dreamshaper_8", A1111_FOUND)
    assert facts(data) == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (png(parameters="only words"), ("a1111", "only words", "", "", {})),
        (
            png(parameters="a fox\nSteps: 1, Seed: 2"),
            ("a1111", "a fox\nSteps: 1, Seed: 2", "", "", {}),
        ),
        (
            png(extras="Postprocess upscale by: 2, Seed: 3, Size: 8x8, Steps: 4"),
            ("a1111", "", "", "", {"Postprocess upscale by": "2", "Seed": "3", "Size": "8x8",
                                   "Steps": "4"}),
        ),
        (
            png(prompt=json.dumps(COMFY), workflow=json.dumps(COMFY_EDITOR)),
            ("comfyui", PROMPT, NEGATIVE, "sdxl.safetensors", COMFY_FOUND),
        ),
        (
            with_exif("WEBP", Model="prompt:" + json.dumps(COMFY), Make="workflow:{}"),
            ("comfyui", PROMPT, NEGATIVE, "sdxl.safetensors", COMFY_FOUND),
        ),
        (
            with_exif(UserComment=unicode_comment(json.dumps({"prompt": COMFY}))),
            ("comfyui", PROMPT, NEGATIVE, "sdxl.safetensors", COMFY_FOUND),
        ),
        (
            png(prompt=json.dumps(COMFY), parameters=A1111),
            ("comfyui", PROMPT, NEGATIVE, "sdxl.safetensors", COMFY_FOUND),
        ),
        (
            png(workflow=json.dumps(COMFY_EDITOR)),
            ("comfyui", PROMPT, NEGATIVE, "sdxl.safetensors",
             {"seed": 5, "steps": 20, "cfg": 8, "sampler_name": "euler"}),
        ),
        (
            png(invokeai_metadata=json.dumps({
                "positive_prompt": PROMPT, "negative_prompt": NEGATIVE, "seed": 1, "steps": 30,
                "cfg_scale": 7.5, "scheduler": "euler", "width": 512, "height": 512,
                "model": {"name": "Juggernaut", "hash": "x"},
            })),
            ("invokeai", PROMPT, NEGATIVE, "Juggernaut",
             {"seed": 1, "steps": 30, "cfg_scale": 7.5, "scheduler": "euler", "width": 512,
              "height": 512}),
        ),
        (
            png(sd__metadata=json.dumps({
                "model_weights": "sd-1.5", "image": {"prompt": [{"prompt": PROMPT, "weight": 1}],
                                                     "steps": 50, "seed": 4},
            })),
            ("invokeai", PROMPT, "", "sd-1.5", {"steps": 50, "seed": 4}),
        ),
        (
            png(Dream=f'"{PROMPT}" -s 50 -S 1234 -W 512 -H 640 -C 7.5 -A k_lms'),
            ("invokeai", PROMPT, "", "", {"steps": "50", "seed": "1234", "width": "512",
                                          "height": "640", "cfg_scale": "7.5",
                                          "sampler": "k_lms"}),
        ),
        (
            png(**NOVELAI),
            ("novelai", PROMPT, NEGATIVE, "NovelAI Diffusion V4 37442FCA",
             {"steps": 28, "sampler": "k_euler", "seed": 9, "scale": 5.0, "strength": 0.7}),
        ),
        (
            png(parameters=json.dumps(FOOOCUS), fooocus_scheme="fooocus"),
            ("fooocus", PROMPT, NEGATIVE, "juggernautXL", FOOOCUS_FOUND),
        ),
        (
            with_exif(UserComment=unicode_comment(json.dumps(FOOOCUS)), Software="Fooocus v2.5.5",
                      MakerNote=b"fooocus"),
            ("fooocus", PROMPT, NEGATIVE, "juggernautXL", FOOOCUS_FOUND),
        ),
        (
            png(Comment=json.dumps(FOOOCUS)),
            ("fooocus", PROMPT, NEGATIVE, "juggernautXL", FOOOCUS_FOUND),
        ),
        (
            png(parameters=A1111, fooocus_scheme="a1111"),
            ("fooocus", f"{PROMPT}\nsecond line", NEGATIVE, "dreamshaper_8", A1111_FOUND),
        ),
        (
            png(Description="a fox in 雪 --ar 16:9 --v 6.1 --tile "
                            "Job ID: 01234567-89ab-cdef-0123-456789abcdef", Author="someone"),
            ("midjourney", "a fox in 雪", "", "midjourney 6.1",
             {"ar": "16:9", "v": "6.1", "tile": True,
              "job_id": "01234567-89ab-cdef-0123-456789abcdef"}),
        ),
        (
            png(prompt=PROMPT, negative_prompt=NEGATIVE, seed="5",
                use_stable_diffusion_model="sd-v1-4", num_inference_steps="25"),
            ("easy_diffusion", PROMPT, NEGATIVE, "sd-v1-4",
             {"seed": "5", "use_stable_diffusion_model": "sd-v1-4",
              "num_inference_steps": "25"}),
        ),
        (
            png(**{"XML:com.adobe.xmp": DRAW_THINGS}),
            ("draw_things", "a fox", "bad", "flux", {"model": "flux", "seed": 3, "steps": 8}),
        ),
        (
            with_exif(
                ImageDescription=PROMPT.encode(),
                UserComment=json.dumps(
                    {"prompt": PROMPT, "model": "grok-imagine-1.0", "aspect_ratio": "2:3"},
                    ensure_ascii=False,
                ).encode(),
            ),
            ("grok2api", PROMPT, "", "grok-imagine-1.0", {"aspect_ratio": "2:3"}),
        ),
        (png(Title="holiday"), ("", "", "", "", {})),
        (draw(), ("", "", "", "", {})),
        (b"", ("", "", "", "", {})),
        (b"GIF89a", ("", "", "", "", {})),
    ],
)  # fmt: skip
def test_each_tool_is_read(data, expected):
    assert facts(data) == expected


@pytest.mark.parametrize("data", [
    png(parameters=json.dumps(SWARM)),
    with_exif(UserComment=unicode_comment(json.dumps(SWARM))),
    with_exif("WEBP", Model=json.dumps(SWARM)),
])  # fmt: skip
def test_swarmui_is_read(data):
    settings = SWARM["sui_image_params"]
    own = {key: value for key, value in settings.items() if "prompt" not in key}
    expected = ("swarmui", PROMPT, NEGATIVE, "flux-dev", {**own, **SWARM["sui_extra_data"]})
    assert facts(data) == expected


@pytest.mark.parametrize("options", [
    {}, {"compressed": False}, {"alpha": False}, {"alpha": False, "compressed": False},
    {"kind": "WEBP"},
])  # fmt: skip
def test_hidden_text_is_read(options):
    data = stealth(json.dumps(NOVELAI), **options)
    assert facts(data) == ("", "", "", "", {})
    assert facts(data, hidden=hidden(data))[:3] == ("novelai", PROMPT, NEGATIVE)
    data = stealth(A1111, **options)
    assert facts(data, hidden=hidden(data))[:2] == ("a1111", f"{PROMPT}\nsecond line")
    assert hidden(draw(format="PNG")) == hidden(draw(format="PNG", mode="L", color=1)) == ""


def hidden(data: bytes) -> str:
    with Image.open(io.BytesIO(data)) as image:
        return hidden_text(image)


def test_raw_texts_are_kept_whole():
    workflow = json.dumps(COMFY_EDITOR)
    found = read(png(prompt=json.dumps(COMFY), workflow=workflow, Title="标题"))
    assert found.raw == {
        "png:prompt": json.dumps(COMFY), "png:workflow": workflow, "png:Title": "标题",
    }  # fmt: skip
    assert read(with_exif(UserComment=unicode_comment(A1111), Make="x")).raw == {
        "exif:Make": "x", "exif:UserComment": A1111,
    }  # fmt: skip


def test_bare_nan_is_read_and_stored_as_text():
    graph = {**COMFY, "3": {**COMFY["3"], "inputs": {**COMFY["3"]["inputs"], "cfg": float("nan")}}}
    found = read(png(prompt=json.dumps(graph)))
    assert found.prompt == PROMPT
    assert json.dumps(found.as_dict(), allow_nan=False)
    assert found.as_dict()["parameters"]["cfg"] == "nan"


def test_what_a_database_refuses_is_replaced():
    swarm = {"prompt": "a\0b\ud83d", "model": "m\0", "deep": json.loads("[" * 60 + "]" * 60)}
    found = read(png(parameters=json.dumps({"sui_image_params": swarm})))
    assert (found.prompt, found.model) == ("a\ufffdb?", "m")
    nested = found.parameters["deep"]
    while isinstance(nested, list):
        (nested,) = nested
    assert nested == "[" * 40 + "]" * 40
    assert (
        read(png(prompt=json.dumps({"1": {"class_type": "KSampler", "inputs": [1]}}))).prompt == ""
    )


def test_credentials_and_source_type_are_noticed():
    source = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
    packet = f"<Iptc4xmpExt:DigitalSourceType>{source}</Iptc4xmpExt:DigitalSourceType>".encode()
    plain = draw(xmp=packet)
    assert (read(plain).credentials, read(plain).source_type) == (False, "trainedAlgorithmicMedia")
    assert read(b"\xff\xd8\xff\xeb\0\x0cJP\0\1\0\0\0\1xx" + plain[2:]).credentials
    png_file = draw(format="PNG")
    chunks = [(b"IHDR", png_file[16:29]), (b"caBX", b"jumb"), (b"IEND", b"")]
    assert read(join(iter(chunks))).credentials


def test_zero_bytes_and_bombs_in_texts_do_no_harm():
    bomb = b"parameters\0\0" + zlib.compress(b"a" * 60_000_000)
    head = draw(format="PNG")[16:29]
    found = read(join(iter([(b"IHDR", head), (b"zTXt", bomb), (b"tEXt", b"k\0a\0b\0"),
                            (b"IEND", b"")])))  # fmt: skip
    said = "There are more texts in the file."
    assert (len(found.prompt), found.raw["png:…"]) == (16 * 1024 * 1024, said)
    found = read(join(iter([(b"IHDR", head), (b"tEXt", b"k\0a\0b\0"), (b"IEND", b"")])))
    assert found.raw["png:k"] == "a\ufffdb"


@pytest.mark.parametrize("line", ["a" * 200_000, "a " * 100_000, "a, " * 60_000, '"' * 200_000])
def test_long_lines_without_parameters_cost_one_pass(line):
    assert pairs(line) == {}


@pytest.mark.parametrize("seed", range(40))
def test_damaged_files_never_raise(seed):
    rng = Random(seed)
    for data in (
        png(parameters=A1111, prompt=json.dumps(COMFY)),
        with_exif(UserComment=unicode_comment(A1111)),
        with_exif("WEBP", Model=json.dumps(SWARM)), with_exif("AVIF", Make="x"), SIGNATURE,
    ):  # fmt: skip
        broken = bytearray(data)
        for _ in range(rng.randint(1, 12)):
            broken[rng.randrange(len(broken))] = rng.randrange(256)
        read(bytes(broken[: rng.randint(0, len(broken))]))


@pytest.mark.parametrize(
    ("beside", "prompt"),
    [
        ("a red fox, 雪", "a red fox, 雪"),
        (A1111, f"{PROMPT}\nsecond line"),
        ("[a:b:0.5] fox", "[a:b:0.5] fox"),
        ("Title: a fox\nin snow", "Title: a fox\nin snow"),
        (json.dumps({"prompt": PROMPT, "seed": 5, "num_inference_steps": 25}), PROMPT),
        (json.dumps(COMFY), PROMPT),
        (json.dumps([{"SourceFile": "x.jpg", "ExifToolVersion": 12.4, "FileName": "x.jpg"}]), ""),
        (json.dumps({"SourceFile": "x.jpg", "ImageDescription": "a camera"}), ""),
        ("File Name          : x.jpg\nDirectory       : .\nFile Size    : 9\nMake  : C\n", ""),
        ("[File]   File Name  : x.jpg\n[File]  Size  : 9\n[EXIF] Make : C\n[EXIF] Model : X", ""),
        (f"File Name : x.png\nFile Size : 9\nMIME Type : image/png\nParameters : {A1111_ROW}", ""),
        (json.dumps([{"SourceFile": "x.jpg", "Parameters": A1111}]), ""),
        ("<?xml version='1.0'?><rdf:RDF><x>y</x></rdf:RDF>", ""),
    ],
)  # fmt: skip
def test_a_text_beside_the_picture_is_a_prompt_but_no_dump_of_facts(beside, prompt):
    assert read(draw(), hidden=beside).prompt == prompt
