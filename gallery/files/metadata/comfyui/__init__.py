"""Reads ComfyUI's graph, which made the picture, from JSON.

It stands in PNG's text chunks `prompt` (node id -> {class_type, inputs}) and `workflow` (the
editor's graph); in WebP in EXIF's Model = `prompt:{…}` and Make = `workflow:{…}`; some savers put
the graph into UserComment or ImageDescription, or into the XMP packet.

From each node that saves a picture, the links are followed back to what made its pixels (a sampler,
or a node that calls a service), and from there to the texts on its two sides.
"""

import re
from collections.abc import Iterator
from typing import Any

from ..embedded import Embedded, as_text, json_object
from ..fields import Fields
from ..xmp import json_texts
from .graph import Graph, Link, Node, graph_of
from .texts import PIPES, Texts, literal_texts

MODELS = ("ckpt_name", "unet_name", "model_name", "base_ckpt_name", "gguf_name", "checkpoint")
OF_LOADERS = (*MODELS, "model_path", "model", "ckpt", "diffusion_model", "transformer")
"""Inputs of loaders; the last ones name a picture's model only if it leads to them."""
SETTINGS = ("seed", "noise_seed", "steps", "cfg", "sampler_name", "scheduler", "denoise")
SIZES = {"width": "width", "height": "height",
         "empty_latent_width": "width", "empty_latent_height": "height"}  # fmt: skip
POSITIVES = ("guider", "positive", "conditioning", "cond", "cond1", "text_embeds")
ASKED = ("prompt", "positive_prompt", "text_prompt", "prompt_text")
NO_PICTURE = re.compile(r"text|any|string|audio|3d")
TO_MODEL = re.compile(r"(?:.*model|.*unet|guider|on_\w+|.*pipe|any_\d+)$")
TO_SETTINGS = re.compile(rf"(?:guider|noise|sigmas|sampler|{PIPES.pattern})")
TO_SIZE = re.compile(rf"(?:latent|samples|.*image|pixels|positive|{PIPES.pattern})")
TO_LORAS = re.compile(r"(?:.*model|guider|.*lora|on_\w+|.*pipe)")
"""Names of the inputs that lead to LoRAs."""
LORA_NAME = re.compile(r"lora(?:_name)?(?:_(\d{1,3}))?(?:_name)?")
LORA_SWITCHES = ("switch", "toggle", "enabled")
LORA_COUNTS = ("lora_count", "num_loras")
OFF = (False, "Off", "off", "False", "false")
NO_WAY_BACK = re.compile(
    r"(?:vae|clip|model|control|mask|noise|sigmas|sampler|lora|style|guider|cond|positive|negative"
    r"|text|prompt|string)"
)
"""Inputs that do not lead from a picture to what made its pixels."""
LOOKERS = re.compile(
    r"detect|segment|ground|florence|caption|interrogat|mask|removebackground|sam3"
)
"""Kinds of nodes whose prompt says what to look for in a picture, not what to make."""
MAX_NODES = 5000


def read(fields: Fields) -> Embedded | None:
    found: Embedded | None = None
    for text in (
        fields.text.get("prompt"), fields.exif.get("Model"), fields.exif.get("UserComment"),
        fields.exif.get("ImageDescription"), fields.exif.get("Make"), fields.text.get("workflow"),
        fields.exif.get("DocumentName"), *json_texts(fields.xmp),
    ):  # fmt: skip
        if not text:
            continue
        if said := _of_civitai(text):
            return said
        if graph := graph_of(text):
            of_graph = parse(graph)
            if of_graph.prompt:
                return of_graph
            found = found or of_graph
    return found


def _of_civitai(text: str) -> Embedded | None:
    """Read the request that Civitai's own generator writes beside the graph."""
    if "extraMetadata" not in text:
        return None
    extra = (json_object(text) or {}).get("extraMetadata")
    said = json_object(extra) if isinstance(extra, str) else extra
    if not isinstance(said, dict) or not isinstance(said.get("prompt"), str):
        return None
    own = {key: value for key, value in said.items() if key not in ("prompt", "negativePrompt")}
    return Embedded("comfyui", said["prompt"], as_text(said.get("negativePrompt")), "", own)


def parse(graph: Graph) -> Embedded:
    """Return what the graph says of its picture."""
    texts = Texts(graph)
    prompts: dict[str, None] = {}  # in their order, each once
    negatives: dict[str, None] = {}
    makers = list(_makers(graph))
    on_the_way: list[Node] = []
    for output in _outputs(graph):
        told = False
        for maker in _makers_of(graph, output, makers):
            on_the_way.append(maker)
            if told or not _makes_pixels(maker):
                continue
            prompt = _side(graph, texts, maker, "positive")
            negatives.setdefault((_side(graph, texts, maker, "negative") or "").strip())
            told = prompt != ""  # it may be one that cannot be known: then no other is it
            prompts.setdefault((prompt or "").strip())
    if not any(map(_makes_pixels, on_the_way)):
        prompts = _only_text(graph, texts, makers)
    for text in prompts:
        negatives.pop(text, None)
    maker = next(filter(_is_sampler, on_the_way), next(iter(on_the_way or makers), Node("")))
    return Embedded(
        "comfyui",
        "\n".join(filter(None, prompts)),
        "\n".join(filter(None, negatives)),
        _model(graph, maker),
        _parameters(graph, texts, maker),
    )


def _outputs(graph: Graph) -> list[str]:
    """Return the nodes that save pictures, else those that show one, else those without
    successors."""
    for word in ("save", "preview"):
        found = [
            key for key, node in graph.items()
            if word in node.word and not NO_PICTURE.search(node.word)
        ]  # fmt: skip
        if found:
            return found
    fed = {link.node for node in graph.values() for link in node.links.values()}
    return [key for key in graph if key not in fed]


def _makes_pixels(node: Node) -> bool:
    links = node.links
    if any(name in links for name in POSITIVES):
        return True
    if isinstance(node.inputs.get("positive"), str) and "negative" in node.inputs:
        return True  # loaders and savers that hold both texts themselves
    asks = any(node.inputs.get(name) not in (None, "") for name in ASKED)
    return asks and "clip" not in links and "encode" not in node.word and (
        not LOOKERS.search(node.word)
    )  # fmt: skip


def _hands_texts_on(node: Node) -> bool:
    """Return whether it is a sampler with its own settings that gets its texts through a pipe."""
    return _is_sampler(node) and any(PIPES.match(name) for name in node.links)


def _makers(graph: Graph) -> Iterator[Node]:
    """Return all samplers of the graph."""
    for node in graph.values():
        if any(name in node.links for name in ("positive", "guider")) and _is_sampler(node):
            yield node


def _is_sampler(node: Node) -> bool:
    return "sampler" in node.word or "seed" in node.inputs or "noise_seed" in node.inputs


def _makers_of(graph: Graph, output: str, makers: list[Node]) -> Iterator[Node]:
    """Search back from an output, breadth first, for what made its pixels, nearest first."""
    queue, seen = [output], {output}
    found = False
    for key in queue:
        node = graph.get(key)
        if node is None or len(seen) > MAX_NODES:
            continue
        if _makes_pixels(node):
            found = True
        if _makes_pixels(node) or _hands_texts_on(node):
            yield node
        for name, link in node.links.items():
            if link.node not in seen and not NO_WAY_BACK.match(name.lower()):
                seen.add(link.node)
                queue.append(link.node)
    if not found and len(makers) == 1:
        yield makers[0]


def _side(graph: Graph, texts: Texts, maker: Node, side: Any) -> str | None:
    inputs = maker.inputs
    guider = inputs.get("guider")
    if isinstance(guider, Link):
        inputs = {**graph.get(guider.node, Node("")).inputs, **inputs}
    embeds = inputs.get("text_embeds")
    if isinstance(embeds, Link):
        return texts.of(embeds, side)
    names = (
        ("positive", "conditioning", "cond", "cond1", *ASKED) if side == "positive"
        else ("negative", "negative_prompt", "text_negative")
    )  # fmt: skip
    for name in names:
        if name in inputs:
            return texts.of(inputs[name], side)
    return ""


def _only_text(graph: Graph, texts: Texts, makers: list[Node]) -> dict[str, None]:
    """Return the only encoded text that is on no negative side, if nothing leads to a picture."""
    negative = {_side(graph, texts, maker, "negative") or "" for maker in makers}
    found = {text.strip(): None for text in literal_texts(graph.values())}
    for text in negative:
        found.pop(text.strip(), None)
    return found if len(found) == 1 else {}


def _model(graph: Graph, maker: Node) -> str:
    own = maker.inputs.get("model")
    if isinstance(own, str) and own:
        return own
    for node in _upstream(graph, maker, TO_MODEL):
        for name in OF_LOADERS:
            value = node.inputs.get(name)
            value = value.get("content") if isinstance(value, dict) else value
            if isinstance(value, str) and value:
                return value
    names = {
        value for node in graph.values() for name in MODELS
        if isinstance(value := node.inputs.get(name), str)
    }  # fmt: skip
    return names.pop() if len(names) == 1 else ""


def _upstream(graph: Graph, node: Node, names: "re.Pattern[str]") -> Iterator[Node]:
    """Yield a node and those behind its inputs of these names, nearest first."""
    queue, seen = [node], {id(node)}
    for current in queue[:]:
        yield current
    while queue and len(seen) < MAX_NODES:
        current = queue.pop(0)
        for name, link in current.links.items():
            source = graph.get(link.node)
            if source is not None and id(source) not in seen and names.match(name.lower()):
                seen.add(id(source))
                queue.append(source)
                yield source


def _parameters(graph: Graph, texts: Texts, maker: Node) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for node in _upstream(graph, maker, TO_SETTINGS):
        for name in SETTINGS:
            value = _simple(texts, node.inputs.get(name))
            if value not in (None, ""):
                found.setdefault(name, value)
    for node in _upstream(graph, maker, TO_SIZE):
        for name, told in SIZES.items():
            value = _simple(texts, node.inputs.get(name))
            if isinstance(value, int | float) and not _is_of_a_part(node):
                found.setdefault(told, value)
    loras = dict.fromkeys(
        value for node in _upstream(graph, maker, TO_LORAS) for value in _loras(node)
    )
    return {**found, **({"loras": list(loras)} if loras else {})}


def _is_of_a_part(node: Node) -> bool:
    """Return whether its size is not the picture's: encoders are given one, too."""
    return "area" in node.word or "mask" in node.word or "clip" in node.links


def _loras(node: Node) -> Iterator[str]:
    inputs = node.inputs
    count = next((n for name in LORA_COUNTS if isinstance(n := inputs.get(name), int)), None)
    for name, value in inputs.items():
        found = LORA_NAME.fullmatch(name)
        if found is None:
            continue
        if isinstance(value, dict):
            value = value.get("lora") if value.get("on") is True else None
        number = found[1]
        is_off = any(inputs.get(f"{each}_{number}") in OFF for each in LORA_SWITCHES)
        if is_off or (number and count is not None and int(number) > count):
            continue
        if isinstance(value, str) and value not in ("", "None"):
            yield value


def _simple(texts: Texts, value: Any) -> Any:
    """Return a setting's own value, or the number that a link leads to."""
    if isinstance(value, Link):
        number = texts.number(value)
        return int(number) if number is not None and number.is_integer() else number
    return value if isinstance(value, str | int | float) and not isinstance(value, bool) else None
