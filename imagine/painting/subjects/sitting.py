"""Animals that sit before the scene: cat, fox, dog, rabbit; and a stag."""

from ..canvas import Canvas
from ..palettes import Color, Palette, luminance, mix
from ..reading import Brief
from ..shapes import Shape, curve, ellipse, outline, placed, sided, symmetric


def _stand(canvas: Canvas, palette: Palette, brief: Brief) -> tuple[float, float, float]:
    """Where a sitting animal sits: x, y of its feet, and its size; paints the ground there."""
    rng, u, width, height = canvas.rng, canvas.u, canvas.width, canvas.height
    plain = brief.setting == "plain"
    size = u * (rng.uniform(50, 56) if plain else rng.uniform(30, 38))
    x = width * (0.5 if plain else rng.choice([0.3, 0.5, 0.7]))
    y = height * (0.88 if plain else 0.94)
    color = mix(palette.near, palette.far, 0.18)
    line = curve(
        [
            (-1, y + u * 7),
            (x - width * 0.3, y + u),
            (x, y - u * 1.5),
            (x + width * 0.3, y + u),
            (width + 1, y + u * 7),
        ]
    )
    canvas.fill(
        [[*line, (width, height + 1), (0, height + 1)]],
        color,
        shade=mix(color, palette.accent, 0.4),
        toward="up",
        reach=0.5,
    )
    return x, y, size


def _coat(canvas: Canvas, palette: Palette, brief: Brief, *natural: Color) -> tuple[Color, Color]:
    """The colour of an animal, as asked for or as nature has it, and of its light edge."""
    coat = canvas.rng.choice(natural)
    if brief.coat == "white":
        coat = mix(palette.light, palette.far, 0.12)
    elif brief.coat == "black":
        coat = mix(palette.near, (18, 16, 24), 0.6)
    if luminance(coat) > 150:
        return coat, mix(coat, palette.near, 0.45)
    return coat, mix(coat, palette.disc, 0.55)


def cat(canvas: Canvas, palette: Palette, brief: Brief) -> None:
    x, y, size = _stand(canvas, palette, brief)
    coat, edge = _coat(
        canvas, palette, brief, palette.near, (206, 128, 66), (150, 98, 70), (104, 100, 116)
    )
    mirror = canvas.rng.random() < 0.5

    def put(points: Shape) -> Shape:
        return placed(points, x, y, size, mirror)

    tail = put(curve(outline(".2,-.04 .5,0 .62,-.16 .52,-.34 .58,-.46"), steps=14))
    canvas.strokes([tail], coat, size * 0.075)
    canvas.fill([ellipse(*tail[-1], size * 0.038, points=20)], coat)
    body = symmetric(curve(outline("0,-.66 .13,-.62 .2,-.42 .29,-.2 .29,-.04 .2,0 0,.01")))
    ears = [outline("-.205,-.74 -.185,-.99 -.03,-.87"), outline(".205,-.74 .185,-.99 .03,-.87")]
    head = curve(outline("0,-.895 .13,-.87 .205,-.76 .19,-.66 .1,-.58 0,-.565"))
    canvas.fill([put(body)], coat, shade=edge, toward="right", reach=0.35)
    canvas.fill([put(ear) for ear in ears], coat)
    canvas.fill([put(symmetric(head))], coat, shade=edge, toward="right", reach=0.35)
    inner = [sided(s, outline(".172,-.79 .165,-.93 .075,-.865")) for s in (-1, 1)]
    canvas.fill([put(shape) for shape in inner], mix(coat, palette.accent, 0.6))
    eye = mix(palette.disc, (240, 210, 90), 0.4)
    for side in (-1, 1):
        canvas.fill([put(ellipse(side * 0.085, -0.735, 0.038, 0.03, points=24))], eye)
        canvas.fill([put(ellipse(side * 0.085, -0.735, 0.011, 0.027, points=16))], palette.near)
    canvas.fill([put(outline("-.018,-.685 .018,-.685 0,-.664"))], palette.accent)
    whiskers = [
        put([(s * 0.06, -0.668 + d * 0.01), (s * 0.25, -0.69 + d * 0.05)])
        for s in (-1, 1)
        for d in (-0.4, 0.4, 1.2)
    ]
    canvas.strokes(whiskers, edge, size * 0.006, 0.8)
    canvas.strokes(
        [put([(s * 0.07, -0.02), (s * 0.06, -0.26)]) for s in (-1, 1)], edge, size * 0.008, 0.6
    )


def fox(canvas: Canvas, palette: Palette, brief: Brief, *, dog: bool = False) -> None:
    x, y, size = _stand(canvas, palette, brief)
    natural = (
        ((206, 150, 92), (150, 104, 76), (104, 108, 122))
        if dog
        else (mix((214, 104, 48), palette.accent, 0.25),)
    )
    coat, _ = _coat(canvas, palette, brief, *natural)
    white, dark = mix(palette.light, palette.disc, 0.3), mix(palette.near, (40, 26, 26), 0.4)
    mirror = canvas.rng.random() < 0.5

    def put(points: Shape) -> Shape:
        return placed(points, x, y, size, mirror)

    shade = mix(coat, dark, 0.55)
    brush = curve(
        outline(".1,-.03 .34,.03 .6,-.1 .68,-.36 .56,-.58 .5,-.4 .44,-.24 .26,-.16"), closed=True
    )
    if not dog:
        canvas.fill([put(brush)], coat, shade=shade, toward="down", reach=0.5)
        canvas.fill(
            [put(curve(outline(".68,-.36 .56,-.58 .51,-.42 .58,-.36 .61,-.3"), closed=True))], white
        )
    else:
        canvas.strokes(
            [put(curve(outline(".2,-.08 .4,-.16 .45,-.34 .36,-.44")))], coat, size * 0.085
        )
    body = symmetric(curve(outline("0,-.62 .13,-.58 .2,-.36 .28,-.16 .25,-.02 0,0")))
    canvas.fill([put(body)], coat, shade=shade, toward="down", reach=0.55)
    canvas.fill([put(symmetric(curve(outline("0,-.56 .1,-.46 .09,-.3 0,-.16"))))], white)
    legs = [
        curve(sided(s, outline(".02,-.3 .13,-.28 .12,-.03 .02,-.03")), closed=True) for s in (-1, 1)
    ]
    canvas.fill([put(leg) for leg in legs], coat)
    canvas.fill(
        [put(ellipse(s * 0.075, -0.03, 0.07, 0.045, points=24)) for s in (-1, 1)],
        white if dog else dark,
    )
    if dog and canvas.rng.random() < 0.5:
        ears: list[Shape] = [
            curve(sided(s, outline(".1,-.9 .24,-.88 .29,-.7 .22,-.62 .15,-.74")), closed=True)
            for s in (-1, 1)
        ]
    else:
        ears = [sided(s, outline(".235,-.72 .215,-1.04 .03,-.87")) for s in (-1, 1)]
        canvas.fill([put(ear) for ear in ears], coat)
        ears = [sided(s, outline(".205,-.79 .198,-.96 .095,-.87")) for s in (-1, 1)]
    head = symmetric(curve(outline("0,-.9 .14,-.87 .245,-.72 .2,-.64 .06,-.5 0,-.48")))
    canvas.fill([put(head)], coat, shade=shade, toward="up", reach=0.3)
    canvas.fill([put(ear) for ear in ears], shade if dog else dark)
    cheeks = [
        curve(sided(s, outline(".005,-.5 .06,-.5 .2,-.63 .235,-.7 .1,-.67 .03,-.6")), closed=True)
        for s in (-1, 1)
    ]
    canvas.fill([put(cheek) for cheek in cheeks], white)
    canvas.fill([put(ellipse(s * 0.095, -0.715, 0.022, 0.026, points=18)) for s in (-1, 1)], dark)
    canvas.fill([put(ellipse(0, -0.505, 0.032, 0.024, points=20))], dark)


def dog(canvas: Canvas, palette: Palette, brief: Brief) -> None:
    fox(canvas, palette, brief, dog=True)


def rabbit(canvas: Canvas, palette: Palette, brief: Brief) -> None:
    x, y, size = _stand(canvas, palette, brief)
    coat, _ = _coat(
        canvas,
        palette,
        brief,
        mix(palette.light, palette.far, 0.15),
        (186, 146, 112),
        (140, 130, 134),
    )
    shade = mix(coat, palette.near, 0.5)

    def put(points: Shape) -> Shape:
        return placed(points, x, y, size * 0.92)

    for side in (-1, 1):
        ear = curve(sided(side, outline(".05,-.78 .04,-1 .12,-1.2 .2,-1.05 .15,-.78")), closed=True)
        canvas.fill([put(ear)], coat, shade=shade, toward="down", reach=0.4)
        canvas.fill(
            [put(placed(ear, side * 0.045, -0.36, 0.62))], mix(palette.accent, palette.light, 0.45)
        )
    body = symmetric(curve(outline("0,-.6 .18,-.5 .31,-.22 .28,-.03 0,.01")))
    canvas.fill([put(body)], coat, shade=shade, toward="down", reach=0.6)
    canvas.fill([put(ellipse(0, -0.68, 0.2, 0.17))], coat, shade=shade, toward="down", reach=0.35)
    canvas.fill([put(ellipse(s * 0.14, -0.02, 0.12, 0.05)) for s in (-1, 1)], coat)
    canvas.fill(
        [put(ellipse(s * 0.09, -0.7, 0.02, 0.026, points=18)) for s in (-1, 1)], palette.near
    )
    canvas.fill(
        [put(ellipse(s * 0.12, -0.63, 0.035, 0.022, points=18)) for s in (-1, 1)],
        palette.accent,
        opacity=0.55,
    )
    canvas.fill([put(outline("-.02,-.645 .02,-.645 0,-.622"))], palette.accent)


def deer(canvas: Canvas, palette: Palette, brief: Brief) -> None:
    """Head and antlers of a stag, from the front."""
    rng, u, width, height = canvas.rng, canvas.u, canvas.width, canvas.height
    size = u * (62 if brief.setting == "plain" else 46)
    x, y = (
        width * (0.5 if brief.setting == "plain" else rng.choice([0.36, 0.5, 0.64])),
        height * 1.0,
    )
    coat, edge = _coat(canvas, palette, brief, palette.near, (136, 86, 58))

    def put(points: Shape) -> Shape:
        return placed(points, x, y, size)

    tines: list[tuple[Shape, float]] = []
    for side in (-1, 1):
        beam = curve(
            sided(side, outline(".06,-.72 .2,-.86 .38,-1.02 .36,-1.26 .26,-1.4")), steps=12
        )
        tines.append((beam, 0.03))
        for at, dx, dy in (
            (10, 0.04, -0.2),
            (20, 0.2, -0.12),
            (27, 0.22, -0.18),
            (36, -0.1, -0.2),
            (40, 0.16, -0.16),
        ):
            bx, by = beam[at]
            tines.append(
                (
                    curve(
                        [(bx, by), (bx + side * dx * 0.7, by + dy * 0.4), (bx + side * dx, by + dy)]
                    ),
                    0.02,
                )
            )
    for line, thick in tines:
        canvas.strokes([put(line)], coat, size * thick)
    neck = symmetric(curve(outline("0,-.62 .11,-.5 .15,-.25 .3,.05 .3,.1")))
    canvas.fill([put(neck)], coat, shade=edge, toward="right", reach=0.3)
    ears = [
        curve(sided(s, outline(".09,-.68 .22,-.78 .34,-.73 .24,-.64")), closed=True)
        for s in (-1, 1)
    ]
    canvas.fill([put(ear) for ear in ears], coat, shade=edge, toward="down", reach=0.5)
    head = symmetric(curve(outline("0,-.77 .1,-.74 .13,-.64 .085,-.48 .06,-.38 0,-.35")))
    canvas.fill([put(head)], mix(coat, palette.disc, 0.08), shade=edge, toward="right", reach=0.4)
    canvas.fill(
        [
            put(ellipse(0, -0.385, 0.04, 0.028, points=20)),
            *[put(ellipse(s * 0.092, -0.6, 0.014, 0.02, points=16)) for s in (-1, 1)],
        ],
        mix(palette.near, (0, 0, 0), 0.4),
    )
