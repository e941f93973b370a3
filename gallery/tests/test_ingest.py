"""The only door for a new file."""

import hashlib

import pytest
from django.core.files.storage import default_storage

from gallery import ingest, pictures, statistics
from gallery.changes import read_facts
from gallery.models import Image
from gallery.tests.drawing import draw


def test_add_image_keeps_file_thumbnail_and_row_together(add_image, media_folder):
    data = draw(96, 64)
    image = add_image(data=data, prompt="Ａ red fox", model="m", tags=["Fox", "ｆｏｘ", "red"])

    image.refresh_from_db()
    with default_storage.open(image.file.name) as file, image.thumbnail as thumbnail:
        assert (file.read(), thumbnail.read()[8:12]) == (data, b"WEBP")
    assert (image.width, image.height, image.file_size, image.aspect_ratio) == (
        96, 64, len(data), "3:2",
    )  # fmt: skip
    assert image.content_hash == hashlib.sha256(data).hexdigest()
    assert (image.prompt, image.prompt_folded) == ("Ａ red fox", "a red fox")
    assert [tag.name for tag in image.tags.all()] == ["Fox", "red"]
    files = sorted(path.name for path in media_folder.rglob("*") if path.is_file())
    assert files == sorted([image.filename, image.filename.replace(".jpg", ".thumb.webp")])


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not_a_picture"),
        (draw(512, 512)[:-200], "damaged"),
        (draw(2048, 2048)[:-200], "damaged"),
        (draw(64, 64, format="PNG")[:-30], "damaged"),
    ],
)
def test_add_image_stores_nothing_of_what_is_no_picture(data, code, media_folder):
    with pytest.raises(pictures.UnreadablePicture) as error:
        ingest.add_image(data=data, source=Image.Source.UPLOADED)
    assert error.value.code == code
    assert [path for path in media_folder.rglob("*") if path.is_file()] == []
    assert Image.objects.count() == 0


def test_counters_follow_every_picture(add_image):
    first = add_image(model="m", tags=["x"])
    add_image(model="m", data=draw(64, 96))
    everything = read_facts(list(Image.objects.values_list("pk", flat=True))).values()
    assert statistics.totals() == statistics.recount(everything)
    assert statistics.totals(statistics.Addend.Kind.TAG) == {
        ("tag", str(first.tags.get().pk)): statistics.Total(1, first.file_size)
    }
