"""Computes outlines as lists of points, in pixels or in units of a thing's size."""

from collections.abc import Sequence
from math import cos, pi, sin
from random import Random

Point = tuple[float, float]
Outline = Sequence[Point]


def arc(
    x: float, y: float, across: float, along: float = 0, *, start: float = 0, steps: int = 48
) -> list[Point]:
    """Return the edge of an ellipse about (x, y) by its half-axes; without `along`, of a circle.

    It begins at `start`, in turns clockwise from the right: from 0.5 it is the upper half.
    """
    angles = (2 * pi * (start + (1 - start) * step / steps) for step in range(steps + 1))
    return [(x + across * cos(angle), y + (along or across) * sin(angle)) for angle in angles]


def curve(points: Outline, *, closed: bool = False) -> list[Point]:
    """Return a smooth line through points (Catmull-Rom)."""
    run = [points[-1], *points, *points[:2]] if closed else [points[0], *points, points[-1]]
    line: list[Point] = []
    for knots in zip(run, run[1:], run[2:], run[3:], strict=False):
        across, along = zip(*knots, strict=True)
        line += [(_between(across, t / 10), _between(along, t / 10)) for t in range(10)]
    return line if closed else [*line, points[-1]]


def _between(knots: Sequence[float], t: float) -> float:
    """Interpolate from the second of four knots (0) to the third (1)."""
    a, b, c, d = knots
    return b + t / 2 * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))


def swell(rng: Random, width: float, level: float, reach: float) -> list[Point]:
    """Return a soft line across the picture, about `reach` to each side of `level`: hills,
    waves."""
    line = [(width * step / 96, level) for step in range(97)]
    for octave in (1, 2, 3):
        turns, phase = rng.uniform(0.7, 1.5) * octave, rng.random()
        rise = reach * 0.5 / octave**1.4
        line = [(x, y - rise * sin(2 * pi * (turns * x / width + phase))) for x, y in line]
    return line


def ground(line: Outline, bottom: float) -> list[Point]:
    """Return the area below a line."""
    return [*line, (line[-1][0], bottom), (line[0][0], bottom)]


def placed(
    shape: Outline, x: float, y: float, size: float, *, flip: bool = False, angle: float = 0
) -> list[Point]:
    """Scale, mirror, turn (radians) and move a shape around (0, 0) to (x, y)."""
    across, turn, lean = (-size if flip else size), cos(angle), sin(angle)
    return [
        (x + across * px * turn - size * py * lean, y + across * px * lean + size * py * turn)
        for px, py in shape
    ]
