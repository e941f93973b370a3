"""Template tags and filters of the gallery's pages."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from math import ceil

from django import template
from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from ..files.pictures import LARGE_SIDE, THUMBNAIL_SIDE
from ..models import Image
from ..soundness import MAX_PROMPT_LENGTH

register = template.Library()

AROUND = 2
BOARD_SQUARES = 64
"""Squares along the longer side of a picture."""
CARD_WIDTHS = "(max-width: 40rem) 43vw, 15rem"
TILE_WIDTHS = "(max-width: 40rem) 45vw, 20rem"
UNITS = ("KB", "MB", "GB", "TB")


@register.filter
def page_numbers(last: int, current: int) -> list[int | None]:
    """Return the page numbers to offer, with None for gaps: 1 … 4 5 6 7 8 … 20."""
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
    """Format bytes for people: 512 B, 1.5 MB. `formatBytes` in the scripts does the same."""
    return " ".join(_number_and_unit(size))


@register.filter
def size_with_unit(size: int) -> SafeString:
    """Format bytes as a large number with a small unit."""
    return format_html('{} <span class="unit">{}</span>', *_number_and_unit(size))


def _number_and_unit(size: int) -> tuple[str, str]:
    if size < 1024:
        return str(size), "B"
    power = min((size.bit_length() - 1) // 10, len(UNITS))
    return f"{size / 1024**power:.1f}", UNITS[power - 1]


@register.filter
def thumbnail_size(image: Image, most: int = THUMBNAIL_SIDE) -> tuple[int, int]:
    """Return the size of the thumbnail in pixels; its longer side is at most 512."""
    scale = min(1, most / max(image.width, image.height, 1))
    return max(1, round(image.width * scale)), max(1, round(image.height * scale))


@register.filter
def board_side(image: Image) -> str:
    """Return two squares of the checkerboard behind a transparent picture, in its own pixels."""
    return f"{max(image.width, image.height) / BOARD_SQUARES * 2:.3f}"


@register.filter
def goes_at(image: Image) -> datetime | None:
    """Return from when on a picture in the trash may be deleted permanently."""
    since = image.trashed_at
    return since + timedelta(days=settings.GALLERY_TRASH_DAYS) if since else None


@register.filter
def days_left(image: Image) -> int:
    """Return the days until then, counting the current one; 0 when it is due."""
    moment = goes_at(image)
    left = (moment - timezone.now()).total_seconds() if moment else 0
    return max(0, ceil(left / 86_400))


@register.simple_tag
def max_prompt_length() -> int:
    """Return the most characters of a prompt."""
    return MAX_PROMPT_LENGTH


@register.simple_tag
def thumbnail_address(image: Image) -> str:
    """Return the permanent address of the picture's thumbnail."""
    return f"{reverse('api:image-thumbnail', args=[image.pk])}?v={image.thumbnail_v}"


@register.simple_tag
def tile_sources(image: Image) -> SafeString:
    """Return `src` of a picture that is shown whole, and `srcset` for high-density displays."""
    address = thumbnail_address(image)
    (small, _), (large, _) = (thumbnail_size(image, side) for side in (THUMBNAIL_SIDE, LARGE_SIDE))
    return _sources(address, small, large, TILE_WIDTHS)


@register.simple_tag
def grid_sources(image: Image, images_url: str) -> SafeString:
    """Return `src` of a square card's picture, and `srcset` for high-density displays.

    Its width descriptors are the shorter sides, since these fill the square.
    """
    address = f"{images_url}{image.pk}/thumbnail/?v={image.thumbnail_v}"
    small, large = (min(thumbnail_size(image, side)) for side in (THUMBNAIL_SIDE, LARGE_SIDE))
    return _sources(address, small, large, CARD_WIDTHS)


def _sources(address: str, small: int, large: int, sizes: str) -> SafeString:
    if large <= small:
        return format_html('src="{}"', address)
    return format_html(
        'src="{0}" srcset="{0} {1}w, {0}&amp;size={2} {3}w" sizes="{4}"',
        address,
        small,
        LARGE_SIDE,
        large,
        sizes,
    )
