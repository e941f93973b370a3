"""Reads Fooocus and its forks: JSON in PNG's `parameters` or `Comment`, elsewhere in
UserComment."""

from .a1111 import parse
from .embedded import Embedded, as_text, json_object
from .fields import Fields

NEGATIVES = ("negative_prompt", "negative", "full_negative_prompt")
PROMPTS = {"prompt", "base_model", "full_prompt", *NEGATIVES}


def read(fields: Fields) -> Embedded | None:
    scheme = fields.text.get("fooocus_scheme") or fields.exif.get("MakerNote", "")
    ours = scheme in ("fooocus", "a1111") or fields.exif.get("Software", "").startswith("Fooocus")
    for text in (
        fields.text.get("parameters"), fields.text.get("Comment"), fields.exif.get("UserComment")
    ):  # fmt: skip
        if not text:
            continue
        found = {key.lower().replace(" ", "_"): v for key, v in (json_object(text) or {}).items()}
        if "base_model" in found or "base_model_name" in found or (ours and "prompt" in found):
            return Embedded(
                "fooocus",
                as_text(found.get("prompt") or found.get("full_prompt")),
                as_text(next(filter(None, map(found.get, NEGATIVES)), "")),
                as_text(found.get("base_model") or found.get("base_model_name")),
                {key: value for key, value in found.items() if key not in PROMPTS},
            )
        if ours and not found:
            plain = parse(text)
            return Embedded(
                "fooocus", plain.prompt, plain.negative_prompt, plain.model, plain.parameters
            )
    return None
