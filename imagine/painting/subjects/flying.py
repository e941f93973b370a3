"""Animals that swim or fly: whale, carp, birds, butterflies."""

from math import cos, pi, sin

from ..canvas import Canvas
from ..palettes import Palette, luminance, mix
from ..reading import Brief
from ..shapes import Shape, curve, ellipse, outline, placed, sided


def whale(canvas: Canvas, palette: Palette, brief: Brief) -> None:
    """A whale that swims in the air as well as in water."""
    rng, u, width, height = canvas.rng, canvas.u, canvas.width, canvas.height
    size = min(width * 0.36, u * 46)
    x, y, mirror, angle = (
        width * rng.uniform(0.44, 0.56),
        height * rng.uniform(0.42, 0.56),
        rng.random() < 0.5,
        rng.uniform(-0.25, 0.1),
    )

    def put(points: Shape) -> Shape:
        return placed(points, x, y, size, mirror, angle)

    back = mix(palette.near, palette.sky[0], 0.4)
    belly = mix(palette.light, palette.sky[2], 0.3)
    body = curve(
        outline(
            "-.95,-.02 -.8,-.24 -.4,-.33 .1,-.24 .55,-.06 .86,-.14 .84,-.02 .5,.12 0,.24 -.5,.26"
            " -.86,.16"
        ),
        closed=True,
    )
    fluke = curve(outline(".8,-.08 .92,-.3 1.18,-.4 1.04,-.2 1.22,-.06 .98,-.02"), closed=True)
    canvas.fill([put(fluke)], back)
    canvas.fill([put(body)], back, shade=mix(back, palette.sky[2], 0.5), toward="up", reach=0.45)
    lower = curve(outline("-.93,.02 -.6,.06 -.1,.14 .3,.15 0,.24 -.5,.26 -.86,.15"), closed=True)
    canvas.fill([put(lower)], belly)
    canvas.strokes(
        [
            put(
                curve(
                    [
                        (-0.88 + 0.05 * s, 0.06 + 0.03 * s),
                        (-0.4, 0.12 + 0.028 * s),
                        (0.05, 0.16 + 0.02 * s),
                    ]
                )
            )
            for s in range(4)
        ],
        back,
        size * 0.008,
        0.6,
    )
    canvas.fill(
        [put(curve(outline("-.35,.14 -.22,.42 -.02,.5 -.1,.28 -.12,.14"), closed=True))],
        back,
        shade=palette.near,
        toward="down",
        reach=0.5,
    )
    canvas.fill([put(ellipse(-0.66, -0.02, 0.022, points=18))], palette.light)
    canvas.fill([put(ellipse(-0.66, -0.02, 0.012, points=14))], palette.near)
    canvas.sprinkle(
        palette.light, 26, u * 0.6, ((x - size, y - size * 0.8), (x + size, y + size * 0.7)), 0.75
    )


def fish(canvas: Canvas, palette: Palette, brief: Brief) -> None:
    """Three to five carp, each turned its own way."""
    rng, u, width, height = canvas.rng, canvas.u, canvas.width, canvas.height
    count = rng.randint(3, 5)
    if brief.setting == "plain":
        canvas.gradient(
            [mix(palette.sky[0], palette.near, 0.25), mix(palette.sky[1], palette.near, 0.35)]
        )
        for _ in range(9):
            ring_x, ring_y = rng.uniform(0, 1) * width, rng.uniform(0, 1) * height
            rings = [ellipse(ring_x, ring_y, u * reach, u * reach) for reach in (3, 6.5, 11)]
            canvas.strokes([[*ring, ring[0]] for ring in rings], palette.light, u * 0.3, 0.25)
    for index in range(count):
        size, angle = u * rng.uniform(22, 30), 2 * pi * index / count + rng.uniform(-0.3, 0.3)
        x, y = width * 0.5 + cos(angle) * width * 0.24, height * 0.5 + sin(angle) * height * 0.24
        heading = angle + pi / 2 + rng.uniform(-0.4, 0.4)
        white = mix(palette.light, palette.disc, 0.3)

        def put(points: Shape) -> Shape:
            return placed(points, x, y, size, False, heading)  # noqa: B023  (called in this turn)

        tail = curve(outline("-.42,0 -.6,-.16 -.82,-.2 -.7,0 -.84,.14 -.62,.12"), closed=True)
        fins = [
            curve(
                [(0.18, s * 0.12), (0.1, s * 0.34), (-0.06, s * 0.36), (0.0, s * 0.12)], closed=True
            )
            for s in (-1, 1)
        ]
        canvas.fill(
            [
                [
                    (px + u * 1.6, py + u * 2.2)
                    for px, py in put(
                        curve(
                            outline(".5,0 .3,-.15 -.1,-.15 -.45,-.04 -.45,.04 -.1,.15 .3,.15"),
                            closed=True,
                        )
                    )
                ]
            ],
            palette.near,
            opacity=0.25,
        )
        canvas.fill(
            [put(tail), *[put(fin) for fin in fins]], mix(white, palette.accent, 0.35), opacity=0.85
        )
        body = put(
            curve(outline(".5,0 .3,-.15 -.1,-.15 -.45,-.04 -.45,.04 -.1,.15 .3,.15"), closed=True)
        )
        canvas.fill([body], white, shade=mix(white, palette.far, 0.6), toward="down", reach=0.4)
        for place in rng.sample([0.28, 0.05, -0.18, -0.34], rng.randint(1, 3)):
            canvas.fill(
                [put(ellipse(place, rng.uniform(-0.03, 0.03), 0.1, 0.1, points=24))], palette.accent
            )
        canvas.fill(
            [put(ellipse(0.38, s * 0.075, 0.016, points=14)) for s in (-1, 1)], palette.near
        )


def bird(canvas: Canvas, palette: Palette, brief: Brief) -> None:
    """A flight of long-winged birds, the first of them near."""
    rng, u, width, height = canvas.rng, canvas.u, canvas.width, canvas.height
    mirror = rng.random() < 0.5
    color = palette.light if luminance(palette.sky[1]) < 150 else palette.near
    first = (width * rng.uniform(0.44, 0.56), height * rng.uniform(0.32, 0.44), u * 30)
    others = [
        (rng.uniform(0.1, 0.9) * width, rng.uniform(0.1, 0.55) * height, u * rng.uniform(5, 10))
        for _ in range(rng.randint(3, 6))
    ]
    for x, y, size in [*others, first]:
        flap = rng.uniform(0.7, 1.15)

        def put(points: Shape) -> Shape:
            return placed(points, x, y, size, mirror, -0.12)  # noqa: B023  (called in this turn)

        body = curve(
            outline(
                ".62,-.12 .46,-.1 .3,-.06 .05,-.1 -.3,0 -.62,.04 -.3,.1 .05,.1 .3,.04 .46,-.05"
            ),
            closed=True,
        )
        near = curve(
            [
                (0.2, -0.02),
                (0.12, -0.4 * flap),
                (-0.2, -0.8 * flap),
                (-0.66, -0.98 * flap),
                (-0.46, -0.72 * flap),
                (-0.5, -0.6 * flap),
                (-0.3, -0.46 * flap),
                (-0.32, -0.3 * flap),
                (-0.16, 0.02),
            ],
            closed=True,
        )
        far = curve(
            [
                (0.24, -0.04),
                (0.36, -0.4 * flap),
                (0.34, -0.74 * flap),
                (0.14, -1.02 * flap),
                (0.12, -0.7 * flap),
                (0.02, -0.5 * flap),
                (0.0, -0.06),
            ],
            closed=True,
        )
        canvas.fill([put(far)], mix(color, palette.sky[1], 0.35))
        canvas.fill(
            [put(body)], color, shade=mix(color, palette.far, 0.4), toward="down", reach=0.5
        )
        canvas.fill(
            [put(near)], color, shade=mix(color, palette.accent, 0.5), toward="left", reach=0.4
        )
        canvas.fill([put(outline(".6,-.14 .8,-.12 .6,-.09"))], palette.accent)


def butterfly(canvas: Canvas, palette: Palette, brief: Brief) -> None:
    rng, u, width, height = canvas.rng, canvas.u, canvas.width, canvas.height
    swarm = [
        (rng.uniform(0.1, 0.9) * width, rng.uniform(0.08, 0.85) * height, u * rng.uniform(5, 9))
        for _ in range(4)
    ]
    for x, y, size in [*swarm, (width / 2, height * 0.44, u * 40)]:
        color = rng.choice(
            [
                palette.accent,
                mix(palette.accent, palette.sky[0], 0.5),
                mix(palette.accent, palette.disc, 0.5),
            ]
        )
        angle = rng.uniform(-0.35, 0.35)

        def put(points: Shape) -> Shape:
            return placed(points, x, y, size, False, angle)  # noqa: B023  (called in this turn)

        for side in (-1, 1):
            upper = curve(
                sided(side, outline("0,-.1 .3,-.52 .8,-.66 .88,-.36 .6,-.02 .1,.06")), closed=True
            )
            lower = curve(
                sided(side, outline("0,0 .5,.06 .66,.3 .46,.62 .2,.46 .03,.16")), closed=True
            )
            for wing in (lower, upper):
                canvas.fill([put(wing)], palette.near)
                middle = (
                    sum(px for px, _ in wing) / len(wing),
                    sum(py for _, py in wing) / len(wing),
                )
                inside = [
                    (middle[0] + (px - middle[0]) * 0.82, middle[1] + (py - middle[1]) * 0.82)
                    for px, py in wing
                ]
                canvas.fill(
                    [put(inside)],
                    color,
                    shade=mix(color, palette.disc, 0.7),
                    toward="out",
                    reach=0.75,
                )
            spots = [
                put(ellipse(side * 0.72, -0.44, 0.05, points=16)),
                put(ellipse(side * 0.46, 0.34, 0.06, points=16)),
                put(ellipse(side * 0.56, -0.54, 0.03, points=12)),
            ]
            canvas.fill(spots, palette.light)
        canvas.fill([put(ellipse(0, 0.04, 0.045, 0.3, points=30))], palette.near)
        canvas.strokes(
            [put(curve(sided(s, outline("0,-.22 .08,-.45 .2,-.58")))) for s in (-1, 1)],
            palette.near,
            size * 0.015,
        )
