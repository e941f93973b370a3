"""Trash, restore, deletion and marks."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone

from gallery import statistics
from gallery.jobs import marking, removal
from gallery.jobs.changes import ChangeReport, read_facts
from gallery.models import Image
from gallery.tests.meanwhile import meanwhile


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_delete_images_removes_row_and_files_after_the_commit(
    add_image, media_folder, django_capture_on_commit_callbacks
):
    kept, gone = add_image(tags=["a"]), add_image(tags=["a"])
    with django_capture_on_commit_callbacks(execute=True):
        report = removal.delete_images(image_ids=[gone.pk, gone.pk, 0])
        assert len(files(media_folder)) == 4
    assert report == ChangeReport(done=1, failed=[(0, "not found")])
    assert list(Image.objects.all()) == [kept]
    assert files(media_folder) == sorted([kept.filename, kept.thumbnail.name.split("/")[-1]])


@pytest.mark.django_db(transaction=True)
def test_delete_images_keeps_the_files_when_the_rows_stay(add_image, media_folder):
    image = add_image()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        removal.delete_images(image_ids=[image.pk])
        assert not Image.objects.exists()
        raise ZeroDivisionError
    assert Image.objects.get() == image
    assert len(files(media_folder)) == 2


def test_trash_takes_a_picture_out_of_the_counts_and_restore_brings_it_back(add_image):
    image = add_image(tags=["a"], favorite=True)
    everything = statistics.totals()
    removal.trash_images(image_ids=[image.pk])
    since = Image.objects.get().trashed_at
    assert (since is not None, statistics.totals()) == (True, {})
    removal.trash_images(image_ids=[image.pk])
    assert Image.objects.get().trashed_at == since
    assert removal.restore_images(image_ids=[image.pk]) == ChangeReport(done=1)
    image = Image.objects.get()
    assert (image.trashed_at, image.favorite) == (None, True)
    assert [tag.name for tag in image.tags.all()] == ["a"]
    assert statistics.totals() == everything


def test_mark_images_sets_only_what_was_asked(add_image):
    image = add_image(nsfw=True)
    assert marking.mark_images(image_ids=[image.pk, 0], favorite=True) == ChangeReport(
        done=1, failed=[(0, "not found")]
    )
    image.refresh_from_db()
    assert (image.favorite, image.nsfw) == (True, True)
    assert read_facts([image.pk])[image.pk].favorite


def test_jobs_cost_the_same_for_one_and_for_three_pictures(add_image, django_assert_num_queries):
    images = [add_image(tags=["a", "b"]) for _ in range(4)]
    for ids in ([images[0].pk], [image.pk for image in images[1:]]):
        with django_assert_num_queries(9):
            removal.trash_images(image_ids=ids)


def test_empty_trash_deletes_what_lay_there_too_long(
    add_image, settings, media_folder, capsys, django_capture_on_commit_callbacks
):
    settings.GALLERY_TRASH_DAYS = 30
    kept, recent, old, older = (add_image() for _ in range(4))
    removal.trash_images(image_ids=[recent.pk, old.pk, older.pk])
    for image, days in ((recent, 29), (old, 31), (older, 32)):
        moment = timezone.now() - timedelta(days=days)
        Image.objects.filter(pk=image.pk).update(trashed_at=moment)
    with django_capture_on_commit_callbacks(execute=True):
        assert removal.empty_trash(limit=1) == 1
        assert not Image.objects.filter(pk=older.pk).exists()
        call_command("empty_trash", "--json")
    assert json.loads(capsys.readouterr().out) == {"deleted": 1}
    assert list(Image.objects.order_by("pk")) == [kept, recent]
    assert len(files(media_folder)) == 4


def test_trashing_empties_what_lay_there_too_long(add_image, settings):
    settings.GALLERY_TRASH_DAYS = 0
    first, second = add_image(), add_image()
    removal.trash_images(image_ids=[first.pk])
    trashed = Image.objects.exclude(trashed_at=None)
    assert trashed.get() == first  # so that the trashing can be undone
    removal.trash_images(image_ids=[second.pk])
    assert Image.objects.get() == second


def test_who_restores_an_expired_picture_at_this_moment_keeps_it(add_image, settings):
    settings.GALLERY_TRASH_DAYS = 30
    kept, gone = add_image(), add_image()
    removal.trash_images(image_ids=[kept.pk, gone.pk])
    Image.objects.update(trashed_at=timezone.now() - timedelta(days=31))

    def restore() -> None:
        removal.restore_images(image_ids=[kept.pk])

    with meanwhile(r"^SELECT .* ORDER BY .*trashed_at", restore):
        assert removal.empty_trash() == 1
    assert Image.objects.get() == kept
