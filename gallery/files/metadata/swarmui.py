"""Reads SwarmUI: JSON with `sui_image_params`, in PNG's `parameters`, UserComment or EXIF's
Model."""

from .embedded import Embedded, as_text, chosen, json_object
from .fields import Fields


def read(fields: Fields) -> Embedded | None:
    for text in (
        fields.text.get("parameters"), fields.exif.get("UserComment"), fields.exif.get("Model")
    ):  # fmt: skip
        found = json_object(text or "") or {}
        settings = found.get("sui_image_params")
        if not isinstance(settings, dict):
            continue
        extra = found.get("sui_extra_data")
        own = {k: v for k, v in settings.items() if k not in ("prompt", "negativeprompt")}
        if isinstance(extra, dict):
            own |= chosen(extra, "date", "original_prompt", "generation_time")
        return Embedded(
            "swarmui",
            as_text(settings.get("prompt")),
            as_text(settings.get("negativeprompt")),
            as_text(settings.get("model")),
            own,
        )
    return None
