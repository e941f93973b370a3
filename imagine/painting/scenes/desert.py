"""Dunes."""

from ..canvas import Canvas
from ..palettes import Palette, mix
from ..plants import cactus
from ..reading import Brief
from ..shapes import curve, ground, swell
from ..sky import paint_sky


def desert(canvas: Canvas, palette: Palette, brief: Brief) -> None:
    rng, u, width, height = canvas.rng, canvas.u, canvas.width, canvas.height
    horizon = height * rng.uniform(0.5, 0.62)
    paint_sky(canvas, palette, brief, horizon)
    sand = mix(palette.light, (232, 150, 84), 0.62 if not palette.is_dark else 0.3)
    if palette.is_dark:
        sand = mix(sand, palette.far, 0.6)
    dark = mix(palette.near, (140, 62, 48), 0.35)
    if rng.random() < 0.5:
        for _ in range(rng.randint(1, 3)):
            x, size = rng.uniform(0.1, 0.9) * width, u * rng.uniform(16, 30)
            top = (x, horizon - size * 0.62)
            canvas.fill(
                [[top, (x - size, horizon + u), (x + size, horizon + u)]],
                mix(sand, palette.far, 0.5),
            )
            canvas.fill(
                [[top, (x + size * 0.25, horizon + u), (x + size, horizon + u)]],
                mix(sand, dark, 0.55),
                opacity=0.8,
            )
    canvas.gradient([mix(sand, palette.far, 0.35), sand], horizon)
    layers = 5
    for index in range(layers):
        t = index / (layers - 1)
        level = horizon + (height - horizon) * (0.04 + 0.8 * t**1.2)
        line = swell(rng, width, level, u * (3 + 8 * t), 1.1 - 0.3 * t)
        lit = mix(mix(sand, palette.far, 0.35), sand, t)
        canvas.fill(
            [ground(line, height)],
            lit,
            shade=mix(lit, dark, 0.5),
            toward=rng.choice(["down", "right", "left"]),
            reach=0.75,
        )
        crest = max(range(20, 77), key=lambda step: -line[step][1])
        fall = curve(
            [
                line[crest],
                (line[crest][0] + u * 9, line[crest][1] + u * 9),
                (line[crest][0] + u * 2, line[crest][1] + u * 20),
                (line[crest][0] + u * 24, height),
            ]
        )
        canvas.fill(
            [[*line[crest:], (width, height), *reversed(fall)]], mix(lit, dark, 0.42), opacity=0.75
        )
    if rng.random() < 0.7:
        for _ in range(rng.randint(1, 3)):
            cactus(
                canvas,
                palette,
                rng.uniform(0.08, 0.92) * width,
                height * rng.uniform(0.84, 0.98),
                u * rng.uniform(14, 26),
            )
