"""From an upstream's answer to the committed row with its thumbnail: `python -m bench.ingest`.

A 1024 × 1024 JPEG of 260 KB as base64 in JSON, into a library of its own on SQLite. The
processor's time is what counts: the budget is 60 ms of one core.
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
        wall, processor = asyncio.run(measure(answer))
    print(f"{len(answer) / 1024:.0f} KB of JSON -> row and thumbnail, {TIMES} times")
    for name, values in (("processor", processor), ("wall", wall)):
        cuts = quantiles(values, n=20)
        print(f"  {name:9}  p50 {cuts[9]:6.1f} ms   p95 {cuts[18]:6.1f} ms")
    print(f"  budget     {BUDGET_MS} ms of processor")


async def measure(answer: bytes) -> tuple[list[float], list[float]]:
    """Milliseconds of each time: by the clock, and of the processor."""
    from imagine import records
    from imagine.callers import Caller
    from imagine.providers.base import GeneratedImage, ImageRequest
    from imagine.providers.fetching import Fetcher
    from imagine.providers.results import read_results
    from imagine.providers.upstream import read_json
    from imagine.threads import in_thread

    request = ImageRequest(prompt="美丽的日落海景, a fox in the snow at dawn, soft light")
    wall, processor = [], []
    for number in range(TIMES + 5):
        opened = await in_thread(
            records.open_generation, request, provider="xai", identify=Caller, client=""
        )
        began, began_processor = time.perf_counter(), time.process_time()
        async for event in read_results(read_json(answer), model="m", fetcher=Fetcher(None)):
            if isinstance(event, GeneratedImage):
                await in_thread(records.store_image, opened.generation, request, event, event.data)
        if number >= 5:  # the first ones open connections and load codecs
            wall.append((time.perf_counter() - began) * 1000)
            processor.append((time.process_time() - began_processor) * 1000)
    return wall, processor


def upstream_answer() -> bytes:
    from imagine.painting import paint

    picture = paint("sunset over the sea, long waves, grain", width=1024, height=1024)
    return json.dumps({"data": [{"b64_json": base64.b64encode(picture).decode()}]}).encode()


if __name__ == "__main__":
    main()
