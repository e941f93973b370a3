"""Draws pictures for tests with Pillow."""

import io
from typing import Any

from PIL import Image, ImageDraw


def draw(
    width: int = 64,
    height: int = 64,
    *,
    color: str = "#3366cc",
    format: str = "JPEG",  # noqa: A002  (Pillow's word)
    mode: str = "RGB",
    **options: Any,
) -> bytes:
    """Draw a circle on a plain ground; return the bytes of a file."""
    image = Image.new(mode, (width, height), color)
    ImageDraw.Draw(image).ellipse(
        (width // 4, height // 4, width * 3 // 4, height * 3 // 4), "white"
    )
    out = io.BytesIO()
    image.save(out, format, **options)
    return out.getvalue()
