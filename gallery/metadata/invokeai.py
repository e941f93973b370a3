"""InvokeAI: `invokeai_metadata` (3 and later), `sd-metadata` (2), `Dream` (1), as PNG texts."""

import re

from .embedded import Embedded, as_text, chosen, json_object
from .fields import Fields

DREAM = re.compile(r'^"?(?P<prompt>.*?)"?\s+(?=-[sSWHCA]\s?[\w.])(?P<options>.*)$', re.DOTALL)
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
            "invokeai", as_text(prompt), model=as_text(found.get("model_weights")),
            parameters=settings,
        )  # fmt: skip
    if dream := fields.text.get("Dream"):
        match = DREAM.match(dream[:40_000])
        if not match:
            return Embedded("invokeai", dream.strip().strip('"'))
        words = re.findall(r"-([sSWHCA])\s?(\S+)", match["options"])
        return Embedded(
            "invokeai", match["prompt"].strip(),
            parameters={OPTIONS[letter]: value for letter, value in words},
        )  # fmt: skip
    return None
