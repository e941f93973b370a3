"""Skies: their colours, sun or moon, clouds, stars; and the weather before them."""

from math import cos, pi, sin

from .canvas import Canvas
from .palettes import Palette, mix
from .reading import Brief
from .shapes import bar, curve, ellipse, placed


def paint_sky(
    canvas: Canvas, palette: Palette, brief: Brief, horizon: float, *, low: bool | None = None
) -> tuple[float, float]:
    """Sky down to `horizon` (pixels) with its light; returns where the disc stands."""
    rng, u, width = canvas.rng, canvas.u, canvas.width
    canvas.gradient(palette.sky, 0, horizon)
    night = palette.is_dark and brief.light != "sunset"
    if night:
        stars(canvas, palette, horizon)
    if brief.weather == "aurora":
        aurora(canvas, horizon)
    if low is None:
        low = brief.light in ("sunset", "dawn", "dusk")
    radius = u * rng.uniform(7, 12) * (1.25 if low else 1)
    x = width * rng.choice([rng.uniform(0.22, 0.4), 0.5, rng.uniform(0.6, 0.78)])
    y = horizon - radius * rng.uniform(-0.15, 1.3) if low else horizon * rng.uniform(0.24, 0.44)
    crescent = night and rng.random() < 0.4
    if brief.weather not in ("rain", "fog"):
        disc(canvas, palette, x, y, radius, crescent=crescent)
    if not night or rng.random() < 0.35:
        clouds(canvas, palette, horizon)
    return x, y


def disc(
    canvas: Canvas, palette: Palette, x: float, y: float, radius: float, *, crescent: bool = False
) -> None:
    """Sun or moon with its halo: rings, as a poster prints them, in a grainy glow."""
    rng = canvas.rng
    canvas.glow(x, y, radius * 4.5, palette.disc, 0.55)
    if crescent:
        turn = rng.uniform(-0.9, -0.2)
        outer = [
            (radius * cos(a), radius * sin(a)) for a in (pi * s / 40 - pi / 2 for s in range(41))
        ]
        inner = curve(
            [
                (0, radius),
                (radius * 0.42, radius * 0.55),
                (radius * 0.42, -radius * 0.55),
                (0, -radius),
            ]
        )
        canvas.fill([placed([*outer, *inner], x, y, 1, angle=turn)], palette.disc)
        return
    for ring in range(rng.choice([0, 2, 3]), 0, -1):
        canvas.fill([ellipse(x, y, radius * (1 + ring * 0.42))], palette.disc, opacity=0.13)
    canvas.fill(
        [ellipse(x, y, radius)],
        palette.disc,
        shade=mix(palette.disc, palette.sky[1], 0.6),
        toward="down",
        reach=0.7,
    )


def stars(canvas: Canvas, palette: Palette, horizon: float, density: float = 1) -> None:
    rng, u = canvas.rng, canvas.u
    area = canvas.width * horizon / (u * u)
    top = ((0.0, 0.0), (float(canvas.width), horizon * 0.92))
    canvas.sprinkle(palette.light, round(area / 90 * density), u * 0.12, top, 0.75)
    canvas.sprinkle(palette.light, round(area / 700 * density), u * 0.26, top)
    for _ in range(rng.randint(2, 6)):
        x, y, size = (
            rng.uniform(0, canvas.width),
            rng.uniform(0, horizon * 0.7),
            u * rng.uniform(0.9, 1.7),
        )
        points = []
        for step in range(8):
            reach = size if step % 2 == 0 else size * 0.16
            points.append((x + reach * cos(pi * step / 4), y + reach * sin(pi * step / 4)))
        canvas.fill([points], palette.light)


def clouds(canvas: Canvas, palette: Palette, horizon: float) -> None:
    """Bars with round ends, one kind for each picture: long streaks or heaped clouds."""
    rng, u = canvas.rng, canvas.u
    heaped = rng.random() < 0.45
    color = mix(palette.sky[2], palette.light, 0.6)
    for _ in range(rng.randint(2, 5)):
        x, y = rng.uniform(-0.05, 1.0) * canvas.width, horizon * rng.uniform(0.1, 0.72)
        length, thick = u * rng.uniform(14, 38), u * rng.uniform(1.0, 1.9)
        if heaped:
            _heap(canvas, palette, x, y, length * 0.8)
            continue
        bars = []
        for row in range(rng.randint(2, 4)):
            start = x + length * rng.uniform(-0.35, 0.35)
            half = length * rng.uniform(0.25, 0.55)
            bars.append(
                bar(start - half, start + half, y + row * thick * 1.35, thick * rng.uniform(0.5, 1))
            )
        canvas.fill(bars, color, opacity=0.62)


def _heap(canvas: Canvas, palette: Palette, x: float, y: float, length: float) -> None:
    rng = canvas.rng
    outline = [(x - length / 2, y)]
    bumps = rng.randint(3, 5)
    for bump in range(bumps):
        middle = x - length / 2 + length * (bump + 0.5) / bumps
        height = length * (0.13 + 0.2 * sin(pi * (bump + 0.5) / bumps)) * rng.uniform(0.75, 1.2)
        half = length / bumps * 0.7
        outline += [
            (middle - half * cos(a), y - height * sin(a) ** 0.8)
            for a in (pi * s / 12 for s in range(1, 12))
        ]
    outline.append((x + length / 2, y))
    canvas.fill(
        [outline], mix(palette.sky[2], palette.light, 0.7), opacity=0.9,
        shade=mix(palette.sky[1], palette.far, 0.25), toward="down", reach=0.75,
    )  # fmt: skip


def aurora(canvas: Canvas, horizon: float) -> None:
    """Curtains of light, brightest along their lower edge."""
    rng, width = canvas.rng, canvas.width
    for color in ((84, 240, 170), (110, 200, 255), (190, 120, 240)):
        base = horizon * rng.uniform(0.42, 0.72)
        knots = [
            (width * (step / 5 * 1.1 - 0.05), base + rng.uniform(-0.16, 0.16) * horizon)
            for step in range(6)
        ]
        line = curve(knots, steps=14)
        for band in range(10):
            height = horizon * 0.05 * (band + 1)
            canvas.fill(
                [[*line, *[(x, y - height) for x, y in reversed(line)]]], color, opacity=0.085
            )


def weather(canvas: Canvas, palette: Palette, brief: Brief) -> None:
    """Rain, snow or mist before everything else."""
    rng, u, width, height = canvas.rng, canvas.u, canvas.width, canvas.height
    box = ((0.0, 0.0), (float(width), float(height)))
    if brief.weather == "snowfall":
        for count, size, opacity in ((150, 0.28, 0.7), (60, 0.5, 0.85), (16, 0.95, 0.9)):
            canvas.sprinkle(palette.light, count, u * size, box, opacity)
    elif brief.weather == "rain":
        lean = rng.uniform(-0.3, 0.3)
        for count, length, thick, opacity in ((170, 4, 0.16, 0.45), (60, 7, 0.26, 0.5)):
            drops = []
            for _ in range(count):
                x, y, size = (
                    rng.uniform(-0.1, 1.1) * width,
                    rng.uniform(-0.05, 1) * height,
                    u * length * rng.uniform(0.6, 1.3),
                )
                drops.append([(x, y), (x + lean * size, y + size)])
            canvas.strokes(drops, palette.light, u * thick, opacity)
    elif brief.weather == "fog":
        mist = mix(palette.sky[2], palette.light, 0.4)
        for _ in range(3):
            middle, half = height * rng.uniform(0.42, 0.95), height * rng.uniform(0.1, 0.2)
            canvas.veil(mist, middle - half, middle + half, 0.62)
