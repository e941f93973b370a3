"""Where pictures come from: their files' names and times, and those of their prompts."""

import importlib
from datetime import UTC, datetime, timedelta

import pytest
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.db.models import Value
from django.utils import timezone

from gallery.history import RecordedChange
from gallery.jobs import ingest, marking, undoing
from gallery.maintenance import rereading
from gallery.maintenance.scanning import scan_storage
from gallery.models import Image
from gallery.tests.drawing import draw
from gallery.tests.files.metadata.tool_files import A1111, NEGATIVE, PROMPT, dated, png
from gallery.transfer.export import export_images

pytestmark = pytest.mark.django_db

KNOWN_ORIGIN = importlib.import_module("gallery.migrations.0017_known_origin")
TAKEN = datetime(2019, 8, 7, 6, 5, 4, tzinfo=UTC)
FILES = datetime(2021, 2, 3, tzinfo=UTC)
LONG_AGO, TO_COME = "1989:12:31 23:59:59", "2999:01:01 00:00:00"


def take_in(data=None, **facts) -> Image:
    facts = {"source": Image.Source.IMPORTED, **facts}
    return ingest.take_in(data=draw() if data is None else data, **facts).image


@pytest.mark.parametrize(
    ("time", "zone", "modified", "expected"),
    [
        ("2019:08:07 14:05:04", "+08:00", FILES, TAKEN),
        ("2019:08:06 22:35:04", "-07:30", FILES, TAKEN),
        ("2019:08:07 08:05:04", "", FILES, TAKEN),  # local, two hours before UTC
        (LONG_AGO, "+00:00", FILES, FILES),
        (TO_COME, "+00:00", FILES, FILES),
        ("0000:00:00 00:00:00", "", FILES, FILES),
        ("2019:13:07 08:05:04", "+99:99", FILES, FILES),
        ("", "", FILES, FILES),
        ("", "", datetime(1970, 1, 1, tzinfo=UTC), None),
        ("", "", datetime(2999, 1, 1, tzinfo=UTC), None),
        ("", "", None, None),
    ],
)
def test_a_picture_is_from_when_its_file_says(settings, time, zone, modified, expected):
    settings.TIME_ZONE = "Africa/Cairo"
    settings.USE_TZ = True
    before = timezone.now()
    image = take_in(dated(time, zone), modified_at=modified)
    assert before <= image.added_at <= timezone.now()
    if expected is None:
        assert before <= image.created_at <= timezone.now()
    else:
        assert image.created_at == expected


def test_every_door_says_where_the_prompt_is_from(add_image, staff, media_folder):
    generated = add_image(prompt="a", source=Image.Source.GENERATED)
    assert (generated.prompt_source, generated.file_name) == ("request", "")
    assert take_in(png(parameters=A1111), prompt="b").prompt_source == "given"
    assert take_in(png(parameters=A1111 + " "), file_name="/x/y.png").prompt_source == "file"
    assert Image.objects.get(file_name="y.png").download_name == "y.png"
    assert take_in(draw(9, 9)).prompt_source == ""
    (media_folder / "dropped fox.png").write_bytes(png(parameters=A1111 + "  "))
    [scanned] = scan_storage()
    image = Image.objects.get(pk=scanned.image_id)
    assert (image.file_name, image.prompt_source) == ("dropped fox.png", "file")
    form = {"file": SimpleUploadedFile("up.png", png(parameters=A1111 + "   "))}
    answer = staff.post("/api/v1/admin/gallery/images/", form).json()
    assert (answer["file_name"], answer["prompt_source"]) == ("up.png", "file")
    names = [image.download_name for image in Image.objects.exclude(file_name="").order_by("pk")]
    assert names == ["y.png", "dropped-fox.png", "up.png"]


def test_an_archive_has_the_names_of_the_files(add_image):
    images = [
        add_image(data=draw(8, number), file_name=name)
        for number, name in enumerate(("a b.jpg", "A B.jpg", "x.png", ""), start=8)
    ]
    archive = export_images(image_ids=[image.pk for image in images])
    names = [record["file"] for record in archive._records()]
    archive.close()
    assert names[:3] == ["a-b.jpg", f"A-B-{images[1].filename[:6]}.jpg", "x.png.jpg"]
    assert names[3].endswith(f"-{images[3].filename[:6]}.jpg")


def test_older_rows_say_what_they_can(add_image):
    old = {"embedded": {"negative_prompt": "Ｂlurry", "parameters": {"Seed": "5", "sampler": "E"}}}
    moment = timezone.now() - timedelta(days=9)
    for number, (source, prompt, metadata) in enumerate(
        [("generated", "a", {}), ("imported", "b", old), ("imported", "c", {**old, "grok2api": {}}),
         ("uploaded", "d", old), ("imported", "", old), ("imported", "e", {"embedded": 5})],
    ):  # fmt: skip
        add_image(
            data=draw(8, 8 + number), prompt=prompt, source=source, metadata=metadata,
            created_at=moment,
        )  # fmt: skip
    later = add_image(data=draw(7, 7))
    Image.objects.exclude(pk=later.pk).update(
        added_at=timezone.now(), prompt_source="", negative_folded=None, sampler_folded=None,
        seed=None,
    )  # fmt: skip
    for _again in range(2):
        KNOWN_ORIGIN.fill(apps, connection.schema_editor())
    rows = Image.objects.exclude(pk=later.pk).order_by("pk")
    assert set(rows.values_list("added_at", flat=True)) == {moment}
    known = ("blurry", "e", "5")
    assert list(
        rows.values_list("prompt_source", "negative_folded", "sampler_folded", "seed")
    ) == [
        ("request", None, None, None), ("file", *known), ("", *known), ("", *known), ("", *known),
        ("file", None, None, None),
    ]  # fmt: skip


def old_reading(image: Image, prompt: str, **said) -> None:
    """Let the picture be one that an older parser has read so."""
    image.prompt = prompt
    image.metadata["embedded"] |= {"parser": 1, **said}
    image.derive()
    image.save()


def rows() -> list[tuple]:
    columns = ("prompt", "prompt_folded", "model", "negative_folded", "seed", "prompt_source")
    return list(Image.objects.order_by("pk").values_list(*columns, "metadata"))


def test_files_are_read_again_where_the_prompt_is_theirs(media_folder):
    read = (f"{PROMPT}\nsecond line", "dreamshaper_8")
    wrong, same, lost, edited = (
        take_in(png(parameters=A1111 + " " * number)) for number in range(4)
    )
    given = take_in(png(parameters=A1111 + " " * 5), prompt="mine")
    beside = take_in(draw(30, 30, format="PNG"), sidecar=A1111)
    right = rows()
    old_reading(wrong, "Ｗrong", negative_prompt="", parameters={"Seed": "1"})
    old_reading(same, same.prompt)
    old_reading(lost, "kept")
    (media_folder / lost.file.name).write_bytes(png(tEXt="nothing"))
    lost.metadata["embedded"]["raw"] = {}
    lost.save()
    old_reading(edited, "by hand")
    Image.objects.filter(pk=edited.pk).update(prompt_source="person")
    old_reading(given, "mine")
    old_reading(beside, "wrong, too")
    before = rows()

    told = list(rereading.reread_metadata(dry_run=True))
    assert rows() == before
    assert [(each.image_id, each.outcome) for each in told] == [
        (wrong.pk, "changed"), (same.pk, "unchanged"), (lost.pk, "unchanged"),
        (beside.pk, "changed"),
    ]  # fmt: skip
    assert told[0].reason.startswith("prompt, parameters: “Ｗrong” → “日落 海景")

    assert list(rereading.reread_metadata()) == told
    after = rows()
    assert [after[0], after[1], after[5]] == [right[0], right[1], right[5]]
    assert after[0][:2] == (read[0], read[0].lower()) and after[0][2] == read[1]
    assert (after[0][3], after[0][4]) == (NEGATIVE, "42")
    assert [row[0] for row in (after[2], after[3], after[4])] == ["kept", "by hand", "mine"]
    assert {each.outcome for each in rereading.reread_metadata()} <= {"unchanged"}
    assert rows() == after

    [change] = RecordedChange.objects.whole()
    parts = RecordedChange.objects.left_of(change.pk)
    assert (undoing.undo_change(parts=parts).done, change.action) == (2, "reread")
    back = rows()
    assert (back[0], back[5]) == (before[0], before[5])


def test_a_prompt_that_an_older_parser_did_not_find_is_found_and_can_be_taken_back(media_folder):
    unread = take_in(png(parameters=A1111))
    plain = take_in(draw(30, 30, format="PNG"))
    old_reading(unread, "", negative_prompt="", parameters={})
    Image.objects.filter(pk=unread.pk).update(prompt_source="")
    before = rows()
    told = list(rereading.reread_metadata())
    assert [(each.image_id, each.outcome) for each in told] == [(unread.pk, "changed")]
    unread.refresh_from_db()
    assert (unread.prompt, unread.prompt_source) == (f"{PROMPT}\nsecond line", "file")
    assert list(rereading.reread_metadata()) == []
    [change] = RecordedChange.objects.whole()
    undoing.undo_change(parts=RecordedChange.objects.left_of(change.pk))
    assert rows() == before
    assert Image.objects.get(pk=plain.pk).metadata == {}


def test_no_picture_keeps_others_from_being_read_again(
    monkeypatch, media_folder, django_assert_num_queries
):
    sealed = b"\xff\xd8\xff\xeb\0\x0cJP\0\1\0\0\0\1xx" + draw(31, 31)[2:]  # with credentials
    images = [take_in(png(parameters=A1111 + " " * number)) for number in range(5)]
    beside = take_in(sealed, sidecar=A1111)
    right = Image.objects.get(pk=beside.pk).metadata
    assert right["embedded"]["credentials"]
    for image in [*images, beside]:
        old_reading(image, "wrong")
    bad, lost, gone, of_old, empty = images
    beside.metadata["embedded"]["raw"] |= {"…": "1 more in the file"}
    beside.save()
    (media_folder / lost.file.name).unlink()
    for image, said in ((of_old, ["embedded"]), (empty, None)):
        Image.objects.filter(pk=image.pk).update(
            metadata=Value(said, Image._meta.get_field("metadata"))
        )
    damaged = (media_folder / bad.file.name).read_bytes()
    read, facts = rereading.metadata.read_again, rereading.read_facts

    def reading(data, kept):
        if data == damaged:
            raise RecursionError("too deep")
        return read(data, kept)

    def found(ids, **options):
        if gone.pk in ids:
            Image.objects.filter(pk=gone.pk).delete()
        return facts(ids, **options)

    monkeypatch.setattr(rereading.metadata, "read_again", reading)
    monkeypatch.setattr(rereading, "read_facts", found)
    told = list(rereading.reread_metadata(dry_run=True))
    assert [(each.image_id, each.outcome) for each in told] == [
        (bad.pk, "failed"), (lost.pk, "failed"), (of_old.pk, "changed"), (empty.pk, "changed"),
        (beside.pk, "changed"),
    ]  # fmt: skip
    assert (told[0].reason, told[1].reason) == ("too deep", "No such file or directory")
    with django_assert_num_queries(4):  # rows, facts and tags; and there are no more rows
        list(rereading.reread_metadata(dry_run=True))
    assert list(rereading.reread_metadata()) == told
    for image in (of_old, empty, beside):
        image.refresh_from_db()
        assert image.prompt == f"{PROMPT}\nsecond line"
    assert (of_old.metadata, empty.metadata, beside.metadata) == (["embedded"], {}, right)

    [change] = RecordedChange.objects.whole()
    undoing.undo_change(parts=RecordedChange.objects.left_of(change.pk))
    of_old.refresh_from_db()
    assert (of_old.prompt, of_old.metadata) == ("wrong", ["embedded"])

    Image.objects.filter(pk=empty.pk).update(
        metadata=Value(None, Image._meta.get_field("metadata"))
    )
    assert marking.edit_image(image_id=empty.pk, prompt="by hand")
