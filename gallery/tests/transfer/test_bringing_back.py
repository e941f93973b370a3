"""Exports and backups that somebody gives to the page again."""

import io
import json
import zipfile

import pytest
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from gallery import statistics
from gallery.jobs import marking, removal, tagging
from gallery.jobs.changes import read_facts
from gallery.models import Image, Tag
from gallery.tests.drawing import draw
from gallery.transfer import backup
from gallery.transfer.export import Embedding, export_images
from gallery.transfer.picture_records import as_record
from grok2api.runtime import exclusive

IMAGES = "/api/v1/admin/gallery/images/"
NOTHING = {"added": 0, "image_ids": [], "changed": 0, "known": 0, "failed": [], "ignored": {}}


@pytest.fixture
def library(add_image) -> list[Image]:
    return [
        add_image(prompt="日落", model="m", tags=["海", "b"], favorite=True, nsfw=True,
                  source=Image.Source.GENERATED),
        add_image(data=draw(96, 64, format="PNG"), prompt="two", tags=["b"]),
    ]  # fmt: skip


def exported(images: list[Image], **options) -> bytes:
    archive = export_images(image_ids=[image.pk for image in images], **options)
    data = b"".join(archive)
    archive.close()
    return data


def send(client: Client, data: bytes, **fields):
    file = SimpleUploadedFile("library.zip", data, content_type="application/zip")
    return client.post(IMAGES, {"file": file, **fields})


def everything() -> list[dict]:
    return [as_record(image) for image in Image.objects.with_tags().order_by("pk")]


def editor(*names: str) -> Client:
    user = User.objects.create_user("editor", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(user)
    return client


def with_member(data: bytes, name: str, content: bytes) -> bytes:
    out = io.BytesIO(data)
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr(name, content)
    return out.getvalue()


def test_an_export_brings_back_what_was_deleted_with_all_that_was_known(library, staff):
    rows = everything()
    data = exported(library)
    removal.delete_images(image_ids=[image.pk for image in library])
    Tag.objects.all().delete()
    ids = [image.pk for image in library]
    assert send(staff, data).json() == {**NOTHING, "added": 2, "image_ids": ids}
    assert everything() == rows
    assert send(staff, data).json() == {**NOTHING, "known": 2}
    assert everything() == rows


def test_what_is_there_is_again_as_in_the_archive_and_that_can_be_undone(library, staff):
    rows = everything()
    data = exported(library)
    one, two = (image.pk for image in library)
    marking.mark_images(image_ids=[one, two], favorite=False)
    tagging.change_tags(image_ids=[one], add=["c"], remove=["海"])
    marking.edit_image(image_id=one, prompt="by hand")
    removal.trash_images(image_ids=[two])
    edited = everything()
    answer = send(staff, data, tags="again")
    assert answer.json() == {**NOTHING, "changed": 2}
    then = everything()
    moments = {"updated_at": None}
    again = [{**row, **moments, "tags": sorted([*row["tags"], "again"])} for row in rows]
    assert [{**row, **moments, "tags": sorted(row["tags"])} for row in then] == again
    facts = read_facts([one, two]).values()
    assert statistics.totals() == statistics.recount(facts)
    undone = staff.post(f"/api/v1/admin/gallery/changes/{answer['X-Change']}/undo/", {})
    assert undone.json()["undone"] == 2
    unlike = {"updated_at": None, "trashed_at": None}
    assert [{**row, **unlike} for row in everything()] == [{**row, **unlike} for row in edited]
    assert [row["trashed_at"] is None for row in everything()] == [True, False]


def test_without_leave_to_change_only_what_is_new_comes_and_the_rest_is_named(library, db):
    data = exported(library)
    removal.delete_images(image_ids=[library[1].pk])
    marking.mark_images(image_ids=[library[0].pk], favorite=False)
    names = zipfile.ZipFile(io.BytesIO(data)).namelist()
    client = editor("view_image", "add_image")
    reason = "it is in the library, and your account may not change it"
    assert send(client, data).json() == {
        **NOTHING, "added": 1, "image_ids": [library[1].pk],
        "failed": [{"name": names[0], "reason": reason}],
    }  # fmt: skip
    assert not Image.objects.get(pk=library[0].pk).favorite
    marking.mark_images(image_ids=[library[0].pk], favorite=True)
    assert send(client, data).json() == {**NOTHING, "known": 2}
    User.objects.all().delete()
    assert send(editor("view_image", "change_image"), data).status_code == 403


def test_a_backup_comes_back_without_its_thumbnails_as_pictures(library, staff):
    removal.trash_images(image_ids=[library[0].pk])
    archive = backup.backup_archive()
    data = b"".join(archive)
    archive.close()
    rows = everything()
    removal.delete_images(image_ids=[image.pk for image in library])
    assert send(staff, data).json()["added"] == 2
    assert everything() == rows


def test_what_else_lies_in_an_export_is_taken_in_too(library, staff):
    data = exported(library, embedding=Embedding.EMBED)
    data = with_member(data, "mine.jpg", draw(color="#123456"))
    data = with_member(data, "mine.tiff", b"II*\0")
    answer = send(staff, data).json()
    assert {**answer, "image_ids": None} == {
        **NOTHING, "added": 1, "image_ids": None, "known": 2, "ignored": {"TIFF": 1},
    }  # fmt: skip


def test_archives_of_libraries_that_cannot_be_read_are_refused_with_the_reason(
    library, staff, monkeypatch
):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("backup.json", json.dumps({"format": 3}))
        archive.writestr("library.jsonl", "")
    answer = send(staff, out.getvalue())
    assert answer.status_code == 400
    assert "it has format 3, and this version reads formats up to 2" in answer.json()["file"][0]
    data = exported(library)
    with monkeypatch.context() as patch:
        patch.setattr("gallery.transfer.restoring.exclusive", _busy)
        assert send(staff, data).status_code == 409
    foreign = io.BytesIO()
    with zipfile.ZipFile(foreign, "w") as archive:
        archive.writestr("manifest.jsonl", '{"image": "a.jpg"}\n')
        archive.writestr("a.jpg", draw(color="#654321"))
    assert send(staff, foreign.getvalue()).json()["added"] == 1


@pytest.mark.parametrize("record", ['{"file": "images/x"}', "{}", "x", '{"file": "SHA256SUMS"}'])
def test_an_archive_whose_records_have_no_pictures_is_refused(library, staff, monkeypatch, record):
    monkeypatch.setattr("gallery.transfer.restoring.MOST_LACKING", 8)
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("manifest.csv", "")
        archive.writestr("SHA256SUMS", "")
        archive.writestr("manifest.jsonl", f"{record}\n" * 10)
    answer = send(staff, data.getvalue())
    assert answer.status_code == 400
    assert "9 of its records have no picture in it" in answer.json()["file"][0]


def _busy(work: str):
    raise exclusive.Busy
