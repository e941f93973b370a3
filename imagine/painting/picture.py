"""Paints a prompt: read it, choose colours, then place, subject, weather and mark."""

import io
from collections.abc import Iterator
from math import log
from random import Random

from PIL import Image, ImageDraw, ImageFont

from . import drawings, sky
from .palettes import palette_for
from .places import PLACES
from .reading import read
from .scene import Scene
from .subjects import paint_subject

QUALITY = 88
AREA = 1024 * 1024
STEP = 16


def size_for(aspect_ratio: str) -> tuple[int, int]:
    """Return width and height in pixels, multiples of 16, for a ratio like `16:9` or `19.5:9`.

    The area is about 1024 × 1024; a size that hits the ratio exactly is preferred to one
    that hits the area.

    Raises:
        ValueError: no two positive numbers with a colon between, or steeper than 4:1.
    """
    across, _, down = aspect_ratio.partition(":")
    ratio = float(across) / float(down) if float(across) > 0 < float(down or 0) else 0.0
    if not 0.25 <= ratio <= 4:
        raise ValueError(f"not an aspect ratio: {aspect_ratio!r}")

    def cost(size: tuple[int, int]) -> float:
        width, height = size
        return 40 * abs(log(width / height / ratio)) + abs(log(width * height / AREA))

    widths = range(STEP * 24, STEP * 136, STEP)
    return min(((width, round(width / ratio / STEP) * STEP or STEP) for width in widths), key=cost)


def paint(prompt: str, *, width: int, height: int, seed: int = 0) -> bytes:
    """Paint a prompt with `width` × `height` pixels; return the bytes of a JPEG file.

    The same arguments give the same picture; another seed gives another picture of the same
    subject. Words that the painter knows choose subject, place, light, weather and colours.
    """
    return next(paint_steps(prompt, width=width, height=height, seed=seed, steps=1))


def paint_steps(
    prompt: str, *, width: int, height: int, seed: int = 0, steps: int
) -> Iterator[bytes]:
    """Yield `steps` pictures (JPEG) that grow clearer; the last equals `paint()` of the same."""
    image = _painted(prompt, width, height, seed)
    for left in range(steps - 1, 0, -1):
        # Each step doubles the detail, as if the picture came out of a mist.
        size = max(3, width >> (left + 2)), max(3, height >> (left + 2))
        small = image.resize(size, Image.Resampling.BOX)
        yield _jpeg(small.resize((width, height), Image.Resampling.BICUBIC), 70)
    yield _jpeg(image, QUALITY)


def _painted(prompt: str, width: int, height: int, seed: int) -> Image.Image:
    rng = Random(f"{seed}\n{prompt}".encode("utf-8", "surrogatepass"))  # noqa: S311
    brief = read(prompt, rng)
    palette = palette_for(brief.light, brief.hues, rng)
    scene = Scene((width, height), brief, palette, rng)
    PLACES[brief.setting](scene)
    if brief.subject:
        paint_subject(scene)
    sky.weather(scene)
    if brief.monochrome:
        scene.image = scene.image.convert("L").convert("RGB")
    scene.print_grain()
    _mark(scene)
    return scene.image


def _mark(scene: Scene) -> None:
    """Write SAMPLE, letter-spaced, on a dark plate in the lower right corner."""
    word, size = "S A M P L E", max(9, scene.u * 1.9)
    font = ImageFont.load_default(size)
    left, top, right, bottom = font.getbbox(word)
    wide, tall = right - left, bottom - top
    x, y = scene.width - wide - scene.u * 4, scene.height - tall - scene.u * 4
    scene.draw(drawings.PLATE, x + wide / 2, y + tall / 2, wide * 1.08, scene.palette.near)
    ImageDraw.Draw(scene.image).text((x - left, y - top), word, font=font, fill="white")


def _jpeg(image: Image.Image, quality: int) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return out.getvalue()
