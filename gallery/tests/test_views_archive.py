"""A selection as an archive, and an empty trash."""

import io
import json
import re
import zipfile

import pytest
from django.utils import timezone

from gallery.files import metadata
from gallery.jobs.removal import trash_images
from gallery.models import Image

EXPORT, EMPTY = "/admin/gallery/export/", "/admin/gallery/trash/empty/"


def test_visitor_is_sent_to_login(client, db):
    for path in (EXPORT, EMPTY):
        response = client.post(path)
        assert (response.status_code, response.url) == (302, f"/admin/login/?next={path}")


def test_export_is_an_archive_of_the_announced_size(staff, add_image):
    image, _ = add_image(prompt="a cat", model="m"), add_image(model="n")
    for wanted in ({"image_ids": [image.pk]}, {"filter": {"model": ["m"]}}):
        response = staff.post(EXPORT, {"selection": json.dumps(wanted)})
        data = response.getvalue()
        assert response.headers["Content-Length"] == str(len(data))
        assert response.headers["Content-Disposition"].startswith('attachment; filename="grok2api')
        names = zipfile.ZipFile(io.BytesIO(data)).namelist()
        assert [name.rpartition(".")[2] for name in names if name.endswith(".jpg")] == ["jpg"]


@pytest.mark.parametrize(
    "selection", ["", "{", "[]", "3", "null", "{}", '{"image_ids": []}', '{"filter": {"x": "1"}}',
                  '{"image_ids": [1], "filter": {}}', "[" * 100_000],
)  # fmt: skip
def test_export_of_nonsense_is_a_bad_request(staff, db, selection):
    assert staff.post(EXPORT, {"selection": selection}).status_code == 400


def test_how_somebody_exports_is_asked_shown_and_remembered(staff, add_image):
    moment = timezone.make_aware(timezone.datetime(2026, 2, 7, 12, 30))
    image = add_image(prompt="a cat", created_at=moment)
    wanted = {"selection": json.dumps({"image_ids": [image.pk]})}
    usual = f"20260207-a-cat-{image.filename[:6]}.jpg"
    assert staff.get(EXPORT, wanted).json() == {
        "image": image.pk, "name": usual, "error": "",
        "embedding": "keep", "name_template": "",
    }  # fmt: skip
    assert staff.get(EXPORT, {**wanted, "name_template": "{id}"}).json() == {
        "image": image.pk, "name": f"{image.pk}.jpg", "error": "",
    }  # fmt: skip
    broken = staff.get(EXPORT, {**wanted, "name_template": "{x}"}).json()
    assert (broken["name"], broken["error"][:23]) == ("", "There is no field {x}. ")
    chosen = {"embedding": "embed", "name_template": "{id}_{prompt:1}"}
    response = staff.post(EXPORT, {**wanted, **chosen})
    archive = zipfile.ZipFile(io.BytesIO(response.getvalue()))
    assert archive.namelist()[0] == f"{image.pk}_a.jpg"
    assert metadata.read(archive.read(archive.namelist()[0])).prompt == "a cat"
    for wrong in ({"embedding": "x"}, {"name_template": "{x}"}):
        assert staff.post(EXPORT, {**wanted, **wrong}).status_code == 400
    assert staff.get(EXPORT, wanted).json() == {
        "image": image.pk, "name": f"{image.pk}_a.jpg", "error": "", **chosen,
    }  # fmt: skip


def test_trash_is_emptied_after_asking(staff, add_image):
    kept, *gone = (add_image() for _ in range(3))
    trash_images(image_ids=[image.pk for image in gone])
    page = staff.get(EMPTY).text
    assert "2 pictures will be deleted for good" in page
    assert Image.objects.count() == 3
    response = staff.post(EMPTY, asked(page), follow=True)
    assert "2 pictures deleted." in response.text
    assert [image.pk for image in Image.objects.all()] == [kept.pk]


def test_what_comes_into_the_trash_after_the_question_stays(staff, add_image):
    first, second = add_image(), add_image()
    trash_images(image_ids=[first.pk])
    fields = asked(staff.get(EMPTY).text)
    trash_images(image_ids=[second.pk])
    staff.post(EMPTY, fields)
    assert [image.pk for image in Image.objects.all()] == [second.pk]


@pytest.mark.parametrize("fields", [{}, {"selection": "x"}, {"selection": "0" * 32, "count": "1"}])
def test_trash_is_not_emptied_unasked(staff, add_image, fields):
    image = add_image()
    trash_images(image_ids=[image.pk])
    page = staff.post(EMPTY, fields).text
    assert "Nothing was deleted" in page
    assert "1 picture will be deleted for good" in page
    assert Image.objects.count() == 1


def asked(page: str) -> dict[str, str]:
    return dict(re.findall(r'name="(selection|count)" value="(\w+)"', page))
