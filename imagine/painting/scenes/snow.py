"""A winter's hills with a cabin."""

from ..canvas import Canvas
from ..palettes import Color, Palette, mix
from ..plants import conifer
from ..reading import Brief
from ..shapes import Shape, ground, outline, placed, ridge, swell
from ..sky import paint_sky


def snow(canvas: Canvas, palette: Palette, brief: Brief) -> None:
    rng, u, width, height = canvas.rng, canvas.u, canvas.width, canvas.height
    horizon = height * rng.uniform(0.52, 0.64)
    paint_sky(canvas, palette, brief, horizon)
    white = mix(palette.light, palette.sky[1], 0.12 if not palette.is_dark else 0.35)
    shadow = mix(palette.far, palette.sky[0], 0.5)
    canvas.fill(
        [ground(ridge(rng, width, horizon + u, height * 0.16, 0.52), height)],
        mix(palette.far, palette.sky[2], 0.4),
        shade=white,
        toward="down",
        reach=0.8,
    )
    for index in range(4):
        t = index / 3
        level = horizon + (height - horizon) * (0.05 + 0.72 * t)
        line = swell(rng, width, level, u * (3 + 3 * t), 1.2 - 0.3 * t)
        canvas.fill(
            [ground(line, height)],
            mix(white, shadow, 0.3 * (1 - t)),
            shade=mix(white, shadow, 0.6),
            toward="down",
            reach=0.7,
        )
        for _ in range(rng.randint(3, 8) if index < 3 else rng.randint(1, 3)):
            x = (
                rng.uniform(0, width)
                if index < 3
                else width * rng.choice([rng.uniform(0, 0.2), rng.uniform(0.8, 1)])
            )
            y = min(line, key=lambda point: abs(point[0] - x))[1] + u
            conifer(
                canvas,
                x,
                y,
                u * rng.uniform(6, 10) * (1 + 2.1 * t),
                palette.layer(0.35 + 0.6 * t),
                white,
                caps=True,
            )
        if index == 1:
            _cabin(
                canvas,
                palette,
                width * rng.uniform(0.25, 0.75),
                level + u * 3,
                u * rng.uniform(8, 12),
                white,
            )


def _cabin(canvas: Canvas, palette: Palette, x: float, y: float, size: float, white: Color) -> None:
    def put(points: Shape) -> Shape:
        return placed(points, x, y, size)

    wall = mix(palette.near, (110, 52, 40), 0.45)
    canvas.glow(x, y - size * 0.4, size * 2.2, (255, 206, 120), 0.55)
    canvas.fill([put(outline(".35,-.9 .35,-1.45 .55,-1.45 .55,-.8"))], palette.near)
    canvas.fill(
        [put(outline("-.8,0 -.8,-.6 0,-1.15 .8,-.6 .8,0"))],
        wall,
        shade=palette.near,
        toward="down",
        reach=0.6,
    )
    canvas.fill([put(outline("-1.02,-.48 0,-1.2 1.02,-.48 .95,-.66 0,-1.42 -.95,-.66"))], white)
    windows = [
        put([(left, -0.2), (left, -0.52), (left + 0.3, -0.52), (left + 0.3, -0.2)])
        for left in (-0.55, 0.25)
    ]
    canvas.fill(windows, (255, 214, 130))
