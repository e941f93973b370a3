"""Reads files of any tool: texts, or a JSON object, one of which is called the prompt."""

from collections.abc import Iterator, Mapping
from typing import Any

from .embedded import Embedded, as_text, json_object
from .fields import Fields
from .xmp import json_texts, user_comment

PROMPTS = ("prompt", "positiveprompt", "positive", "fullprompt")
NEGATIVES = ("negativeprompt", "negative", "promptneg")
MODELS = ("model", "modelname", "basemodel", "checkpoint", "stablediffusionmodel")
INNER = ("meta", "metadata", "parameters", "params")
"""Objects within the object that may hold all of it."""


def read(fields: Fields) -> Embedded | None:
    texts = (*fields.text.values(), *fields.exif.values(), user_comment(fields.xmp))
    objects = (fields.text, *_objects((*texts, *json_texts(fields.xmp))))
    return next(filter(None, map(_told, objects)), None)


def _objects(texts: tuple[str, ...]) -> Iterator[Mapping[str, Any]]:
    for text in texts:
        if found := json_object(text):
            yield found
            yield from (each for name in INNER if isinstance(each := found.get(name), dict))


def _told(found: Mapping[str, Any]) -> Embedded | None:
    names: dict[str, str] = {}  # as they are compared -> as they are
    for name in found:
        names.setdefault(name.lower().replace("_", "").replace(" ", ""), name)

    def first(wanted: tuple[str, ...]) -> str:
        texts = (found[names[each]] for each in wanted if each in names)
        return next((text.strip() for text in texts if isinstance(text, str) and text.strip()), "")

    prompt = first(PROMPTS)
    if not prompt or json_object(prompt):
        return None
    told = {names[each] for each in (*PROMPTS, *NEGATIVES) if each in names}
    own = {name: value for name, value in found.items() if name not in told}
    model = found.get(names.get("model", ""))
    named = as_text(model.get("name")) if isinstance(model, dict) else ""
    return Embedded("", prompt, first(NEGATIVES), first(MODELS) or named, own)
