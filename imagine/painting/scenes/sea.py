"""The sea, with a boat, islands, a cliff."""

from math import pi, sin

from ..canvas import Canvas
from ..palettes import Palette, mix
from ..plants import conifer
from ..reading import Brief
from ..shapes import Shape, curve, ellipse, ground, outline, placed, ridge, swell
from ..sky import paint_sky


def sea(canvas: Canvas, palette: Palette, brief: Brief) -> None:
    rng, u, width, height = canvas.rng, canvas.u, canvas.width, canvas.height
    horizon = height * rng.uniform(0.46, 0.62)
    x, _ = paint_sky(canvas, palette, brief, horizon)
    if rng.random() < 0.75:
        for depth in (0.12, 0.34)[: rng.randint(1, 2)]:
            start, size = rng.uniform(-0.1, 0.8) * width, width * rng.uniform(0.25, 0.55)
            line = placed(ridge(rng, 1, 0, 0.24, 0.52), start, horizon, size)
            taper = [
                (px, horizon - (horizon - py) * sin(pi * (px - start) / size)) for px, py in line
            ]
            canvas.fill(
                [taper], palette.layer(depth), shade=palette.layer(depth + 0.25), toward="down"
            )
    deep = mix(palette.near, palette.sky[0], 0.42)
    canvas.gradient(
        [mix(palette.sky[2], palette.far, 0.25), mix(palette.sky[1], palette.far, 0.5), deep],
        horizon,
    )
    _glitter(canvas, palette, x, horizon)
    rows = 5
    for row in range(rows):
        t = (row + 1) / rows
        level = horizon + (height - horizon) * (0.22 + 0.74 * t**1.3)
        line = swell(rng, width, level, u * (0.8 + 2.4 * t), 2.2 - t)
        color = mix(mix(palette.sky[1], palette.far, 0.5), palette.near, 0.25 + 0.6 * t)
        canvas.fill(
            [ground(line, height)],
            color,
            opacity=0.55,
            shade=palette.near,
            toward="down",
            reach=0.5,
        )
        canvas.strokes([line], palette.light, u * (0.12 + 0.22 * t), 0.5)
    if rng.random() < 0.6:
        _sailboat(
            canvas,
            palette,
            width * rng.uniform(0.2, 0.8),
            horizon + (height - horizon) * rng.uniform(0.16, 0.3),
        )
    if rng.random() < 0.4:
        _headland(canvas, palette)


def _glitter(canvas: Canvas, palette: Palette, x: float, horizon: float) -> None:
    rng, u, height = canvas.rng, canvas.u, canvas.height
    dashes: list[Shape] = []
    y = horizon + u * 0.8
    while y < height:
        t = (y - horizon) / (height - horizon)
        reach = u * (5 + 12 * t) * rng.uniform(0.4, 1.0)
        middle = x + u * rng.uniform(-2.5, 2.5) * (0.5 + t)
        dashes.append(ellipse(middle, y, reach, u * (0.2 + 0.5 * t), points=24))
        y += u * (1.0 + 3.4 * t)
    canvas.fill(dashes, palette.disc, opacity=0.82)


def _sailboat(canvas: Canvas, palette: Palette, x: float, y: float) -> None:
    size = canvas.u * canvas.rng.uniform(4.5, 9)
    mirror = canvas.rng.random() < 0.5

    def put(points: Shape) -> Shape:
        return placed(points, x, y, size, mirror)

    canvas.fill(
        [put([*curve(outline(".06,-1.9 .55,-1 .9,-.2")), (0.06, -0.2)])],
        palette.light,
        shade=mix(palette.light, palette.accent, 0.5),
        toward="down",
        reach=0.6,
    )
    canvas.fill(
        [put([*curve(outline("-.05,-1.6 -.34,-.9 -.66,-.2")), (-0.05, -0.2)])], palette.accent
    )
    canvas.fill([put([*curve(outline("-.85,-.08 -.55,.22 .6,.22 1,-.12"))])], palette.near)
    canvas.fill([ellipse(x, y + size * 0.42, size * 0.8, size * 0.06)], palette.near, opacity=0.35)


def _headland(canvas: Canvas, palette: Palette) -> None:
    """A cliff at one side of the foreground, with a lighthouse or trees."""
    rng, u, width, height = canvas.rng, canvas.u, canvas.width, canvas.height
    mirror = rng.random() < 0.5
    reach, rise = rng.uniform(0.34, 0.5), rng.uniform(0.2, 0.3)
    points = [
        (0, -rise),
        (reach * 0.35, -rise * 1.04),
        (reach * 0.6, -rise * 0.72),
        (reach * 0.78, -rise * 0.66),
        (reach * 0.9, -rise * 0.25),
        (reach, 0),
    ]
    line = curve(points)
    shape = [*line, (0, 0.0)]

    def put(points: Shape) -> Shape:
        return [
            ((width - px * width) if mirror else px * width, height + py * height)
            for px, py in points
        ]

    canvas.fill(
        [put(shape)],
        palette.near,
        shade=mix(palette.near, palette.accent, 0.35),
        toward="left" if mirror else "right",
        reach=0.5,
    )
    x, y = put([(reach * 0.2, -rise * 1.02)])[0]
    if rng.random() < 0.6:
        lighthouse(canvas, palette, x, y + u, u * 17)
    else:
        for offset in (-4, 0.5, 5):
            conifer(
                canvas,
                x + offset * u,
                y + u,
                u * rng.uniform(9, 15),
                palette.near,
                mix(palette.near, palette.far, 0.35),
            )


def lighthouse(canvas: Canvas, palette: Palette, x: float, y: float, size: float) -> None:
    def put(points: Shape) -> Shape:
        return placed(points, x, y, size)

    canvas.glow(x, y - size * 0.93, size * 0.7, palette.disc, 0.9)
    canvas.fill(
        [put(outline("-.15,0 -.1,-.82 .1,-.82 .15,0"))],
        palette.light,
        shade=palette.far,
        toward="right",
        reach=0.6,
    )
    for low, high in ((-0.2, -0.34), (-0.52, -0.66)):
        canvas.fill(
            [
                put(
                    [
                        (-0.15 - low * 0.06, low),
                        (-0.15 - high * 0.06, high),
                        (0.15 + high * 0.06, high),
                        (0.15 + low * 0.06, low),
                    ]
                )
            ],
            palette.accent,
        )
    canvas.fill(
        [
            put(outline("-.14,-.82 -.14,-.86 .14,-.86 .14,-.82")),
            put(outline("-.09,-.98 0,-1.1 .09,-.98")),
        ],
        palette.near,
    )
    canvas.fill([put(outline("-.07,-.86 -.07,-.98 .07,-.98 .07,-.86"))], palette.disc)
