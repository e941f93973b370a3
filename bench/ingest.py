"""Measures the way from an upstream's answer to the row and its thumbnail: `python -m
bench.ingest`.

It ingests a 1024 × 1024 JPEG of 260 KB, as base64 in JSON, into its own library on SQLite. What
counts is processor time: the budget is 60 ms of one core.
"""

import asyncio
import base64
import json
import os
import tempfile
import time
from statistics import quantiles

TIMES = 60
BUDGET_MS = 60


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name in ("DATA_DIR", "MEDIA_ROOT", "LOG_DIR"):
            os.environ[name] = f"{folder}/{name.lower()}"
        os.environ["DJANGO_SETTINGS_MODULE"] = "grok2api.settings"
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        answer = upstream_answer()
        spans = asyncio.run(measure(answer))
    print(f"{len(answer) / 1024:.0f} KB of JSON -> row, and thumbnail, {TIMES} times")
    spans["both"] = [(a + c, b + d) for (a, b), (c, d) in zip(*spans.values(), strict=True)]
    for name, values in spans.items():
        for kind, each in zip(("wall", "processor"), zip(*values, strict=True), strict=True):
            cuts = quantiles(each, n=20)
            print(f"  {name:9} {kind:9}  p50 {cuts[9]:6.1f} ms   p95 {cuts[18]:6.1f} ms")
    print(f"  budget    {BUDGET_MS} ms of processor for both")


async def measure(answer: bytes) -> dict[str, list[tuple[float, float]]]:
    """Return wall-clock and processor milliseconds until the row, and for the thumbnail."""
    from gallery.jobs import thumbnails
    from gallery.models import Image
    from imagine import records
    from imagine.callers import Caller
    from imagine.models import Generation
    from imagine.providers.base import GeneratedImage, ImageRequest
    from imagine.providers.results import read_body
    from imagine.threads import in_thread

    def make_thumbnail() -> None:
        thumbnails.make(Image.objects.latest("pk"))

    @records.insistently
    def store(generation: Generation, image: GeneratedImage) -> None:
        with records.storing(generation, request, image, *records.read(image.data, request)):
            pass

    request = ImageRequest(prompt="美丽的日落海景, a fox in the snow at dawn, soft light")
    spans: dict[str, list[tuple[float, float]]] = {"row": [], "thumbnail": []}
    for number in range(TIMES + 5):
        asked = records.Asked(Caller())
        opened = await in_thread(records.open_generation, request, asked, provider="xai")
        began = now()
        async for event in read_body(answer, model="m", fetch=no_links):
            if isinstance(event, GeneratedImage):
                await in_thread(store, opened.generation, event)
        stored = now()
        # In service another process makes it, whose time is not counted here: so once more.
        await in_thread(thumbnails.settle)
        settled = now()
        await in_thread(make_thumbnail)
        if number >= 5:  # the first ones open connections and load codecs
            spans["row"].append(between(began, stored))
            spans["thumbnail"].append(between(settled, now()))
    return spans


async def no_links(url: str) -> bytes:
    raise AssertionError(url)


def now() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


def between(start: tuple[float, float], end: tuple[float, float]) -> tuple[float, float]:
    return (end[0] - start[0]) * 1000, (end[1] - start[1]) * 1000


def upstream_answer() -> bytes:
    from imagine.painting import paint

    picture = paint("sunset over the sea, long waves, grain", width=1024, height=1024)
    return json.dumps({"data": [{"b64_json": base64.b64encode(picture).decode()}]}).encode()


if __name__ == "__main__":
    main()
