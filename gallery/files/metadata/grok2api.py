"""Reads grok2api: EXIF's UserComment of JSON without an encoding, prompt in ImageDescription."""

from .embedded import Embedded, as_text, json_object
from .fields import Fields


def read(fields: Fields) -> Embedded | None:
    found = json_object(fields.exif.get("UserComment", "")) or {}
    if "prompt" not in found or "model" not in found or "aspect_ratio" not in found:
        return None
    return Embedded(
        "grok2api",
        as_text(found.get("prompt")) or fields.exif.get("ImageDescription", ""),
        model=as_text(found.get("model")),
        parameters={key: value for key, value in found.items() if key not in ("prompt", "model")},
    )
