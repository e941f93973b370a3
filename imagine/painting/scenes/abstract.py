"""Forms that are nothing but forms."""

from math import cos, pi, sin

from ..canvas import Canvas
from ..palettes import Color, Palette, mix
from ..reading import Brief
from ..shapes import curve, ellipse, ground, swell


def abstract(canvas: Canvas, palette: Palette, brief: Brief) -> None:
    rng, u, width, height = canvas.rng, canvas.u, canvas.width, canvas.height
    paper = mix(palette.light, palette.sky[2], 0.2) if not palette.is_dark else palette.sky[0]
    inks = [
        palette.accent,
        palette.far,
        palette.near if not palette.is_dark else palette.light,
        palette.sky[0],
        palette.sky[1],
        mix(palette.accent, palette.disc, 0.5),
    ]
    canvas.gradient([paper, mix(paper, palette.sky[2], 0.5)])
    kind = rng.choice(["tiles", "waves", "orbits"])
    if kind == "tiles":
        _tiles(canvas, inks, paper)
    elif kind == "waves":
        for index in range(9):
            t = index / 8
            line = swell(rng, width, height * (0.12 + 0.84 * t), u * 15, 0.9)
            color = mix(inks[index % len(inks)], paper, 0.1 * (index % 3))
            canvas.fill(
                [ground(line, height)],
                color,
                shade=mix(color, paper, 0.55),
                toward="down",
                reach=0.4 + 0.3 * (index % 2),
            )
        x, y, radius = (
            width * rng.uniform(0.3, 0.7),
            height * rng.uniform(0.16, 0.3),
            u * rng.uniform(10, 15),
        )
        canvas.fill(
            [ellipse(x, y, radius)], palette.disc, shade=palette.accent, toward="down", reach=0.8
        )
    else:
        for _ in range(5):
            x, y, radius = (
                rng.uniform(0.1, 0.9) * width,
                rng.uniform(0.1, 0.9) * height,
                u * rng.uniform(14, 36),
            )
            color = rng.choice(inks)
            if rng.random() < 0.6:
                canvas.fill(
                    [ellipse(x, y, radius)],
                    color,
                    opacity=0.92,
                    shade=mix(color, paper, 0.7),
                    toward=rng.choice(["down", "up", "left", "right"]),
                    reach=0.8,
                )
            else:
                turn = rng.uniform(0, 2 * pi)
                canvas.fill(
                    [
                        [
                            (
                                x + radius * cos(turn + pi * s / 40),
                                y + radius * sin(turn + pi * s / 40),
                            )
                            for s in range(41)
                        ]
                    ],
                    color,
                    shade=mix(color, paper, 0.6),
                    toward="down",
                    reach=0.6,
                )
        for _ in range(3):
            x, y = rng.uniform(0, 1) * width, rng.uniform(0, 1) * height
            canvas.strokes(
                [
                    [*ellipse(x, y, u * radius, points=90), (x + u * radius, y)]
                    for radius in range(6, 30, 4)
                ],
                rng.choice(inks),
                u * 0.45,
            )
        line = curve([(width * s / 4, height * rng.uniform(0.2, 0.8)) for s in range(5)], steps=20)
        canvas.strokes([line], rng.choice(inks), u * 1.6)
        for _ in range(14):
            canvas.fill(
                [
                    ellipse(
                        rng.uniform(0, width),
                        rng.uniform(0, height),
                        u * rng.uniform(0.8, 2.4),
                        points=24,
                    )
                ],
                rng.choice(inks),
            )


def _tiles(canvas: Canvas, inks: list[Color], paper: Color) -> None:
    """A grid of quarter circles, discs, leaves and stripes."""
    rng, width, height = canvas.rng, canvas.width, canvas.height
    side = min(width, height) / rng.choice([3, 4, 4, 5])
    columns, rows = round(width / side), round(height / side)
    wide, tall = width / columns, height / rows
    for column in range(columns):
        for row in range(rows):
            x, y = column * wide, row * tall
            under, over = rng.sample([*inks, paper], 2)
            canvas.fill([[(x, y), (x + wide, y), (x + wide, y + tall), (x, y + tall)]], under)
            shade = mix(over, under, 0.6)
            corner = rng.choice(
                [(x, y, 0), (x + wide, y, 1), (x + wide, y + tall, 2), (x, y + tall, 3)]
            )
            cx, cy, quarter = corner
            arc = [
                (
                    cx + wide * cos(pi / 2 * (quarter + s / 20)),
                    cy + tall * sin(pi / 2 * (quarter + s / 20)),
                )
                for s in range(21)
            ]
            kind = rng.choice(["quarter", "quarter", "disc", "leaf", "half", "rings", "plain"])
            if kind == "quarter":
                canvas.fill(
                    [[(cx, cy), *arc]],
                    over,
                    shade=shade,
                    toward=rng.choice(["down", "right"]),
                    reach=0.7,
                )
            elif kind == "disc":
                canvas.fill(
                    [ellipse(x + wide / 2, y + tall / 2, wide * 0.34, tall * 0.34)],
                    over,
                    shade=shade,
                    toward="down",
                    reach=0.7,
                )
            elif kind == "leaf":
                one = [
                    (x + wide * sin(pi / 2 * s / 16), y + tall * (1 - cos(pi / 2 * s / 16)))
                    for s in range(17)
                ]
                other = [
                    (x + wide * (1 - cos(pi / 2 * s / 16)), y + tall * sin(pi / 2 * s / 16))
                    for s in range(17)
                ]
                canvas.fill([[*one, *reversed(other)]], over, shade=shade, toward="down", reach=0.6)
            elif kind == "half":
                canvas.fill(
                    [
                        [
                            (
                                x + wide / 2 - wide / 2 * cos(pi * s / 24),
                                y + tall * 0.75 - tall / 2 * sin(pi * s / 24),
                            )
                            for s in range(25)
                        ]
                    ],
                    over,
                    shade=shade,
                    toward="down",
                    reach=0.6,
                )
            elif kind == "rings":
                for ring, tone in enumerate((over, under, over, under)):
                    part = 1 - 0.25 * ring
                    canvas.fill(
                        [
                            [
                                (cx, cy),
                                *[(cx + (px - cx) * part, cy + (py - cy) * part) for px, py in arc],
                            ]
                        ],
                        tone,
                    )
