"""Sets of pictures: frozen, of one owner, for a week."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone
from pyroaring import BitMap64

from gallery import audit, picture_sets
from gallery.index.criteria import Criteria
from gallery.jobs import removal
from gallery.models import PictureSet
from gallery.picture_sets import NoSuchSet, Section
from gallery.search import listing
from gallery.search.selection import NumberChanged, look_at, put_together, read_selection

pytestmark = pytest.mark.django_db


@pytest.fixture
def ids(add_image):
    return [add_image(prompt=f"cat {n}" if n % 2 else "dog").pk for n in range(6)]


def test_set_is_frozen_when_it_is_made(ids, add_image):
    kept = put_together({"filter": {"search": "cat"}})
    add_image(prompt="another cat")
    assert read_selection({"selection": kept.chosen.token}).ids == ids[1::2]
    assert (kept.count, kept.size) == (3, listing.total_size(ids[1::2]))


def test_set_is_built_of_sets_pictures_and_filters_but_for_some(ids):
    dogs = put_together({"filter": {"search": "dog"}})
    built = put_together(
        {
            "selection": dogs.chosen.token,
            "image_ids": [ids[1], 10**12],
            "filter": {"search": '"cat 3"'},
            "without": [ids[0]],
        }
    )
    assert list(built.ids) == [ids[1], ids[2], ids[3], ids[4]]
    assert list(put_together({"filter": {}, "without": ids[1:]}).ids) == ids[:1]
    assert list(look_at(dogs.chosen.token).ids) == ids[::2]


def test_number_that_has_become_smaller_is_told_and_not_done(ids):
    token = put_together({"image_ids": ids}).chosen.token
    removal.delete_images(image_ids=ids[:1])
    removal.trash_images(image_ids=ids[1:2])
    for told in ({}, {"count": 6}, {"count": 3}):
        with pytest.raises(NumberChanged) as changed:
            read_selection({"selection": token, **told})
        assert changed.value.count == 4
    assert read_selection({"selection": token, "count": 4}).ids == ids[2:]


def test_trash_and_gallery_have_their_own(ids):
    removal.trash_images(image_ids=ids[:2])
    kept = put_together({"filter": {"trash": "only"}})
    assert (kept.chosen.section, list(kept.ids)) == (Section.TRASH, ids[:2])
    assert put_together({"image_ids": ids, "section": "trash"}).count == 2
    assert put_together({"image_ids": ids}).count == 4
    removal.restore_images(image_ids=ids[:1])
    with pytest.raises(NumberChanged):
        read_selection({"selection": kept.chosen.token})


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({}, "image_ids"),
        ({"without": [1]}, "image_ids"),
        ({"selection": "x"}, "selection"),
        ({"selection": 3}, "selection"),
        ({"selection": "\0"}, "selection"),
        ({"selection": "0" * 32}, "selection"),
        ({"image_ids": [0]}, "image_ids"),
        ({"image_ids": [1], "without": "x"}, "image_ids"),
        ({"filter": {"x": 1}}, "filter"),
        ({"image_ids": [1], "section": "cellar"}, "section"),
        ({"image_ids": [1], "section": []}, "section"),
        ({"filter": {"trash": "only"}, "section": "gallery"}, "section"),
    ],
)
def test_bad_input_is_named(ids, data, field):
    with pytest.raises(ValidationError) as error:
        put_together(data)
    assert list(error.value.message_dict) == [field]


def test_set_is_its_owners_and_expires_after_seven_days(ids):
    kept = put_together({"image_ids": ids})
    with_other = audit.author.set(lambda: "user 7")
    try:
        with pytest.raises(NoSuchSet):
            picture_sets.find(kept.chosen.token)
    finally:
        audit.author.reset(with_other)
    old = timezone.now() - timedelta(days=7)
    PictureSet.objects.filter(pk=kept.chosen.pk).update(made_at=old)
    with pytest.raises(NoSuchSet):
        picture_sets.find(kept.chosen.token)
    put_together({"image_ids": ids})
    assert PictureSet.objects.count() == 1


def test_criteria_of_a_set_find_as_those_of_each_picture(ids):
    only = picture_sets.keep([*ids[:3], 10**15], section=Section.GALLERY).ids
    criteria = Criteria(only=only)
    assert listing.find_page(criteria, page_size=10).ids == ids[2::-1]
    assert listing.exact_count(criteria) == 3
    assert listing.count_each([criteria, Criteria(only=only, favorite=frozenset([True]))]) == [3, 0]
    removal.trash_images(image_ids=ids[:1])
    assert listing.find_page(Criteria(only=only, trashed=True), page_size=10).ids == ids[:1]
    assert listing.id_set(criteria) == BitMap64(ids[1:3])
    assert criteria.fingerprint != Criteria().fingerprint


def test_size_of_most_of_the_library_is_told_by_the_rest(ids, monkeypatch):
    monkeypatch.setattr(listing, "CHECKED_AT_ONCE", 2)
    chosen = BitMap64(ids[:5])
    assert listing.size_of_many(chosen) == listing.total_size(ids[:5])


def test_token_of_a_set_takes_kilobytes_for_a_million(db):
    kept = picture_sets.keep(range(1, 1_000_001), section=Section.GALLERY)
    assert len(bytes(kept.data)) < 1000
    sparse = picture_sets.keep(range(1, 2_000_001, 2), section=Section.GALLERY)
    assert len(bytes(sparse.data)) < 300_000
    assert len(picture_sets.find(sparse.token).ids) == 1_000_000
