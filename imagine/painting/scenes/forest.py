"""A wood."""

from ..canvas import Canvas
from ..palettes import Palette, mix
from ..plants import bush, conifer, leaf
from ..reading import Brief
from ..shapes import Shape, curve, ground, swell
from ..sky import disc, paint_sky


def forest(canvas: Canvas, palette: Palette, brief: Brief) -> None:
    """Either tall trunks in misty depth, or a wood of firs on hills."""
    rng, u, width, height = canvas.rng, canvas.u, canvas.width, canvas.height
    mist = mix(palette.sky[2], palette.light, 0.35)
    if rng.random() < 0.5:
        paint_sky(canvas, palette, brief, height * 0.6)
        canvas.gradient([palette.sky[2], palette.far], height * 0.6)
        for index in range(5):
            t = index / 4
            line = swell(rng, width, height * (0.5 + 0.42 * t), u * (7 - 3 * t), 1.3)
            color = palette.layer(0.08 + 0.9 * t)
            trees = 26 - 4 * index
            canvas.fill(
                [ground(line, height)], color, shade=mix(color, mist, 0.5), toward="down", reach=0.6
            )
            for _ in range(trees):
                x = rng.uniform(-0.02, 1.02) * width
                y = min(line, key=lambda point: abs(point[0] - x))[1] + u * 2
                conifer(
                    canvas,
                    x,
                    y,
                    u * rng.uniform(8, 14) * (0.8 + 1.6 * t),
                    color,
                    mix(color, mist, 0.5),
                )
            if t < 1:
                canvas.veil(mist, height * (0.5 + 0.42 * t), height * (0.68 + 0.42 * t), 0.55)
        return
    canvas.gradient(
        [mix(palette.sky[1], palette.far, 0.3), palette.sky[2], palette.sky[2], palette.far]
    )
    x, y = width * rng.uniform(0.3, 0.7), height * rng.uniform(0.3, 0.5)
    disc(canvas, palette, x, y, u * rng.uniform(9, 15))
    for index in range(4):
        t = index / 3
        color = palette.layer(0.12 + 0.88 * t)
        line = swell(rng, width, height * (0.7 + 0.2 * t), u * 3, 1.4)
        trunks: list[Shape] = []
        boughs: list[Shape] = []
        for _ in range(14 - 3 * index):
            foot, thick, lean = (
                rng.uniform(0, width),
                u * rng.uniform(0.7, 1.4) * (1 + 2.2 * t),
                u * rng.uniform(-2, 2),
            )
            if t > 0.6 and abs(foot - x) < width * 0.14:
                continue
            trunks.append(
                [
                    (foot - thick, height),
                    (foot - thick * 0.55 + lean, 0),
                    (foot + thick * 0.55 + lean, 0),
                    (foot + thick, height),
                ]
            )
            for _ in range(rng.randint(1, 3)):
                level, side = height * rng.uniform(0.05, 0.5), rng.choice([-1, 1])
                reach = u * rng.uniform(6, 15)
                boughs.append(
                    curve(
                        [
                            (foot + lean * (1 - level / height), level),
                            (foot + side * reach * 0.6, level - reach * 0.3),
                            (foot + side * reach, level - reach * 0.75),
                        ]
                    )
                )
        canvas.fill(
            trunks,
            color,
            shade=mix(color, mist, 0.55),
            toward="right" if x > width / 2 else "left",
            reach=0.35,
        )
        canvas.strokes(boughs, color, u * (0.35 + 0.5 * t))
        canvas.fill(
            [ground(line, height)], color, shade=mix(color, mist, 0.45), toward="up", reach=0.5
        )
        if t < 1:
            canvas.veil(mist, height * 0.5, height * (0.86 + 0.2 * t), 0.5)
    leaves = [
        leaf(
            rng.uniform(0, width),
            rng.uniform(-0.02, 0.16) * height,
            u * rng.uniform(3, 6),
            rng.uniform(0.3, 2.8),
        )
        for _ in range(70)
    ]
    canvas.fill(leaves, mix(palette.near, palette.accent, 0.25))
    bush(canvas, palette, height)
