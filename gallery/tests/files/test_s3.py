"""The library on an S3 server: every job that touches a file."""

import io
import json
import zipfile
from contextlib import closing

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from gallery.files.s3 import S3PictureStorage
from gallery.files.storage import StorageFailure, storage_failed
from gallery.jobs import removal
from gallery.maintenance import cleanup
from gallery.models import Image
from gallery.tests.drawing import draw
from gallery.transfer import export
from grok2api import env
from tests.stores import OwnS3, free_port

pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with OwnS3(tmp_path_factory.mktemp("s3")) as running:
        yield running


@pytest.fixture
def s3(server, settings, monkeypatch):
    """The server, empty, as the place of pictures."""
    for key in server.stored():
        server.client.delete_object(Bucket="pictures", Key=key)
    monkeypatch.setenv("MEDIA_STORAGE_URL", server.url)
    options = env.s3("MEDIA_STORAGE_URL")
    backend = {"BACKEND": "gallery.files.s3.S3PictureStorage", "OPTIONS": options}
    settings.STORAGES = {**settings.STORAGES, "default": backend}
    return server


def test_a_picture_is_kept_served_exported_and_deleted_on_s3(
    s3, add_image, staff, django_capture_on_commit_callbacks
):
    data = draw(96, 64)
    image = add_image(data=data, prompt="a fox")
    names = [image.file.name, image.thumbnail.name]
    assert s3.stored() == sorted(f"library/{name}" for name in names)

    base = f"/api/v1/admin/gallery/images/{image.pk}"
    whole = staff.get(f"{base}/file/")
    assert (whole.status_code, whole.getvalue()) == (200, data)
    part = staff.get(f"{base}/file/", headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.getvalue()) == (206, data[10:20])
    assert part["Content-Range"] == f"bytes 10-19/{len(data)}"
    assert staff.get(f"{base}/thumbnail/").getvalue()[8:12] == b"WEBP"

    with closing(export.export_images(image_ids=[image.pk])) as archive:
        exported = io.BytesIO(b"".join(archive))
    with zipfile.ZipFile(exported) as members:
        pictures = [name for name in members.namelist() if name.endswith(".jpg")]
        assert [members.read(name) for name in pictures] == [data]

    with django_capture_on_commit_callbacks(execute=True):
        removal.delete_images(image_ids=[image.pk])
    assert s3.stored() == []


def test_export_asks_no_sizes_and_names_what_is_not_as_it_was_stored(s3, add_image):
    images = [add_image(data=draw(64 + number), prompt=f"p{number}") for number in range(4)]
    _, longer, shorter, gone = images
    longer_data, shorter_data = draw(300, 300), draw(8, 8)
    for image, data in ((longer, longer_data), (shorter, shorter_data)):
        s3.client.put_object(Bucket="pictures", Key=f"library/{image.file.name}", Body=data)
    s3.client.delete_object(Bucket="pictures", Key=f"library/{gone.file.name}")
    asked = []
    events = default_storage.connection.meta.client.meta.events
    events.register("before-call.s3.HeadObject", lambda **_: asked.append("size"))
    with closing(export.export_images(image_ids=[image.pk for image in images])) as archive:
        data = b"".join(archive)
    assert (len(data), asked, archive.failed) == (archive.size, [], 2)
    with zipfile.ZipFile(io.BytesIO(data)) as members:
        assert members.testzip() is None
        lines = list(map(json.loads, members.read("manifest.jsonl").decode().splitlines()))
        names = [name for name in members.namelist() if name.endswith(".jpg")]
        assert [members.read(name) for name in names] == [draw(64), shorter_data]
    assert [line["status"].partition(":")[0] for line in lines] == [
        "ok", "failed", "damaged", "failed",
    ]  # fmt: skip
    assert lines[1]["status"] == "failed: the file has grown"


def test_cleanup_compares_rows_with_the_bucket(s3, add_image):
    kept, lost, bare = add_image(), add_image(), add_image()
    s3.client.delete_object(Bucket="pictures", Key=f"library/{lost.file.name}")
    s3.client.delete_object(Bucket="pictures", Key=f"library/{bare.thumbnail.name}")
    report = cleanup.clean_up(force=True)
    assert (report.checked, report.orphans, report.removed) == (3, [lost.pk], 1)
    assert (report.without_thumbnail, report.repaired) == ([bare.pk], 1)
    assert sorted(Image.objects.values_list("pk", flat=True)) == [kept.pk, bare.pk]
    bare.refresh_from_db()
    assert default_storage.exists(bare.thumbnail.name)


def test_a_stored_object_is_read_from_any_place(s3):
    data = bytes(range(256)) * 4096
    name = default_storage.save("images/x.bin", ContentFile(data))
    assert default_storage.size(name) == len(data)
    with default_storage.open(name) as file:
        assert (file.size, file.read(10)) == (len(data), data[:10])
        file.seek(500_000)
        assert file.read(100) == data[500_000:500_100]
        file.seek(-5, 2)
        assert file.read() == data[-5:]
        file.seek(0)
        assert file.read() == data


def test_what_is_missing_or_refused_is_said_in_the_words_of_every_storage(s3):
    for ask in (default_storage.open, default_storage.size, default_storage.get_modified_time):
        with pytest.raises(FileNotFoundError):
            ask("images/nothing.jpg")
    default_storage.delete("images/nothing.jpg")
    told = []
    storage_failed.connect(lambda operation, **_: told.append(operation), weak=False)
    gone = S3PictureStorage(bucket_name="nosuch", endpoint_url=s3.endpoint, access_key="a",
                            secret_key="b", region_name="us-east-1")  # fmt: skip
    with pytest.raises(StorageFailure, match="NoSuchBucket"):
        gone.save("x", ContentFile(b"x"))
    away = S3PictureStorage(bucket_name="b", endpoint_url=f"http://127.0.0.1:{free_port()}",
                            access_key="a", secret_key="b", region_name="r")  # fmt: skip
    with pytest.raises(StorageFailure, match="Could not connect"):
        away.exists("x")
    assert told == ["save", "exists"]
