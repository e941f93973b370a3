"""Pictures without an upstream: painted here, and never mistaken for an image model's."""

import asyncio
import io
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor

from PIL import Image, ImageOps

from gallery.pictures import nearest_aspect_ratio
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
            if request.sources:
                data = await loop.run_in_executor(_painters, blend, request.sources[0].data, data)
            yield GeneratedImage(index, data, MODEL)


def canvas(request: ImageRequest) -> tuple[int, int]:
    """Pixels: the size asked for where it is a sensible one, else a megapixel in the ratio."""
    if request.size is not None and all(side in SIDES for side in request.size):
        return request.size
    if request.sources and not request.aspect_ratio:
        source = request.sources[0]
        return size_for(nearest_aspect_ratio(source.width, source.height))
    return size_for(request.aspect_ratio or "1:1")


def blend(source: bytes, painting: bytes) -> bytes:
    """An edit that edits nothing: the source with the painting shining through."""
    with Image.open(io.BytesIO(painting)) as over, Image.open(io.BytesIO(source)) as under:
        fitted = ImageOps.fit(ImageOps.exif_transpose(under).convert("RGB"), over.size)
        out = io.BytesIO()
        Image.blend(fitted, over.convert("RGB"), 0.45).save(out, "JPEG", quality=88)
    return out.getvalue()
