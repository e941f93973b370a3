"""Fills a server's library with pictures, in a process of its own."""

import json
import subprocess
import sys
from typing import Any

from tests.server import ROOT, Server

FILL = """
import json, sys
from datetime import timedelta
from django.utils import timezone
from gallery.models import Image
from gallery.tests import adding
from gallery.tests.drawing import draw

ids = []
for facts in json.load(sys.stdin):
    ago = timedelta(days=facts.pop("days_ago", 0), minutes=facts.pop("minutes_ago", 0))
    width, height = facts.pop("size", (64, 64))
    facts.setdefault("source", Image.Source.GENERATED)
    color = facts.pop("color", "#3366cc")
    data = draw(width, height, color=color)
    moment = timezone.now() - ago
    ids.append(adding.add_image(data=data, created_at=moment, **facts).pk)
print("ids", json.dumps(ids))
"""

PARAMETERS = {"Steps": 30, "Sampler": "DPM++ 2M Karras", "Seed": 1234567890}


def fill(server: Server, pictures: list[dict[str, Any]]) -> list[int]:
    """Add pictures by arguments of `add_image`, and `size`, `color`, `days_ago`; return
    their ids.
    """
    done = subprocess.run(
        [sys.executable, "manage.py", "shell", "--verbosity=0", "-c", FILL],
        cwd=ROOT,
        env=server.environment,
        input=json.dumps(pictures),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.rpartition("ids ")[2])


def many(count: int) -> list[dict[str, Any]]:
    """Describe pictures of all kinds, newest first: number 0 is a minute old, and so on.

    Every third is of model `grok-imagine-1.0-edit`, every fourth 16:9, every fifth tagged
    `night`, every sixth `城市`; ten lie in each month.
    """
    return [
        {
            "prompt": f"Picture {number:03} of a {'red' if number % 2 else 'blue'} house",
            "model": "grok-imagine-1.0-edit" if number % 3 == 0 else "grok-imagine-1.0",
            "size": (160, 90) if number % 4 == 0 else (90, 90),
            "color": f"#{(number * 37) % 256:02x}{(number * 91) % 256:02x}80",
            "tags": [
                *(["night"] if number % 5 == 0 else []),
                *(["城市"] if number % 6 == 0 else []),
            ],
            "minutes_ago": number + 1,
            "days_ago": number // 10 * 30,
        }
        for number in range(count)
    ]
