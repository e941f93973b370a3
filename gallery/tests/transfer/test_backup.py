"""The whole library into an archive and back, between databases, after crashes, over edits."""

import io
import json
import os
import subprocess
import sys
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.utils import timezone

from gallery import statistics
from gallery.jobs import ingest, removal, tagging
from gallery.jobs.changes import read_facts
from gallery.models import Image, Tag
from gallery.tests import adding
from gallery.tests.drawing import draw
from gallery.tests.files.metadata.tool_files import A1111, png
from gallery.transfer import backup, restoring
from gallery.transfer.export import Embedding, export_images
from gallery.transfer.picture_records import as_record
from gallery.transfer.restoring import RestoreOutcome, restore_backup

BASE = Path(__file__).resolve().parents[3]
ADDED, UPDATED, UNCHANGED, FAILED = RestoreOutcome


@pytest.fixture
def library(add_image) -> list[Image]:
    """Pictures of every kind, one of them in the trash, one with the bytes of another."""
    images = [
        add_image(
            prompt="日落 \U0001f98a\n'\"\\", model="grok-imagine-1.0", tags=["海", "B"],
            source=Image.Source.GENERATED, metadata={"seed": 5, "深": [1.5, None, True]},
            created_at=timezone.now() - timedelta(days=40, microseconds=123457),
        ),
        add_image(data=draw(96, 64, format="PNG"), tags=["b"], favorite=True, nsfw=True),
        ingest.take_in(data=png(parameters=A1111), source=Image.Source.IMPORTED).image,
        add_image(data=draw(64, 96, format="WEBP"), source=Image.Source.GENERATED),
        add_image(source=Image.Source.GENERATED, tags=["海"]),
    ]  # fmt: skip
    removal.trash_images(image_ids=[images[3].pk])
    removal.delete_images(image_ids=[add_image(data=draw(40, 40)).pk])
    return images


def write(path: Path) -> Path:
    archive = backup.backup_archive()
    assert list(backup.write_backup(archive, path))[-1] == archive.size == path.stat().st_size
    archive.close()
    return path


def everything() -> list[dict]:
    return [as_record(image) for image in Image.objects.with_tags().order_by("pk")]


def stored() -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for image in Image.objects.all():
        for name in (image.file.name, image.thumbnail.name):
            with default_storage.open(name) as file:
                files[name] = file.read()
    return files


def empty(media_folder: Path) -> None:
    removal.delete_images(image_ids=list(Image.objects.values_list("pk", flat=True)))
    Tag.objects.all().delete()
    for path in media_folder.rglob("*.*"):
        path.unlink()


def outcomes(path: Path) -> list[RestoreOutcome]:
    return [each.outcome for each in restore_backup(path)]


def counters_are_exact() -> bool:
    facts = read_facts(list(Image.objects.values_list("pk", flat=True))).values()
    return statistics.totals() == statistics.recount(facts)


def elsewhere(folder: Path, *arguments: str) -> None:
    """Run manage.py over a SQLite library of its own in this folder."""
    kept = {
        key: value for key, value in os.environ.items() if key in ("PATH", "HOME", "TZ", "LANG")
    }
    places = {name: str(folder / name) for name in ("DATA_DIR", "MEDIA_ROOT", "LOG_DIR")}
    command = [sys.executable, "manage.py", *arguments]
    subprocess.run(command, cwd=BASE, env={**kept, **places}, check=True, capture_output=True)


def test_restored_library_is_equal_row_by_row_and_byte_by_byte(library, media_folder, tmp_path):
    """From this database to SQLite and back."""
    rows, files, totals = everything(), stored(), statistics.totals()
    write(tmp_path / "here.zip")
    elsewhere(tmp_path / "there", "migrate", "--verbosity=0")
    elsewhere(tmp_path / "there", "restore_backup", str(tmp_path / "here.zip"))
    elsewhere(tmp_path / "there", "export_backup", str(tmp_path / "there.zip"))
    empty(media_folder)
    assert outcomes(tmp_path / "there.zip") == [ADDED] * 5
    assert (everything(), stored()) == (rows, files)
    tag = statistics.Addend.Kind.TAG
    assert {key: value for key, value in statistics.totals().items() if key[0] != tag} == {
        key: value for key, value in totals.items() if key[0] != tag
    }
    assert counters_are_exact()
    assert Image.objects.order_by("pk")[2].upload_hash == library[2].content_hash
    new = adding.add_image(data=draw(50, 50), source=Image.Source.GENERATED)
    assert new.pk > max(image.pk for image in library)


def test_a_backup_says_its_format_and_one_of_the_first_comes_back_too(
    library, media_folder, tmp_path
):
    path = write(tmp_path / "a.zip")
    rows = everything()
    with zipfile.ZipFile(path) as archive:
        assert json.loads(archive.read("backup.json"))["format"] == 2
        # Where programs look that know the first format alone, and refuse a file without it.
        assert "manifest.jsonl" not in archive.namelist()

    def renamed(name: str) -> str:
        return "manifest.jsonl" if name == "library.jsonl" else name

    first = tmp_path / "first.zip"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(first, "w") as new:
        for name in old.namelist():
            if name != "backup.json":
                new.writestr(renamed(name), old.read(name))
    empty(media_folder)
    assert outcomes(first) == [ADDED] * 5
    assert everything() == rows
    later = tmp_path / "later.zip"
    later.write_bytes(path.read_bytes())
    change = lambda name, data: b'{"format": 3}' if name == "backup.json" else data  # noqa: E731
    with pytest.raises(CommandError, match="format 3, and this version reads formats up to 2"):
        call_command("restore_backup", str(rewritten(later, change)))


def test_restore_into_a_full_library_changes_nothing(library, tmp_path):
    rows = everything()
    path = write(tmp_path / "a.zip")
    assert outcomes(path) == [UNCHANGED] * 5
    assert everything() == rows


def test_the_state_that_was_changed_last_stays(library, tmp_path):
    path = write(tmp_path / "a.zip")
    before = everything()
    older, newer, same = library[0], library[1], library[2]
    Image.objects.filter(pk=older.pk).update(
        prompt="lost", favorite=True, updated_at=older.updated_at - timedelta(seconds=1)
    )
    tagging.replace_tags(image_id=newer.pk, names=["kept"])
    Image.objects.filter(pk=older.pk).update(updated_at=older.updated_at - timedelta(seconds=1))
    removal.restore_images(image_ids=[library[3].pk])
    assert outcomes(path) == [UPDATED, UNCHANGED, UNCHANGED, UNCHANGED, UNCHANGED]
    after = everything()
    assert after[0] == before[0]
    assert after[1]["tags"] == ["kept"]
    assert after[2] == as_record(same)
    assert after[3]["trashed_at"] is None
    assert counters_are_exact()


def test_known_uploads_are_not_doubled_and_taken_ids_are_left_alone(
    library, media_folder, tmp_path
):
    path = write(tmp_path / "a.zip")
    rows = everything()
    empty(media_folder)
    known = ingest.take_in(data=png(parameters=A1111), source=Image.Source.UPLOADED).image
    Image.objects.filter(pk=known.pk).update(updated_at=timezone.now() + timedelta(days=1))
    squatter = adding.add_image(data=draw(30, 30), source=Image.Source.GENERATED, tags=["B"])
    Image.objects.filter(pk=squatter.pk).delete()
    squatter.pk = rows[0]["id"]
    squatter.save(force_insert=True)
    assert outcomes(path) == [ADDED, ADDED, UNCHANGED, ADDED, ADDED]
    assert Image.objects.count() == 6
    assert not Image.objects.filter(file=rows[2]["path"]).exists()
    first = Image.objects.get(file=rows[0]["path"])
    assert first.pk not in (rows[0]["id"], squatter.pk)
    assert {**as_record(first), "id": 0} == {**rows[0], "id": 0}
    assert outcomes(path) == [UNCHANGED] * 5


def test_a_lost_file_comes_back(library, tmp_path):
    path = write(tmp_path / "a.zip")
    files = stored()
    default_storage.delete(library[0].file.name)
    assert outcomes(path) == [UNCHANGED] * 5
    assert stored() == files


def test_restore_goes_on_after_it_was_broken_off(library, media_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(restoring, "BATCH", 2)
    path = write(tmp_path / "a.zip")
    rows, files = everything(), stored()
    empty(media_folder)
    restore = restore_backup(path)
    assert [next(restore).outcome for _ in range(3)] == [ADDED] * 3
    restore.close()
    left_over = media_folder / rows[4]["path"]
    left_over.parent.mkdir(parents=True, exist_ok=True)
    left_over.write_bytes(b"half of a pict")
    assert outcomes(path) == [UNCHANGED] * 4 + [ADDED]
    assert (everything(), stored()) == (rows, files)


def rewritten(path: Path, change) -> Path:
    """The archive with its members as `change(name, data)` gives them; None leaves one out."""
    other = path.with_name("rewritten.zip")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(other, "w") as new:
        for info in old.infolist():
            data = change(info.filename, old.read(info))
            if data is not None:
                new.writestr(info.filename, data)
    return other


def test_damaged_and_missing_members_are_named_and_the_rest_comes_back(
    library, media_folder, tmp_path
):
    path = write(tmp_path / "a.zip")
    rows = everything()
    empty(media_folder)

    def spoil(name: str, data: bytes) -> bytes | None:
        if name == rows[0]["path"]:
            return data[:-1] + b"x"
        if name == rows[1]["thumbnail_path"]:
            return None
        return None if name == rows[2]["path"] else data

    results = list(restore_backup(rewritten(path, spoil)))
    assert [(each.outcome, each.reason) for each in results] == [
        (FAILED, "damaged in the archive: its checksum differs"), (ADDED, ""),
        (FAILED, "the archive has no such member"), (ADDED, ""), (ADDED, ""),
    ]  # fmt: skip
    assert everything() == [rows[1], *rows[3:]]
    assert rows[1]["thumbnail_path"] in stored()
    assert outcomes(path) == [ADDED, UNCHANGED, ADDED, UNCHANGED, UNCHANGED]
    assert everything() == rows


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("path", "../../etc/passwd.jpg"), ("path", "images/../x.jpg"), ("path", "/etc/x.jpg"),
        ("path", "images/x.html"), ("path", "images/x.png"), ("path", 7),
        ("thumbnail_path", "images/x.jpg"), ("created_at", "yesterday"), ("created_at", None),
        ("updated_at", 5), ("width", "x"), ("width", None), ("prompt", None),
        ("content_type", "text/html"), ("source", "stolen"), ("tags", "abc,"), ("tags", [1]),
        ("model", "m" * 101), ("favorite", "maybe"), ("prompt", "p" * 32_001),
    ],
)  # fmt: skip
def test_records_that_are_not_of_a_picture_are_refused(
    add_image, media_folder, tmp_path, field, value
):
    add_image()
    path = write(tmp_path / "a.zip")
    empty(media_folder)

    def spoil(name: str, data: bytes) -> bytes:
        if name != "library.jsonl":
            return data
        return json.dumps({**json.loads(data), field: value}).encode()

    (result,) = restore_backup(rewritten(path, spoil))
    assert result.outcome == FAILED
    assert result.reason
    assert (Image.objects.count(), [p for p in media_folder.rglob("*") if p.is_file()]) == (0, [])


@pytest.mark.parametrize("line", [b"[]", b"{", b"7", b"\xff", b"{}"])
def test_lines_that_are_no_records_are_named(db, tmp_path, line):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("manifest.jsonl", line + b"\n")
    assert [each.outcome for each in restore_backup(tmp_path / "a.zip")] == [FAILED]


def test_files_that_are_no_backup_are_refused(library, tmp_path):
    path = write(tmp_path / "a.zip")
    cut = tmp_path / "cut.zip"
    cut.write_bytes(path.read_bytes()[:-100])
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("a.txt", "x")
    for name in ("cut.zip", "other.zip"):
        with pytest.raises(CommandError, match="is no backup, or is damaged"):
            call_command("restore_backup", str(tmp_path / name))
    with pytest.raises(CommandError, match="no such file"):
        call_command("restore_backup", str(tmp_path / "missing.zip"))


def test_an_export_with_embedded_prompts_can_be_restored(add_image, media_folder, tmp_path):
    image = add_image(prompt="海", model="m", tags=["a"], source=Image.Source.GENERATED)
    archive = export_images(image_ids=[image.pk], embedding=Embedding.EMBED)
    (tmp_path / "a.zip").write_bytes(b"".join(archive))
    archive.close()
    empty(media_folder)
    assert outcomes(tmp_path / "a.zip") == [ADDED]
    restored = Image.objects.get()
    assert (restored.prompt, restored.filename) == ("海", image.filename)
    with default_storage.open(restored.file.name) as file:
        assert len(file.read()) == restored.file_size > image.file_size
    assert restored.content_hash != image.content_hash


def test_a_backup_that_breaks_off_leaves_the_older_one(library, tmp_path):
    path = write(tmp_path / "a.zip")
    old = path.read_bytes()
    archive = backup.backup_archive()
    writing = backup.write_backup(archive, path)
    next(writing)
    writing.close()
    archive.close()
    assert (path.read_bytes(), list(tmp_path.glob("*.zip*"))) == (old, [path])


def test_export_backup_names_what_cannot_be_read(library, tmp_path, capsys):
    default_storage.delete(library[0].file.name)
    with pytest.raises(CommandError, match="1 pictures could not be read"):
        call_command("export_backup", str(tmp_path / "a.zip"), "--json")
    answer = json.loads(capsys.readouterr().out)
    assert answer == {
        "pictures": 5, "failed": 1, "bytes": (tmp_path / "a.zip").stat().st_size,
    }  # fmt: skip
    with pytest.raises(CommandError, match="could not be written"):
        call_command("export_backup", str(tmp_path / "no folder" / "a.zip"))
    out, err = io.StringIO(), io.StringIO()
    with pytest.raises(CommandError, match="1 failed"):
        call_command("restore_backup", str(tmp_path / "a.zip"), stdout=out, stderr=err)
    assert out.getvalue() == "0 added, 0 updated, 4 unchanged, 1 failed\n"
    assert "not in the backup, failed: No such file or directory" in err.getvalue()


@pytest.mark.parametrize("count", [1, 3])
def test_restoring_costs_the_same_queries_for_any_number(
    add_image, media_folder, tmp_path, count, django_assert_max_num_queries
):
    for _ in range(count):
        add_image(tags=["a", "b"], source=Image.Source.GENERATED)
    path = write(tmp_path / "a.zip")
    empty(media_folder)
    with django_assert_max_num_queries(30 + count):
        assert outcomes(path) == [ADDED] * count
