"""Pictures without an upstream: painted here, and never mistaken for an image model's."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from math import sqrt

try:
    from imagine.painting import paint
except ModuleNotFoundError:
    from ._stand_in import paint

from .base import Event, GeneratedImage, ImageProvider, ImageRequest

MODEL = "sample-painter"
"""Kept with every picture; `gallery.models.Image.is_sample` goes by its beginning."""

PIXELS = 1024 * 1024
LONGEST_SIDE = 2048

_painters = ThreadPoolExecutor(2, thread_name_prefix="painter")


class SampleProvider(ImageProvider):
    """Deterministic paintings: the same prompt and number give the same pictures."""

    name = "sample"
    models = (MODEL,)

    async def generate(self, request: ImageRequest) -> AsyncIterator[Event]:
        width, height = canvas(request)
        loop = asyncio.get_running_loop()
        for index in range(request.n):
            data = await loop.run_in_executor(
                _painters,
                partial(paint, request.prompt, width=width, height=height, seed=index),
            )
            yield GeneratedImage(index, data, MODEL)


def canvas(request: ImageRequest) -> tuple[int, int]:
    """Pixels: the size asked for where it is a sensible one, else a megapixel in the ratio."""
    if request.size is not None and max(request.size) <= LONGEST_SIDE and min(request.size) >= 64:
        return request.size
    across, down = map(float, (request.aspect_ratio or "1:1").split(":"))
    unit = sqrt(PIXELS / (across * down))
    return round(across * unit / 8) * 8, round(down * unit / 8) * 8
