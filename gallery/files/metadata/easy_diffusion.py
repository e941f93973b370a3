"""Reads Easy Diffusion: a PNG text for each setting; JSON in JPEG's UserComment."""

from .embedded import Embedded, as_text, json_object
from .fields import Fields

MARKS = {"use_stable_diffusion_model", "num_inference_steps", "guidance_scale", "sampler_name"}


def read(fields: Fields) -> Embedded | None:
    source = fields.text or json_object(fields.exif.get("UserComment", "")) or {}
    found = {key.lower().replace(" ", "_"): value for key, value in source.items()}
    prompt = found.get("prompt")
    if not isinstance(prompt, str) or prompt.lstrip().startswith("{") or not MARKS & found.keys():
        return None
    model = as_text(found.get("use_stable_diffusion_model"))
    settings = {
        key: value for key, value in found.items() if key not in ("prompt", "negative_prompt")
    }
    return Embedded(
        "easy_diffusion", prompt.strip(), as_text(found.get("negative_prompt")), model, settings
    )
