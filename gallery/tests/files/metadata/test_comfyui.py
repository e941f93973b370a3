"""Graphs as people build them: what the picture was made from is found, and nothing else is."""

import json
from typing import Any

import pytest

from gallery.files.metadata import read
from gallery.files.metadata.comfyui import editor
from gallery.tests.files.metadata.tool_files import png

LOADER = {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "m.safetensors"}}


def node(kind: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": kind, "inputs": inputs}


def encode(text: Any) -> dict[str, Any]:
    return node("CLIPTextEncode", text=text, clip=["1", 1])


def graph(**nodes: Any) -> dict[str, Any]:
    """A sampler and what it needs, with `p` and `n` for the nodes of its two texts."""
    sampler = node(
        "KSampler", seed=5, steps=20, cfg=7, sampler_name="euler", model=["1", 0],
        positive=["p", 0], negative=["n", 0], latent_image=["4", 0],
    )  # fmt: skip
    return {
        "1": LOADER, "2": sampler, "3": node("SaveImage", images=["8", 0]),
        "4": node("EmptyLatentImage", width=64, height=48),
        "8": node("VAEDecode", samples=["2", 0], vae=["1", 2]),
        "n": encode("mud"), **nodes,
    }  # fmt: skip


def prompts(found: dict[str, Any], **texts: str) -> tuple[str, str]:
    embedded = read(png(prompt=json.dumps(found), **texts))
    return embedded.prompt, embedded.negative_prompt


@pytest.mark.parametrize(
    ("nodes", "expected"),
    [
        pytest.param({"p": encode("a kite")}, "a kite", id="a text"),
        pytest.param(
            {"p": node("CLIPTextEncodeLumina2", system_prompt="You are", user_prompt="a kite",
                       clip=["1", 1])},
            "a kite", id="Lumina 2"),
        pytest.param(
            {"p": encode(["s", 0]),
             "s": node("StringConcatenate", string_a="a fox", string_b="snow", delimiter=", ")},
            "a fox, snow", id="core concatenation"),
        pytest.param(
            {"p": encode(["s", 0]), "t": node("Text Multiline", text="girl"),
             "s": node("Text Concatenate", linebreak_addition="false", text_a=["t", 0])},
            "girl", id="WAS concatenation"),
        pytest.param(
            {"p": encode(["s", 0]), "t": node("Text Multiline", text="girl"),
             "s": node("Text Concatenate", delimiter=", ", clean_whitespace="true",
                       text_b="at dusk ", text_a=["t", 0])},
            "girl, at dusk", id="links come after literals, names give the order"),
        pytest.param(
            {"p": encode(["s", 0]), "t": node("easy positive", positive="gothic castle"),
             "s": node("JoinStrings", delimiter=" ", string1=["t", 0])},
            "gothic castle", id="KJ join"),
        pytest.param(
            {"p": encode(["s", 0]),
             "s": node("StringFunction|pysssss", action="append", tidy_tags="yes",
                       text_a="fox", text_b="snow", text_c="")},
            "fox, snow", id="pysssss append"),
        pytest.param(
            {"p": encode(["s", 0]),
             "s": node("StringReplace", string="a SUBJECT in snow", find="SUBJECT", replace="fox")},
            "a fox in snow", id="replacement"),
        pytest.param(
            {"p": encode(["s", 0]),
             "s": node("RegexReplace", string="a {subject}", regex_pattern="{subject}",
                       replace="fox")},
            "a fox", id="a pattern without signs"),
        pytest.param(
            {"p": encode(["s", 0]),
             "s": node("ImpactSwitch", select=2, sel_mode=False, input1=["a", 0], input2=["b", 0]),
             "a": node("Text Multiline", text="cow"), "b": node("Text Multiline", text="fox")},
            "fox", id="switch by number"),
        pytest.param(
            {"p": encode(["s", 0]), "w": node("PrimitiveBoolean", value=False),
             "s": node("ComfySwitchNode", switch=["w", 0], on_true="cow", on_false=["b", 0]),
             "b": node("PrimitiveStringMultiline", value="fox")},
            "fox", id="switch by a linked truth"),
        pytest.param(
            {"p": ["never"], "2": node("KSampler", seed=1, positive=["s", 0], negative=["n", 0],
                                       latent_image=["4", 0]),
             "s": node("Any Switch (rgthree)", any_01=["gone", 0], any_02=["b", 0]),
             "b": encode("fox")},
            "fox", id="the first that is there"),
        pytest.param(
            {"p": node("ImpactWildcardEncode", wildcard_text="a __animal__", clip=["1", 1],
                       populated_text="a fox", mode="populate")},
            "a fox", id="what a wildcard became"),
        pytest.param(
            {"p": encode(["s", 0]),
             "s": node("DPRandomGenerator", text="a {fox|cow}", seed=3)},
            "", id="a wildcard that nobody wrote down"),
        pytest.param(
            {"p": node("ConditioningCombine", conditioning_1=["a", 0], conditioning_2=["c", 0]),
             "a": node("ConditioningSetArea", conditioning=["b", 0], width=32, height=32),
             "b": encode("night sky"), "c": encode("forest")},
            "night sky\nforest", id="combined"),
        pytest.param(
            {"p": node("ControlNetApplyAdvanced", positive=["a", 0], negative=["n", 0],
                       control_net=["x", 0]), "a": encode("fox")},
            "fox", id="through a ControlNet"),
        pytest.param(
            {"p": node("CLIPTextEncodeSDXL", text_g="fox", text_l="fox", width=9, clip=["1", 1])},
            "fox", id="two encoders with one text"),
        pytest.param(
            {"p": node("CLIPTextEncodeFlux", clip_l="fox", t5xxl="a fox in snow", clip=["1", 1])},
            "fox\na fox in snow", id="two encoders with two texts"),
        pytest.param(
            {"p": encode(["s", 0]), "s": node("ShowText|pysssss", text=["t", 0]),
             "t": node("CR Prompt Text", prompt="fox")},
            "fox", id="shown on the way"),
        pytest.param(
            {"p": encode(["s", 0]), "s": node("OpenAIChatNode", prompt="Describe a fox.")},
            "", id="a language model wrote it"),
        pytest.param(
            {"p": encode(["s", 0]), "t": node("OllamaGenerate", prompt="Describe a fox."),
             "s": node("StringConcatenate", string_a=["t", 0], string_b=", 8k", delimiter="")},
            "", id="a part is not known"),
        pytest.param(
            {"p": encode(["s", 0]), "s": node("Florence2Run", image=["9", 0], text_input="")},
            "", id="read from a picture"),
        pytest.param(
            {"p": encode(["p", 0])}, "", id="a circle"),
    ],
)  # fmt: skip
def test_comfyui_prompt_is_what_reaches_the_sampler(nodes, expected):
    assert prompts(graph(**nodes)) == (expected, "mud")


@pytest.mark.parametrize(
    ("nodes", "negative"),
    [
        ({"n": node("ConditioningZeroOut", conditioning=["p", 0])}, ""),
        ({"n": encode("")}, ""),
        ({"n": encode(["s", 0]), "s": node("easy negative", negative="fog")}, "fog"),
        ({"n": encode(["s", 0]), "s": node("easy positive", positive="fog")}, "fog"),
    ],
)
def test_comfyui_negative_side_is_told_apart(nodes, negative):
    assert prompts(graph(p=encode("fox"), **nodes)) == ("fox", negative)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (
            {"1": node("Efficient Loader", ckpt_name="m", positive="boat", negative="mud",
                       empty_latent_width=512),
             "2": node("KSampler (Efficient)", seed=7, model=["1", 0], positive=["1", 1],
                       negative=["1", 2]),
             "3": node("SaveImage", images=["2", 5])},
            ("boat", "mud"),
        ),
        (
            {"1": node("easy fullLoader", ckpt_name="m", positive="boat", negative="mud"),
             "5": node("easy preSampling", pipe=["1", 0], seed=3, steps=20),
             "2": node("easy kSampler", pipe=["5", 0], model=["1", 1]),
             "3": node("SaveImage", images=["2", 1])},
            ("boat", "mud"),
        ),
        (
            {"1": node("GrokImageNode", model="grok-imagine-image", prompt="boat"),
             "3": node("SaveImage", images=["1", 0])},
            ("boat", ""),
        ),
        (
            {"1": node("CFGGuider", model=["9", 0], positive=["5", 0], negative=["6", 0], cfg=3),
             "5": encode("boat"), "6": encode("mud"), "9": LOADER,
             "2": node("SamplerCustomAdvanced", guider=["1", 0], noise=["7", 0]),
             "7": node("RandomNoise", noise_seed=9), "3": node("SaveImage", images=["2", 0])},
            ("boat", "mud"),
        ),
        (
            {"1": LOADER, "2": node("CR Overlay Text", text="(c) me", image_in=["4", 0],
                                    font_color="white"),
             "4": node("LoadImage", image="x.png"), "3": node("SaveImage", images=["2", 0])},
            ("", ""),
        ),
        ({"7": encode("mud"), "2": node("KSampler", seed=1, positive=["9", 0], negative=["7", 0])},
         ("", "mud")),
        ({"7": encode("alone")}, ("alone", "")),
        ({"7": encode("one"), "8": encode("another")}, ("", "")),
    ],
    ids=["loader-with-texts", "pipe", "service", "guider", "drawn-text", "negative-alone",
         "one-encoder", "two-encoders"],
)  # fmt: skip
def test_comfyui_other_ways_to_a_picture(found, expected):
    assert prompts(found) == expected


def test_comfyui_graph_without_a_prompt_does_not_hide_parameters():
    found = {"1": node("LoadImage", image="x.png")}
    text = "a fallback\nSteps: 20, Sampler: Euler, Seed: 42, Size: 9x6, Model: demo"
    assert prompts(found, parameters=text) == ("a fallback", "")


def test_comfyui_settings_are_the_samplers_own():
    found = graph(p=encode("fox"), x=node("KSampler", seed=99, steps=1))
    assert read(png(prompt=json.dumps(found))).parameters == {
        "seed": 5, "steps": 20, "cfg": 7, "sampler_name": "euler", "width": 64, "height": 48,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("nodes", "expected"),
    [
        pytest.param(
            {"2": node("ImpactKSamplerBasicPipe", basic_pipe=["b", 0], seed=5, steps=20),
             "b": node("ToBasicPipe", positive=["p", 0], negative=["n", 0], model=["1", 0])},
            {"seed": 5, "steps": 20}, id="the texts come by a pipe"),
        pytest.param(
            {"p": node("CLIPTextEncodeSDXL", text_g="fox", text_l="fox", width=4096, height=4096,
                       clip=["1", 1])},
            {"width": 64, "height": 48}, id="an encoder is told another size"),
        pytest.param(
            {"1": node("CR Apply LoRA Stack", model=["c", 0], lora_stack=["l", 0]), "c": LOADER,
             "l": node("CR LoRA Stack", switch_1="On", lora_name_1="a", switch_2="Off",
                       lora_name_2="b")},
            {"loras": ["a"]}, id="switched off"),
        pytest.param(
            {"1": node("easy loraStack", toggle=True, num_loras=1, lora_1_name="a",
                       lora_2_name="b", optional_model=["c", 0]), "c": LOADER},
            {"loras": ["a"]}, id="more than counted"),
    ],
)  # fmt: skip
def test_comfyui_settings_are_those_that_were_used(nodes, expected):
    found = read(png(prompt=json.dumps(graph(p=encode("fox")) | nodes)))
    assert (found.prompt, found.negative_prompt, found.model) == ("fox", "mud", "m.safetensors")
    assert expected.items() <= found.parameters.items()


@pytest.mark.parametrize("loader", [
    node("NunchakuFluxDiTLoader", model_path="demo"), node("WanVideoModelLoader", model="demo"),
    node("CheckpointLoader|pysssss", ckpt_name={"content": "demo", "image": None}),
])  # fmt: skip
def test_comfyui_model_is_what_the_sampler_is_led_to(loader):
    assert read(png(prompt=json.dumps(graph(p=encode("fox")) | {"1": loader}))).model == "demo"


def test_comfyui_civitai_says_beside_the_graph_what_was_asked():
    extra = json.dumps({"prompt": "fox", "negativePrompt": "mud", "steps": 25})
    found = {**graph(p=encode("other")), "extraMetadata": extra}
    assert prompts(found) == ("fox", "mud")


def test_comfyui_subgraph_is_unfolded():
    inner = {
        "id": "sub", "inputs": [{"name": "text"}], "outputs": [{"name": "IMAGE"}],
        "nodes": [
            {"id": 27, "type": "CLIPTextEncode", "widgets_values": ["the default"],
             "inputs": [{"name": "clip", "link": 5},
                        {"name": "text", "link": 34, "widget": {"name": "text"}}]},
            {"id": 33, "type": "ConditioningZeroOut",
             "inputs": [{"name": "conditioning", "link": 32}]},
            {"id": 3, "type": "KSampler", "widgets_values": [9, "randomize", 8, 1, "euler"],
             "inputs": [{"name": "positive", "link": 30}, {"name": "negative", "link": 31}]},
            {"id": 8, "type": "VAEDecode", "inputs": [{"name": "samples", "link": 14}]},
        ],
        "links": [
            {"id": 34, "origin_id": -10, "origin_slot": 0, "target_id": 27, "target_slot": 1},
            {"id": 30, "origin_id": 27, "origin_slot": 0, "target_id": 3, "target_slot": 0},
            {"id": 32, "origin_id": 27, "origin_slot": 0, "target_id": 33, "target_slot": 0},
            {"id": 31, "origin_id": 33, "origin_slot": 0, "target_id": 3, "target_slot": 1},
            {"id": 14, "origin_id": 3, "origin_slot": 0, "target_id": 8, "target_slot": 0},
            {"id": 16, "origin_id": 8, "origin_slot": 0, "target_id": -20, "target_slot": 0},
        ],
    }  # fmt: skip
    outer = {
        "nodes": [
            {"id": 57, "type": "sub", "inputs": [{"name": "text", "link": 70}]},
            {"id": 60, "type": "Reroute", "inputs": [{"name": "", "link": 71}]},
            {"id": 61, "type": "PrimitiveStringMultiline", "widgets_values": ["from outside"]},
            {"id": 9, "type": "SaveImage", "widgets_values": ["x"],
             "inputs": [{"name": "images", "link": 62}]},
            {"id": 10, "type": "MarkdownNote", "widgets_values": ["read me"]},
        ],
        "links": [[62, 57, 0, 9, 0, "IMAGE"], [70, 60, 0, 57, 0, "STRING"],
                  [71, 61, 0, 60, 0, "*"]],
        "definitions": {"subgraphs": [inner]},
    }  # fmt: skip
    found = read(png(workflow=json.dumps(outer)))
    assert (found.prompt, found.negative_prompt, found.parameters) == (
        "from outside", "", {"seed": 9, "steps": 8, "cfg": 1, "sampler_name": "euler"},
    )  # fmt: skip


def test_comfyui_nodes_that_are_switched_off_hand_on_or_end():
    def workflow(mode: int) -> str:
        return json.dumps({
            "nodes": [
                {"id": 1, "type": "CLIPTextEncode", "widgets_values": ["fox"]},
                {"id": 2, "type": "FluxGuidance", "mode": mode,
                 "inputs": [{"name": "conditioning", "type": "CONDITIONING", "link": 1}]},
                {"id": 3, "type": "KSampler", "inputs": [{"name": "positive", "link": 2}]},
            ],
            "links": [[1, 1, 0, 2, 0, "CONDITIONING"], [2, 2, 0, 3, 0, "CONDITIONING"]],
        })  # fmt: skip

    assert [read(png(workflow=workflow(mode))).prompt for mode in (0, 4)] == ["fox", "fox"]


def test_comfyui_doubling_texts_stay_small():
    """Each node joins the one before it with itself: 2^60 characters, if anybody made them."""
    nodes = {
        str(at): node("StringConcatenate", string_a=[str(at - 1), 0], string_b=[str(at - 1), 0],
                      delimiter="")
        for at in range(101, 161)
    }  # fmt: skip
    assert prompts(graph(p=encode(["160", 0]), **{"100": node("PrimitiveString", value="x")},
                         **nodes)) == ("", "mud")  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "values", "outputs", "expected"),
    [
        ("CLIPTextEncodeLumina2", ["You are", "a kite"], ["CONDITIONING"],
         {"system_prompt": "You are", "user_prompt": "a kite"}),
        ("KSampler (Efficient)", [7, None, 20, 8], ["LATENT"], {"seed": 7, "steps": 20, "cfg": 8}),
        ("Seed (rgthree)", [7, None, None], ["SEED"], {"seed": 7}),
        ("Power Lora Loader (rgthree)", [{}, {"on": True, "lora": "a"}, {}], ["MODEL", "CLIP"],
         {"lora_1": {"on": True, "lora": "a"}}),
        ("SomebodysLoader", ["fast", "demo.safetensors", 2], ["MODEL"],
         {"model_path": "demo.safetensors"}),
        ("SomebodysPipe", ["a kite", "fog"], ["MODEL", "CONDITIONING", "CONDITIONING"],
         {"prompt": "a kite", "negative_prompt": "fog"}),
    ],
)  # fmt: skip
def test_comfyui_widgets_get_the_names_of_their_inputs(kind, values, outputs, expected):
    found = {"id": 1, "type": kind, "widgets_values": values, "outputs": [
        {"name": each, "type": each} for each in outputs]}  # fmt: skip
    assert editor.as_api({"nodes": [found]}) == {"1": {"class_type": kind, "inputs": expected}}
