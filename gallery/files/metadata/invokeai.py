"""Reads InvokeAI's PNG texts: `invokeai_metadata` (3 and later), `sd-metadata` (2), `Dream` (1)."""

import re

from .embedded import Embedded, as_text, chosen, json_object
from .fields import Fields

FIRST_OPTION = re.compile(r"\s(?=-[sSWHCA]\s?[\w.])")
OPTION = re.compile(r"-([sSWHCA])\s?(\S++)")
BRACKETS = re.compile(r"\[([^\[\]]*+)\]")
OPTIONS = {"s": "steps", "S": "seed", "W": "width", "H": "height", "C": "cfg_scale", "A": "sampler"}


def read(fields: Fields) -> Embedded | None:
    if found := json_object(fields.text.get("invokeai_metadata", "")):
        model = found.get("model")
        named = chosen(model, "name", "model_name") if isinstance(model, dict) else {}
        settings = chosen(found, "seed", "steps", "cfg_scale", "scheduler", "width", "height")
        return Embedded(
            "invokeai",
            as_text(found.get("positive_prompt")),
            as_text(found.get("negative_prompt")),
            as_text(next(iter(named.values()), model)),
            settings,
        )
    if found := json_object(fields.text.get("sd-metadata", "")):
        image = found.get("image")
        image = image if isinstance(image, dict) else {}
        prompt = image.get("prompt")
        if isinstance(prompt, list):
            prompt = [part.get("prompt") for part in prompt if isinstance(part, dict)]
        settings = chosen(image, "seed", "steps", "cfg_scale", "sampler", "width", "height")
        return Embedded(
            "invokeai", *_both(as_text(prompt)), as_text(found.get("model_weights")), settings
        )
    if dream := fields.text.get("Dream"):
        first = FIRST_OPTION.search(dream)
        if not first:
            return Embedded("invokeai", *_both(dream.strip().strip('"')))
        prompt = dream[: first.start()].rstrip().removeprefix('"').removesuffix('"').strip()
        return Embedded(
            "invokeai", *_both(prompt),
            parameters={
                OPTIONS[letter]: value for letter, value in OPTION.findall(dream, first.end())
            },
        )  # fmt: skip
    return None


def _both(text: str) -> tuple[str, str]:
    """Split off the negative prompt, which versions 1 and 2 write in square brackets."""
    negative = [inner.strip() for inner in BRACKETS.findall(text)]
    return BRACKETS.sub("", text).strip(), " ".join(filter(None, negative))
