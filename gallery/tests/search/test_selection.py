"""Which pictures a bulk action is for."""

import pytest
from django.core.exceptions import ValidationError

from gallery.models import Image
from gallery.search.selection import read_selection


def test_selection_of_ids_keeps_their_order(db):
    assert read_selection({"image_ids": [3, "1", 3, 2**62]}).ids == [3, 1, 2**62]


def test_selection_by_filter_is_all_that_match(add_image):
    first, second, third = (add_image(prompt=text) for text in ("red", "red fox", "blue"))
    assert read_selection({"filter": {"search": "red"}}).ids == [second.pk, first.pk]
    assert read_selection({"filter": {"search": "red", "page": 3, "view": "grid"}}).ids == [
        second.pk, first.pk,
    ]  # fmt: skip
    assert read_selection({"filter": {"favorite": True}}).ids == []
    assert read_selection({"filter": {"search": ["blue"], "tags": None}}).ids == [third.pk]
    assert len(read_selection({"filter": {"model": ["", "x"]}})) == 0
    assert len(read_selection({"filter": {}})) == 3


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({}, "image_ids"),
        ({"image_ids": [1], "filter": {}}, "image_ids"),
        ({"image_ids": []}, "image_ids"),
        ({"image_ids": "12"}, "image_ids"),
        ({"image_ids": 12}, "image_ids"),
        ({"image_ids": [1, None]}, "image_ids"),
        ({"image_ids": [True]}, "image_ids"),
        ({"image_ids": [-1]}, "image_ids"),
        ({"image_ids": [2**63]}, "image_ids"),
        ({"image_ids": ["²"]}, "image_ids"),
        ({"filter": "search=x"}, "filter"),
        ({"filter": {"serach": "x"}}, "filter"),
        ({"filter": {"search": {"a": 1}}}, "filter"),
        ({"filter": {"favorite": "perhaps"}}, "filter"),
        ({"filter": {"tags": ["a", "b"]}}, "filter"),
        ({"filter": {"tags": [None, None]}}, "filter"),
        ({"filter": {"search": "\ud800"}}, "filter"),
    ],
)
def test_selection_names_what_is_wrong(db, data, field):
    with pytest.raises(ValidationError) as error:
        read_selection(data)
    assert list(error.value.message_dict) == [field]


def test_selection_of_very_many_ids_is_read_in_chunks(add_image):
    image = add_image(tags=["x"])
    selection = read_selection({"image_ids": [*range(10**6, 10**6 + 50_000), image.pk]})
    assert len(selection) == 50_001
    assert [found.pk for found in selection.images()] == [image.pk]
    assert Image.objects.count() == 1
