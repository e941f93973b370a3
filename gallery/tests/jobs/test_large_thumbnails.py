"""The large thumbnail of fine displays: made when it is asked for, and gone with its picture."""

import io
import os
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from PIL import Image as Pillow

from gallery.files import pictures
from gallery.jobs import removal, thumbnails
from gallery.jobs.thumbnails import make, make_large
from gallery.maintenance import cleanup
from gallery.maintenance.scanning import scan_storage
from gallery.models import Image
from gallery.tests.drawing import draw
from gallery.transfer.backup import backup_archive, write_backup
from gallery.transfer.restoring import restore_backup

IMAGES = "/api/v1/admin/gallery/images/"


@pytest.fixture
def wide(add_image) -> Image:
    return add_image(data=draw(1600, 800))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def large_name(image: Image) -> str:
    return pictures.large_thumbnail_name(image.file.name)


def size_of(answer) -> tuple[int, int]:
    with Pillow.open(io.BytesIO(answer.getvalue())) as picture:
        assert picture.format == "WEBP"
        return picture.size


def test_large_thumbnail_is_made_when_it_is_first_asked_for_and_kept(staff, wide, media_folder):
    before = names(media_folder)
    assert size_of(staff.get(f"{IMAGES}{wide.pk}/thumbnail/?size=1024")) == (1024, 512)
    assert names(media_folder) == sorted([*before, large_name(wide).rpartition("/")[2]])
    Path(wide.file.path).unlink()
    assert size_of(staff.get(f"{IMAGES}{wide.pk}/thumbnail/?size=1024")) == (1024, 512)
    assert size_of(staff.get(f"{IMAGES}{wide.pk}/thumbnail/?size=512")) == (512, 256)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P", "CMYK"])
def test_large_thumbnail_is_made_of_every_kind_of_picture(mode):
    kind = "JPEG" if mode == "CMYK" else "PNG"
    color = "#3366cc" if mode in ("RGB", "RGBA") else 7
    color = (1, 2, 3, 4) if mode == "CMYK" else color
    picture = Pillow.new(mode, (1500, 3000), color)
    out = io.BytesIO()
    picture.save(out, kind)
    with Pillow.open(io.BytesIO(pictures.large_thumbnail(out.getvalue()))) as made:
        assert (made.format, made.size) == ("WEBP", (512, 1024))


def test_picture_of_few_pixels_has_no_second_thumbnail(staff, add_image, media_folder):
    small = add_image(data=draw(512, 300))
    before = names(media_folder)
    assert size_of(staff.get(f"{IMAGES}{small.pk}/thumbnail/?size=1024")) == (512, 300)
    assert names(media_folder) == before


def test_size_that_is_not_offered_is_refused(staff, wide):
    answer = staff.get(f"{IMAGES}{wide.pk}/thumbnail/?size=2048")
    assert (answer.status_code, list(answer.json())) == (400, ["size"])


@pytest.mark.parametrize("size", ["512", "1024"])
def test_thumbnail_is_kept_for_ever_under_the_address_of_its_version_alone(staff, wide, size):
    named = staff.get(f"{IMAGES}{wide.pk}/").json()["thumbnail_url"] + f"&size={size}"
    answer = staff.get(named)
    assert answer["Cache-Control"] == "private, max-age=31536000, immutable"
    assert size_of(answer)
    for other in ("", "&v=1-00000000", "&v="):
        answer = staff.get(f"{IMAGES}{wide.pk}/thumbnail/?size={size}{other}")
        assert answer["Cache-Control"] == "private, no-cache"
        assert size_of(answer)
        again = staff.get(
            f"{IMAGES}{wide.pk}/thumbnail/?size={size}", headers={"If-None-Match": answer["ETag"]}
        )
        assert again.status_code == 304


def test_version_is_that_of_picture_and_renderer(monkeypatch, wide, staff):
    with_etag = f"{IMAGES}{wide.pk}/thumbnail/"
    etag = lambda: staff.get(with_etag, headers={"If-None-Match": "*"})["ETag"]  # noqa: E731
    older = (wide.thumbnail_v, etag())
    monkeypatch.setattr(pictures, "THUMBNAIL_VERSION", 9)
    make(wide)
    newer = (wide.thumbnail_v, etag())
    assert older[0] == f"2-{wide.filename[:8]}"
    assert newer[0] == f"9-{wide.filename[:8]}"
    assert older[1] != newer[1]


def test_several_who_ask_at_once_leave_one_file(media_folder):
    default_storage.save("images/x.jpg", ContentFile(draw(1600, 800)))

    def save(_: int) -> str:
        return default_storage.save("images/x.thumb-1024.webp", ContentFile(b"large"))

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(save, range(40))) == {"images/x.thumb-1024.webp"}
    assert names(media_folder) == ["x.jpg", "x.thumb-1024.webp"]


def test_deleted_picture_takes_its_large_thumbnail_along(
    wide, media_folder, django_capture_on_commit_callbacks
):
    make_large(wide)
    assert len(names(media_folder)) == 3
    with django_capture_on_commit_callbacks(execute=True):
        removal.delete_images(image_ids=[wide.pk])
    assert names(media_folder) == []


def test_large_thumbnail_of_a_picture_deleted_meanwhile_is_not_left_behind(
    wide, media_folder, monkeypatch
):
    def read(data: bytes) -> bytes:
        Image.objects.filter(pk=wide.pk).delete()
        return b"large"

    monkeypatch.setattr(thumbnails.pictures, "large_thumbnail", read)
    make_large(wide)
    assert large_name(wide).rpartition("/")[2] not in names(media_folder)


def test_clean_up_and_scan_know_large_thumbnails(wide, media_folder):
    make_large(wide)
    stray = "images/0000.thumb-1024.webp"
    default_storage.save(stray, ContentFile(b"large"))
    for path in media_folder.rglob("*.webp"):
        hour_ago = time.time() - 3600
        os.utime(path, (hour_ago, hour_ago))
    assert list(scan_storage()) == []
    report = cleanup.clean_up()
    assert (report.leftovers, report.stray_files) == ([stray], [])
    assert default_storage.exists(large_name(wide))
    assert not default_storage.exists(stray)


def test_restored_picture_does_not_get_the_large_thumbnail_of_another(
    wide, tmp_path, django_capture_on_commit_callbacks
):
    make_large(wide)
    archive = tmp_path / "backup.zip"
    with closing(backup_archive()) as whole:
        assert list(write_backup(whole, archive))
    with django_capture_on_commit_callbacks(execute=True):
        removal.delete_images(image_ids=[wide.pk])
    default_storage.save(large_name(wide), ContentFile(b"of another"))
    assert len(list(restore_backup(archive))) == 1
    assert Image.objects.get().file.name == wide.file.name
    assert not default_storage.exists(large_name(wide))


def test_large_thumbnail_is_upright_as_the_small_one():
    out = io.BytesIO()
    exif = Pillow.Exif()
    exif[0x0112] = 6
    Pillow.new("RGB", (2000, 1000), "#3366cc").save(out, "JPEG", exif=exif)
    with Pillow.open(io.BytesIO(pictures.large_thumbnail(out.getvalue()))) as made:
        assert made.size == (512, 1024)
