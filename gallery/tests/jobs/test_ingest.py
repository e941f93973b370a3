"""The only door for a new file."""

import hashlib
import io
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from zoneinfo import ZoneInfo

import PIL.Image
import pytest
from django.core.files.storage import default_storage
from django.db import connection, transaction

from gallery import statistics
from gallery.facts import ImageFacts
from gallery.files import pictures
from gallery.jobs import ingest, removal
from gallery.jobs.changes import read_facts
from gallery.models import Image
from gallery.tests import adding
from gallery.tests.drawing import draw
from gallery.tests.files.metadata.tool_files import A1111, PROMPT, png, stealth


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
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "unsupported_format"),
        (draw(512, 512)[:-200], "damaged"),
        (draw(2048, 2048)[:-200], "damaged"),
        (draw(64, 64, format="PNG")[:-30], "damaged"),
    ],
)
def test_add_image_stores_nothing_of_what_is_no_picture(data, code, media_folder):
    with pytest.raises(pictures.UnreadablePicture) as error:
        adding.add_image(data=data, source=Image.Source.UPLOADED)
    assert error.value.code == code
    assert [path for path in media_folder.rglob("*") if path.is_file()] == []
    assert Image.objects.count() == 0


@pytest.mark.parametrize(
    ("kind", "missing"), [("PNG", 1), ("PNG", 12), ("PNG", 20), ("JPEG", 2), ("GIF", 2)]
)
def test_take_in_refuses_a_file_without_its_end(db, media_folder, kind, missing):
    data = draw(format=kind)
    with pytest.raises(pictures.UnreadablePicture) as error:
        ingest.take_in(data=data[:-missing], source=Image.Source.UPLOADED)
    assert error.value.code == "damaged"
    assert [path for path in media_folder.rglob("*") if path.is_file()] == []
    longer = ingest.take_in(data=data + b"tail", source=Image.Source.UPLOADED).image
    assert (media_folder / longer.file.name).read_bytes() == data + b"tail"


def test_a_generated_picture_without_its_last_bytes_is_kept(add_image):
    data = draw(format="PNG")[:-12]
    image = add_image(data=data, source=Image.Source.GENERATED)
    assert (image.file_size, image.content_type) == (len(data), "image/png")


def test_jpegs_one_behind_another_are_a_jpeg(db):
    out = io.BytesIO()
    with PIL.Image.open(io.BytesIO(draw(32, 24))) as one:
        one.save(out, "MPO", save_all=True, append_images=[one])
    image = ingest.take_in(data=out.getvalue(), source=Image.Source.UPLOADED).image
    assert (image.content_type, image.width, image.height) == ("image/jpeg", 32, 24)


def test_counters_follow_every_picture(add_image):
    first = add_image(model="m", tags=["x"])
    add_image(model="m", data=draw(64, 96))
    everything = read_facts(list(Image.objects.values_list("pk", flat=True))).values()
    assert statistics.totals() == statistics.recount(everything)
    assert statistics.totals(statistics.Addend.Kind.TAG) == {
        ("tag", str(first.tags.get().pk)): statistics.Total(1, first.file_size)
    }


def test_take_in_keeps_what_the_file_says_of_itself(db):
    taken = ingest.take_in(data=png(parameters=A1111), source=Image.Source.IMPORTED, tags=["a"])
    image = Image.objects.get()
    assert (taken.image, taken.is_new) == (image, True)
    assert (image.prompt, image.model) == (f"{PROMPT}\nsecond line", "dreamshaper_8")
    assert image.metadata["embedded"]["raw"] == {"png:parameters": A1111}
    assert image.upload_hash == image.content_hash
    hidden = ingest.take_in(data=stealth(A1111), source=Image.Source.IMPORTED).image
    assert (hidden.prompt, hidden.metadata["embedded"]["tool"]) == (image.prompt, "a1111")


def test_take_in_answers_the_picture_that_has_the_bytes(add_image, media_folder):
    generated = add_image(prompt="mine", tags=["x"], source=Image.Source.GENERATED)
    removal.trash_images(image_ids=[generated.pk])
    taken = ingest.take_in(
        data=draw(), source=Image.Source.UPLOADED, prompt="other", tags=["X", "y"]
    )
    generated.refresh_from_db()
    assert (taken.image, taken.is_new, Image.objects.count()) == (generated, False, 1)
    assert (generated.prompt, generated.trashed_at) == ("mine", None)
    assert [tag.name for tag in generated.tags.all()] == ["x", "y"]
    assert len([path for path in media_folder.rglob("*") if path.is_file()]) == 2
    assert statistics.totals() == statistics.recount(read_facts([generated.pk]).values())


def test_take_in_gives_a_lost_file_back(add_image):
    image = add_image()
    default_storage.delete(image.file.name)
    assert ingest.take_in(data=draw(), source=Image.Source.UPLOADED).image == image
    with default_storage.open(image.file.name) as file:
        assert file.read() == draw()


def test_generations_with_the_same_bytes_are_pictures_of_their_own(add_image):
    images = [add_image(source=Image.Source.GENERATED) for _ in range(2)]
    assert len({image.pk for image in images}) == 2


@pytest.mark.django_db(transaction=True)
def test_what_fails_after_the_commit_takes_no_file_away():
    def fail():
        raise OSError("a file of something else")

    data = draw()
    with pytest.raises(OSError, match="something else"):  # noqa: SIM117
        with ingest.adding(pictures.read_picture(data), data, source=Image.Source.UPLOADED):
            transaction.on_commit(fail)
    image = Image.objects.get()
    assert default_storage.exists(image.file.name)
    assert default_storage.exists(image.thumbnail.name)


@pytest.mark.django_db(transaction=True)
def test_take_in_of_the_same_bytes_at_once_makes_one_picture(media_folder):
    ready = threading.Barrier(6)

    def upload(number: int) -> tuple[int, bool]:
        ready.wait()
        try:
            taken = ingest.take_in(
                data=draw(), source=Image.Source.UPLOADED, tags=[f"tag {number}"]
            )
        finally:
            connection.close()
        return taken.image.pk, taken.is_new

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(upload, range(6)))
    image = Image.objects.get()
    assert sorted(answers) == sorted([(image.pk, True)] + [(image.pk, False)] * 5)
    assert [tag.name for tag in image.tags.all()] == [f"tag {number}" for number in range(6)]
    assert len([path for path in media_folder.rglob("*") if path.is_file()]) == 2
    assert statistics.totals() == statistics.recount(read_facts([image.pk]).values())


def test_a_new_picture_says_of_itself_what_its_row_says(add_image):
    moment = datetime(2024, 2, 29, 23, 30, 0, 123456, tzinfo=ZoneInfo("Asia/Shanghai"))
    image = add_image(
        prompt="Ａ 狐狸", model="a", tags=["x", "y"], favorite=True, created_at=moment
    )
    tag_ids = frozenset(image.tags.values_list("pk", flat=True))
    facts = ImageFacts.of(image, tag_ids)
    assert [facts] == Image.objects.facts()
    assert facts.files == (image.file.name, image.thumbnail.name)
    assert len(tag_ids) == 2
