"""Paints pictures without an upstream, never to be mistaken for an image model's."""

import io
from collections.abc import AsyncGenerator

from PIL import Image, ImageOps

from gallery.files.pictures import large_thumbnail, nearest_aspect_ratio
from grok2api.runtime.pools import Pool
from imagine.painting import paint_steps, size_for

from .base import Event, GeneratedImage, ImageProvider, ImageRequest, Offer, PartialImage, Usage

MODEL = "sample-painter"
"""Stored with every picture; `gallery.models.Image.is_sample` relies on its prefix."""

SIDES = range(64, 2049)
"""Pixels: a requested size within these is painted as it is."""

SCALES = {"1k": 1.0, "1.5k": 1.5, "2k": 2.0}
"""Factors for the sides of a one-megapixel picture, by resolution."""

_painters = Pool("painter", 2)


class SampleProvider(ImageProvider):
    """Deterministic paintings: the same prompt and number give the same pictures."""

    name = "sample"
    models = (MODEL,)
    takes = frozenset(("size", "seed", "resolution"))

    @classmethod
    def priced_model(cls, request: ImageRequest) -> str:
        return MODEL

    @classmethod
    def offer(cls, model: str, *, edits: bool = False) -> Offer:
        return Offer(resolutions=tuple(SCALES), seeds=True)

    async def generate(self, request: ImageRequest) -> AsyncGenerator[Event, None]:
        width, height = canvas(request)
        yield Usage(pictures=request.n, model=MODEL, is_whole=True)
        for index in range(request.n):
            steps = paint_steps(
                request.prompt,
                width=width,
                height=height,
                seed=(request.seed or 0) + index,
                steps=request.partial_images + 1,
            )
            for step in range(request.partial_images):
                data = await _painters.run(next, steps)
                yield PartialImage(index, step, data)
            data = await _painters.run(next, steps)
            if request.sources:
                data = await _painters.run(blend, request.sources[0].data, data)
            yield GeneratedImage(index, data, MODEL)


def canvas(request: ImageRequest) -> tuple[int, int]:
    """Return the requested size in pixels if it is sensible, else the ratio at the resolution."""
    if request.size is not None and all(side in SIDES for side in request.size):
        return request.size
    ratio = request.aspect_ratio or "1:1"
    if request.sources and not request.aspect_ratio:
        source = request.sources[0]
        ratio = nearest_aspect_ratio(source.width, source.height)
    width, height = size_for(ratio)
    scale = SCALES.get(request.resolution, 1.0)
    return round(width * scale), round(height * scale)


def blend(source: bytes, painting: bytes) -> bytes:
    """Pretend to edit: the painting shows through the source."""
    small = large_thumbnail(source)
    with Image.open(io.BytesIO(painting)) as over, Image.open(io.BytesIO(small)) as under:
        fitted = ImageOps.fit(under.convert("RGB"), over.size)
        out = io.BytesIO()
        Image.blend(fitted, over.convert("RGB"), 0.45).save(out, "JPEG", quality=88)
    return out.getvalue()
