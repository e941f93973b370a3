"""Paints subjects: an animal, a person or flowers in front of a place."""

from typing import NamedTuple

from . import drawings
from .canvas import Grain
from .outlines import curve, ground
from .palettes import mix, rgb
from .scene import Scene


class Subject(NamedTuple):
    """A drawing, the colours that it comes in, its place, and its size."""

    drawing: str
    colors: list[str]
    stance: str = "sits"  # on a mound, or `rises` from the lower edge, or `floats`
    size: float = 53  # in `u`, on a poster; two thirds of it in a landscape
    flock: int = 0  # others round about
    share: float = 0.2  # of the size: how large those are


SUBJECTS = {
    "cat": Subject(drawings.CAT, ["#ce8042", "#966246", "#686474", "#3a3440"]),
    "fox": Subject(drawings.FOX, ["#d66830"]),
    "dog": Subject(drawings.DOG, ["#ce965c", "#96684c", "#686c7a"]),
    "rabbit": Subject(drawings.RABBIT, ["#e8e2dc", "#ba9270", "#8c8286"]),
    "deer": Subject(drawings.DEER, ["#88563a", "#5a4038"], "rises", 60),
    "portrait": Subject(drawings.WOMAN, ["#f4ceb0", "#e2ac86", "#b27856"], "rises", 68),
    "whale": Subject(drawings.WHALE, ["#2c4a6e", "#33415e"], "floats", 38),
    "bird": Subject(drawings.CRANE, ["#5b7a99", "#33415e"], "floats", 34, 5),
    "flower": Subject(drawings.FLOWER, ["#e8743c", "#d94f6b", "#f4dfc8"], "floats", 22, 4, 0.7),
}


def paint_subject(scene: Scene) -> None:
    """Paint the subject that the brief names, in the colour that it names."""
    u, width, height, palette = scene.u, scene.width, scene.height, scene.palette
    subject, poster = SUBJECTS[scene.brief.subject], scene.brief.setting == "plain"
    colors = [rgb(code) for code in ([scene.brief.coat] if scene.brief.coat else subject.colors)]
    size = subject.size * (1 if poster else 0.67)
    x, y = width * (0.5 if poster else scene.rng.choice([0.32, 0.5, 0.68])), height * 0.45
    for _ in range(subject.flock):
        level, color = height * scene.between(0.2, 0.65), scene.rng.choice(colors)
        scene.scatter(subject.drawing, [(0, level)], 1, size * subject.share, color)
    if subject.stance == "rises":
        y = height * 1.01
    elif subject.stance == "sits":
        y = height * (0.9 if poster else 0.95)
        color = mix(palette.near, palette.far, 0.18)
        mound = curve([(-1, y + u * 6), (x, y - u * 1.5), (width + 1, y + u * 6)])
        edge = Grain(mix(color, palette.accent, 0.4), "up", 0.5)
        scene.paint(color, ground(mound, height), grain=edge)
    color = scene.rng.choice(colors)
    scene.draw(subject.drawing, x, y, u * size, color, flip=scene.rng.random() < 0.5)
