"""Rolling fields."""

from ..canvas import Canvas
from ..palettes import Color, Palette, mix
from ..plants import bush, round_tree
from ..reading import Brief
from ..shapes import Shape, ground, swell
from ..sky import paint_sky


def field(canvas: Canvas, palette: Palette, brief: Brief) -> None:
    rng, u, width, height = canvas.rng, canvas.u, canvas.width, canvas.height
    horizon = height * rng.uniform(0.46, 0.6)
    paint_sky(canvas, palette, brief, horizon)
    canvas.fill(
        [ground(swell(rng, width, horizon - u, u * 5, 1.4), height)],
        palette.layer(0.05),
        shade=palette.sky[2],
        toward="down",
        reach=0.6,
    )
    canvas.gradient([palette.layer(0.05), palette.layer(0.3)], horizon)
    green = mix(
        palette.far,
        (122, 158, 74),
        0.45 if brief.light not in ("sunset", "night", "dusk") else 0.12,
    )
    layers = 4
    for index in range(layers):
        t = (index + 1) / layers
        level = horizon + (height - horizon) * (0.02 + 0.7 * (index / layers) ** 1.1)
        line = swell(rng, width, level, u * (4 + 3 * t), 1.1 - 0.3 * t)
        color = mix(green, palette.near, 0.12 + 0.6 * t)
        canvas.fill(
            [ground(line, height)],
            color,
            shade=mix(color, palette.light, 0.35),
            toward="up",
            reach=0.55,
        )
        if index in (1, 2):
            _rows(
                canvas,
                line,
                mix(color, palette.accent if rng.random() < 0.5 else palette.near, 0.5),
                height,
            )
        for _ in range(rng.randint(1, 4) if index < 2 else 0):
            x = rng.uniform(0, width)
            y = min(line, key=lambda point: abs(point[0] - x))[1] + u * 0.6
            round_tree(
                canvas,
                x,
                y,
                u * rng.uniform(5, 10) * (0.8 + t),
                palette.layer(0.45 + 0.3 * t),
                mix(palette.layer(0.4), palette.light, 0.3),
            )
    if rng.random() < 0.5:
        x = width * rng.choice([rng.uniform(0.15, 0.35), rng.uniform(0.65, 0.85)])
        round_tree(
            canvas,
            x,
            height * 0.86,
            u * rng.uniform(30, 44),
            palette.near,
            mix(palette.near, palette.accent, 0.5),
        )
    bush(canvas, palette, height)


def _rows(canvas: Canvas, line: Shape, color: Color, bottom: float) -> None:
    """Furrows that run from a hill's crest towards the painter."""
    vanish = canvas.width * canvas.rng.uniform(0.3, 0.7)
    top = min(y for _, y in line)
    furrows = []
    for step in range(-14, 15):
        x, y = line[
            min(
                len(line) - 1,
                max(0, round((vanish / canvas.width + step * 0.045) * (len(line) - 1))),
            )
        ]
        furrows.append([(x, y), (vanish + (x - vanish) * 4.2, y + (bottom - top) * 0.9)])
    canvas.strokes(furrows, color, canvas.u * 0.5, 0.55)
