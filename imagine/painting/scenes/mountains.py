"""Mountains with a light and a dark side."""

from ..canvas import Canvas
from ..palettes import Palette, mix
from ..plants import treeline
from ..reading import Brief
from ..shapes import ground, ridge, swell
from ..sky import paint_sky


def mountains(canvas: Canvas, palette: Palette, brief: Brief) -> None:
    rng, u, width, height = canvas.rng, canvas.u, canvas.width, canvas.height
    horizon = height * rng.uniform(0.58, 0.72)
    paint_sky(canvas, palette, brief, horizon)
    mist = mix(palette.sky[2], palette.light, 0.3)
    canvas.fill(
        [ground(ridge(rng, width, horizon, height * 0.2, 0.54), height)],
        palette.layer(0.0),
        shade=mist,
        toward="down",
        reach=0.7,
    )
    peaks(canvas, palette, horizon)
    canvas.veil(mist, horizon - height * 0.1, horizon + height * 0.14, 0.75)
    layers = 4
    for index in range(layers):
        t = (index + 1) / layers
        level = horizon + (height - horizon) * (0.1 + 0.82 * t**1.15)
        line = (
            ridge(rng, width, level, height * 0.12 * (1.1 - 0.4 * t), 0.5)
            if index % 2
            else swell(rng, width, level - u * 3, u * 6, 1.2)
        )
        canvas.fill(
            [ground(line, height)],
            palette.layer(0.3 + 0.7 * t),
            shade=mix(palette.layer(0.3 + 0.7 * t), mist, 0.55),
            toward="down",
            reach=0.62 if t < 1 else 0.2,
        )
        if index >= 2:
            treeline(canvas, line, palette.layer(0.3 + 0.7 * t), u * (2.2 + 4.5 * (t - 0.5)), 0.7)


def peaks(canvas: Canvas, palette: Palette, base: float) -> None:
    """One to three great mountains with a light and a dark side, and snow."""
    rng, width, height = canvas.rng, canvas.width, canvas.height
    count = rng.randint(1, 3)
    places = sorted(rng.uniform(0.15, 0.85) for _ in range(count))
    sizes = [rng.uniform(0.24, 0.34) for _ in range(count)]
    sizes[rng.randrange(count)] = rng.uniform(0.36, 0.46)
    for place, size in sorted(zip(places, sizes, strict=True), key=lambda item: -item[1]):
        x, tall = place * width, size * height
        half = tall * rng.uniform(0.85, 1.25)
        left, right = _slope(canvas, x, base, tall, -half), _slope(canvas, x, base, tall, half)
        body, dark = palette.layer(0.22), palette.layer(0.5)
        canvas.fill(
            [[*left, *reversed(right)]],
            body,
            shade=mix(body, palette.sky[2], 0.6),
            toward="down",
            reach=0.8,
        )
        spine = _slope(canvas, x, base, tall, half * rng.uniform(-0.2, 0.15), 0.5)
        canvas.fill(
            [[*spine, *reversed(right)]],
            dark,
            opacity=0.8,
            shade=mix(body, palette.sky[2], 0.5),
            toward="down",
            reach=0.75,
        )
        cut = rng.uniform(0.26, 0.42)
        cap = [point for point in left if point[1] < base - tall * (1 - cut)]
        edge = [point for point in right if point[1] < base - tall * (1 - cut)]
        if len(cap) > 1 and len(edge) > 1:
            (ax, ay), (bx, by) = cap[-1], edge[-1]
            teeth = [
                (
                    ax + (bx - ax) * s / 8,
                    (ay + by) / 2 + tall * (0.1 if s % 2 else -0.02) * rng.uniform(0.5, 1.2),
                )
                for s in range(1, 8)
            ]
            snow = mix(palette.light, palette.sky[2], 0.15)
            canvas.fill([[*cap, *teeth, *reversed(edge)]], snow)
            shadow = [(max(px, x + (py - base + tall) * 0.1), py) for px, py in teeth if px > x]
            canvas.fill([[cap[0], *shadow, *reversed(edge)]], mix(snow, dark, 0.4))


def _slope(
    canvas: Canvas, x: float, base: float, tall: float, half: float, jitter: float = 1
) -> list[tuple[float, float]]:
    rng = canvas.rng
    steps = 12
    line = [(x, base - tall)]
    for step in range(1, steps + 1):
        t = step / steps
        offset = rng.uniform(-0.035, 0.035) * tall * jitter
        line.append((x + half * t**0.92 + offset, base - tall * (1 - t) + offset * 0.3))
    return line
