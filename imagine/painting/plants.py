"""Trees, bushes, cacti, flowers."""

from math import cos, pi, sin

from .canvas import Canvas
from .palettes import Color, Palette, mix
from .shapes import Point, Shape, curve, ellipse, placed


def conifer(
    canvas: Canvas,
    x: float,
    y: float,
    size: float,
    color: Color,
    light: Color,
    *,
    caps: bool = False,
) -> None:
    """A fir of `size` pixels whose foot is at (x, y); `caps` puts snow on its branches."""
    rng = canvas.rng
    tiers = 5
    half = size * rng.uniform(0.2, 0.26)
    body: list[Shape] = [
        [
            (x - size * 0.025, y),
            (x + size * 0.025, y),
            (x + size * 0.02, y - size * 0.3),
            (x - size * 0.02, y - size * 0.3),
        ]
    ]
    bright: list[Shape] = []
    for tier in range(tiers):
        t = tier / tiers
        low, high = (
            y - size * (0.1 + 0.78 * t),
            y - size * (0.1 + 0.78 * t) - size * 0.34 * (1 - 0.35 * t),
        )
        reach = half * (1 - t * 0.82)
        body.append(
            [
                (x - reach, low),
                (x - reach * 0.4, low - size * 0.02),
                (x, low + size * 0.015),
                (x + reach * 0.4, low - size * 0.02),
                (x + reach, low),
                (x, max(high, y - size)),
            ]
        )
        if caps:
            bright.append(
                [
                    (x - reach * 0.78, low - size * 0.035),
                    (x - reach * 0.3, low - size * 0.07),
                    (x + reach * 0.05, low - size * 0.045),
                    (x, max(high, y - size)),
                ]
            )
        else:
            bright.append(
                [
                    (x, low - size * 0.02),
                    (x + reach * 0.75, low - size * 0.02),
                    (x, max(high, y - size)),
                ]
            )
    canvas.fill(body, color)
    canvas.fill(bright, light, opacity=0.85 if caps else 0.35)


def treeline(canvas: Canvas, line: Shape, color: Color, size: float, density: float) -> None:
    rng = canvas.rng
    trees: list[Shape] = []
    x, index = -size, 0
    while x < canvas.width:
        while index < len(line) - 1 and line[index][0] < x:
            index += 1
        y = line[index][1] + size * 0.3
        tall = size * rng.uniform(0.7, 1.7)
        trees.append([(x - tall * 0.22, y), (x, y - tall), (x + tall * 0.22, y)])
        x += size * rng.uniform(0.2, 0.9) / density
    canvas.fill(trees, color)


def round_tree(canvas: Canvas, x: float, y: float, size: float, color: Color, light: Color) -> None:
    """A tree with a crown of a few round masses; foot at (x, y)."""
    rng = canvas.rng
    canvas.fill(
        [
            [
                (x - size * 0.045, y),
                (x - size * 0.02, y - size * 0.5),
                (x + size * 0.02, y - size * 0.5),
                (x + size * 0.045, y),
            ]
        ],
        color,
    )
    limbs = [
        [(x, y - size * 0.34), (x - size * 0.16, y - size * 0.56)],
        [(x, y - size * 0.4), (x + size * 0.17, y - size * 0.6)],
    ]
    canvas.strokes(limbs, color, size * 0.028)
    crown = []
    for _ in range(6):
        angle = rng.uniform(0, 2 * pi)
        crown.append(
            ellipse(
                x + cos(angle) * size * 0.17,
                y - size * 0.66 + sin(angle) * size * 0.13,
                size * rng.uniform(0.15, 0.21),
                size * rng.uniform(0.13, 0.18),
                points=32,
            )
        )
    crown.append(ellipse(x, y - size * 0.66, size * 0.22, points=32))
    canvas.fill(crown, color, shade=light, toward="up", reach=0.6)


def cactus(canvas: Canvas, palette: Palette, x: float, y: float, size: float) -> None:
    color = mix(palette.near, (46, 110, 82), 0.45)
    sign = canvas.rng.choice([-1, 1])
    arms = [
        [(x, y), (x, y - size)],
        curve(
            [
                (x, y - size * 0.35),
                (x + sign * size * 0.24, y - size * 0.38),
                (x + sign * size * 0.27, y - size * 0.72),
            ]
        ),
        curve(
            [
                (x, y - size * 0.5),
                (x - sign * size * 0.2, y - size * 0.53),
                (x - sign * size * 0.23, y - size * 0.8),
            ]
        ),
    ]
    canvas.strokes(arms[:1], color, size * 0.15)
    canvas.strokes(arms[1:], color, size * 0.1)
    tips = [
        ellipse(*arm[-1], size * (0.075 if index == 0 else 0.05), points=20)
        for index, arm in enumerate(arms)
    ]
    canvas.fill(tips, color)
    canvas.fill([ellipse(x, y, size * 0.3, size * 0.03)], palette.near, opacity=0.4)


def bush(canvas: Canvas, palette: Palette, bottom: float) -> None:
    """Grasses and small flowers along the lower edge."""
    rng, u, width = canvas.rng, canvas.u, canvas.width
    blades: list[Shape] = []
    heads: list[Shape] = []
    for _ in range(round(width / u * 0.9)):
        x, tall, lean = rng.uniform(0, width), u * rng.uniform(3, 11), u * rng.uniform(-2.5, 2.5)
        blades.append([(x - u * 0.3, bottom), (x + lean, bottom - tall), (x + u * 0.3, bottom)])
        if rng.random() < 0.3:
            heads.append(ellipse(x + lean, bottom - tall, u * rng.uniform(0.5, 1.1), points=16))
    canvas.fill(blades, palette.near)
    canvas.fill(heads, palette.accent)


def leaf(x: float, y: float, size: float, angle: float, fat: float = 0.28) -> list[Point]:
    """A pointed leaf that starts at (x, y) and is `size` long."""
    side = curve([(0, 0), (0.35, -fat), (0.75, -fat * 0.6), (1, 0)])
    return placed([*side, *[(px, -py) for px, py in reversed(side)]], x, y, size, angle=angle)


def sprig(canvas: Canvas, x: float, y: float, size: float, angle: float, color: Color) -> None:
    """A bent stem with leaves in pairs."""
    bend = canvas.rng.uniform(-0.5, 0.5)
    stem: list[tuple[float, float]] = [(x, y)]
    leaves: list[Shape] = []
    steps = 9
    for step in range(steps):
        angle += bend / steps
        x, y = x + cos(angle) * size / steps, y + sin(angle) * size / steps
        stem.append((x, y))
        if step > 1:
            reach = size * 0.27 * (1 - 0.55 * step / steps)
            leaves += [leaf(x, y, reach, angle - 0.8), leaf(x, y, reach, angle + 0.8)]
    leaves.append(leaf(x, y, size * 0.14, angle))
    canvas.strokes([stem], color, canvas.u * 0.5)
    canvas.fill(leaves, color)


def blossom(
    canvas: Canvas, x: float, y: float, size: float, color: Color, heart: Color, dark: Color
) -> None:
    """A flower seen from the front: one to three rings of petals round a heart."""
    rng = canvas.rng
    petals = rng.choice([5, 6, 8, 12])
    pointed = rng.random() < 0.5
    rings = rng.choice([1, 2, 3])
    for ring in range(rings):
        reach = size * (1 - 0.3 * ring)
        turn = rng.uniform(0, pi)
        tone = mix(color, heart, 0.28 * ring)
        for petal in range(petals):
            angle = turn + 2 * pi * petal / petals
            fat = min(0.46, 2.2 / petals)
            if pointed:
                shape = leaf(x, y, reach, angle, fat)
            else:
                shape = placed(
                    curve(
                        [
                            (0.05, 0),
                            (0.45, -fat * 0.8),
                            (0.85, -fat),
                            (1, -fat * 0.25),
                            (0.93, 0),
                            (1, fat * 0.25),
                            (0.85, fat),
                            (0.45, fat * 0.8),
                        ],
                        closed=True,
                    ),
                    x,
                    y,
                    reach,
                    angle=angle,
                )
            canvas.fill(
                [shape],
                tone,
                shade=mix(tone, dark, 0.55),
                toward=rng.choice(["down", "down", "left"]),
                reach=0.55,
            )
    canvas.fill([ellipse(x, y, size * 0.2)], heart, shade=dark, toward="down", reach=0.7)
    dots = [
        ellipse(x + size * 0.13 * cos(a), y + size * 0.13 * sin(a), size * 0.018, points=10)
        for a in (2 * pi * s / 12 for s in range(12))
    ]
    canvas.fill(dots, dark)
