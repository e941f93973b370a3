"""The canvas and its brushes: smooth shapes, gradients and the grain of a printed poster."""

from collections.abc import Sequence
from functools import lru_cache
from math import pi, sin
from random import Random
from typing import NamedTuple

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

from .outlines import Outline
from .palettes import Color

SUPERSAMPLING = 2
"""Shapes are drawn at this many times the size and reduced: that is what smooths edges."""

Size = tuple[int, int]
"""Width and height in pixels."""

TURNS = {"down": 0, "right": 90, "up": 180, "left": 270}
"""Degrees by which a ramp that runs down is turned to run elsewhere."""


class Grain(NamedTuple):
    """Grains of a colour that gather towards one side of a shape and cover a part of it."""

    color: Color
    toward: str = "down"  # or `up`, `left`, `right`, `out` (from the middle)
    reach: float = 0.6  # 0 to 1


@lru_cache(maxsize=8)
def noise(size: Size) -> Image.Image:
    """Return soft noise, the same for every picture of a size (mode L, about uniform, 0 to 255)."""
    side, tiled = 384, Image.new("L", size)
    tile = Image.frombytes("L", (side, side), Random(7).randbytes(side * side))  # noqa: S311
    for left in range(0, size[0], side):
        for top in range(0, size[1], side):
            tiled.paste(tile, (left, top))
    # Blurring gathers the values round the middle; the factor spreads them again.
    soft = tiled.filter(ImageFilter.GaussianBlur(0.6))
    return soft.point([min(255, max(0, round((value - 128) * 2.1 + 128))) for value in range(256)])


class Canvas:
    """A picture in the making. Lengths are pixels; `u` is a hundredth of the shorter side."""

    def __init__(self, size: Size) -> None:
        self.width, self.height = size
        self.u = min(size) / 100
        self.image = Image.new("RGB", size)
        self._noise = noise(size)

    def paint(
        self, color: Color, *shapes: Outline, line: float = 0, opacity: float = 1,
        grain: Grain | None = None,
    ) -> None:  # fmt: skip
        """Paint areas with a colour and with grains of another; or, with a width, open lines."""
        across = [x for shape in shapes for x, _ in shape] or [-line]
        along = [y for shape in shapes for _, y in shape] or [-line]
        edge, scale = line / 2 + 1, SUPERSAMPLING
        left, top = max(0, round(min(across) - edge)), max(0, round(min(along) - edge))
        right = min(self.width, round(max(across) + edge))
        bottom = min(self.height, round(max(along) + edge))
        if right <= left or bottom <= top:
            return
        mask = Image.new("L", ((right - left) * scale, (bottom - top) * scale))
        draw = ImageDraw.Draw(mask)
        for shape in shapes:
            points = [((x - left) * scale, (y - top) * scale) for x, y in shape]
            if line:
                draw.line(points, fill=255, width=max(1, round(line * scale)), joint="curve")
            else:
                draw.polygon(points, fill=255)
        mask = mask.reduce(scale)
        if opacity < 1:
            mask = mask.point([round(value * opacity) for value in range(256)])
        self.image.paste(color, (left, top), mask)
        if grain:
            dots = _grains(grain, self._noise.crop((left, top, right, bottom)))
            self.image.paste(grain.color, (left, top), ImageChops.multiply(mask, dots))

    def gradient(self, colors: Sequence[Color], bottom: float = 1e9, top: float = 0) -> None:
        """Fill the band from `top` to `bottom` with colours that run into each other."""
        low, high = round(top), round(min(bottom, self.height))
        strip = Image.new("RGB", (1, len(colors)))
        strip.putdata(list(colors))
        self.image.paste(_stretched(strip, self.width, high - low), (0, low))

    def veil(self, color: Color, top: float, bottom: float, opacity: float) -> None:
        """Lay mist: densest in the middle of the band, gone at its edges."""
        strip = Image.new("L", (1, 33))
        strip.putdata([round(opacity * 255 * sin(pi * step / 32) ** 2) for step in range(33)])
        band = _stretched(strip, self.width, round(bottom - top))
        self.image.paste(color, (0, round(top)), band)

    def glow(self, x: float, y: float, radius: float, color: Color, opacity: float) -> None:
        """Let light fade outward in grains."""
        side, left, top = max(1, round(2 * radius)), round(x - radius), round(y - radius)
        light = Image.radial_gradient("L")
        light = light.point([round(max(0, 181 - v) / 181 * 255 * opacity) for v in range(256)])
        dots = self._noise.crop((left, top, left + side, top + side))
        dots = dots.point([160 + value * 95 // 255 for value in range(256)])
        light = light.resize((side, side), Image.Resampling.BILINEAR)
        self.image.paste(color, (left, top), ImageChops.multiply(light, dots))

    def mirror(self, shore: float, water: Color) -> None:
        """Stand what is above `shore` on its head below it, in water that darkens downward."""
        level, below = round(shore), (self.width, self.height - round(shore))
        above = self.image.crop((0, max(0, 2 * level - self.height), self.width, level))
        self.image.paste(ImageOps.flip(above).resize(below), (0, level))
        depth = Image.linear_gradient("L").point([70 + v * 110 // 255 for v in range(256)])
        self.image.paste(water, (0, level), depth.resize(below, Image.Resampling.NEAREST))

    def print_grain(self, strength: int = 7) -> None:
        """Add the fine unevenness of ink on paper, over everything."""
        dots = self._noise.point([value * 2 * strength // 255 for value in range(256)])
        self.image = ImageChops.add(self.image, Image.merge("RGB", (dots,) * 3), 1, -strength)


def _stretched(strip: Image.Image, width: int, height: int) -> Image.Image:
    """Stretch a strip one pixel wide to a band; bicubic over so few pixels smooths the
    transitions."""
    column = strip.resize((1, max(1, height)), Image.Resampling.BICUBIC)
    return column.resize((width, column.height), Image.Resampling.NEAREST)


def _grains(grain: Grain, noise: Image.Image) -> Image.Image:
    """Return where the grains are: noise above a threshold that falls towards their side."""
    if grain.toward == "out":
        ramp = Image.radial_gradient("L")
    else:
        ramp = Image.linear_gradient("L").rotate(TURNS[grain.toward])
    bare = 255 * (1 - grain.reach)
    ramp = ramp.point([round(max(0, v - bare) / (255 - bare) * 235) for v in range(256)])
    dots = ImageChops.subtract(ramp.resize(noise.size, Image.Resampling.NEAREST), noise)
    return dots.point([min(255, value * 7) for value in range(256)])
