"""Pictures without an upstream: painted here, and never mistaken for an image model's."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor

from imagine.painting import paint_steps, size_for

from .base import Event, GeneratedImage, ImageProvider, ImageRequest, PartialImage

MODEL = "sample-painter"
"""Kept with every picture; `gallery.models.Image.is_sample` goes by its beginning."""

SIDES = range(64, 2049)
"""Pixels: a size asked for within these is painted as it is."""

_painters = ThreadPoolExecutor(2, thread_name_prefix="painter")


class SampleProvider(ImageProvider):
    """Deterministic paintings: the same prompt and number give the same pictures."""

    name = "sample"
    models = (MODEL,)

    async def generate(self, request: ImageRequest) -> AsyncIterator[Event]:
        width, height = canvas(request)
        loop = asyncio.get_running_loop()
        for index in range(request.n):
            steps = paint_steps(
                request.prompt,
                width=width,
                height=height,
                seed=(request.seed or 0) + index,
                steps=request.partial_images + 1,
            )
            for step in range(request.partial_images):
                data = await loop.run_in_executor(_painters, next, steps)
                yield PartialImage(index, step, data)
            data = await loop.run_in_executor(_painters, next, steps)
            yield GeneratedImage(index, data, MODEL)


def canvas(request: ImageRequest) -> tuple[int, int]:
    """Pixels: the size asked for where it is a sensible one, else a megapixel in the ratio."""
    if request.size is not None and all(side in SIDES for side in request.size):
        return request.size
    return size_for(request.aspect_ratio or "1:1")
