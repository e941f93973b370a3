"""Fills the library of the screenshots with sample pictures of some weeks, by `manage.py shell`."""

from datetime import timedelta

from django.utils import timezone

from gallery.models import Image
from gallery.tests import adding
from imagine.painting import paint

PICTURES = [
    # prompt, aspect ratio, tags, days ago
    ("美丽的日落海景", "16:9", ["风景", "海"], 0),
    ("a lighthouse on a cliff at dusk", "2:3", ["landscape", "sea"], 0),
    ("水墨画：雨中的山村", "3:2", ["风景", "水墨"], 0),
    ("northern lights over a frozen lake", "16:9", ["landscape", "night"], 1),
    ("一只橘猫坐在窗台上", "1:1", ["动物", "猫"], 1),
    ("a city skyline at night, neon", "9:16", ["city", "night"], 2),
    ("金色麦田里的热气球", "3:2", ["风景"], 2),
    ("a sailing boat in the morning fog", "1:1", ["sea"], 4),
    ("沙漠里的驼队，夕阳", "16:9", ["风景", "沙漠"], 5),
    ("a red fox in a snowy forest", "2:3", ["animals", "winter"], 6),
    ("樱花树下的小路", "2:3", ["风景", "春"], 8),
    ("a spaceship above a ringed planet", "16:9", ["space"], 9),
    ("竹林深处的月光", "9:16", ["风景", "夜"], 11),
    ("snowy mountains at sunrise", "3:2", ["landscape", "winter"], 13),
    ("抽象：蓝与金的几何", "1:1", ["抽象"], 15),
    ("an owl on a branch under the moon", "1:1", ["animals", "night"], 17),
    ("荷塘与红蜻蜓", "3:2", ["风景", "夏"], 20),
    ("a quiet lake with pines in autumn", "16:9", ["landscape", "autumn"], 23),
    ("宇航员漂浮在星云前", "2:3", ["太空"], 26),
    ("waves and palm trees, tropical beach", "3:2", ["sea", "landscape"], 30),
]
SIDES = {"1:1": (1024, 1024), "2:3": (832, 1248), "3:2": (1248, 832), "9:16": (768, 1368),
         "16:9": (1368, 768)}  # fmt: skip
FAVORITES = (0, 3, 9, 13)

now = timezone.now()
for place, (prompt, ratio, tags, days) in reversed(list(enumerate(PICTURES))):
    width, height = SIDES[ratio]
    adding.add_image(
        data=paint(prompt, width=width, height=height, seed=0),
        source=Image.Source.GENERATED,
        prompt=prompt,
        model="sample-painter",
        aspect_ratio=ratio,
        tags=tags,
        favorite=place in FAVORITES,
        created_at=now - timedelta(days=days, minutes=7 * place),
    )
