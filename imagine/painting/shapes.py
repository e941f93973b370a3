"""Geometry: outlines as lists of points, in pixels or in units of a thing's size."""

from collections.abc import Sequence
from itertools import pairwise
from math import cos, pi, sin
from random import Random

Point = tuple[float, float]
Shape = Sequence[Point]


def ellipse(x: float, y: float, across: float, along: float = 0, points: int = 64) -> list[Point]:
    """An ellipse by its middle and half-axes; a circle where `along` is left out."""
    along = along or across
    angles = (2 * pi * step / points for step in range(points))
    return [(x + across * cos(angle), y + along * sin(angle)) for angle in angles]


def bar(left: float, right: float, y: float, thick: float) -> list[Point]:
    """A level bar with round ends; `left` and `right` are the middles of the ends."""
    radius = thick / 2
    angles = [pi * step / 10 - pi / 2 for step in range(11)]
    ends = [(right + radius * cos(angle), y + radius * sin(angle)) for angle in angles]
    return ends + [(left - radius * cos(angle), y - radius * sin(angle)) for angle in angles]


def curve(points: Shape, *, closed: bool = False, steps: int = 10) -> list[Point]:
    """A smooth line through points (Catmull-Rom)."""
    count = len(points)
    if closed:
        run = [points[-1], *points, points[0], points[1]]
    else:
        run = [points[0], *points, points[-1]]
    line: list[Point] = []
    for index in range(count if closed else count - 1):
        (ax, ay), (bx, by), (cx, cy), (dx, dy) = run[index : index + 4]
        for step in range(steps):
            t = step / steps
            line.append(
                (
                    bx
                    + t
                    * (
                        (cx - ax)
                        + t * ((2 * ax - 5 * bx + 4 * cx - dx) + t * (3 * (bx - cx) + dx - ax))
                    )
                    / 2,
                    by
                    + t
                    * (
                        (cy - ay)
                        + t * ((2 * ay - 5 * by + 4 * cy - dy) + t * (3 * (by - cy) + dy - ay))
                    )
                    / 2,
                )
            )
    if not closed:
        line.append(points[-1])
    return line


def outline(points: str) -> list[Point]:
    """Points written as in SVG: `x,y x,y`."""
    return [(float(x), float(y)) for x, _, y in (pair.partition(",") for pair in points.split())]


def sided(side: int, shape: Shape) -> list[Point]:
    """The shape itself (1) or its mirror image (-1)."""
    return [(side * x, y) for x, y in shape]


def symmetric(half: Shape) -> list[Point]:
    """A closed shape from its right half, given from top to bottom."""
    return [*half, *[(-x, y) for x, y in reversed(half)]]


def placed(
    shape: Shape, x: float, y: float, scale: float, mirror: bool = False, angle: float = 0
) -> list[Point]:
    """A shape given around (0, 0), moved to (x, y), scaled, mirrored, turned (radians)."""
    sign = -1 if mirror else 1
    turn, lean = cos(angle), sin(angle)
    return [
        (
            x + scale * (sign * px * turn - py * lean),
            y + scale * (sign * px * lean + py * turn),
        )
        for px, py in shape
    ]


def ridge(rng: Random, width: float, level: float, height: float, roughness: float) -> list[Point]:
    """A jagged line across the picture by midpoint displacement; up to `height` above `level`."""
    line = [0.5 + rng.uniform(-0.4, 0.4), rng.random(), 0.5 + rng.uniform(-0.4, 0.4)]
    spread = 0.5
    while len(line) < 130:
        spread *= roughness
        longer = [line[0]]
        for one, two in pairwise(line):
            longer += [(one + two) / 2 + rng.uniform(-spread, spread), two]
        line = longer
    low, high = min(line), max(line)
    step = width / (len(line) - 1)
    return [
        (index * step, level - height * (value - low) / (high - low or 1))
        for index, value in enumerate(line)
    ]


def swell(
    rng: Random, width: float, level: float, height: float, waves: float = 1.5
) -> list[Point]:
    """A soft line across the picture: hills, dunes, waves."""
    parts = [
        (
            rng.uniform(0.6, 1.3) * waves * (octave + 1),
            rng.uniform(0, 2 * pi),
            0.5 / (octave + 1) ** 1.4,
        )
        for octave in range(3)
    ]
    return [
        (
            width * step / 96,
            level
            - height
            * sum(size * sin(2 * pi * turns * step / 96 + phase) for turns, phase, size in parts),
        )
        for step in range(97)
    ]


def ground(line: Shape, bottom: float) -> list[Point]:
    """The area below a line."""
    return [*line, (line[-1][0], bottom), (line[0][0], bottom)]
