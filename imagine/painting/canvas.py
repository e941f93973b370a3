"""The canvas and its brushes: smooth shapes, gradients and the grain of a printed poster."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from math import pi, sin
from random import Random

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from .palettes import Color
from .shapes import Shape, ellipse

SUPERSAMPLING = 2
"""Shapes are drawn at this many times the size and reduced: that is what smooths edges."""


@lru_cache(maxsize=8)
def grain(width: int, height: int) -> Image.Image:
    """Soft noise, the same for every picture of a size (mode L, about uniform from 0 to 255)."""
    side = 384
    tile = Image.frombytes("L", (side, side), Random(7).randbytes(side * side))  # noqa: S311
    noise = Image.new("L", (width, height))
    for left in range(0, width, side):
        for top in range(0, height, side):
            noise.paste(tile, (left, top))
    soft = noise.filter(ImageFilter.GaussianBlur(0.6))
    # Blurring gathers the values round the middle; spread them again.
    return soft.point([min(255, max(0, round((value - 128) * 2.1 + 128))) for value in range(256)])


class Canvas:
    """A picture in the making. Lengths are pixels; `u` is a hundredth of the shorter side."""

    def __init__(self, width: int, height: int, rng: Random) -> None:
        self.width, self.height, self.rng = width, height, rng
        self.u = min(width, height) / 100
        self.image = Image.new("RGB", (width, height))
        self._grain = grain(width, height)

    def gradient(
        self, colors: Sequence[Color], top: float = 0, bottom: float | None = None
    ) -> None:
        """Fill the band from `top` to `bottom` with colours that run into each other."""
        low, high = round(top), round(self.height if bottom is None else bottom)
        if high <= low:
            return
        strip = Image.new("RGB", (1, len(colors)))
        strip.putdata(list(colors))
        # Bicubic over so few pixels rounds the transitions; half a pixel at each end is flat.
        band = strip.resize((1, high - low), Image.Resampling.BICUBIC)
        self.image.paste(band.resize((self.width, high - low)), (0, low))

    def fill(
        self,
        shapes: Iterable[Shape],
        color: Color,
        *,
        opacity: float = 1,
        shade: Color | None = None,
        toward: str = "down",
        reach: float = 1,
    ) -> None:
        """Fill shapes with a colour, and let grains of `shade` gather toward one side.

        Args:
            toward: `up`, `down`, `left`, `right`, or `out` (from the middle).
            reach: how much of the shape the grains cover, 0 to 1.
        """
        placed = self._mask(shapes)
        if placed is None:
            return
        mask, box = placed
        if opacity < 1:
            mask = mask.point([round(value * opacity) for value in range(256)])
        self.image.paste(color, box, mask)
        if shade is not None:
            dots = self._stipple(_ramp(toward, mask.size), box, reach)
            self.image.paste(shade, box, ImageChops.multiply(mask, dots))

    def strokes(
        self, lines: Iterable[Shape], color: Color, width: float, opacity: float = 1
    ) -> None:
        """Draw open lines of one width with round joints."""
        lines = list(lines)
        placed = self._mask(lines, width)
        if placed is None:
            return
        mask, box = placed
        if opacity < 1:
            mask = mask.point([round(value * opacity) for value in range(256)])
        self.image.paste(color, box, mask)

    def glow(self, x: float, y: float, radius: float, color: Color, opacity: float) -> None:
        """Light that fades outward in grains."""
        box = self._clip((x - radius, y - radius, x + radius, y + radius))
        if box is None:
            return
        size = (max(2, round(2 * radius)),) * 2
        light = ImageChops.invert(Image.radial_gradient("L")).resize(size)
        light = light.point(
            [round(max(0, value - 74) / 181 * 255 * opacity) for value in range(256)]
        )
        left, top = round(x - radius), round(y - radius)
        light = light.crop((box[0] - left, box[1] - top, box[2] - left, box[3] - top))
        noise = self._grain.crop(box).point([160 + value * 95 // 255 for value in range(256)])
        self.image.paste(color, box, ImageChops.multiply(light, noise))

    def veil(self, color: Color, top: float, bottom: float, opacity: float) -> None:
        """Mist: densest in the middle of the band, gone at its edges."""
        box = self._clip((0, top, self.width, bottom))
        if box is None:
            return
        half = [round(opacity * 255 * sin(pi * step / 32) ** 2) for step in range(33)]
        strip = Image.new("L", (1, 33))
        strip.putdata(half)
        band = strip.resize((1, max(1, round(bottom) - round(top))), Image.Resampling.BICUBIC)
        band = band.crop((0, box[1] - round(top), 1, box[3] - round(top)))
        self.image.paste(color, box, band.resize((self.width, box[3] - box[1])))

    def sprinkle(
        self, color: Color, count: int, size: float, box: Shape, opacity: float = 1
    ) -> None:
        """Round dots at random places of a box, from half to one and a half times `size`."""
        (left, top), (right, bottom) = box
        dots = [
            ellipse(self.rng.uniform(left, right), self.rng.uniform(top, bottom), radius, points=10)
            for radius in (size * self.rng.uniform(0.5, 1.5) for _ in range(count))
        ]
        self.fill(dots, color, opacity=opacity)

    def print_grain(self, strength: int = 9) -> None:
        """The fine unevenness of ink on paper, over everything."""
        noise = self._grain.point([value * 2 * strength // 255 for value in range(256)])
        layer = Image.merge("RGB", (noise,) * 3)
        self.image = ImageChops.add(self.image, layer, 1, -strength)

    def _stipple(
        self, ramp: Image.Image, box: tuple[int, int, int, int], reach: float
    ) -> Image.Image:
        threshold = 255 * (1 - reach)
        curve = [
            round(max(0.0, value - threshold) / max(1.0, 255 - threshold) * 235)
            for value in range(256)
        ]
        dots = ImageChops.subtract(ramp.point(curve), self._grain.crop(box))
        return dots.point([min(255, value * 7) for value in range(256)])

    def _clip(self, box: tuple[float, float, float, float]) -> tuple[int, int, int, int] | None:
        left, top = max(0, round(box[0])), max(0, round(box[1]))
        right, bottom = min(self.width, round(box[2])), min(self.height, round(box[3]))
        return (left, top, right, bottom) if right > left and bottom > top else None

    def _mask(
        self, shapes: Iterable[Shape], line_width: float = 0
    ) -> tuple[Image.Image, tuple[int, int, int, int]] | None:
        shapes = [shape for shape in shapes if len(shape) > 1]
        if not shapes:
            return None
        across = [x for shape in shapes for x, _ in shape]
        along = [y for shape in shapes for _, y in shape]
        edge = line_width / 2 + 1
        box = self._clip(
            (min(across) - edge, min(along) - edge, max(across) + edge, max(along) + edge)
        )
        if box is None:
            return None
        left, top, right, bottom = box
        scale = SUPERSAMPLING
        mask = Image.new("L", ((right - left) * scale, (bottom - top) * scale))
        draw = ImageDraw.Draw(mask)
        for shape in shapes:
            points = [((x - left) * scale, (y - top) * scale) for x, y in shape]
            if line_width:
                draw.line(points, fill=255, width=max(1, round(line_width * scale)), joint="curve")
            else:
                draw.polygon(points, fill=255)
        return mask.reduce(scale), box


def _ramp(toward: str, size: tuple[int, int]) -> Image.Image:
    if toward == "out":
        return Image.radial_gradient("L").resize(size)
    ramp = Image.linear_gradient("L")
    turn = {
        "up": Image.Transpose.ROTATE_180,
        "right": Image.Transpose.ROTATE_90,
        "left": Image.Transpose.ROTATE_270,
    }
    if toward in turn:
        ramp = ramp.transpose(turn[toward])
    return ramp.resize(size)
