"""A scene: a canvas, what to paint on it, and drawings to put there."""

from functools import lru_cache
from math import pi
from random import Random

from .canvas import Canvas, Grain, Size
from .outlines import Outline, Point, arc, curve, placed
from .palettes import Color, Palette, luminance, mix
from .reading import Brief

Part = tuple[str, list[list[Point]], float, list[str]]
"""Ink, shapes, width of a stroke (0 where they are filled), and ink, side and reach of grains."""


class Scene(Canvas):
    """A canvas with the brief, its palette, and the random numbers that decide the rest."""

    def __init__(self, size: Size, brief: Brief, palette: Palette, rng: Random) -> None:
        super().__init__(size)
        self.brief, self.palette, self.rng = brief, palette, rng
        self.between = rng.uniform

    def sprinkle(self, count: int, size: float, bottom: float) -> None:
        """Strew light dots, a few of them large, of about `size` (in `u`) down to `bottom`."""
        places = [(self.between(0, self.width), self.between(0, bottom)) for _ in range(count)]
        sizes = [self.u * size * (0.6 + 2.4 * self.rng.random() ** 6) for _ in places]
        dots = [arc(*place, size, steps=10) for place, size in zip(places, sizes, strict=True)]
        self.paint(self.palette.light, *dots, opacity=0.8)

    def draw(
        self, drawing: str, x: float, y: float, size: float, body: Color,
        *, flip: bool = False, angle: float = 0,
    ) -> None:  # fmt: skip
        """Put a drawing (see `drawings`) of `size` pixels and the colour `body` at (x, y)."""
        colors = inks(self.palette, body)
        for ink, shapes, width, grains in parts(drawing):
            grain = Grain(colors[grains[0]], grains[1], float(grains[2])) if grains else None
            for shape in shapes:
                outline = placed(shape, x, y, size, flip=flip, angle=angle)
                self.paint(colors[ink], outline, line=width * size, grain=grain)

    def scatter(self, drawing: str, line: Outline, count: int, size: float, body: Color) -> None:
        """Put drawings of about `size` (in `u`) at random places along a line, upper ones first.

        The line runs across the picture in even steps, or is one point: a level.
        """
        part = (len(line) - 1) / self.width
        places = [self.between(0, self.width) for _ in range(count)]
        for y, x in sorted((line[round(part * x)][1], x) for x in places):
            tall = self.u * size * self.between(0.7, 1.3)
            self.draw(drawing, x, y + tall * 0.06, tall, body, flip=self.rng.random() < 0.5)


def inks(palette: Palette, body: Color) -> dict[str, Color]:
    """Return the colours of a drawing by name, derived from its body's."""
    return {
        "body": body,
        "rim": mix(body, palette.near if luminance(body) > 150 else palette.disc, 0.45),
        "shade": mix(body, palette.near, 0.5),
        "haze": mix(body, palette.mist, 0.3),
        "blush": mix(palette.accent, body, 0.45),
        "dark": mix(palette.near, (36, 24, 28), 0.45),
        "white": mix(palette.light, palette.disc, 0.3),
        "lamp": mix(palette.disc, (255, 206, 120), 0.7),
        "mist": palette.mist,
        "green": mix(palette.near, (58, 120, 84), 0.4),
        **palette._asdict(),
    }


@lru_cache(maxsize=64)
def parts(drawing: str) -> list[Part]:
    """Return the parts of a drawing, from the back to the front."""
    return [_part(line) for line in drawing.strip().replace("\n    ", " ").splitlines()]


def _part(line: str) -> Part:
    head, _, run = line.partition(":")
    words = head.split()
    copies = words.pop(0) if words[0].startswith(("both", "ring")) else "ring1"
    kind = words.pop(0)
    width = float(words.pop(0)) if kind == "line" else 0
    ink, *grains = words
    points = [(float(x), float(y)) for x, y in (pair.split(",") for pair in run.split())]
    if kind == "oval":
        shape = arc(*points[0], *points[1], steps=32)
    elif kind in ("half", "cut"):
        right = curve(points) if kind == "half" else points
        shape = right + placed(right[::-1], 0, 0, 1, flip=True)
    else:
        shape = points if kind == "shape" else curve(points, closed=kind == "blob")
    if copies == "both":
        shapes = [shape, placed(shape, 0, 0, 1, flip=True)]
    else:
        count = int(copies.removeprefix("ring"))
        shapes = [placed(shape, 0, 0, 1, angle=2 * pi * turn / count) for turn in range(count)]
    return ink, shapes, width, grains
