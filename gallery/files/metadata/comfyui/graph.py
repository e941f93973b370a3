"""The graph that made a picture: nodes, and the links from each input to its source.

ComfyUI writes it twice: as the API takes it (node id -> `{class_type, inputs}`, without anything
that only the editor shows), and as the editor keeps it (see `editor`). Both become one `Graph`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..embedded import json_object
from . import editor

SIGNS = re.compile(r"[\W_]+")
HEADS = ("prompt:", "Prompt:", "workflow:", "Workflow:")


@dataclass(frozen=True, slots=True)
class Link:
    """An input that another node's output feeds."""

    node: str
    slot: int  # which of its outputs
    type: str = ""  # such as CONDITIONING; the API's graph does not say


@dataclass(frozen=True, slots=True)
class Node:
    kind: str  # the class, such as `KSampler`
    inputs: Mapping[str, Any] = field(default_factory=dict)  # by name: a `Link`, or a value

    @property
    def word(self) -> str:
        """The kind without case, blanks and signs: `Text Concatenate` is `textconcatenate`."""
        return SIGNS.sub("", self.kind[:200].lower())

    @property
    def links(self) -> dict[str, Link]:
        return {name: value for name, value in self.inputs.items() if isinstance(value, Link)}


Graph = dict[str, Node]


def graph_of(text: str) -> Graph | None:
    """Return the graph in a text of a file, or None if there is none."""
    for head in HEADS:
        text = text.removeprefix(head)
    found = json_object(text)
    if found is None:
        return None
    for key in ("prompt", "workflow"):
        inner = found.get(key)
        if isinstance(inner, str):
            inner = json_object(inner)
        if isinstance(inner, dict) and "class_type" not in inner and (graph := _graph(inner)):
            return graph
    return _graph(found)


def _graph(found: dict[str, Any]) -> Graph | None:
    if isinstance(found.get("nodes"), list):
        found = editor.as_api(found)
    graph = {
        str(key): Node(node["class_type"], _inputs(node.get("inputs")))
        for key, node in found.items()
        if isinstance(node, dict) and isinstance(node.get("class_type"), str)
    }
    return graph or None


def _inputs(found: object) -> dict[str, Any]:
    return {str(k): _value(v) for k, v in found.items()} if isinstance(found, dict) else {}


def _value(value: Any) -> Any:
    if isinstance(value, list) and len(value) in (2, 3) and isinstance(value[0], str | int):
        node, slot, *kind = value
        if isinstance(slot, int) and not isinstance(node, bool):
            return Link(str(node), slot, str(kind[0]) if kind else "")
    if isinstance(value, dict) and "__value__" in value:  # how the API tells a list from a link
        return value["__value__"]
    return value
