"""What the gallery's templates say often."""

import pytest

from gallery.templatetags import gallery_pages, icons


@pytest.mark.parametrize(
    ("last", "current", "numbers"),
    [
        (1, 1, [1]),
        (5, 3, [1, 2, 3, 4, 5]),
        (20, 1, [1, 2, 3, None, 20]),
        (20, 5, [1, 2, 3, 4, 5, 6, 7, None, 20]),
        (20, 10, [1, None, 8, 9, 10, 11, 12, None, 20]),
        (20, 20, [1, None, 18, 19, 20]),
        (20_000, 4, [1, 2, 3, 4, 5, 6, None, 20_000]),
    ],
)
def test_page_numbers_leave_out_what_is_far(last, current, numbers):
    assert gallery_pages.page_numbers(last, current) == numbers


def test_sizes_have_the_largest_unit_that_fits():
    sizes = [0, 512, 1023, 1024, 1536, 1024**2, 1024**3 * 9 // 4, 1024**4, 1024**5]
    assert [gallery_pages.file_size(size) for size in sizes] == [
        "0 B", "512 B", "1023 B", "1.0 KB", "1.5 KB", "1.0 MB", "2.2 GB", "1.0 TB", "1024.0 TB",
    ]  # fmt: skip


def test_thumbnail_fits_into_its_square(add_image):
    image = add_image()
    image.width, image.height = 1280, 720
    assert gallery_pages.thumbnail_size(image) == (512, 288)
    image.width, image.height = 10, 4000
    assert gallery_pages.thumbnail_size(image) == (1, 512)


def test_icon_is_a_symbol_of_the_sprite():
    markup = icons.icon("heart")
    assert 'aria-hidden="true"' in markup
    assert markup.endswith('#heart"></use></svg>')
