"""People."""

from ..canvas import Canvas
from ..palettes import Palette, mix
from ..reading import Brief
from ..shapes import Shape, curve, ellipse, outline, placed, sided, symmetric


def portrait(canvas: Canvas, palette: Palette, brief: Brief) -> None:
    """Head and shoulders without a face: hair, skin, dress in a few flat colours."""
    rng, u, width, height = canvas.rng, canvas.u, canvas.width, canvas.height
    size = u * (66 if brief.setting == "plain" else 54)
    x, y = (
        width * (0.5 if brief.setting == "plain" else rng.choice([0.36, 0.5, 0.64])),
        height * 1.01,
    )
    skin = rng.choice([(244, 206, 176), (226, 172, 134), (178, 120, 86), (128, 82, 60)])
    hair = rng.choice([(38, 30, 40), (74, 44, 36), (150, 84, 44), palette.near, (206, 160, 92)])
    dress = rng.choice(
        [palette.accent, palette.far, mix(palette.accent, palette.near, 0.5), palette.light]
    )
    mirror = rng.random() < 0.5
    style = rng.choice(["long", "bob", "bun", "short"])

    def put(points: Shape) -> Shape:
        return placed(points, x, y, size, mirror)

    dark = mix(hair, palette.near, 0.4)
    shine = mix(hair, palette.disc, 0.4)
    if style == "long":
        canvas.fill(
            [put(symmetric(curve(outline("0,-1.12 .24,-1.04 .33,-.76 .34,-.4 .42,-.1 .3,.02"))))],
            dark,
            shade=shine,
            toward="right",
            reach=0.3,
        )
    elif style == "bob":
        canvas.fill(
            [put(symmetric(curve(outline("0,-1.12 .25,-1.04 .34,-.76 .33,-.5 .2,-.47 0,-.5"))))],
            dark,
            shade=shine,
            toward="right",
            reach=0.3,
        )
    elif style == "bun":
        canvas.fill(
            [put(ellipse(0.02, -1.16, 0.13, 0.12))], hair, shade=shine, toward="right", reach=0.4
        )
    shadow = mix(skin, (150, 60, 60), 0.3)
    canvas.fill([put(symmetric(outline(".085,-.66 .085,-.4 .16,-.3 0,-.22")))], shadow)
    body = symmetric(curve(outline("0,-.3 .13,-.345 .34,-.26 .46,-.12 .5,.04")))
    canvas.fill([put(body)], dress, shade=mix(dress, palette.near, 0.5), toward="down", reach=0.6)
    canvas.fill([put(symmetric(curve(outline(".13,-.355 .08,-.25 0,-.2"))))], shadow)
    face = symmetric(curve(outline("0,-1.02 .15,-.98 .2,-.8 .165,-.62 .06,-.5 0,-.49")))
    canvas.fill([put(face)], skin, shade=mix(skin, palette.accent, 0.4), toward="right", reach=0.35)
    fringe = rng.choice(
        [
            outline(
                "-.2,-.7 -.27,-.92 -.14,-1.1 .06,-1.13 .24,-1 .26,-.72 .2,-.78 .13,-.93 -.06,-.9"
                " -.16,-.83"
            ),
            outline(
                "-.21,-.7 -.28,-.95 -.1,-1.13 .14,-1.12 .27,-.94 .22,-.7 .18,-.84 0,-.87 -.17,-.84"
            ),
            outline(
                "-.22,-.68 -.27,-.9 -.18,-1.08 .02,-1.13 .22,-1.05 .27,-.85 .22,-.66 .19,-.84"
                " .04,-.98 -.14,-.87"
            ),
        ]
    )
    canvas.fill([put(curve(fringe, closed=True))], hair, shade=shine, toward="right", reach=0.4)
    lips = mix(palette.accent, (190, 50, 60), 0.5)
    canvas.fill([put(curve(outline("-.05,-.585 0,-.6 .05,-.585 0,-.562"), closed=True))], lips)
    lids = [put(curve(sided(s, outline(".05,-.765 .088,-.748 .13,-.768")))) for s in (-1, 1)]
    brows = [put(curve(sided(s, outline(".045,-.82 .09,-.84 .14,-.822")))) for s in (-1, 1)]
    canvas.strokes([*lids, *brows], dark, size * 0.011)
    canvas.strokes([put(curve(outline("0,-.76 .022,-.67 -.004,-.655")))], shadow, size * 0.009)
    canvas.fill(
        [put(ellipse(s * 0.12, -0.66, 0.04, 0.025, points=20)) for s in (-1, 1)],
        palette.accent,
        opacity=0.3,
    )
    if style != "short":
        canvas.fill([put(ellipse(s * 0.2, -0.58, 0.022, points=18)) for s in (-1, 1)], palette.disc)
