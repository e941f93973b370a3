"""Reads AUTOMATIC1111's format, also written by Forge, SD.Next, Civitai and Tensor.Art.

It is one text: `prompt`, a line `Negative prompt: …`, then `Steps: 20, Sampler: Euler a, …`, and
from some tools the templates of the two prompts. It stands in PNG's text chunk `parameters`, in
GIF's comment, elsewhere in EXIF's UserComment. Some tools write all of it into one line.
"""

import json
import re
from dataclasses import replace
from itertools import islice
from typing import Any

from .embedded import MAX_PLAIN, Embedded, is_dump, json_object
from .fields import Fields
from .xmp import ai_prompt, description, user_comment

NEGATIVE = "Negative prompt:"
NAME = re.compile(r"\s*+(\w[\w \-/+.]{0,60}):[ \t]*+")
QUOTED = re.compile(r'"(?:[^\\"]|\\.)*+"', re.DOTALL)
KNOWN = re.compile(
    r"(?:^|[\n,.] ?)(?:Steps|Seed|Sampler|CFG scale|Guidance|Model hash|Model|Size|Version): "
)
FIRST = re.compile(r"(?:Steps|Sampler|Seed|CFG scale|Size|Model hash): ?")
"""The beginning of a line of parameters that stands on the prompt's own line."""
INNER = re.compile(rf"Negative prompt:|[^,\s]\s?{FIRST.pattern}")
"""What stands inside a line that begins with a prompt."""
FOLLOWING = re.compile(r"(?:Negative )?Template: ?|(?:Negative )?prompt template: ?", re.IGNORECASE)
LEAST = 3  # parameters, for a line to count as one of them
MOST_TRIES = 20
"""Parameter-like words in a prompt that are tried."""
LOOK = 1000
"""Characters in which so many parameters must stand: the first ones are short."""
DECODER = json.JSONDecoder()


PLACES = ("parameters", "UserComment", "comment", "Comment", "postprocessing", "extras")
"""Where tools put it, the first that counts; other programs put it anywhere."""


def read(fields: Fields) -> Embedded | None:
    prompt = ai_prompt(fields.xmp)
    packet = "" if prompt else fields.xmp  # which else says exactly what it is
    named = (fields.exif.get(name) or fields.text.get(name) for name in PLACES)
    described = (description(packet), user_comment(packet))
    texts = dict.fromkeys((*named, *fields.text.values(), *fields.exif.values(), *described))
    for text in filter(None, texts):
        if (NEGATIVE in text or KNOWN.search(text)) and json_object(text) is None:
            found = _parse_beside(prompt, text)
            if found.parameters or NEGATIVE in text:
                return found
    # A text without parameters is a prompt only under the tool's own key.
    text = fields.text.get("parameters", "").strip()
    return Embedded("a1111", text) if text and not is_dump(text) else None


def _parse_beside(prompt: str, text: str) -> Embedded:
    """Parse the text; the XMP packet may say exactly where the prompt ends."""
    if not prompt or not text.startswith(prompt):
        return parse(text)
    return replace(parse(text[len(prompt) :]), prompt=prompt)


def parse(text: str) -> Embedded:
    """Split the text into prompt, negative prompt and parameters; an endless one is all prompt."""
    if len(text) > MAX_PLAIN:
        return Embedded("a1111", text.strip())
    lines = text.strip().replace("\r\n", "\n").split("\n")
    at, parameters = _line_of_parameters(lines)
    if parameters:
        above, behind = lines[:at], lines[at + 1 :]
    else:
        start, parameters = _within(lines[-1])
        above, behind = [*lines[:-1], lines[-1][:start]], []
        if parameters and above[-1].endswith("."):
            above[-1] = above[-1][:-1]  # it stood for the end of a line
    prompt, negative = _both(above)
    return Embedded("a1111", prompt, negative, _model(parameters), parameters | _templates(behind))


def _model(parameters: dict[str, Any]) -> str:
    """Return the model's name, which Civitai's own generator lists among all its resources."""
    if model := parameters.get("Model"):
        return str(model)
    resources = parameters.get("Civitai resources")
    for each in resources if isinstance(resources, list) else []:
        if isinstance(each, dict) and each.get("type") == "checkpoint":
            names = (each.get("modelName"), each.get("modelVersionName"))
            return " ".join(str(name) for name in names if name)
    return ""


def _line_of_parameters(lines: list[str]) -> tuple[int, dict[str, Any]]:
    """Find the last line of parameters and parse it; templates may follow it."""
    for at in range(len(lines) - 1, -1, -1):
        line = lines[at].strip()
        may_be = FIRST.match(line) or (at == len(lines) - 1 and not INNER.search(line))
        if may_be and _begins_parameters(line):
            return at, pairs(line)
    return len(lines), {}


def _within(line: str) -> tuple[int, dict[str, Any]]:
    """Return where the parameters begin in a line that begins with the prompt."""
    for match in islice(FIRST.finditer(line), MOST_TRIES):
        if _begins_parameters(line, match.start()):
            return match.start(), pairs(line[match.start() :])
    return len(line), {}


def _begins_parameters(line: str, at: int = 0) -> bool:
    return len(pairs(line[at : at + LOOK])) >= LEAST


def _both(lines: list[str]) -> tuple[str, str]:
    """Split prompt and negative prompt at the marker, preferably at the beginning of a line."""
    lines = [line.strip() for line in lines]
    for at, line in enumerate(lines):
        if line.startswith(NEGATIVE):
            behind = "\n".join([line.removeprefix(NEGATIVE), *lines[at + 1 :]])
            return "\n".join(lines[:at]).strip(), behind.strip()
    prompt, mark, negative = "\n".join(lines).partition(NEGATIVE)
    if mark and prompt.endswith("."):
        prompt = prompt[:-1]
    return prompt.strip(), negative.strip()


def _templates(lines: list[str]) -> dict[str, str]:
    """Read `Template: …` and the like, each of which may continue over several lines."""
    found: dict[str, str] = {}
    texts: dict[str, list[str]] = {}
    name = ""
    for line in lines:
        if match := FOLLOWING.match(line):
            name = match[0].strip().rstrip(":")
            texts[name] = [line[match.end() :]]
        elif name:
            texts[name].append(line)
        else:
            found |= pairs(line)
    return found | {name: "\n".join(text).strip() for name, text in texts.items()}


def pairs(line: str) -> dict[str, Any]:
    """Parse `Steps: 20, Lora hashes: "a: 1, b: 2", Hashes: {…}`; all values but JSON remain
    texts."""
    found: dict[str, Any] = {}
    at = 0
    ends = True  # once a quotation has no end, no later one has
    while at < len(line):
        # One try at each comma and none between: a long line without parameters costs one pass.
        if match := NAME.match(line, at):
            at = match.end()
            quoted = QUOTED.match(line, at) if ends else None
            if quoted:
                value, at = _unquoted(quoted[0]), quoted.end()
            else:
                ends = ends and line[at : at + 1] != '"'
                value, at = _value(line, at)
            found[match[1].strip()] = value
        comma = line.find(",", at)
        at = len(line) if comma < 0 else comma + 1
    return found


def _unquoted(text: str) -> str:
    try:
        return str(json.loads(text))
    except ValueError:
        return text


def _value(line: str, at: int) -> tuple[Any, int]:
    """Return a value and the position after it."""
    if line[at : at + 1] in ("{", "["):
        try:
            return DECODER.raw_decode(line, at)
        except (ValueError, RecursionError):
            pass  # a text that begins like JSON
    comma = line.find(",", at)
    end = len(line) if comma < 0 else comma
    return line[at:end].strip(), end
