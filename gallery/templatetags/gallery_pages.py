"""Small things that the gallery's templates say often."""

from collections.abc import Iterator

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from ..models import Image

register = template.Library()

AROUND = 2
UNITS = ("KB", "MB", "GB", "TB")
LARGE = 2 * 1024 * 1024


@register.filter
def page_numbers(last: int, current: int) -> list[int | None]:
    """Numbers of the pages to offer; None where some are left out: 1 … 4 5 6 7 8 … 20."""
    near = range(max(1, current - AROUND), min(last, current + AROUND) + 1)
    return list(_with_gaps(sorted({1, *near, last})))


def _with_gaps(numbers: list[int]) -> Iterator[int | None]:
    before = 0
    for number in numbers:
        if number == before + 2:
            yield before + 1  # A gap of one page is no shorter than its number.
        elif number > before + 2:
            yield None
        yield number
        before = number


@register.filter
def file_size(size: int) -> str:
    """Bytes for people: 512 B, 1.5 MB. The scripts' `formatBytes` says the same."""
    return " ".join(_number_and_unit(size))


@register.filter
def size_with_unit(size: int) -> SafeString:
    """Bytes as a large number with a small unit."""
    return format_html('{} <span class="unit">{}</span>', *_number_and_unit(size))


def _number_and_unit(size: int) -> tuple[str, str]:
    if size < 1024:
        return str(size), "B"
    power = min((size.bit_length() - 1) // 10, len(UNITS))
    return f"{size / 1024**power:.1f}", UNITS[power - 1]


@register.filter
def thumbnail_size(image: Image) -> tuple[int, int]:
    """Pixels of the thumbnail, whose longer side is at most 512."""
    scale = min(1, 512 / max(image.width, image.height))
    return max(1, round(image.width * scale)), max(1, round(image.height * scale))


@register.filter
def may_be_thumbnail(image: Image) -> bool:
    """Whether the picture itself is small enough to stand in the grid of a fine display."""
    return image.file_size <= LARGE
