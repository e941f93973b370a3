"""A planet among stars."""

from math import cos, pi, sin

from ..canvas import Canvas
from ..palettes import Color, Palette, mix
from ..reading import Brief
from ..shapes import ellipse, ground, ridge
from ..sky import stars


def space(canvas: Canvas, palette: Palette, brief: Brief) -> None:
    rng, u, width, height = canvas.rng, canvas.u, canvas.width, canvas.height
    deep = mix(palette.sky[0], (6, 6, 20), 0.45 if palette.is_dark else 0.75)
    haze = [palette.sky[1], palette.accent, palette.sky[2]]
    canvas.gradient([deep, mix(deep, palette.sky[1], 0.45), deep])
    for _ in range(7):
        canvas.glow(
            rng.uniform(0, width),
            rng.uniform(0.1, 0.9) * height,
            u * rng.uniform(25, 60),
            rng.choice(haze),
            0.4,
        )
    stars(canvas, palette, height, 1.4)
    x, y, radius = (
        width * rng.uniform(0.3, 0.7),
        height * rng.uniform(0.34, 0.56),
        u * rng.uniform(19, 27),
    )
    color = mix(palette.accent, palette.disc, rng.uniform(0, 0.5))
    planet(canvas, palette, x, y, radius, color, deep)
    pale = mix(palette.sky[2], palette.light, 0.3)
    for _ in range(rng.randint(1, 3)):
        small = u * rng.uniform(2, 6)
        px, py = rng.uniform(0.08, 0.92) * width, rng.uniform(0.06, 0.7) * height
        if abs(px - x) + abs(py - y) > radius * 1.9:
            planet(canvas, palette, px, py, small, pale, deep, plain=True)
    if rng.random() < 0.65:
        for t in (0.3, 0.65, 1.0):
            line = ridge(rng, width, height * (0.78 + 0.16 * t), height * 0.13, 0.5)
            color = mix(mix(palette.sky[1], deep, 0.2), mix(palette.near, deep, 0.5), t)
            canvas.fill(
                [ground(line, height)],
                color,
                shade=mix(color, palette.sky[2], 0.4),
                toward="up",
                reach=0.4,
            )


def planet(
    canvas: Canvas, palette: Palette, x: float, y: float, radius: float, color: Color, deep: Color,
    *, plain: bool = False,
) -> None:  # fmt: skip
    """A ball in half-shadow, with bands and perhaps rings; `plain` leaves both out."""
    rng = canvas.rng
    canvas.glow(x, y, radius * 2.1, color, 0.5)
    tilt = rng.uniform(-0.5, 0.5)
    ring = not plain and rng.random() < 0.7

    def orbit(reach: float, start: float, end: float) -> list[tuple[float, float]]:
        angles = (start + (end - start) * step / 50 for step in range(51))
        points = ((reach * cos(a), reach * 0.26 * sin(a)) for a in angles)
        return [
            (x + px * cos(tilt) - py * sin(tilt), y + px * sin(tilt) + py * cos(tilt))
            for px, py in points
        ]

    def rings(start: float, end: float) -> None:
        for inner, outer, tone in ((1.35, 1.62, 0.25), (1.68, 1.95, 0.6), (2.0, 2.08, 0.1)):
            band = [
                *orbit(radius * inner, start, end),
                *reversed(orbit(radius * outer, start, end)),
            ]
            canvas.fill([band], mix(palette.light, color, tone), opacity=0.85)

    if ring:
        rings(pi, 2 * pi)
    canvas.fill([ellipse(x, y, radius)], color)
    if not plain:
        for _ in range(rng.randint(4, 7)):
            middle, half = radius * rng.uniform(-0.85, 0.85), radius * rng.uniform(0.03, 0.13)
            edge = [
                (radius**2 - h**2) ** 0.5 if abs(h) < radius else 0
                for h in (middle - half, middle + half)
            ]
            corners = [
                (-edge[0], middle - half),
                (edge[0], middle - half),
                (edge[1], middle + half),
                (-edge[1], middle + half),
            ]
            canvas.fill(
                [
                    [
                        (x + px * cos(tilt) - py * sin(tilt), y + px * sin(tilt) + py * cos(tilt))
                        for px, py in corners
                    ]
                ],
                mix(color, rng.choice([palette.light, deep, palette.accent]), 0.3),
            )
    canvas.fill([ellipse(x, y, radius)], color, opacity=0.0, shade=deep, toward="right", reach=0.85)
    if ring:
        rings(0, pi)
