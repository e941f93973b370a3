"""AUTOMATIC1111, Forge, SD.Next, Civitai, Tensor.Art: one text with a line of parameters.

`prompt`, a line `Negative prompt: …`, then `Steps: 20, Sampler: Euler a, …`, then, by some, the
templates that the two were made from. In PNG the text chunk `parameters`, elsewhere EXIF's
UserComment, in GIF the comment. Some tools write all of it into one line.
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
"""What a line of parameters begins with, where it is not a line of its own."""
INNER = re.compile(rf"Negative prompt:|[^,\s]\s?{FIRST.pattern}")
"""What a line that begins with a prompt has within."""
FOLLOWING = re.compile(r"(?:Negative )?Template: ?|(?:Negative )?prompt template: ?", re.IGNORECASE)
LEAST = 3  # parameters, for a line to count as one of them
MOST_TRIES = 20
"""Words like parameters in a prompt that are looked behind."""
LOOK = 1000
"""Characters in which so many stand where a line is one of parameters: the first are short."""
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
    # Only the tool's own key says that a text without any parameter is a prompt.
    text = fields.text.get("parameters", "").strip()
    return Embedded("a1111", text) if text and not is_dump(text) else None


def _parse_beside(prompt: str, text: str) -> Embedded:
    """The text taken apart, where the XMP packet may say exactly how far the prompt goes."""
    if not prompt or not text.startswith(prompt):
        return parse(text)
    return replace(parse(text[len(prompt) :]), prompt=prompt)


def parse(text: str) -> Embedded:
    """Prompt, negative prompt and parameters of such a text; one that is endless is a prompt."""
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
    """The model's name; Civitai's own generator tells it among all else that it has used."""
    if model := parameters.get("Model"):
        return str(model)
    resources = parameters.get("Civitai resources")
    for each in resources if isinstance(resources, list) else []:
        if isinstance(each, dict) and each.get("type") == "checkpoint":
            names = (each.get("modelName"), each.get("modelVersionName"))
            return " ".join(str(name) for name in names if name)
    return ""


def _line_of_parameters(lines: list[str]) -> tuple[int, dict[str, Any]]:
    """The last line that is one, and what it says; templates may stand behind it."""
    for at in range(len(lines) - 1, -1, -1):
        line = lines[at].strip()
        may_be = FIRST.match(line) or (at == len(lines) - 1 and not INNER.search(line))
        if may_be and _begins_parameters(line):
            return at, pairs(line)
    return len(lines), {}


def _within(line: str) -> tuple[int, dict[str, Any]]:
    """Where the parameters begin in a line that begins with the prompt."""
    for match in islice(FIRST.finditer(line), MOST_TRIES):
        if _begins_parameters(line, match.start()):
            return match.start(), pairs(line[match.start() :])
    return len(line), {}


def _begins_parameters(line: str, at: int = 0) -> bool:
    return len(pairs(line[at : at + LOOK])) >= LEAST


def _both(lines: list[str]) -> tuple[str, str]:
    """The prompt, and what follows the word for the negative one, at a line's begin if anywhere."""
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
    """`Template: …` and its like, each of which may go on over several lines."""
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
    """`Steps: 20, Lora hashes: "a: 1, b: 2", Hashes: {…}` as a dictionary; values stay texts,
    but for JSON.
    """
    found: dict[str, Any] = {}
    at = 0
    ends = True  # where one quotation has no end, the quotes in it begin none that has
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
    """A value and where it ends."""
    if line[at : at + 1] in ("{", "["):
        try:
            return DECODER.raw_decode(line, at)
        except (ValueError, RecursionError):
            pass  # a text that begins like JSON
    comma = line.find(",", at)
    end = len(line) if comma < 0 else comma
    return line[at:end].strip(), end
