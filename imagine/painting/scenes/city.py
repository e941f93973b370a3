"""A skyline, sometimes above a river."""

from collections.abc import Callable
from math import cos, pi, sin

from PIL import Image, ImageOps

from ..canvas import Canvas
from ..palettes import Color, Palette, mix
from ..reading import Brief
from ..shapes import Point, Shape, ellipse, outline, placed
from ..sky import paint_sky


def city(canvas: Canvas, palette: Palette, brief: Brief) -> None:
    rng, u, height = canvas.rng, canvas.u, canvas.height
    water = rng.random() < 0.45
    base = height * (rng.uniform(0.72, 0.8) if water else 1.0)
    paint_sky(canvas, palette, brief, base * 0.92)
    mist = mix(palette.sky[2], palette.light, 0.25)
    lit = palette.is_dark or brief.light in ("sunset", "dusk", "overcast")
    lamp = mix(palette.accent, (255, 214, 140), 0.6)
    for row, t in enumerate((0.0, 0.35, 0.68, 1.0)):
        color = palette.layer(0.1 + 0.88 * t)
        tall = base * (0.56 - 0.11 * row) * rng.uniform(0.9, 1.1)
        _blocks(
            canvas,
            color,
            mix(color, mist, 0.5),
            base,
            tall,
            u * (6 + 6 * t),
            lamp if lit and row else None,
        )
        if row < 2:
            canvas.veil(mist, base - tall * 0.5, base + height * 0.08, 0.5)
    if water:
        _quay(canvas, palette, base, lamp if lit else None)


def _blocks(
    canvas: Canvas, color: Color, pale: Color, base: float, tall: float, wide: float,
    lamp: Color | None,
) -> None:  # fmt: skip
    """A row of houses that stand on `base`, about `tall` and `wide`; lamps light some windows."""
    rng, u = canvas.rng, canvas.u
    houses: list[Shape] = []
    windows: list[Shape] = []
    masts: list[Shape] = []
    x = -wide * rng.random()
    while x < canvas.width:
        across = wide * rng.uniform(0.6, 1.5)
        rise = tall * (rng.uniform(0.35, 0.75) if rng.random() < 0.78 else rng.uniform(0.85, 1.15))
        top = base - rise
        roof = rng.choice(["flat", "flat", "flat", "slant", "step", "spire", "dome"])
        crown = [
            (x + across * px, top + across * py) for px, py in ROOFS[roof](rng.uniform(-0.4, 0.4))
        ]
        houses.append([(x, base), *crown, (x + across, base)])
        if roof == "flat" and rng.random() < 0.4:
            place = x + across * rng.uniform(0.2, 0.8)
            masts.append([(place, top), (place, top - u * rng.uniform(2, 7))])
        if lamp:
            windows += _windows(canvas, x, top, across, rise)
        x += across + wide * rng.choice([0, 0, 0.12, 0.3])
    canvas.fill(houses, color, shade=pale, toward="down", reach=0.55)
    canvas.strokes(masts, color, u * 0.28)
    if lamp:
        canvas.fill(windows, lamp, opacity=0.85)


ROOFS: dict[str, Callable[[float], list[Point]]] = {
    "flat": lambda _: [(0, 0), (1, 0)],
    "slant": lambda lean: [(0, 0), (1, lean)],
    "step": lambda _: outline("0,0 .2,0 .2,-.2 .8,-.2 .8,0 1,0"),
    "spire": lambda _: outline("0,0 .34,-.4 .5,-1.6 .66,-.4 1,0"),
    "dome": lambda _: [
        (0.5 - 0.5 * cos(pi * step / 14), -0.4 * sin(pi * step / 14)) for step in range(15)
    ],
}
"""The upper edge of a house one wide, from left to right, by the name of its roof."""


def _windows(canvas: Canvas, x: float, top: float, across: float, rise: float) -> list[Shape]:
    """About a third of a house's windows."""
    rng, u = canvas.rng, canvas.u
    columns = max(2, round(across / (u * 1.9)))
    step = across / columns
    places = [
        (x + step * (column + 0.28), top + row * u * 2.5)
        for column in range(columns)
        for row in range(1, int(rise * 0.94 / (u * 2.5)))
        if rng.random() < 0.3
    ]
    pane = [(0, 0), (step * 0.45, 0), (step * 0.45, u * 1.25), (0, u * 1.25)]
    return [placed(pane, left, low, 1) for left, low in places]


def _quay(canvas: Canvas, palette: Palette, base: float, lamp: Color | None) -> None:
    """The city upside down in a river, broken by ripples."""
    rng, u, width, height = canvas.rng, canvas.u, canvas.width, canvas.height
    shore = round(base)
    mirror = ImageOps.flip(
        canvas.image.crop((0, shore - min(shore, 2 * (height - shore)), width, shore))
    )
    canvas.image.paste(mirror.resize((width, height - shore)), (0, shore))
    tone = Image.new("RGB", (width, height - shore), mix(palette.near, palette.sky[0], 0.35))
    canvas.image.paste(
        tone,
        (0, shore),
        Image.linear_gradient("L")
        .resize((width, height - shore))
        .point([110 + v * 110 // 255 for v in range(256)]),
    )
    ripples = [
        ellipse(
            rng.uniform(0, width),
            rng.uniform(shore, height),
            u * rng.uniform(2, 12),
            u * rng.uniform(0.1, 0.28),
            points=18,
        )
        for _ in range(90)
    ]
    canvas.fill(ripples, lamp or palette.light, opacity=0.38)
    canvas.fill(
        [
            [
                (0, shore - u * 0.8),
                (width, shore - u * 0.8),
                (width, shore + u * 0.5),
                (0, shore + u * 0.5),
            ]
        ],
        palette.near,
    )
