"""Mountains that stand on their heads in still water."""

from PIL import Image, ImageOps

from ..canvas import Canvas
from ..palettes import Palette, mix
from ..plants import conifer, treeline
from ..reading import Brief
from ..shapes import Shape, ellipse, ground, swell
from ..sky import paint_sky
from .mountains import peaks


def lake(canvas: Canvas, palette: Palette, brief: Brief) -> None:
    """Mountains or hills that stand on their heads in still water."""
    rng, u, width, height = canvas.rng, canvas.u, canvas.width, canvas.height
    shore = round(height * rng.uniform(0.52, 0.6))
    paint_sky(canvas, palette, brief, shore, low=False)
    mist = mix(palette.sky[2], palette.light, 0.3)
    peaks(canvas, palette, shore)
    for index in range(3):
        t = index / 2
        line = swell(rng, width, shore - u * (11 - 5 * index), u * (5 - index), 1.0 + 0.4 * index)
        color = palette.layer(0.3 + 0.4 * t)
        canvas.fill(
            [ground(line, shore)], color, shade=mix(color, mist, 0.6), toward="down", reach=0.7
        )
        if index == 2:
            treeline(canvas, line, palette.layer(0.72), u * 3.4, 0.8)
            canvas.fill([ground(line, shore)], palette.layer(0.72))
    mirror = ImageOps.flip(canvas.image.crop((0, max(0, 2 * shore - height), width, shore)))
    canvas.image.paste(mirror.resize((width, height - shore)), (0, shore))
    water = Image.new("RGB", (width, height - shore), mix(palette.near, palette.sky[1], 0.5))
    veil = (
        Image.linear_gradient("L")
        .resize((width, height - shore))
        .point([60 + v * 110 // 255 for v in range(256)])
    )
    canvas.image.paste(water, (0, shore), veil)
    ripples: list[Shape] = []
    for _ in range(46):
        t = rng.random() ** 0.7
        y = shore + (height - shore) * t
        ripples.append(
            ellipse(
                rng.uniform(0, width),
                y,
                u * rng.uniform(3, 14) * (0.4 + t),
                u * (0.1 + 0.2 * t),
                points=20,
            )
        )
    canvas.fill(ripples, palette.light, opacity=0.3)
    canvas.strokes([[(0, shore), (width, shore)]], palette.light, u * 0.25, 0.5)
    side = rng.random() < 0.5
    for _ in range(rng.randint(3, 5)):
        x = width * (rng.uniform(-0.02, 0.22) if side else rng.uniform(0.78, 1.02))
        conifer(
            canvas,
            x,
            height + u * 4,
            height * rng.uniform(0.28, 0.55),
            palette.near,
            mix(palette.near, palette.far, 0.28),
        )
