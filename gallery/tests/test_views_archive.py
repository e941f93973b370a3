"""A selection as an archive, and an empty trash."""

import io
import json
import zipfile

import pytest

from gallery.models import Image
from gallery.removal import trash_images

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


def test_trash_is_emptied_after_asking(staff, add_image):
    kept, *gone = (add_image() for _ in range(3))
    trash_images(image_ids=[image.pk for image in gone])
    assert "2 pictures will be deleted for good" in staff.get(EMPTY).text
    assert Image.objects.count() == 3
    response = staff.post(EMPTY, follow=True)
    assert "2 pictures deleted." in response.text
    assert [image.pk for image in Image.objects.all()] == [kept.pk]
