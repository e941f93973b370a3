"""Converts the editor's graph to the shape of the API, as the editor does before it sends one.

Subgraphs are unfolded (an inner node is `outer:inner`). Wires are followed through the editor's own
nodes (reroutes, set and get) and through disabled nodes. Widget values, which stand in a bare list,
get the names of their inputs. A link is `[node, slot, type]`. Format:
https://docs.comfy.org/specs/workflow_json
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

SUBGRAPH_INPUT, SUBGRAPH_OUTPUT = "-10", "-20"
NEVER, BYPASSED = 2, 4  # a node's `mode`
MAX_DEPTH = 10  # of subgraphs in one another
MAX_NODES = 20_000
MAX_WIRES = 100  # reroutes, switched-off nodes and subgraphs' borders in a row
NOTES = ("Note", "MarkdownNote")
AFTER_SEED = ("fixed", "increment", "decrement", "randomize")
"""What the editor keeps behind a seed: how the next one is made; some keep nothing there."""
MODEL_FILES = (".safetensors", ".sft", ".gguf", ".ckpt")

WIDGETS = {
    "CLIPTextEncode": ("text",),
    "CheckpointLoaderSimple": ("ckpt_name",),
    "CLIPTextEncodeFlux": ("clip_l", "t5xxl", "guidance"),
    "CLIPTextEncodeSDXL": (
        "width", "height", "crop_w", "crop_h", "target_width", "target_height", "text_g", "text_l",
    ),
    "CLIPTextEncodeLumina2": ("system_prompt", "user_prompt"),
    "CLIPTextEncodeSDXLRefiner": ("ascore", "width", "height", "text"),
    "CLIPTextEncodeSD3": ("clip_l", "clip_g", "t5xxl", "empty_padding"),
    "TextEncodeQwenImageEdit": ("prompt",),
    "TextEncodeQwenImageEditPlus": ("prompt",),
    "UNETLoader": ("unet_name", "weight_dtype"),
    "UnetLoaderGGUF": ("unet_name",),
    "LoraLoader": ("lora_name", "strength_model", "strength_clip"),
    "LoraLoaderModelOnly": ("lora_name", "strength_model"),
    "EmptyLatentImage": ("width", "height", "batch_size"),
    "EmptySD3LatentImage": ("width", "height", "batch_size"),
    "EmptyFlux2LatentImage": ("width", "height", "batch_size"),
    "KSampler": ("seed", "steps", "cfg", "sampler_name", "scheduler", "denoise"),
    "KSamplerAdvanced": (
        "add_noise", "noise_seed", "steps", "cfg", "sampler_name", "scheduler", "start_at_step",
        "end_at_step", "return_with_leftover_noise",
    ),
    "SamplerCustom": ("add_noise", "noise_seed", "cfg"),
    "KSamplerSelect": ("sampler_name",),
    "BasicScheduler": ("scheduler", "steps", "denoise"),
    "Flux2Scheduler": ("steps", "width", "height"),
    "RandomNoise": ("noise_seed",),
    "CFGGuider": ("cfg",),
    "FluxGuidance": ("guidance",),
    "PrimitiveNode": ("value",),
    "PrimitiveString": ("value",),
    "PrimitiveStringMultiline": ("value",),
    "PrimitiveInt": ("value",),
    "PrimitiveFloat": ("value",),
    "PrimitiveBoolean": ("value",),
    "SeedNode": ("seed",),
    "Seed (rgthree)": ("seed",),
    "Seed Generator": ("seed",),
    "CR Seed": ("seed",),
    "easy seed": ("seed",),
    "StringConcatenate": ("string_a", "string_b", "delimiter"),
    "StringReplace": ("string", "find", "replace"),
    "StringFormat": ("f_string",),
    "RegexReplace": ("string", "regex_pattern", "replace"),
    "ComfySwitchNode": ("switch",),
    "CustomCombo": ("choice", "index"),
    "ImpactSwitch": ("select", "sel_mode"),
    "ImpactWildcardEncode": ("wildcard_text", "populated_text", "mode"),
    "ImpactWildcardProcessor": ("wildcard_text", "populated_text", "mode", "seed"),
    "Text Multiline": ("text",),
    "Text Concatenate": ("delimiter", "clean_whitespace"),
    "JoinStrings": ("delimiter",),
    "ShowText|pysssss": ("text",),
    "Efficient Loader": (
        "ckpt_name", "vae_name", "clip_skip", "lora_name", "lora_model_strength",
        "lora_clip_strength", "positive", "negative", "token_normalization",
        "weight_interpretation", "empty_latent_width", "empty_latent_height", "batch_size",
    ),
    "KSampler (Efficient)": ("seed", "steps", "cfg", "sampler_name", "scheduler", "denoise"),
    "easy a1111Loader": (
        "ckpt_name", "vae_name", "clip_skip", "lora_name", "lora_model_strength",
        "lora_clip_strength", "resolution", "empty_latent_width", "empty_latent_height",
        "positive", "negative", "batch_size",
    ),
    "easy preSampling": ("steps", "cfg", "sampler_name", "scheduler", "denoise", "seed"),
    "easy positive": ("positive",),
    "easy negative": ("negative",),
    "GrokImageNode": ("model", "prompt", "aspect_ratio"),
    "SetNode": ("name",),
    "GetNode": ("name",),
}  # fmt: skip
"""Names of the widgets of common nodes, for files whose editor did not write them down yet."""


@dataclass(slots=True)
class _Sheet:
    """One level of the graph: the whole, or a subgraph where it is used."""

    prefix: str
    nodes: dict[str, dict[str, Any]]
    links: dict[str, tuple[str, int, str]]  # id -> origin, slot, type
    ends: dict[int, str] = field(default_factory=dict)  # slot of the subgraph's output -> link
    outer: "_Sheet | None" = None
    instance: dict[str, Any] = field(default_factory=dict)  # the node that stands for it outside
    inner: "dict[str, _Sheet]" = field(default_factory=dict)
    names: tuple[str, ...] = ()  # of the subgraph's inputs
    setters: dict[str, str] = field(default_factory=dict)  # name -> SetNode


def as_api(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return an editor's graph as node id -> `{class_type, inputs}`."""
    definitions = found.get("definitions")
    subgraphs = definitions.get("subgraphs") if isinstance(definitions, dict) else None
    known = {str(item.get("id")): item for item in _dicts(subgraphs)}
    sheet = _sheet(found, "", known, None, {}, [MAX_NODES])
    return dict(_written(sheet))


def _dicts(items: object) -> list[dict[str, Any]]:
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _sheet(
    found: Mapping[str, Any],
    prefix: str,
    known: Mapping[str, dict[str, Any]],
    outer: _Sheet | None,
    instance: dict[str, Any],
    room: list[int],
) -> _Sheet:
    links: dict[str, tuple[str, int, str]] = {}
    ends: dict[int, str] = {}
    for link in found["links"] if isinstance(found.get("links"), list) else []:
        if isinstance(link, list) and len(link) >= 5:
            name, origin, slot, target, at = link[:5]
            kind = link[5] if len(link) > 5 else ""
        elif isinstance(link, dict):
            name, origin, slot = link.get("id"), link.get("origin_id"), link.get("origin_slot")
            target, at, kind = link.get("target_id"), link.get("target_slot"), link.get("type")
        else:
            continue
        links[str(name)] = (str(origin), slot if isinstance(slot, int) else 0, str(kind or ""))
        if str(target) == SUBGRAPH_OUTPUT and isinstance(at, int):
            ends[at] = str(name)
    nodes = {str(node.get("id")): node for node in _dicts(found.get("nodes"))}
    names = tuple(str(item.get("name")) for item in _dicts(found.get("inputs")))
    sheet = _Sheet(prefix, nodes, links, ends, outer, instance, names=names)
    room[0] -= len(nodes)
    depth = prefix.count(":")
    for key, node in nodes.items():
        kind = str(node.get("type"))
        if kind in known and depth < MAX_DEPTH and room[0] > 0:
            inside = f"{prefix}{key}:"
            sheet.inner[key] = _sheet(known[kind], inside, known, sheet, node, room)
        elif kind == "SetNode":
            sheet.setters[str(_widgets(node).get("name"))] = key
    return sheet


def _written(sheet: _Sheet) -> Iterator[tuple[str, dict[str, Any]]]:
    for key, node in sheet.nodes.items():
        if key in sheet.inner:
            if node.get("mode", 0) not in (NEVER, BYPASSED):
                yield from _written(sheet.inner[key])
        elif node.get("type") not in NOTES and node.get("mode", 0) not in (NEVER, BYPASSED):
            inputs: dict[str, Any] = _widgets(node)
            for slot in _dicts(node.get("inputs")):
                wired, value = _fed(sheet, slot)
                if wired:
                    inputs[str(slot.get("name"))] = value
            yield sheet.prefix + key, {"class_type": str(node.get("type")), "inputs": inputs}


def _fed(sheet: _Sheet, slot: Mapping[str, Any]) -> tuple[bool, Any]:
    """Return whether an input is wired, and its source: a link, or the value of an outer widget."""
    link = slot.get("link")
    return (False, None) if link is None else _origin(sheet, str(link), MAX_WIRES)


def _origin(sheet: _Sheet, link: str, wires: int) -> tuple[bool, Any]:
    """Follow a link back to a node that computes."""
    if link not in sheet.links or wires == 0:
        return False, None
    origin, slot, kind = sheet.links[link]
    if origin == SUBGRAPH_INPUT:
        return _from_outside(sheet, slot, wires - 1)
    node = sheet.nodes.get(origin)
    if node is None or node.get("mode", 0) == NEVER:
        return False, None
    if node.get("mode", 0) == BYPASSED:
        # A disabled node passes on its input of the requested type.
        same = (item for item in _dicts(node.get("inputs")) if item.get("type") == kind)
        through = next((item for item in same if item.get("link") is not None), None)
        return _origin(sheet, str(through["link"]), wires - 1) if through else (False, None)
    if origin in sheet.inner:
        inner = sheet.inner[origin]
        end = inner.ends.get(slot)
        return (False, None) if end is None else _origin(inner, end, wires - 1)
    if node.get("type") == "Reroute":
        return _only(sheet, node, wires)
    if node.get("type") == "GetNode":
        setter = _setter(sheet, str(_widgets(node).get("name")))
        return _only(setter[0], setter[1], wires) if setter else (False, None)
    return True, [sheet.prefix + origin, slot, kind]


def _only(sheet: _Sheet, node: Mapping[str, Any], wires: int) -> tuple[bool, Any]:
    """Return the source of a node that has a single wired input."""
    links = [item["link"] for item in _dicts(node.get("inputs")) if item.get("link") is not None]
    return _origin(sheet, str(links[0]), wires - 1) if links else (False, None)


def _setter(sheet: _Sheet | None, name: str) -> tuple[_Sheet, dict[str, Any]] | None:
    while sheet is not None:
        if name in sheet.setters:
            return sheet, sheet.nodes[sheet.setters[name]]
        sheet = sheet.outer
    return None


def _from_outside(sheet: _Sheet, slot: int, wires: int) -> tuple[bool, Any]:
    """Return the source of a subgraph's input, or the value of its outer or inner widget."""
    if sheet.outer is None or slot >= len(sheet.names):
        return False, None
    name = sheet.names[slot]
    for item in _dicts(sheet.instance.get("inputs")):
        if item.get("name") == name and item.get("link") is not None:
            return _origin(sheet.outer, str(item["link"]), wires)
    values = _widgets(sheet.instance)
    return (True, values[name]) if name in values else (False, None)


def _widgets(node: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a node's widgets by name."""
    values = node.get("widgets_values")
    if isinstance(values, dict):
        return {str(key): value for key, value in values.items() if not isinstance(value, list)}
    if not isinstance(values, list):
        return {}
    kind = str(node.get("type"))
    slots = _dicts(node.get("inputs"))
    written = [
        str(w["name"]) for s in slots if isinstance(w := s.get("widget"), dict) and "name" in w
    ]
    names = WIDGETS.get(kind, ())
    if not names and _count(values) == len(written):
        names = tuple(written)
    if names:
        return dict(_named(names, values))
    loras = [value for value in _dicts(values) if "lora" in value]
    if loras:
        return {f"lora_{number}": value for number, value in enumerate(loras, 1)}
    outputs = _dicts(node.get("outputs"))
    types = {str(item.get("type")) for item in outputs}
    is_loader = "MODEL" in types and all(item.get("type") != "MODEL" for item in slots)
    if is_loader and "CONDITIONING" not in types:
        files = [v for v in values if isinstance(v, str) and v.lower().endswith(MODEL_FILES)]
        return {"model_path": files[0]} if files else {}
    if any(item.get("type") == "IMAGE" for item in outputs):
        # A node that calls a service: the prompt is the text of several words.
        texts = [
            v for v in values if isinstance(v, str) and (len(v.split()) > 3 or not v.isascii())
        ]
        return {"prompt": texts[0]} if texts and "prompt" not in written else {}
    texts = [value for value in values if isinstance(value, str)]
    if sum(item.get("type") == "CONDITIONING" for item in outputs) == 2:
        return dict(zip(("prompt", "negative_prompt"), texts, strict=False))
    has_text = any(item.get("type") in ("STRING", "CONDITIONING", "*") for item in outputs)
    return {"text": texts[0]} if len(texts) == 1 and has_text and "text" not in written else {}


def _count(values: list[Any]) -> int:
    behind_seed = sum(
        value in AFTER_SEED and isinstance(values[at - 1], int)
        for at, value in enumerate(values)
        if at and isinstance(value, str)
    )
    return len(values) - behind_seed


def _named(names: tuple[str, ...], values: list[Any]) -> Iterator[tuple[str, Any]]:
    rest = iter(values)
    before = ""
    for name in names:
        value = next(rest, None)
        is_word = isinstance(value, str) and value in AFTER_SEED
        if (is_word and "seed" not in name and name != "mode") or (
            value is None and "seed" in before
        ):
            value = next(rest, None)
        before = name
        if value is not None and not isinstance(value, list):
            yield name, value
