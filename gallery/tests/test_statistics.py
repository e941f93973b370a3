"""The counters behind the cards."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.utils import timezone

from gallery import statistics
from gallery.jobs.changes import read_facts
from gallery.jobs.removal import delete_images, trash_images
from gallery.models import Image
from gallery.tests.drawing import draw
from gallery.tests.meanwhile import meanwhile
from grok2api.databases.sqlite import base


@pytest.mark.parametrize("pictures", [1, 3])
def test_summary_takes_two_queries(add_image, django_assert_num_queries, pictures):
    for number in range(pictures):
        image = add_image(model=f"m{number}", tags=["x", f"y{number}"])
    with django_assert_num_queries(2):
        summary = statistics.summary(top_tags=1)
    assert summary == statistics.Summary(
        total_count=pictures,
        total_size=pictures * image.file_size,
        month_count=pictures,
        top_tags=[("x", pictures)],
        models=[(f"m{number}", 1) for number in range(pictures)],
        aspect_ratios=[("1:1", pictures)],
        days={timezone.localdate().isoformat(): pictures},
    )


def test_counts_are_by_local_day_and_follow_every_change(add_image, settings):
    settings.TIME_ZONE = "Asia/Shanghai"
    kept = add_image(created_at=datetime(2026, 1, 31, 20, tzinfo=UTC), tags=["x"])
    add_image(created_at=datetime(2026, 1, 31, 10, tzinfo=UTC), model="m", data=draw(96, 64))
    trashed = add_image(created_at=datetime(2026, 3, 1, tzinfo=UTC), tags=["x"])
    deleted = add_image(created_at=datetime(2026, 4, 1, tzinfo=UTC), tags=["x"])
    trash_images(image_ids=[trashed.pk])
    delete_images(image_ids=[deleted.pk])
    statistics.compact()
    assert statistics.day_counts() == {"2026-01-31": 1, "2026-02-01": 1}
    assert statistics.month_counts() == {"2026-01": 1, "2026-02": 1}
    assert statistics.model_counts() == [("", 1), ("m", 1)]
    assert statistics.aspect_ratio_counts() == [("1:1", 1), ("3:2", 1)]
    assert statistics.tag_counts() == {kept.tags.get().pk: 1}
    assert statistics.total_count() == Image.objects.in_library().count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_processes_that_fold_at_once_count_nothing_twice(add_image, monkeypatch):
    # Processes have no turns with one another, as threads do at SQLite.
    monkeypatch.setattr(base, "_turn", threading.BoundedSemaphore(2))
    image = add_image(tags=["x"])
    read = r"^SELECT .*gallery_addend"
    has_read = threading.Event()

    def fold_too() -> None:
        try:
            with meanwhile(read, has_read.set):
                statistics.compact()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        others = []

        def begin_another() -> None:
            others.append(pool.submit(fold_too))
            has_read.wait(0.3)  # in vain where the first one's transaction keeps it out

        with meanwhile(read, begin_another):
            statistics.compact()
        others[0].result()
    assert statistics.totals() == statistics.recount(read_facts([image.pk]).values())
