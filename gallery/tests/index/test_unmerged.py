"""What is kept of pictures that changed since their segment was built."""

import pytest
from django.db import transaction

from gallery.index import building, unmerged
from gallery.index.criteria import Criteria, Word
from gallery.index.postings import SEGMENT_BITS
from gallery.index.tables import read_state
from gallery.jobs import marking, removal, tagging
from gallery.models import Image
from gallery.search import listing
from gallery.tests import adding
from gallery.tests.drawing import draw


def add(prompt):
    return adding.add_image(data=draw(), source=Image.Source.UPLOADED, prompt=prompt).pk


def found(criteria):
    return listing.find_page(criteria, page_size=9).ids


@pytest.mark.django_db(transaction=True)
def test_facts_are_read_once_for_each_change(django_assert_num_queries):
    ids = [add("red fox") for _ in range(3)]
    for number in range((ids[0] >> SEGMENT_BITS) + 1):  # empty ones, too: no id is outside
        building.build_segment(number)
    fox, favorite = Criteria(words=(Word("fox"),)), Criteria(favorite=frozenset({True}))
    assert (found(fox), found(favorite)) == (ids[::-1], [])
    marking.mark_images(image_ids=ids[:2], favorite=True)
    with django_assert_num_queries(4):  # the index's state, facts and their tags, ids
        assert found(favorite) == ids[1::-1]
    with django_assert_num_queries(2):  # the index's state, ids
        assert found(favorite) == ids[1::-1]
    tagging.change_tags(image_ids=ids[1:2], add=["pets"])
    tag = tagging.Tag.objects.get().pk
    assert found(Criteria(tags=(frozenset({tag}),))) == ids[1:2]
    marking.mark_images(image_ids=ids[1:2], favorite=False)
    assert found(favorite) == ids[:1]
    removal.trash_images(image_ids=ids[:1])
    assert (found(favorite), found(fox)) == ([], ids[:0:-1])
    removal.restore_images(image_ids=ids[:1])
    removal.delete_images(image_ids=ids[2:])
    assert (found(favorite), found(fox)) == (ids[:1], ids[1::-1])
    building.build_segment(ids[0] >> SEGMENT_BITS)
    assert found(fox) == ids[1::-1]
    assert unmerged.read_unmerged(read_state().changes) == unmerged.Unmerged({}, {}, {})


@pytest.mark.django_db(transaction=True)
def test_what_is_taken_back_is_not_kept():
    pk = add("fox")
    building.build_segment(pk >> SEGMENT_BITS)
    favorite = Criteria(favorite=frozenset({True}))
    with transaction.atomic():
        marking.mark_images(image_ids=[pk], favorite=True)
        assert found(favorite) == [pk]
        transaction.set_rollback(True)
    marking.mark_images(image_ids=[pk], nsfw=True)  # may get the id of the change before
    assert found(favorite) == []


@pytest.mark.django_db(transaction=True)
def test_more_changes_than_are_kept_are_looked_up(monkeypatch):
    monkeypatch.setattr(unmerged, "MOST", 1)
    images = [add("fox") for _ in range(3)]
    building.build_segment(images[0] >> SEGMENT_BITS)
    marking.mark_images(image_ids=images[:2], favorite=True)
    assert found(Criteria(favorite=frozenset({True}))) == images[1::-1]
