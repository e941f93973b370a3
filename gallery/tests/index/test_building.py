"""Segments that are built while pictures change."""

from gallery.index import building
from gallery.index.postings import SEGMENT_BITS
from gallery.jobs import marking, tagging
from gallery.models import Image
from gallery.search.filters import ImageFilter
from gallery.search.listing import find_page
from gallery.tests.meanwhile import meanwhile


def found(**query: str) -> list[int]:
    criteria = ImageFilter(query, Image.objects.all()).criteria
    return find_page(criteria, page_size=10).ids


def test_a_change_while_a_segment_is_built_is_not_struck_off(add_image):
    image = add_image(prompt="fox", tags=["old"])

    def change() -> None:
        marking.mark_images(image_ids=[image.pk], favorite=True)
        tagging.replace_tags(image_id=image.pk, names=["new"])

    with meanwhile(r"^SELECT .*prompt_folded", change):  # the rows were read, and are now older
        assert building.build_segment(image.pk >> SEGMENT_BITS)
    assert building.changed_ids() == [image.pk] * 2
    assert found(search="fox", favorite="true") == found(tags="new") == [image.pk]
    assert found(tags="old") == found(favorite="false") == []
