"""What stands behind a subject that is asked for without a place."""

from math import cos, pi, sin

from ..canvas import Canvas
from ..palettes import Palette, mix
from ..plants import sprig
from ..reading import Brief
from ..shapes import ellipse


def backdrop(canvas: Canvas, palette: Palette, brief: Brief) -> None:
    """A poster's ground: plain colour, a great disc, arch or rays behind the subject."""
    rng, u, width, height = canvas.rng, canvas.u, canvas.width, canvas.height
    base = rng.choice([palette.sky[2], palette.sky[1], mix(palette.sky[0], palette.light, 0.25)])
    canvas.gradient([mix(base, palette.light, 0.35), base, mix(base, palette.far, 0.35)])
    back = rng.choice([palette.accent, palette.far, palette.disc, palette.sky[0]])
    if sum(abs(a - b) for a, b in zip(back, base, strict=True)) < 110:
        back = palette.accent
    x, y, radius = width / 2, height * rng.uniform(0.4, 0.48), u * rng.uniform(33, 40)
    kind = rng.choice(["disc", "disc", "arch", "rays", "rings"])
    edge = mix(back, palette.light, 0.45)
    if kind == "rays":
        reach = width + height
        beams = 13
        rays = [
            [
                (x, y),
                (x + reach * cos(a), y + reach * sin(a)),
                (x + reach * cos(b), y + reach * sin(b)),
            ]
            for a, b in ((2 * pi * s / beams, 2 * pi * (s + 0.5) / beams) for s in range(beams))
        ]
        canvas.fill(rays, mix(base, palette.light, 0.5), opacity=0.8)
        canvas.fill([ellipse(x, y, radius * 0.85)], back, shade=edge, toward="down", reach=0.7)
    elif kind == "arch":
        dome = [
            (x - radius * cos(a), y - radius * sin(a)) for a in (pi * s / 40 for s in range(41))
        ]
        canvas.fill(
            [[*dome, (x + radius, height), (x - radius, height)]],
            back,
            shade=edge,
            toward="down",
            reach=0.8,
        )
    elif kind == "rings":
        for ring in range(4):
            tone = (
                mix(back, base, 0.16 + 0.2 * ring)
                if ring % 2
                else mix(back, palette.light, 0.2 * ring)
            )
            canvas.fill([ellipse(x, y, radius * (1.2 - 0.26 * ring))], tone)
    else:
        canvas.fill([ellipse(x, y, radius)], back, shade=edge, toward="down", reach=0.75)
    for _ in range(rng.randint(2, 4)):
        side = rng.choice([-1, 1])
        sprig(
            canvas,
            x + side * rng.uniform(0.28, 0.5) * width,
            height * 1.02,
            u * rng.uniform(36, 62),
            -pi / 2 - side * rng.uniform(-0.1, 0.3),
            mix(palette.near, back, rng.uniform(0.15, 0.5)),
        )
    if rng.random() < 0.5:
        canvas.sprinkle(palette.light, 40, u * 0.45, ((0, 0), (width, height * 0.7)), 0.8)
