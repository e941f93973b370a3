"""Derived data, checked and made again."""

import json
from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from gallery import statistics
from gallery.index import building
from gallery.index.criteria import Criteria, Word
from gallery.index.postings import BUCKETS, SEGMENT_BITS
from gallery.jobs import tagging
from gallery.maintenance import upkeep
from gallery.models import Addend, Change, Image, Posting, Segment
from gallery.search import listing


def silent(done, total):
    """No progress bar."""


def run(command, *arguments):
    out = StringIO()
    call_command(command, *arguments, stdout=out)
    return out.getvalue()


def test_rebuild_stats_finds_and_corrects_what_is_wrong(add_image):
    add_image(tags=["x"], model="m")
    assert run("rebuild_stats", "--check") == "0 counters are wrong.\n"
    Addend.objects.create(kind="day", key="2020-01-01", images=2, bytes=3)
    Addend.objects.filter(kind="tag").update(images=5)
    assert upkeep.check_counters(silent)["day", "2020-01-01"] == (statistics.Total(2, 3), None)
    with pytest.raises(CommandError):
        run("rebuild_stats", "--check")
    assert json.loads(run("rebuild_stats", "--json")) == {"check": False, "wrong": 2}
    assert json.loads(run("rebuild_stats", "--check", "--json")) == {"check": True, "wrong": 0}


def test_counters_follow_a_change_of_the_time_zone(add_image, settings):
    settings.TIME_ZONE = "UTC"
    assert upkeep.mend(silent) == []
    add_image(created_at=datetime(2026, 1, 31, 20, tzinfo=UTC))
    assert statistics.day_counts() == {"2026-01-31": 1}
    settings.TIME_ZONE = "Asia/Shanghai"
    assert upkeep.mend(silent) == ["Counting anew: days were counted in UTC, now in Asia/Shanghai."]
    assert statistics.day_counts() == {"2026-02-01": 1}
    assert upkeep.mend(silent) == []


@pytest.fixture
def indexed(add_image):
    assert upkeep.mend(silent) == []
    images = [add_image(prompt=text) for text in ("red fox", "blue fox", "红狐")]
    assert json.loads(run("rebuild_search", "--json")) == {"pictures": 3}
    assert Change.objects.count() == 0
    return images


def found(text):
    return listing.find_page(Criteria(words=(Word(text),)), page_size=50).ids


def test_search_uses_the_index_and_follows_each_change(indexed, add_image):
    red, blue, chinese = (image.pk for image in indexed)
    assert (found("fox"), found("狐"), found("red fox")) == ([blue, red], [chinese], [red])
    new = add_image(prompt="new fox").pk
    Image.objects.get(pk=blue)
    tagging.change_tags(image_ids=[chinese], add=["fox"])
    tag = tagging.Tag.objects.get().pk
    assert found("fox") == [new, blue, red]
    by_tag = Criteria(words=(Word("fox", tag),))
    assert listing.find_page(by_tag, page_size=50).ids == [new, chinese, blue, red]
    building.merge()
    assert listing.find_page(by_tag, page_size=50).ids == [new, chinese, blue, red]


def test_background_merge_waits_for_many_changes(indexed, monkeypatch):
    monkeypatch.setattr(building, "MERGE_EVERY", 2)
    tagging.change_tags(image_ids=[image.pk for image in indexed], add=["x"])
    assert Change.objects.count() == 3
    before = Segment.objects.get().generation
    building.merge()
    assert Change.objects.count() == 0
    assert Segment.objects.get().generation > before


@pytest.mark.parametrize(
    "damage",
    [
        lambda: Segment.objects.all().delete(),
        lambda: Segment.objects.update(version="0"),
        lambda: Posting.objects.filter(bucket__lt=BUCKETS // 2).delete(),
    ],
)
@pytest.mark.parametrize("changed", [0, 1])
def test_missing_or_damaged_index_is_noticed_and_mended(indexed, damage, changed):
    tagging.change_tags(image_ids=[image.pk for image in indexed[:changed]], add=["x"])
    assert building.missing_segments() == []
    damage()
    assert building.missing_segments() == [indexed[0].pk >> SEGMENT_BITS]
    assert upkeep.mend(silent) == ["Building 1 missing or damaged parts of the search index."]
    assert building.missing_segments() == []
    assert found("fox") == [indexed[1].pk, indexed[0].pk]


def test_search_is_right_without_an_index(indexed):
    Segment.objects.all().delete()
    assert found("fox") == [indexed[1].pk, indexed[0].pk]


def test_build_that_was_overtaken_changes_nothing(indexed, monkeypatch):
    def overtake(sets):
        Segment.objects.update(generation=99)
        return {}

    monkeypatch.setattr(building, "pack", overtake)
    assert building.build_segment(indexed[0].pk >> SEGMENT_BITS) is False
    assert found("fox") == [indexed[1].pk, indexed[0].pk]
