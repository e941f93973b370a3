"""Paints skies (colours, sun or moon, clouds, stars) and the weather in front of everything."""

from . import drawings
from .canvas import Grain
from .outlines import arc, curve
from .palettes import mix
from .scene import Scene


def paint_sky(scene: Scene, horizon: float, *, high: bool = False) -> float:
    """Paint the sky down to `horizon` with its sun or moon; return that one's x."""
    brief, palette, between = scene.brief, scene.palette, scene.between
    night = palette.is_dark and brief.light != "sunset"
    low = brief.light in ("sunset", "dawn", "dusk") and not high
    scene.gradient((palette.top, palette.sky, palette.horizon), horizon)
    scene.gradient((palette.horizon,), top=horizon)
    if night and brief.weather != "rain":
        stars(scene, horizon)
    if brief.weather == "aurora":
        _aurora(scene, horizon)
    radius = scene.u * between(8, 12) * (1.25 if low else 1)
    x = scene.width * scene.rng.choice([between(0.22, 0.4), 0.5, between(0.6, 0.78)])
    y = horizon - radius * between(-0.1, 1.3) if low else horizon * between(0.24, 0.44)
    if brief.weather not in ("rain", "fog"):
        disc(scene, x, y, radius)
    if not night:
        _clouds(scene, horizon)
    return x


def disc(scene: Scene, x: float, y: float, radius: float) -> None:
    """Paint sun or moon with its halo: rings, as a poster prints them, in a grainy glow."""
    palette = scene.palette
    scene.glow(x, y, radius * 4.5, palette.disc, 0.55)
    for ring in range(scene.rng.choice([0, 2, 3]), 0, -1):
        scene.paint(palette.disc, arc(x, y, radius * (1 + ring * 0.42)), opacity=0.13)
    edge = Grain(mix(palette.disc, palette.sky, 0.6), "down", 0.7)
    scene.paint(palette.disc, arc(x, y, radius, steps=72), grain=edge)


def stars(scene: Scene, horizon: float) -> None:
    """Strew stars, a few of them with rays."""
    scene.sprinkle(130, 0.14, horizon * 0.92)
    for _ in range(5):
        y = horizon * scene.between(0.1, 0.7)
        scene.scatter(drawings.STAR, [(0, y)], 1, 1.4, scene.palette.light)


def _clouds(scene: Scene, horizon: float) -> None:
    """Paint long streaks or heaped clouds, one kind for each picture."""
    drawing = scene.rng.choice([drawings.STREAKS, drawings.CLOUD])
    color = mix(scene.palette.horizon, scene.palette.light, 0.65)
    for _ in range(scene.rng.randint(2, 5)):
        scene.scatter(drawing, [(0, horizon * scene.between(0.1, 0.65))], 1, 24, color)


def _aurora(scene: Scene, horizon: float) -> None:
    """Paint curtains of light, brightest along their lower edge."""
    for color in ((84, 240, 170), (110, 200, 255), (190, 120, 240)):
        base = scene.between(0.42, 0.72)
        swings = [horizon * (base + scene.between(-0.16, 0.16)) for _ in range(6)]
        edge = curve([(scene.width * step / 5, y) for step, y in enumerate(swings)])
        for band in range(1, 11):
            top = [(x, y - horizon * 0.05 * band) for x, y in reversed(edge)]
            scene.paint(color, [*edge, *top], opacity=0.085)


def weather(scene: Scene) -> None:
    """Let it rain, snow or be misty in front of everything."""
    width, height, between = scene.width, scene.height, scene.between
    if scene.brief.weather == "snowfall":
        scene.sprinkle(230, 0.4, height)
    elif scene.brief.weather == "rain":
        lean, fall = scene.u * between(-1.6, 1.6), scene.u * 5
        starts = [(between(-0.1, 1.1) * width, between(-0.1, 1) * height) for _ in range(230)]
        drops = [((x, y), (x + lean, y + fall)) for x, y in starts]
        scene.paint(scene.palette.light, *drops, line=scene.u * 0.18, opacity=0.45)
    elif scene.brief.weather == "fog":
        for _ in range(3):
            middle, half = height * between(0.45, 0.95), height * between(0.1, 0.2)
            scene.veil(scene.palette.mist, middle - half, middle + half, 0.6)
