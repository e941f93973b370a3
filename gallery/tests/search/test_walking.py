"""Walking along the index of the sort key."""

import pytest

from gallery.index import building
from gallery.index.criteria import Criteria
from gallery.index.postings import SEGMENT_BITS
from gallery.jobs import removal
from gallery.models import Image
from gallery.search import walking
from gallery.search.listing import find


@pytest.mark.parametrize("gone", [range(30), range(5, 30), range(29, 30), range(40)])
def test_a_walk_goes_on_from_where_pictures_vanish(add_image, monkeypatch, gone):
    monkeypatch.setattr(walking, "LARGEST_BATCH", 30)
    first = add_image()
    building.build_segment(first.pk >> SEGMENT_BITS)
    Image.objects.bulk_create(
        Image(
            file=f"{number}", width=1, height=1, file_size=number, created_at=first.created_at,
            content_hash="", prompt="", prompt_folded="", model="m",
        )
        for number in range(69)
    )  # fmt: skip
    criteria = Criteria(descending=False)
    ids = list(Image.objects.order_by("created_at", "id").values_list("pk", flat=True))
    batches = walking._Walker(criteria, find(criteria)).batches(1)
    assert next(batches) == ids[:30]
    removal.delete_images(image_ids=[ids[number] for number in gone])
    rest = [pk for batch in batches for pk in batch]
    assert rest == [pk for pk in ids[30:] if pk not in {ids[number] for number in gone}]
