"""Evaluates the text of a graph's inputs by following links back through the nodes that compute it.

A text that cannot be known (a language model wrote it, a random line was drawn) is None, and so is
everything that contains it: no answer is better than a wrong one.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal

from .graph import Graph, Link, Node

Side = Literal["positive", "negative"]

MAX_LENGTH = 100_000  # characters that joining and replacing may make
MAX_DEPTH = 150  # links in a row

TEXTS = (
    "text", "text_g", "text_l", "clip_g", "clip_l", "t5xxl", "llama", "prompt", "positive_prompt",
    "user_prompt", "string", "value", "text_positive", "prompt_text", "text_prompt", "source",
    "anything", "any_input", "input", "caption", "tags",
)  # fmt: skip
"""Inputs that hold a text, in the order in which they are joined."""

NOT_TEXT = re.compile(
    r"(?:model|clip|vae|image|pixels|latent|samples|mask|control|style_model|noise|sigmas|sampler"
    r"|audio|video|lora|unet|seed|width|height|steps|cfg|denoise|batch|font|color|embeds|upscale)"
)
"""Beginnings of the names of inputs that carry no text."""

NOT_TEXT_TYPES = frozenset((
    "MODEL", "CLIP", "VAE", "IMAGE", "LATENT", "MASK", "CONTROL_NET", "STYLE_MODEL", "NOISE",
    "SIGMAS", "SAMPLER", "AUDIO", "VIDEO", "INT", "FLOAT", "BOOLEAN", "CLIP_VISION",
    "CLIP_VISION_OUTPUT", "UPSCALE_MODEL",
))  # fmt: skip

WRITERS = re.compile(
    r"llm|gpt|chat|gemini|claude|ollama|openrouter|qwenvl|llava|joycaption|caption|blip|florence"
    r"|interrogat|tagger|describe|textgenerate|promptgen|superprompt|promptenhance|translat"
    r"|random|shuffle|regexextract|jsonextract|jsonprompt|layoutprompt|loadtext"
    r"|textload|loadprompt|fromfile|promptsfrom|csv|styler|promptstyle|websearch"
)
"""Kinds of nodes whose text is not in the graph."""

SPEAKERS = re.compile(
    r"text|string|prompt|positive|negative|primitive|multiline|note|show|preview|display|reroute"
    r"|value|line|any|pipe|context|bus|wildcard|literal|constant|input|get|set|debug|notify"
)
"""Kinds of nodes that pass on a text unchanged."""

WILDCARD = re.compile(r"\{[^{}]*\||__[^\s_][^\s]*?__|\{\d+(?:-\d+)?\$\$")
DELIMITERS = ("delimiter", "separator", "sep", "delim", "joiner", "join_with", "divider")
PART = re.compile(
    r"(?:opt_|opt-)?(text|string|str|prompt|part|value|input|line|txt|arg|any|s|t|phrase)s?[ _.]?"
    r"(?:text|string|input)?(\d{0,4}|[a-z])"
)
BEFORE = ("prepend", "prefix", "before", "start", "pre_text", "text_before")
AFTER = ("append", "suffix", "after", "end", "post_text", "text_after")
WHOLE_NUMBER = re.compile(r"-?\d{1,15}")
SWITCHES = re.compile(r"switch|select|branch|ifelse|conditional|choose|toggle|combo|easyab")
CHOICE = re.compile(r"(?:text|input|value|any|string|prompt|opt|in)[_ ]?(\d{1,4})")
JOINERS = re.compile(r"conca|join|combin|append|merg|stringfunction|compos|addtext")
LITERAL = re.compile(r"(?:[\w\s,;:!'\"<>@#%&=~`/-]|\{\D|\})*+")
PLACE = re.compile(r"\{([a-z])\}")
NUMBERED = re.compile(r"(.*?)(\d{1,9})?", re.DOTALL)
PIPES = re.compile(r"(?:.*pipe|.*ctx|.*context|bus)$")


class Texts:
    """The texts of a graph's inputs; each node is evaluated once for each side."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._known: dict[tuple[str, int, Side], str | None] = {}
        self._depth = 0

    def of(self, value: Any, side: Side) -> str | None:
        """Return the text that an input's value stands for; empty if there is none.

        Args:
            side: which one is asked for, where a node hands on both.
        """
        if isinstance(value, str):
            return value if len(value) <= MAX_LENGTH else None
        if isinstance(value, int | float) and not isinstance(value, bool):
            return str(value)
        if not isinstance(value, Link):
            return ""
        key = (value.node, value.slot, side)
        if key not in self._known:
            self._known[key] = ""  # what a circle says
            self._depth += 1
            node = self.graph.get(value.node)
            far = self._depth > MAX_DEPTH
            self._known[key] = (
                None if far else "" if node is None else self._made(node, value.slot, side)
            )
            self._depth -= 1
        return self._known[key]

    def number(self, value: Any, hops: int = 20) -> float | None:
        """Return the number or switch (0, 1) that an input's value stands for."""
        if isinstance(value, bool | int | float):
            return float(value)
        if isinstance(value, str):
            word = value.strip().lower()
            if word in ("true", "false", "yes", "no", "on", "off"):
                return float(word in ("true", "yes", "on"))
            return float(word) if WHOLE_NUMBER.fullmatch(word) else None
        node = self.graph.get(value.node) if isinstance(value, Link) else None
        if node is None or hops == 0:
            return None
        if (
            "on_true" in node.inputs
            and (switch := self.number(node.inputs.get("switch"), hops - 1)) is not None
        ):
            return self.number(node.inputs["on_true" if switch else "on_false"], hops - 1)
        for name in ("value", "int", "float", "boolean", "bool", "number", "seed", "noise_seed"):
            if name in node.inputs:
                return self.number(node.inputs[name], hops - 1)
        return None

    def _made(self, node: Node, slot: int, side: Side) -> str | None:
        word = node.word
        if "zeroout" in word:
            return ""
        for rule in (self._wildcard, self._switched, self._joined, self._replaced, self._shaped):
            found = rule(node, word, side)
            if found is not NotImplemented:
                return found  # type: ignore[no-any-return]
        return self._handed_on(node, word, slot, side)

    # Nodes that compute. Each returns NotImplemented for a node of another kind.

    def _wildcard(self, node: Node, word: str, side: Side) -> Any:
        """Return a wildcard's recorded choice: it was drawn before the graph was sent."""
        if "populated_text" in node.inputs:
            drawn = self.of(node.inputs["populated_text"], side)
            return drawn or self._plain(node.inputs.get("wildcard_text"), side)
        if "wildcard" in word or "dynamicprompt" in word or word.startswith("dprandom"):
            name = next((key for key in ("wildcard_text", *TEXTS) if key in node.inputs), "")
            return self._plain(node.inputs.get(name), side)
        return NotImplemented

    def _plain(self, value: Any, side: Side) -> str | None:
        text = self.of(value, side)
        return None if text is None or WILDCARD.search(text[:MAX_LENGTH]) else text

    def _switched(self, node: Node, word: str, side: Side) -> Any:
        if not SWITCHES.search(word):
            return NotImplemented
        inputs = node.inputs
        if isinstance(inputs.get("choice"), str):
            return inputs["choice"]
        pairs = (
            ("on_true", "on_false"), ("tt_value", "ff_value"), ("if_true", "if_false"),
            ("true_value", "false_value"), ("true", "false"), ("text_a", "text_b"), ("a", "b"),
        )  # fmt: skip
        selectors = [
            value for name in ("switch", "select", "boolean", "bool", "cond", "condition", "index",
                               "selected", "toggle", "Input", "input", "use_a", "value")
            if (value := inputs.get(name)) is not None
        ]  # fmt: skip
        if not selectors:
            # Return the first of several that exists.
            rest = sorted(node.links, key=_natural)
            there = [name for name in rest if inputs[name].node in self.graph]
            return self.of(inputs[there[0]], side) if there else ""
        chosen = next((n for value in selectors if (n := self.number(value)) is not None), None)
        if chosen is None:
            return None
        for yes, no in pairs:
            if yes in inputs or no in inputs:
                return self.of(inputs.get(yes if chosen else no), side)
        for name in inputs:
            found = CHOICE.fullmatch(name)
            if found and int(found[1]) == chosen:
                return self.of(inputs[name], side)
        return None

    def _joined(self, node: Node, word: str, side: Side) -> Any:
        if not JOINERS.search(word):
            return NotImplemented
        parts = _parts(node)
        if not parts or any(name.startswith("conditioning") for name in node.inputs):
            return NotImplemented
        if node.inputs.get("action") == "replace":
            return self._replaced(node, "replace", side)
        texts = self._all(parts, side)
        if texts is None:
            return None
        if str(node.inputs.get("clean_whitespace")).lower() == "true":
            texts = [text.strip() for text in texts]
        if word != "stringconcatenate":  # the one that keeps what is empty
            texts = [text for text in texts if text]
        return _bounded(self._delimiter(node, word, side).join(texts))

    def _delimiter(self, node: Node, word: str, side: Side) -> str:
        for name in DELIMITERS:
            if name in node.inputs:
                return (self.of(node.inputs[name], side) or "").replace("\\n", "\n")
        if "linebreak_addition" in node.inputs:
            return "\n" if str(node.inputs["linebreak_addition"]).lower() == "true" else ""
        if "tidy_tags" in node.inputs:
            return ", " if node.inputs["tidy_tags"] in ("yes", True) else ""
        return "" if word == "stringconcatenate" else ", " if "prompt" in word else " "

    def _all(self, values: Iterable[Any], side: Side) -> list[str] | None:
        texts: list[str] = []
        for value in values:
            text = self.of(value, side)
            if text is None:
                return None
            texts.append(text)
        return texts

    def _replaced(self, node: Node, word: str, side: Side) -> Any:
        if "replace" not in word:
            return NotImplemented
        text = _first(node, "string", "text", "text_a", "input", "source", "prompt")
        found = _first(
            node, "find", "search", "old", "find_text", "regex_pattern", "text_b", "target", "from"
        )
        new = _first(node, "replace", "replacement", "new", "replace_with", "text_c", "to")
        texts = self._all((text, found, new), side)
        if texts is None:
            return None
        found = texts[1]
        if "regex" in word and not LITERAL.fullmatch(found):
            return None  # a stranger's regular expression is not run
        if len(found) > 1 and found[0] == found[-1] == "/":
            return None  # slashes enclose a regular expression, too
        if not found:
            return texts[0]
        grown = texts[0].count(found) * len(texts[2])
        return texts[0].replace(found, texts[2]) if grown <= MAX_LENGTH else None

    def _shaped(self, node: Node, word: str, side: Side) -> Any:
        if word == "stringformat":
            return self._formatted(node, side)
        if word not in ("caseconverter", "stringsubstring", "stringtrim"):
            return NotImplemented
        text = self.of(_first(node, "string", "text"), side)
        if text is None:
            return None
        if word == "stringsubstring":
            bounds = (self.number(node.inputs.get("start")), self.number(node.inputs.get("end")))
            return None if None in bounds else text[int(bounds[0] or 0) : int(bounds[1] or 0)]
        mode = str(node.inputs.get("mode", "")).lower()
        changes: dict[str, Callable[[str], str]] = {
            "uppercase": str.upper, "lowercase": str.lower, "capitalize": str.capitalize,
            "title case": str.title, "both": str.strip, "left": str.lstrip, "right": str.rstrip,
        }  # fmt: skip
        return changes.get(mode, str)(text)

    def _formatted(self, node: Node, side: Side) -> str | None:
        text = self.of(node.inputs.get("f_string"), side)
        if text is None:
            return None
        parts = PLACE.split(text)
        for at in range(1, len(parts), 2):
            value = self.of(node.inputs.get(f"values.{parts[at]}"), side)
            if value is None:
                return None
            parts[at] = value
        return _bounded("".join(parts))

    # Nodes that pass on.

    def _handed_on(self, node: Node, word: str, slot: int, side: Side) -> str | None:
        inputs, links = node.inputs, node.links
        other = "negative" if side == "positive" else "positive"
        for name in (side, f"{side}_prompt", f"text_{side}"):
            if inputs.get(name) not in (None, ""):
                return self.of(inputs[name], side)
        if other in inputs or f"{other}_prompt" in inputs:
            pipes = [value for name, value in links.items() if PIPES.match(name)]
            if pipes or len(inputs) > 2:
                return self._combined(pipes, side)
            return self.of(inputs.get(other), side)  # a plain text that is called after one side
        own = [inputs[name] for name in TEXTS if inputs.get(name) not in (None, "")]
        writes = WRITERS.search(word) is not None
        encodes = "encode" in word or "conditioning" in word or ("clip" in links and not writes)
        if encodes and slot > 0 and side == "negative":
            return ""  # encoders of both sides; a negative text of their own was found above
        if not encodes and own:
            known = SPEAKERS.search(word) and not writes
            return self._combined(own, side) if known else None
        if writes and not encodes:
            return None
        rest = [v for name, v in links.items() if name not in TEXTS and _may_bring_text(name, v)]
        return self._combined([*rest, *own], side)

    def _combined(self, values: Iterable[Any], side: Side) -> str | None:
        """Join all known texts, each once, by line breaks."""
        texts = [self.of(value, side) for value in values]
        known = dict.fromkeys(text.strip() for text in texts if text is not None)
        known.pop("", None)
        return None if not known and None in texts else _bounded("\n".join(known))


def _bounded(text: str) -> str | None:
    return text if len(text) <= MAX_LENGTH else None


def _may_bring_text(name: str, link: Link) -> bool:
    return link.type not in NOT_TEXT_TYPES and not NOT_TEXT.match(name.lower())


def _first(node: Node, *names: str) -> Any:
    return next((node.inputs[name] for name in names if name in node.inputs), "")


def _parts(node: Node) -> list[Any]:
    """Return what a joining node joins, in the order of its inputs' names."""
    names = [name for name in node.inputs if _place(name) is not None]
    return [node.inputs[name] for name in sorted(names, key=lambda name: _place(name) or (0,))]


def _place(name: str) -> tuple[int, str, int] | None:
    low = name.lower()
    if low in BEFORE:
        return 0, "", 0
    if low in AFTER:
        return 2, "", 0
    found = PART.fullmatch(low)
    if not found:
        return None
    suffix = found[2]
    return 1, "" if suffix.isdigit() else suffix, int(suffix) if suffix.isdigit() else 0


def _natural(name: str) -> tuple[str, int]:
    found = NUMBERED.fullmatch(name)
    return (found[1], int(found[2] or 0)) if found else (name, 0)


def literal_texts(nodes: Iterable[Node]) -> Iterator[str]:
    """Return the texts that stand in encoding nodes themselves."""
    for node in nodes:
        if "textencode" in node.word:
            yield from (v for name in TEXTS if isinstance(v := node.inputs.get(name), str) and v)
