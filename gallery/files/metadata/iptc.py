"""Reads IPTC's properties of 2025 for generated pictures, in XMP, which any tool may write."""

from .embedded import Embedded
from .fields import Fields
from .xmp import ai_prompt, ai_system


def read(fields: Fields) -> Embedded | None:
    prompt = ai_prompt(fields.xmp)
    return Embedded("iptc", prompt, model=ai_system(fields.xmp)) if prompt else None
