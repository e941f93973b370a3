"""AUTOMATIC1111, Forge, SD.Next, Civitai, Tensor.Art: one text with a last line of parameters.

`prompt`, a line `Negative prompt: …`, then `Steps: 20, Sampler: Euler a, …`. In PNG the text
chunk `parameters`, elsewhere EXIF's UserComment, in GIF the comment.
"""

import json
import re
from typing import Any

from .embedded import Embedded
from .fields import Fields

NEGATIVE = "Negative prompt:"
PARAMETER = re.compile(r'\s*(\w[\w \-/+.]*):\s*("(?:\\.|[^\\"])*"|[^,]*)(?:,|$)')
KNOWN = re.compile(r"(?:^|[\n,] ?)(?:Steps|Seed|Sampler|CFG scale|Model hash|Size|Version): ")


def read(fields: Fields) -> Embedded | None:
    for text in (
        fields.text.get("parameters"),
        fields.exif.get("UserComment"),
        fields.text.get("comment"),
        fields.text.get("postprocessing"),
        fields.text.get("extras"),
    ):
        if text and not text.lstrip().startswith("{") and (NEGATIVE in text or KNOWN.search(text)):
            return parse(text)
    # Only the tool's own key says that a text without any parameter is a prompt.
    text = fields.text.get("parameters", "").strip()
    return Embedded("a1111", text) if text and not text.startswith("{") else None


def parse(text: str) -> Embedded:
    """Prompt, negative prompt and parameters of such a text."""
    *lines, last = text.strip().split("\n")
    parameters = pairs(last)
    if len(parameters) < 3:
        lines, parameters = [*lines, last], {}
    whole = "\n".join(line.strip() for line in lines)
    prompt, _, negative = whole.partition(NEGATIVE)
    return Embedded(
        "a1111",
        prompt.strip(),
        negative.strip(),
        str(parameters.get("Model", "")),
        parameters,
    )


def pairs(line: str) -> dict[str, Any]:
    """`Steps: 20, Lora hashes: "a: 1, b: 2"` as a dictionary; values stay texts."""
    found: dict[str, Any] = {}
    at = 0
    while at < len(line):
        # One try at each comma and none between: a long line without parameters costs one pass.
        if match := PARAMETER.match(line, at):
            found[match[1].strip()] = _unquoted(match[2].strip())
            at = max(match.end(), at + 1)
        else:
            comma = line.find(",", at)
            at = len(line) if comma < 0 else comma + 1
    return found


def _unquoted(value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] == '"':
        try:
            return str(json.loads(value))
        except ValueError:
            return value
    return value
