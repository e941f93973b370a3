"""ComfyUI: the graph that made the picture, as JSON.

PNG text chunks `prompt` (node id -> {class_type, inputs}) and `workflow` (the editor's graph);
in WebP, EXIF's Model = `prompt:{…}` and Make = `workflow:{…}`; some savers put the graph into
UserComment or ImageDescription.
"""

from collections.abc import Iterator
from typing import Any

from .embedded import Embedded, as_text, chosen, json_object
from .fields import Fields

TEXTS = ("text", "text_g", "text_l", "t5xxl", "clip_l", "prompt", "positive_prompt", "string",
         "value", "populated_text", "wildcard_text", "text_positive")  # fmt: skip
MODELS = ("ckpt_name", "unet_name", "model_name", "base_ckpt_name")
SETTINGS = ("seed", "noise_seed", "steps", "cfg", "sampler_name", "scheduler", "denoise")
Graph = dict[str, dict[str, Any]]


def read(fields: Fields) -> Embedded | None:
    places = (
        fields.text.get("prompt"), fields.exif.get("Model"), fields.exif.get("UserComment"),
        fields.exif.get("ImageDescription"), fields.exif.get("Make"), fields.text.get("workflow"),
    )  # fmt: skip
    for text in places:
        if text and (graph := _graph(text)):
            return parse(graph)
    return None


def parse(graph: Graph) -> Embedded:
    """Walk back from where the picture was saved to the texts that made it."""
    sampler = _sampler(graph)
    inputs = _inputs(graph, sampler)
    guider = _inputs(graph, _linked(inputs.get("guider")))
    source = {**guider, **inputs}
    positive = source.get("positive", source.get("conditioning"))
    prompt = _text(graph, _linked(positive), "positive", set())
    if not prompt:
        prompt = next(filter(None, (_own_text(graph, node) for node in _encoders(graph))), "")
    everything: dict[str, Any] = {}
    for node in graph:
        # The sampler's own settings win over those of nodes that only feed it.
        everything = {**chosen(_inputs(graph, node), *SETTINGS, "width", "height"), **everything}
    everything |= chosen(inputs, *SETTINGS)
    return Embedded(
        "comfyui",
        prompt,
        _text(graph, _linked(source.get("negative")), "negative", set()),
        _model(graph, source),
        {key: value for key, value in everything.items() if not isinstance(value, list)},
    )


def _graph(text: str) -> Graph | None:
    for head in ("prompt:", "Prompt:", "workflow:", "Workflow:"):
        text = text.removeprefix(head)
    found = json_object(text)
    if found is None:
        return None
    for key in ("prompt", "workflow"):
        inner = found.get(key)
        if isinstance(inner, str):
            inner = json_object(inner)
        if isinstance(inner, dict) and "class_type" not in inner and (graph := _nodes(inner)):
            return graph
    return _nodes(found)


def _nodes(found: dict[str, Any]) -> Graph | None:
    if isinstance(found.get("nodes"), list):
        return _from_editor(found)
    graph = {
        str(key): node
        for key, node in found.items()
        if isinstance(node, dict) and isinstance(node.get("class_type"), str)
    }
    return graph or None


def _from_editor(found: dict[str, Any]) -> Graph | None:
    """The editor's graph in the shape of the other one, as far as names go."""
    sources = {
        link[0]: [str(link[1]), link[2]]
        for link in found.get("links") or []
        if isinstance(link, list) and len(link) >= 4 and isinstance(link[0], int | str)
    }
    graph: Graph = {}
    for node in found["nodes"]:
        if not isinstance(node, dict):
            continue
        inputs: dict[str, Any] = {}
        for slot in node.get("inputs") or []:
            if isinstance(slot, dict) and slot.get("link") in sources:
                inputs[str(slot.get("name"))] = sources[slot["link"]]
        values = node.get("widgets_values")
        for value in values if isinstance(values, list) else []:
            if isinstance(value, str):
                name = "ckpt_name" if "Loader" in str(node.get("type")) else "text"
                inputs.setdefault(name, value)
        graph[str(node.get("id"))] = {"class_type": str(node.get("type")), "inputs": inputs}
    return graph or None


def _inputs(graph: Graph, node: str) -> dict[str, Any]:
    inputs = graph.get(node, {}).get("inputs")
    return inputs if isinstance(inputs, dict) else {}


def _linked(value: Any) -> str:
    """The node that a link `[id, slot]` points to."""
    is_link = isinstance(value, list) and len(value) == 2 and isinstance(value[0], str | int)
    return str(value[0]) if is_link else ""


def _sampler(graph: Graph) -> str:
    """The last sampler before the picture was saved: nearest to a saving node, breadth first."""
    queue = [key for key, node in graph.items() if "Save" in node["class_type"]]
    queue = queue or [key for key, node in graph.items() if "Preview" in node["class_type"]]
    seen = set(queue)
    for node in queue:
        inputs = _inputs(graph, node)
        if _linked(inputs.get("positive")) or _linked(inputs.get("guider")):
            return node
        for value in inputs.values():
            if (source := _linked(value)) and source not in seen:
                seen.add(source)
                queue.append(source)
    return next((key for key, node in graph.items() if "Sampler" in node["class_type"]), "")


def _text(graph: Graph, node: str, side: str, seen: set[str]) -> str:
    """The text that a conditioning comes from."""
    if not node or node in seen or len(seen) > 200:
        return ""
    seen.add(node)
    if text := _own_text(graph, node):
        return text
    inputs = _inputs(graph, node)
    # Nodes that pass both sides through (ControlNet) name the side; follow that one alone.
    links = [inputs[side]] if _linked(inputs.get(side)) else list(inputs.values())
    found = (_text(graph, _linked(value), side, seen) for value in links)
    return next(filter(None, found), "")


def _own_text(graph: Graph, node: str) -> str:
    inputs = _inputs(graph, node)
    texts: list[str] = []
    for key in TEXTS:
        value = inputs.get(key)
        text = as_text(value) if isinstance(value, str) else ""
        if (source := _linked(value)) and source != node:
            text = next(
                (
                    as_text(item)
                    for item in _inputs(graph, source).values()
                    if isinstance(item, str)
                ),
                "",
            )
        if text and text not in texts:
            texts.append(text)
    return "\n".join(texts)


def _encoders(graph: Graph) -> Iterator[str]:
    return (key for key, node in graph.items() if "TextEncode" in node["class_type"])


def _model(graph: Graph, source: dict[str, Any]) -> str:
    queue = [_linked(source.get("model"))]
    seen: set[str] = set()
    while queue:
        node = queue.pop()
        if not node or node in seen:
            continue
        seen.add(node)
        inputs = _inputs(graph, node)
        if named := chosen(inputs, *MODELS):
            return as_text(next(iter(named.values())))
        queue += [_linked(value) for key, value in inputs.items() if "model" in key.lower()]
    return next(
        (as_text(node["inputs"][key]) for node in graph.values() for key in MODELS
         if isinstance(node.get("inputs"), dict) and isinstance(node["inputs"].get(key), str)),
        "",
    )  # fmt: skip
