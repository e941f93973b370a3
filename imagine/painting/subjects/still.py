"""Flowers, and things on a table."""

from math import pi

from ..canvas import Canvas
from ..palettes import Palette, mix
from ..plants import blossom, leaf, sprig
from ..reading import Brief
from ..shapes import curve, ellipse, outline, placed


def flowers(canvas: Canvas, palette: Palette, brief: Brief) -> None:
    """A few great blossoms on stems before whatever is there."""
    rng, u, width, height = canvas.rng, canvas.u, canvas.width, canvas.height
    count = rng.choice([1, 3, 3, 5])
    tones = [
        palette.accent,
        mix(palette.accent, palette.light, 0.55),
        mix(palette.accent, palette.sky[0], 0.35),
        palette.light,
    ]
    green = mix(palette.near, (58, 120, 84), 0.4)
    spread = [0.5] if count == 1 else [0.14 + 0.72 * step / (count - 1) for step in range(count)]
    rng.shuffle(spread)
    for index, place in enumerate(spread):
        size = u * (rng.uniform(25, 31) if count == 1 else rng.uniform(12, 20))
        x, y = width * place + u * rng.uniform(-3, 3), height * rng.uniform(0.3, 0.62)
        if brief.setting != "plain":
            size, y = size * 0.7, height * rng.uniform(0.52, 0.74)
        foot = width * (0.5 + (place - 0.5) * 0.5)
        stem = curve(
            [
                (foot, height * 1.02),
                ((x * 2 + foot) / 3 + u * rng.uniform(-3, 3), (y + height) / 2),
                (x, y),
            ],
            steps=16,
        )
        canvas.strokes([stem], green, u * 1.1)
        for at in (8, 14, 19):
            lx, ly = stem[at]
            side = rng.choice([-1, 1])
            canvas.fill(
                [
                    leaf(
                        lx,
                        ly,
                        size * rng.uniform(0.6, 0.95),
                        -pi / 2 + side * rng.uniform(0.6, 1.1),
                    )
                ],
                green,
                shade=mix(green, palette.light, 0.4),
                toward="up",
                reach=0.5,
            )
        color = tones[(index + rng.randint(0, 1)) % len(tones)]
        heart = mix((250, 200, 90), palette.near, rng.choice([0.0, 0.15, 0.75]))
        blossom(canvas, x, y, size, color, heart, mix(color, palette.near, 0.65))


def vase(canvas: Canvas, palette: Palette, brief: Brief) -> None:
    """A jug with branches and fruit on a table."""
    rng, u, width, height = canvas.rng, canvas.u, canvas.width, canvas.height
    table = height * rng.uniform(0.72, 0.8)
    top = mix(palette.near, palette.accent, rng.uniform(0.1, 0.45))
    canvas.fill(
        [[(0, table), (width, table), (width, height), (0, height)]],
        top,
        shade=palette.near,
        toward="down",
        reach=0.7,
    )
    x, size = width * rng.uniform(0.4, 0.56), u * rng.uniform(26, 32)
    foot = table + (height - table) * 0.3
    for _ in range(rng.randint(4, 6)):
        sprig(
            canvas,
            x,
            foot - size * 0.9,
            u * rng.uniform(26, 44),
            -pi / 2 + rng.uniform(-0.7, 0.7),
            mix(palette.near, (62, 122, 90), rng.uniform(0.2, 0.6)),
        )
    for _ in range(rng.randint(2, 4)):
        blossom(
            canvas,
            x + u * rng.uniform(-17, 17),
            foot - size - u * rng.uniform(6, 26),
            u * rng.uniform(5, 9),
            mix(palette.accent, palette.light, rng.uniform(0, 0.6)),
            (250, 205, 110),
            palette.near,
        )
    side = curve(rng.choice([
        outline(".16,-1 .12,-.86 .34,-.62 .44,-.32 .24,0"),
        outline(".22,-1 .16,-.8 .2,-.55 .38,-.2 .3,0"),
        outline(".3,-1 .36,-.7 .3,-.35 .2,0"),
    ]))  # fmt: skip
    jug = placed([*side, *[(-px, py) for px, py in reversed(side)]], x, foot, size)
    canvas.fill(
        [ellipse(x + size * 0.25, foot, size * 0.7, size * 0.07)], palette.near, opacity=0.45
    )
    body = rng.choice([palette.light, palette.far, mix(palette.disc, palette.accent, 0.25)])
    canvas.fill([jug], body, shade=mix(body, palette.near, 0.6), toward="right", reach=0.75)
    for _ in range(rng.randint(2, 4)):
        fx, radius = x + rng.choice([-1, 1]) * u * rng.uniform(13, 34), u * rng.uniform(4.5, 6.5)
        fy = foot + u * rng.uniform(-1, 5) - radius
        color = rng.choice([(224, 92, 64), (240, 170, 60), palette.accent, (150, 170, 84)])
        canvas.fill(
            [ellipse(fx + radius * 0.5, fy + radius * 0.95, radius * 1.1, radius * 0.2)],
            palette.near,
            opacity=0.45,
        )
        canvas.fill(
            [ellipse(fx, fy, radius, radius * 0.94)],
            color,
            shade=mix(color, palette.near, 0.6),
            toward="right",
            reach=0.7,
        )
        canvas.strokes(
            [[(fx, fy - radius * 0.8), (fx + radius * 0.15, fy - radius * 1.3)]],
            palette.near,
            u * 0.5,
        )
        canvas.fill(
            [leaf(fx + radius * 0.1, fy - radius * 1.1, radius * 0.9, -0.5)],
            mix(palette.near, (80, 140, 84), 0.6),
        )
