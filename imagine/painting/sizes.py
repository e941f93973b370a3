"""From an aspect ratio to pixels."""

from math import log

AREA = 1024 * 1024
STEP = 16


def size_for(aspect_ratio: str) -> tuple[int, int]:
    """Width and height in pixels, multiples of 16, for a ratio such as `16:9` or `19.5:9`.

    The area is about 1024 × 1024; a size that hits the ratio exactly is preferred to one
    that hits the area.

    Raises:
        ValueError: no two positive numbers with a colon between, or steeper than 4:1.
    """
    across, _, down = aspect_ratio.partition(":")
    ratio = float(across) / float(down) if float(across) > 0 < float(down or 0) else 0.0
    if not 0.25 <= ratio <= 4:
        raise ValueError(f"not an aspect ratio: {aspect_ratio!r}")

    def cost(size: tuple[int, int]) -> float:
        width, height = size
        return 40 * abs(log(width / height / ratio)) + abs(log(width * height / AREA))

    widths = range(STEP * 24, STEP * 136, STEP)
    sizes = [(width, max(1, round(width / ratio / STEP)) * STEP) for width in widths]
    return min(sizes, key=cost)
