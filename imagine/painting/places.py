"""Paints places: one function each, named like the setting it paints."""

from collections.abc import Iterator
from math import ceil, pi

from . import drawings
from .canvas import Grain
from .outlines import Point, arc, ground, placed, swell
from .palettes import Color, mix
from .scene import Scene
from .sky import disc, paint_sky, stars

SAND, WOOD, MEADOW = (232, 150, 84), (110, 52, 40), (122, 158, 74)

ROOFS: list[list[Point]] = [
    [(0, 0), (1, 0)],
    [(0, 0), (0.34, -0.4), (0.5, -1.6), (0.66, -0.4), (1, 0)],
    arc(0.5, 0, 0.5, 0.4, start=0.5),
]
"""Upper edges of a house one wide, from left to right: flat, a spire, a dome."""


def _hills(
    scene: Scene, count: int, top: float, bottom: float, colors: tuple[Color, Color],
    *, rise: float = 5, haze: Color | None = None, toward: str = "down",
) -> Iterator[tuple[float, list[Point], Color]]:  # fmt: skip
    """Paint hills whose crests go down from `top` to `bottom` (parts of the height).

    Each is yielded after it is painted, as depth (0 to 1), crest and colour, so that things can
    be put there before the next one covers their feet. A crest swings by `rise` (in `u`); grains
    of `haze`, mist where it is left out, gather `toward` its lower or upper edge.
    """
    for index in range(count):
        depth = index / (count - 1)
        level, color = top + (bottom - top) * depth**1.15, mix(*colors, depth)
        reach = scene.u * rise * (0.7 + depth)
        crest = swell(scene.rng, scene.width, scene.height * level, reach)
        grain = Grain(mix(color, haze or scene.palette.mist, 0.5), toward, 0.65)
        scene.paint(color, ground(crest, scene.height), grain=grain)
        yield depth, crest, color


def _peaks(scene: Scene, base: float, great: int) -> None:
    """Paint a far range and great mountains, with their feet on `base`."""
    line, unit = [(0.0, base)], scene.height / scene.u
    scene.scatter(drawings.PEAKS, line, 9, 16, mix(scene.palette.far, scene.palette.horizon, 0.3))
    for size in (0.42, 0.34, 0.26)[:great]:
        scene.scatter(drawings.PEAKS, line, 1, size * unit, scene.palette.layer(0.22))


def _ripples(scene: Scene, count: int, x: float, top: float, reach: float, light: Color) -> None:
    """Paint light on water below `top`, within `reach` of `x` and finer towards the horizon."""
    ripples = []
    for _ in range(count):
        depth = scene.rng.random() ** 1.5
        y, long = top + (scene.height - top) * depth, scene.between(2, 8) * (0.4 + depth)
        place = x + reach * scene.between(-1, 1) * (0.4 + depth)
        thick = scene.u * (0.15 + 0.3 * depth)
        ripples.append(arc(place, y, scene.u * long, thick, steps=20))
    scene.paint(light, *ripples, opacity=0.5)


def sea(scene: Scene) -> None:
    """Paint water to the horizon with islands, a boat, a cliff with a lighthouse."""
    u, width, height, palette = scene.u, scene.width, scene.height, scene.palette
    flip, level = scene.rng.random() < 0.5, scene.between(0.46, 0.6)
    horizon = height * level
    sun = paint_sky(scene, horizon)
    for depth in (0.12, 0.34):
        scene.scatter(drawings.ISLAND, [(0, horizon)], 1, 26, palette.layer(depth))
    shallow, bottom = mix(palette.sky, palette.far, 0.5), mix(palette.near, palette.top, 0.42)
    scene.gradient((mix(palette.horizon, palette.far, 0.25), shallow, bottom), top=horizon)
    waves = mix(shallow, palette.near, 0.1), mix(shallow, palette.near, 0.85)
    for depth, crest, _ in _hills(scene, 5, level + 0.1, 0.97, waves, rise=1.5, haze=palette.near):
        scene.paint(palette.light, crest, line=u * (0.12 + 0.22 * depth), opacity=0.5)
    _ripples(scene, 50, sun, horizon, u * 9, palette.disc)
    x, y, size = width * scene.between(0.3, 0.7), horizon + height * 0.1, u * scene.between(6, 9)
    scene.draw(drawings.BOAT, x, y, size, palette.near, flip=flip)
    edge, x = (width, width - u * 9) if flip else (0, u * 9)
    scene.draw(drawings.CLIFF, edge, height, u * 26, palette.near, flip=flip)
    scene.glow(x, height - u * 44, u * 13, palette.disc, 0.9)
    scene.draw(drawings.LIGHTHOUSE, x, height - u * 26, u * 20, palette.light)


def lake(scene: Scene) -> None:
    """Paint mountains and their reflection in still water."""
    width, height, palette = scene.width, scene.height, scene.palette
    level, side = scene.between(0.52, 0.6), scene.rng.random() < 0.5
    shore = height * level
    paint_sky(scene, shore, high=True)
    _peaks(scene, shore, scene.rng.randint(1, 3))
    colors = palette.layer(0.3), palette.layer(0.7)
    for depth, crest, color in _hills(scene, 3, level - 0.08, level - 0.01, colors, rise=2):
        scene.scatter(drawings.FIR, crest, round(50 * depth), 4 + depth, color)
    scene.mirror(shore, mix(palette.near, palette.sky, 0.45))
    _ripples(scene, 60, width / 2, shore, width / 2, palette.light)
    for x in (0.02, 0.1, 0.2):
        place, size = width * (x if side else 1 - x), height * scene.between(0.25, 0.5)
        scene.draw(drawings.FIR, place, height * 1.03, size, palette.near)


def mountains(scene: Scene) -> None:
    """Paint great mountains above wooded hills."""
    height, palette, level = scene.height, scene.palette, scene.between(0.58, 0.68)
    paint_sky(scene, height * level)
    _peaks(scene, height * level, scene.rng.randint(1, 3))
    scene.veil(palette.mist, height * (level - 0.14), height * (level + 0.14), 0.9)
    colors = palette.layer(0.3), palette.near
    for depth, crest, color in _hills(scene, 4, level + 0.03, 0.94, colors):
        scene.scatter(drawings.FIR, crest, round(50 * depth), 3 + 6 * depth, color)


def snow(scene: Scene) -> None:
    """Paint a winter's hills with firs and a cabin."""
    u, palette, level = scene.u, scene.palette, scene.between(0.52, 0.62)
    paint_sky(scene, scene.height * level)
    _peaks(scene, scene.height * (level + 0.02), 0)
    white = mix(palette.light, palette.sky, 0.35 if palette.is_dark else 0.12)
    shadow = mix(white, mix(palette.far, palette.top, 0.5), 0.6)
    colors = mix(white, shadow, 0.4), white
    for depth, crest, _ in _hills(scene, 4, level, 0.88, colors, haze=shadow):
        if 0.2 < depth < 0.5:
            x, y = crest[scene.rng.randint(25, 75)]
            scene.glow(x, y, u * 22, (255, 206, 120), 0.55)
            scene.draw(drawings.CABIN, x, y + u * 2, u * 9, mix(palette.near, WOOD, 0.45))
        tree = palette.layer(0.35 + 0.6 * depth)
        scene.scatter(drawings.SNOWY_FIR, crest, round(9 - 6 * depth), 8 + 17 * depth, tree)


def field(scene: Scene) -> None:
    """Paint rolling fields with trees and flowers."""
    _land(scene, MEADOW, drawings.TREE, scene.palette.light, "up")
    scene.scatter(drawings.GRASS, [(0, scene.height)], 50, 8, scene.palette.near)


def desert(scene: Scene) -> None:
    """Paint dunes with cacti."""
    _land(scene, SAND, drawings.CACTUS, scene.palette.near, "right")


def _land(scene: Scene, soil: Color, plant: str, haze: Color, toward: str) -> None:
    """Paint hills of a soil, with plants far and near."""
    palette, level = scene.palette, scene.between(0.46, 0.58)
    paint_sky(scene, scene.height * level)
    tinted = scene.brief.hues or scene.brief.light in ("sunset", "night", "dusk")
    tone = mix(palette.far, soil, 0.2 if tinted else 0.6)
    colors = mix(palette.far, tone, 0.5), mix(tone, palette.near, 0.5)
    for depth, crest, _ in _hills(scene, 5, level, 0.9, colors, haze=haze, toward=toward):
        color = mix(palette.layer(0.5 + 0.3 * depth), tone, 0.3)
        scene.scatter(plant, crest, round(3.4 - 2 * depth), 8 + 24 * depth, color)


def forest(scene: Scene) -> None:
    """Paint tall trunks in misty depth."""
    u, width, height, palette = scene.u, scene.width, scene.height, scene.palette
    scene.gradient((mix(palette.sky, palette.far, 0.3), palette.horizon, palette.far))
    disc(scene, width * scene.between(0.3, 0.7), height * 0.36, u * scene.between(9, 15))
    colors = palette.layer(0.1), palette.near
    for depth, crest, color in _hills(scene, 4, 0.7, 0.92, colors, rise=3):
        tall = height / u * (1.1 + 1.2 * depth)
        scene.scatter(drawings.TRUNK, crest, round(12 - 8 * depth), tall, color)
        if depth < 1:
            scene.veil(palette.mist, height * 0.5, height * (0.86 + 0.2 * depth), 0.5)
    scene.scatter(drawings.GRASS, [(0, height)], 50, 8, palette.near)


def city(scene: Scene) -> None:
    """Paint a skyline, sometimes above a river."""
    u, height, palette, water = scene.u, scene.height, scene.palette, scene.rng.random() < 0.5
    base = height * (0.76 if water else 1)
    paint_sky(scene, base * 0.92)
    lit = palette.is_dark or scene.brief.light in ("sunset", "dusk", "overcast")
    lamp = mix(palette.accent, (255, 214, 140), 0.8)
    for _ in range(3 if lit else 0):
        scene.glow(scene.width * scene.between(0, 1), base * 0.8, u * 45, lamp, 0.3)
    for row, depth in enumerate((0, 0.35, 0.68, 1)):
        color, tall = palette.layer(0.1 + 0.88 * depth), base * (0.56 - 0.11 * row)
        _houses(scene, color, base, tall, u * (6 + 6 * depth), lamp if lit and row else None)
        if row < 2:
            scene.veil(palette.mist, base - tall * 0.5, base + height * 0.08, 0.5)
    if water:
        scene.mirror(base, mix(palette.near, palette.top, 0.35))
        middle, light = scene.width / 2, lamp if lit else palette.light
        _ripples(scene, 90, middle, base, middle, light)


def _houses(
    scene: Scene, color: Color, base: float, tall: float, wide: float, lamp: Color | None
) -> None:
    """Paint a row of houses on `base`, about `tall` and `wide`; lamps light some windows."""
    u, rng, between = scene.u, scene.rng, scene.between
    houses, windows = [], []
    x = -wide * rng.random()
    while x < scene.width:
        across, roof = wide * between(0.6, 1.5), rng.choices(ROOFS, (6, 1, 1))[0]
        rise = tall * (between(0.35, 0.75) if rng.random() < 0.78 else between(0.85, 1.15))
        top, step = base - rise, across / max(2, round(across / (u * 1.9)))
        houses.append([(x, base), *placed(roof, x, top, across), (x + across, base)])
        for window in range(round(across / step) * int(rise / u / 2.5)):
            row, column = divmod(window, round(across / step))
            left, high = x + step * (column + 0.5), top + u * 2.5 * (row + 1)
            if rng.random() < 0.3:
                windows.append([(left, high), (left, high + u * 1.25)])
        x += across + wide * rng.choice([0, 0, 0.12, 0.3])
    scene.paint(color, *houses, grain=Grain(mix(color, scene.palette.mist, 0.5), "down", 0.55))
    if lamp:
        scene.paint(lamp, *windows, line=u * 0.85, opacity=0.85)


def space(scene: Scene) -> None:
    """Paint a ringed planet and a moon among stars."""
    u, width, height, palette = scene.u, scene.width, scene.height, scene.palette
    between = scene.between
    deep = mix(palette.top, (6, 6, 20), 0.45 if palette.is_dark else 0.75)
    scene.gradient((deep, mix(deep, palette.sky, 0.45), deep))
    for color in (palette.sky, palette.accent, palette.horizon) * 2:
        scene.glow(width * between(0, 1), height * between(0, 1), u * between(25, 60), color, 0.4)
    stars(scene, height)
    scene.scatter(drawings.MOON, [(0, height * between(0.08, 0.2))], 1, 5, palette.mist)
    x, y, size = width * between(0.35, 0.65), height * between(0.36, 0.5), u * between(19, 26)
    color = mix(palette.accent, palette.disc, between(0, 0.5))
    scene.glow(x, y, size * 2.1, color, 0.5)
    scene.draw(drawings.PLANET, x, y, size, color, angle=between(-0.5, 0.5))


def abstract(scene: Scene) -> None:
    """Paint a grid of discs, quarter circles, leaves and arches."""
    palette, rng = scene.palette, scene.rng
    paper, pen = (palette.top, palette.light) if palette.is_dark else (palette.light, palette.near)
    inks = [palette.accent, palette.far, pen, palette.top, palette.sky, palette.disc, paper]
    side = scene.u * 100 / rng.choice([3, 4, 5])
    columns, rows = ceil(scene.width / side), ceil(scene.height / side)
    for cell in range(columns * rows):
        x, y, (under, over) = cell % columns * side, cell // columns * side, rng.sample(inks, 2)
        scene.paint(under, ground([(x, y), (x + side, y)], y + side))
        tile, turn = rng.choice(drawings.TILES), rng.randrange(4) * pi / 2
        scene.draw(tile, x + side / 2, y + side / 2, side, over, angle=turn)


def plain(scene: Scene) -> None:
    """Paint a poster's ground behind a subject: a great disc or an arch, and sprigs."""
    u, width, height, palette = scene.u, scene.width, scene.height, scene.palette
    base = scene.rng.choice([palette.horizon, palette.sky, mix(palette.top, palette.light, 0.25)])
    back = scene.rng.choice([palette.accent, palette.far, palette.disc, palette.top])
    if sum(abs(a - b) for a, b in zip(back, base, strict=True)) < 110:
        back = palette.accent
    scene.gradient((mix(base, palette.light, 0.35), base, mix(base, palette.far, 0.35)))
    x, y, radius = width / 2, height * scene.between(0.4, 0.48), u * scene.between(33, 40)
    edge = Grain(mix(back, palette.light, 0.45), "down", 0.75)
    shape = scene.rng.choice([arc(x, y, radius), ground(arc(x, y, radius, start=0.5), height)])
    scene.paint(back, shape, grain=edge)
    for side in (-1, -1, 1):
        place, size = x + side * scene.between(0.3, 0.5) * width, u * scene.between(36, 60)
        color = mix(palette.near, back, scene.between(0.15, 0.5))
        scene.draw(drawings.SPRIG, place, height * 1.02, size, color, angle=side * 0.15)


PLACES = {
    place.__name__: place
    for place in (sea, lake, mountains, desert, snow, field, city, forest, space, abstract, plain)
}
