"""Sample pictures: deterministic, of the asked size, and what the prompt's words say."""

import io
from collections.abc import Iterator
from itertools import combinations
from random import Random

import pytest
from PIL import Image, ImageChops, ImageStat

from imagine.painting import drawings, paint, paint_steps, size_for
from imagine.painting.palettes import PALETTES, palette_for
from imagine.painting.places import PLACES
from imagine.painting.reading import LIGHTS, SETTINGS, WEATHERS, read
from imagine.painting.reading import SUBJECTS as SUBJECT_WORDS
from imagine.painting.scene import inks, parts
from imagine.painting.subjects import SUBJECTS

PROMPTS = ["美丽的日落海景", "a cat", "snowy night", "抽象 音乐", "cyberpunk city in the rain"]


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def mean(data: bytes) -> list[float]:
    return ImageStat.Stat(opened(data)).mean


def warmth(prompt: str) -> float:
    """Mean red minus mean blue over three seeds."""
    means = [mean(paint(prompt, width=192, height=192, seed=seed)) for seed in range(3)]
    return sum(red - blue for red, _, blue in means) / len(means)


@pytest.mark.parametrize(
    ("ratio", "size"),
    [
        ("1:1", (1024, 1024)),
        ("2:3", (832, 1248)),
        ("3:2", (1248, 832)),
        ("9:16", (784, 1392)),
        ("16:9", (1392, 784)),
        ("19.5:9", (1456, 672)),
    ],
)
def test_size_for_gives_multiples_of_16_near_a_megapixel(ratio, size):
    assert size_for(ratio) == size


@pytest.mark.parametrize("ratio", ["", "1", "1:0", "0:1", "-1:1", "9:1", "a:b", "1:1:1"])
def test_size_for_refuses_what_is_no_ratio(ratio):
    with pytest.raises(ValueError):
        size_for(ratio)


@pytest.mark.parametrize("size", [(256, 256), (256, 384), (384, 256), (288, 512), (512, 288)])
@pytest.mark.parametrize("prompt", PROMPTS)
def test_paint_is_a_jpeg_of_the_asked_size_and_always_the_same(prompt, size):
    data = paint(prompt, width=size[0], height=size[1])
    image = opened(data)
    assert (image.format, image.mode, image.size) == ("JPEG", "RGB", size)
    assert paint(prompt, width=size[0], height=size[1]) == data


def test_paint_differs_between_prompts_and_seeds():
    pictures = [opened(paint(prompt, width=96, height=96)) for prompt in PROMPTS]
    pictures += [opened(paint(PROMPTS[0], width=96, height=96, seed=seed)) for seed in (1, 2)]
    for one, other in combinations(pictures, 2):
        assert sum(ImageStat.Stat(ImageChops.difference(one, other)).mean) > 15


def test_words_steer_the_palette():
    assert warmth("日落 大海") > 40 > warmth("a sea at noon") > warmth("snowy night") < -20
    red, green, _ = mean(paint("red abstract", width=192, height=192))
    assert red > green + 20
    red, green, _ = mean(paint("绿色的森林", width=192, height=192))
    assert green > red + 10


@pytest.mark.parametrize(
    ("prompt", "facts"),
    [
        (
            "A fox in the snow at dawn",
            {"setting": "snow", "subject": "fox", "light": "dawn", "weather": "snowfall"},
        ),
        ("雨夜的城市，霓虹灯", {"setting": "city", "light": "night", "weather": "rain"}),
        ("群山之间薄雾中的静谧湖泊", {"setting": "lake", "light": "overcast", "weather": "fog"}),
        ("two black cats", {"setting": "plain", "subject": "cat", "coat": "#2b2630", "hues": []}),
        ("抽象：蓝与金的几何", {"setting": "abstract", "hues": [0.58, 0.11], "monochrome": False}),
        ("水墨画：山村", {"setting": "mountains", "monochrome": True}),
    ],
)
def test_a_brief_is_what_the_words_say(prompt, facts):
    brief = read(prompt, Random(1))
    assert {name: getattr(brief, name) for name in facts} == facts


@pytest.mark.parametrize("word", [*SETTINGS, *SUBJECT_WORDS, *WEATHERS])
def test_every_known_word_can_be_painted_small_and_tall(word):
    for size in ((64, 64), (48, 128)):
        image = opened(paint(word, width=size[0], height=size[1], seed=3))
        image.load()
        assert image.size == size


def test_whatever_a_brief_names_is_there_to_be_painted():
    assert set(PLACES) == {*SETTINGS, "plain"}
    assert set(SUBJECTS) == set(SUBJECT_WORDS)
    assert {light for light, _ in PALETTES} == {*LIGHTS, "winter"}


def all_drawings() -> Iterator[str]:
    for name, value in vars(drawings).items():
        if name.isupper():
            yield from value if isinstance(value, list) else [value]


def test_every_drawing_is_made_of_known_inks_and_stays_about_its_place():
    known = inks(palette_for("day", [], Random(1)), (200, 100, 50))
    for drawing in all_drawings():
        for ink, shapes, width, grains in parts(drawing):
            assert ink in known
            assert not grains or (grains[0] in known and 0 < float(grains[2]) <= 1)
            assert 0 <= width < 0.2
            assert all(-4 < value < 4 for shape in shapes for point in shape for value in point)


@pytest.mark.parametrize("prompt", ["", " ", "🐉" * 50, "\ud83d", "x" * 32_000, "{{ 7*7 }}"])
def test_paint_takes_any_text(prompt):
    assert opened(paint(prompt, width=64, height=64)).size == (64, 64)


@pytest.mark.parametrize("steps", [1, 4])
def test_paint_steps_end_in_the_picture_and_grow_clearer(steps):
    size = {"width": 256, "height": 192}
    pictures = list(paint_steps("a fox in the forest", **size, seed=5, steps=steps))
    final = paint("a fox in the forest", **size, seed=5)
    assert len(pictures) == steps
    assert pictures[-1] == final
    distances = [
        sum(ImageStat.Stat(ImageChops.difference(opened(data), opened(final))).mean)
        for data in pictures
    ]
    assert distances == sorted(distances, reverse=True)
    assert len(set(distances)) == steps


def test_every_picture_carries_the_mark():
    """The corner of a picture with the mark differs from the mirrored corner without it."""
    image = opened(paint("fog", width=512, height=512)).convert("L")
    corner = image.crop((400, 470, 506, 506))
    low, high = corner.getextrema()
    assert high - low > 90
