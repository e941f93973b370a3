"""Thumbnails that an older version of the program has made, made anew in the background."""

import threading
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest
from django.core.files.storage import default_storage

from gallery.files import pictures
from gallery.jobs import thumbnails
from gallery.maintenance import upkeep
from gallery.models import Image
from gallery.tests.drawing import draw
from grok2api.runtime import idle_process

IMAGES = "/api/v1/admin/gallery/images/"


@pytest.fixture
def old(add_image) -> list[Image]:
    """Three pictures whose thumbnails are of before, and one that has a new one."""
    images = [add_image(data=draw(1200 + number, 900)) for number in range(4)]
    for image in images[:3]:
        Path(image.thumbnail.path).write_bytes(b"older")
    Image.objects.filter(pk__in=[image.pk for image in images[:3]]).update(thumbnail_version=1)
    return images


def versions() -> list[int]:
    return list(Image.objects.order_by("pk").values_list("thumbnail_version", flat=True))


def stored(image: Image) -> bytes:
    with default_storage.open(image.thumbnail.name) as file:
        return file.read()


def test_old_thumbnails_are_made_anew_under_new_addresses(old, staff):
    before = staff.get(IMAGES).json()["results"]
    thumbnails.make_large(old[0])
    newest = Path(old[3].thumbnail.path).stat().st_mtime_ns
    assert thumbnails.renew(pause=0) == 3
    assert versions() == [2] * 4
    made = [pictures.read_picture(draw(1200 + number, 900)).thumbnail for number in range(4)]
    assert [stored(image) for image in old] == made
    assert Path(old[3].thumbnail.path).stat().st_mtime_ns == newest
    assert not default_storage.exists(pictures.large_thumbnail_name(old[0].file.name))
    after = staff.get(IMAGES).json()["results"]
    assert [row["thumbnail_url"][-10:] for row in before] == [
        f"{number}-{image.filename[:8]}"
        for number, image in zip([2, 1, 1, 1], old[::-1], strict=True)
    ]
    assert [row["thumbnail_url"][-10:] for row in after] == [
        f"2-{image.filename[:8]}" for image in old[::-1]
    ]
    for version, kept in {
        1: "private, no-cache",
        2: "private, max-age=31536000, immutable",
    }.items():
        address = f"{IMAGES}{old[0].pk}/thumbnail/?v={version}-{old[0].filename[:8]}"
        answer = staff.get(address)
        assert (answer["Cache-Control"], answer.getvalue()) == (kept, made[0])
    assert thumbnails.renew(pause=0) == 0


def test_the_next_start_goes_on_where_it_was_broken_off(old, monkeypatch):
    def fail(data: bytes, name: str) -> pictures.Picture:
        if Image.objects.filter(thumbnail_version=1).count() == 2:
            raise OSError("the disk is gone")
        return pictures.read_picture(data)

    monkeypatch.setattr(thumbnails, "AT_ONCE", 1)
    monkeypatch.setattr(thumbnails, "_read_idly", fail)
    with pytest.raises(OSError, match="gone"):
        thumbnails.renew(pause=0)
    assert versions() == [2, 1, 1, 2]
    monkeypatch.setattr(thumbnails, "_read_idly", lambda data, name: pictures.read_picture(data))
    assert thumbnails.renew(pause=0) == 2
    assert versions() == [2] * 4


def test_a_picture_that_cannot_be_read_keeps_its_thumbnail_and_stops_nobody(old, monkeypatch):
    Path(old[0].file.path).unlink()
    Path(old[1].file.path).write_bytes(b"damaged")

    def read(data: bytes, name: str) -> pictures.Picture:
        if data == draw(1202, 900):
            raise BrokenProcessPool
        return pictures.read_picture(data)

    monkeypatch.setattr(thumbnails, "_read_idly", read)
    assert thumbnails.renew(pause=0) == 3
    assert versions() == [2] * 4
    assert [stored(image) for image in old[:3]] == [b"older"] * 3


def test_renewal_is_done_in_one_process_and_ends_with_the_program(old, monkeypatch):
    monkeypatch.setattr(idle_process, "close", lambda: None)
    read = lambda data, name: thumbnails.close() or pictures.read_picture(data)  # noqa: E731
    monkeypatch.setattr(thumbnails, "_read_idly", read)
    assert thumbnails.renew(pause=0) == 0
    assert versions() == [2, 1, 1, 2]
    monkeypatch.setattr(thumbnails, "exclusive", elsewhere)
    assert thumbnails.renew(pause=0) == 0
    assert versions() == [2, 1, 1, 2]


def elsewhere(work: str):
    raise thumbnails.Busy


@pytest.mark.django_db(transaction=True)
def test_the_service_begins_with_it(old):
    upkeep.in_background.start()
    for thread in threading.enumerate():
        if thread.name == "upkeep":
            thread.join()
    assert versions() == [2] * 4
