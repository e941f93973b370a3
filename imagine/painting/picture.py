"""From a prompt to a picture: read it, choose colours, paint setting, subject, weather, mark."""

import io
from collections.abc import Iterator
from random import Random

from PIL import Image, ImageDraw, ImageFont

from . import sky
from .canvas import Canvas
from .palettes import Palette, grey, luminance, mix, palette_for
from .reading import read
from .scenes import (
    abstract,
    backdrop,
    city,
    desert,
    field,
    forest,
    lake,
    mountains,
    sea,
    snow,
    space,
)
from .shapes import bar
from .subjects import flying, people, sitting, still

SETTINGS = {
    "sea": sea.sea,
    "lake": lake.lake,
    "mountains": mountains.mountains,
    "desert": desert.desert,
    "snow": snow.snow,
    "field": field.field,
    "city": city.city,
    "forest": forest.forest,
    "space": space.space,
    "abstract": abstract.abstract,
    "plain": backdrop.backdrop,
}
SUBJECTS = {
    "cat": sitting.cat,
    "fox": sitting.fox,
    "dog": sitting.dog,
    "rabbit": sitting.rabbit,
    "deer": sitting.deer,
    "whale": flying.whale,
    "fish": flying.fish,
    "bird": flying.bird,
    "butterfly": flying.butterfly,
    "portrait": people.portrait,
    "vase": still.vase,
    "flower": still.flowers,
}
QUALITY = 88


def paint(prompt: str, *, width: int, height: int, seed: int = 0) -> bytes:
    """A picture of `width` × `height` pixels for a prompt, as the bytes of a JPEG file.

    The same arguments give the same picture; another seed gives another picture of the same
    subject. Words that the painter knows choose subject, place, light, weather and colours.
    """
    return _jpeg(_painted(prompt, width, height, seed), QUALITY)


def paint_steps(
    prompt: str, *, width: int, height: int, seed: int = 0, steps: int
) -> Iterator[bytes]:
    """`steps` pictures (JPEG) that grow clearer; the last equals `paint()` of these arguments."""
    image = _painted(prompt, width, height, seed)
    for left in range(steps - 1, 0, -1):
        # Each step doubles the detail, as if the picture came out of a mist.
        small = image.resize(
            (max(3, width >> (left + 2)), max(3, height >> (left + 2))), Image.Resampling.BOX
        )
        yield _jpeg(small.resize((width, height), Image.Resampling.BICUBIC), 70)
    yield _jpeg(image, QUALITY)


def _painted(prompt: str, width: int, height: int, seed: int) -> Image.Image:
    rng = Random(f"{seed}\n{prompt}".encode("utf-8", "surrogatepass"))  # noqa: S311
    brief = read(prompt, rng)
    palette = palette_for(brief.light, brief.hue, rng)
    if brief.grey:
        palette = grey(palette)
    canvas = Canvas(width, height, rng)
    SETTINGS[brief.setting](canvas, palette, brief)
    if brief.subject:
        SUBJECTS[brief.subject](canvas, palette, brief)
    sky.weather(canvas, palette, brief)
    canvas.print_grain()
    _mark(canvas, palette)
    return canvas.image


def _mark(canvas: Canvas, palette: Palette) -> None:
    """The word SAMPLE, spaced out, on a small plate in the lower right corner."""
    size = max(9.0, canvas.u * 1.9)
    font = ImageFont.load_default(size)
    word = "S A M P L E"
    left, top, right, bottom = font.getbbox(word)
    pad = size * 0.75
    wide, tall = right - left + 2 * pad, bottom - top + 1.3 * pad
    x, y = canvas.width - wide - canvas.u * 2.5, canvas.height - tall - canvas.u * 2.5
    radius = tall / 2
    plate, ink = palette.near, palette.light
    if luminance(plate) > 128:
        plate, ink = mix(plate, (20, 20, 30), 0.8), (255, 255, 255)
    plate_shape = bar(x + radius, x + wide - radius, y + radius, tall)
    canvas.fill([plate_shape], plate, opacity=0.72)
    ImageDraw.Draw(canvas.image).text(
        (x + pad - left, y + 0.65 * pad - top), word, font=font, fill=ink
    )


def _jpeg(image: Image.Image, quality: int) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return out.getvalue()
