"""Counters and search under many writers at once, on real connections."""

import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from gallery import statistics
from gallery.index import building
from gallery.jobs import marking, removal, tagging
from gallery.maintenance import upkeep
from gallery.models import Image, Tag
from gallery.search import listing
from gallery.search.filters import ImageFilter
from gallery.tests import adding
from gallery.tests.drawing import draw

WRITERS = 20
CHANGES = 8


def silent(done, total):
    """No progress bar."""


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_counters_and_search_are_exact_after_a_storm(settings, monkeypatch):
    settings.TIME_ZONE = "Asia/Shanghai"
    monkeypatch.setattr(statistics, "COMPACT_EVERY", 40)
    monkeypatch.setattr(building, "MERGE_EVERY", 60)
    start = datetime(2025, 12, 30, 12, tzinfo=UTC)
    data = draw(16, 16)

    def add(number):
        return adding.add_image(
            data=data, source=Image.Source.UPLOADED, prompt=f"fox {number}", model=f"m{number % 3}",
            tags=[f"t{number % 4}"], created_at=start + timedelta(hours=3 * number),
        ).pk  # fmt: skip

    ids = [add(number) for number in range(16)]
    building.rebuild(silent, building.segment_numbers())

    def rename(tag_id, name):
        with suppress(tagging.TagNotFound):  # somebody was quicker
            tagging.rename_tag(tag_id=tag_id, name=name)

    def write(writer):
        source = random.Random(writer)

        def some_tags():
            return source.sample([*Tag.objects.values_list("pk", flat=True), 0, 0], 2)

        changes = [
            lambda some: add(100 + 1000 * writer + source.randrange(1000)),
            lambda some: tagging.change_tags(
                image_ids=some, add=["x", f"t{writer}"], remove=["t1"]
            ),
            lambda some: removal.trash_images(image_ids=some),
            lambda some: removal.restore_images(image_ids=some),
            lambda some: marking.mark_images(image_ids=some, favorite=source.random() < 0.5),
            lambda some: removal.delete_images(image_ids=some[:1]),
            lambda some: tagging.replace_tags(image_id=some[0], names=["x", "t3"]),
            lambda some: tagging.delete_tags(tag_ids=some_tags()),
            lambda some: rename(some_tags()[0], f"t{source.randrange(5)}"),
        ]
        try:
            for _ in range(CHANGES):
                source.choice(changes)(source.sample(ids, 4))
        finally:
            connection.close()

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(write, range(WRITERS)))

    with statistics.compaction.running, building.merging.running:  # what is under way ends first
        statistics.compact()
        assert upkeep.check_counters(silent) == {}
    assert statistics.total_count() == Image.objects.in_library().count()
    for query in ({"search": "fox"}, {"tags": "x"}, {"favorite": "true"}, {"search": "fox -t1"}):
        criteria = ImageFilter(query, Image.objects.all()).criteria
        expected = list(Image.objects.matching(criteria).values_list("pk", flat=True))
        assert listing.find_page(criteria, page_size=200).ids == expected
