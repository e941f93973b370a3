"""The one text of AUTOMATIC1111 and its kin, in the shapes that other tools give it."""

import pytest

from gallery.files.metadata import read
from gallery.files.metadata.a1111 import pairs
from gallery.tests.files.metadata.tool_files import png, unicode_comment, with_exif

LINE = "Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 42, Size: 96x64, Model: demo"
FOUND = {"Steps": "20", "Sampler": "Euler a", "CFG scale": "7", "Seed": "42", "Size": "96x64",
         "Model": "demo"}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "prompt", "negative", "more"),
    [
        (f"{{red|blue}} kite\nNegative prompt: fog\n{LINE}", "{red|blue} kite", "fog", {}),
        (f'{{"a": 1}} kite\n{LINE}', '{"a": 1} kite', "", {}),
        (f"[a:b:0.5] kite\n{LINE}", "[a:b:0.5] kite", "", {}),
        (
            "\n".join(["boat", "Negative prompt: mud", LINE, "Template: a {boat|ship}",
                       "Negative Template: mud"]),
            "boat", "mud", {"Template": "a {boat|ship}", "Negative Template": "mud"},
        ),
        (f"boat\n{LINE}\nTemplate: a\nb", "boat", "", {"Template": "a\nb"}),
        (f"A boat.Negative prompt: mud.{LINE}", "A boat", "mud", {}),
        (f"A boat Negative prompt: mud {LINE}", "A boat", "mud", {}),
        (f"A boat. {LINE}", "A boat.", "", {}),
        (f"Size: large, a boat\n{LINE}", "Size: large, a boat", "", {}),
        (
            f"a, Negative prompt: b\nNegative prompt: c\nd\n{LINE}",
            "a, Negative prompt: b", "c\nd", {},
        ),
        (f"a\r\nNegative prompt: b\r\n{LINE}", "a", "b", {}),
        (
            f'a\n{LINE}, Hashes: {{"vae": "1", "model": "2"}}, Version: v1',
            "a", "", {"Hashes": {"vae": "1", "model": "2"}, "Version": "v1"},
        ),
        (
            f'a\n{LINE}, Civitai resources: [{{"type": "lora", "weight": 1}}], Clip skip: 2',
            "a", "", {"Civitai resources": [{"type": "lora", "weight": 1}], "Clip skip": "2"},
        ),
        (f"\n{LINE}", "", "", {}),
    ],
)  # fmt: skip
def test_a1111_text_is_taken_apart(text, prompt, negative, more):
    found = read(png(parameters=text))
    assert (found.prompt, found.negative_prompt, found.model, found.parameters) == (
        prompt, negative, "demo", FOUND | more,
    )  # fmt: skip


@pytest.mark.parametrize("order", ["utf-16-be", "utf-16-le", "utf-8"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize(
    "prompt",
    ["рыжий кот, мягкий свет", "แมวส้มบนหน้าต่าง", "खिड़की पर बिल्ली", "قطة على النافذة",
     "կատու պատուհանին", "窓辺の猫", "고양이", "γάτα", "חתול", "plain", "🦊 fox"],
)  # fmt: skip
def test_user_comment_is_read_in_any_script_and_order(prompt, order, mark):
    text = f"{mark}{prompt}\nNegative prompt: размыто\n{LINE}"
    found = read(with_exif(UserComment=unicode_comment(text, order)))
    assert (found.prompt, found.negative_prompt, found.parameters) == (prompt, "размыто", FOUND)


@pytest.mark.parametrize("order", ["utf-16-be", "utf-16-le"])
@pytest.mark.parametrize(
    "text", ["рыжийкотнаокне", "窓辺の白い猫が眠る", "แมวส้มบนหน้าต่าง", "قطةعلىالنافذة"]
)
def test_user_comment_without_a_blank_is_read_in_either_order(text, order):
    assert read(with_exif(UserComment=unicode_comment(text, order))).raw == {
        "exif:UserComment": text
    }


@pytest.mark.parametrize("size", [2_000, 4_000])
def test_pairs_of_a_line_of_beginnings_take_one_pass(size):
    assert pairs("a: {, " * size) == {"a": "{"}
