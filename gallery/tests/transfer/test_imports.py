"""Files, folders and archives into the library; and what lies in the media folder."""

import io
import json
import os
import threading
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from gallery import statistics
from gallery.jobs.changes import read_facts
from gallery.maintenance.cleanup import survey
from gallery.maintenance.scanning import scan_storage
from gallery.models import Image
from gallery.tests.drawing import draw
from gallery.tests.files.metadata.tool_files import A1111, PROMPT, png
from gallery.transfer import backup, imports
from gallery.transfer.found_files import OF_A_LIBRARY
from gallery.transfer.imports import Imported, ImportOutcome, import_paths

ADDED, KNOWN, FAILED, IGNORED = (
    ImportOutcome.ADDED,
    ImportOutcome.KNOWN,
    ImportOutcome.FAILED,
    ImportOutcome.IGNORED,
)


@pytest.fixture
def inbox(tmp_path) -> Path:
    (tmp_path / "inbox").mkdir()
    return tmp_path / "inbox"


def outcomes(imported) -> list[tuple[str, ImportOutcome]]:
    return [(each.name.rpartition("inbox/")[2], each.outcome) for each in imported]


def test_a_folder_is_taken_in_with_what_its_files_say(db, inbox):
    (inbox / "b").mkdir()
    (inbox / "a.png").write_bytes(png(parameters=A1111))
    (inbox / "b" / "noname").write_bytes(draw(color="#111111"))
    (inbox / "b" / "side.webp").write_bytes(draw(format="WEBP"))
    (inbox / "b" / "side.txt").write_text(f"beside\nNegative prompt: x\n{A1111.splitlines()[-1]}")
    (inbox / "empty.png").touch()
    (inbox / "broken.jpg").write_bytes(draw(256, 256)[:-300])
    (inbox / "lies.jpg").write_bytes(b"<html>")
    (inbox / ".hidden.jpg").write_bytes(draw())
    (inbox / "link.jpg").symlink_to(inbox / "a.png")
    os.utime(inbox / "a.png", (1_700_000_000, 1_700_000_000))
    os.utime(inbox / "b" / "noname", (4_000_000_000, 4_000_000_000))
    imported = list(import_paths(paths=[inbox], tags=["neu"], workers=1))
    assert outcomes(imported) == [
        ("a.png", ADDED), ("broken.jpg", FAILED), ("empty.png", FAILED), ("lies.jpg", FAILED),
        ("b/noname", ADDED), ("b/side.txt", IGNORED), ("b/side.webp", ADDED),
    ]  # fmt: skip
    assert [each.reason for each in imported if each.reason] == [
        "The picture is damaged or incomplete.", "The file is empty.",
        "The file is not a JPEG, PNG, WebP, GIF or AVIF picture.",
    ]  # fmt: skip
    images = list(Image.objects.order_by("pk"))
    assert [(image.prompt, image.source) for image in images] == [
        (f"{PROMPT}\nsecond line", "imported"), ("", "imported"), ("beside", "imported"),
    ]  # fmt: skip
    assert images[0].created_at == datetime.fromtimestamp(1_700_000_000, UTC)
    assert [(image.file_name, image.prompt_source) for image in images] == [
        ("a.png", "file"), ("noname", ""), ("side.webp", "file"),
    ]  # fmt: skip
    assert images[1].created_at <= timezone.now()
    assert [[tag.name for tag in image.tags.all()] for image in images] == [["neu"]] * 3
    again = import_paths(paths=[inbox], workers=1)
    assert [each.outcome for each in again] == [KNOWN, *[FAILED] * 3, KNOWN, IGNORED, KNOWN]


def test_an_archive_is_read_without_unpacking_it(db, inbox, tmp_path):
    with zipfile.ZipFile(inbox / "a.zip", "w") as archive:
        archive.writestr(zipfile.ZipInfo("../../evil.jpg", (2020, 1, 2, 3, 4, 6)), draw())
        archive.writestr("日落/图.png", png(parameters=A1111))
        archive.writestr("notes.md", "x")
        archive.writestr("__MACOSX/x.jpg", draw())
        archive.writestr("nested.zip", b"PK")
        archive.writestr("bomb.jpg", b"\xff\xd8\xff" + bytes(65 * 1024 * 1024), compress_type=8)
        archive.writestr("side.webp", draw(format="WEBP"))
        archive.writestr("side.txt", A1111)
    (inbox / "b.zip").write_bytes(b"no archive")
    damaged = bytearray((inbox / "a.zip").read_bytes())
    damaged[damaged.find(b"second line")] ^= 1
    (inbox / "c.zip").write_bytes(damaged)
    imported = list(import_paths(paths=[inbox], workers=1))
    assert outcomes(imported) == [
        ("a.zip/../../evil.jpg", ADDED), ("a.zip/bomb.jpg", FAILED), ("a.zip/nested.zip", IGNORED),
        ("a.zip/notes.md", IGNORED), ("a.zip/side.txt", IGNORED), ("a.zip/side.webp", ADDED),
        ("a.zip/日落/图.png", ADDED), ("b.zip", FAILED),
        ("c.zip/../../evil.jpg", KNOWN), ("c.zip/bomb.jpg", FAILED),
        ("c.zip/nested.zip", IGNORED), ("c.zip/notes.md", IGNORED), ("c.zip/side.txt", IGNORED),
        ("c.zip/side.webp", KNOWN), ("c.zip/日落/图.png", FAILED),
    ]  # fmt: skip
    assert sorted({each.reason.partition(" for")[0] for each in imported if each.reason}) == [
        "Bad CRC-32", "File is not a zip file", "larger than 64 MB",
    ]  # fmt: skip
    assert list(tmp_path.rglob("evil*")) == []
    assert Image.objects.get(pk=imported[5].image_id).prompt == f"{PROMPT}\nsecond line"
    evil = Image.objects.get(pk=imported[0].image_id)
    assert timezone.localtime(evil.created_at).isoformat()[:19] == "2020-01-02T03:04:06"


def test_members_of_one_name_are_all_taken_in_each_with_its_own_text(db, inbox):
    with zipfile.ZipFile(inbox / "a.zip", "w") as archive, pytest.warns(UserWarning, match="Dup"):
        archive.writestr("a.jpg", draw(color="#110000"))
        archive.writestr("a.txt", "first")
        archive.writestr("a.jpg", draw(color="#220000"))
        archive.writestr("a.txt", "second")
        archive.writestr("a.jpg", draw(color="#330000"))
    imported = list(import_paths(paths=[inbox], workers=1))
    assert outcomes(imported) == [("a.zip/a.jpg", ADDED)] * 3 + [("a.zip/a.txt", IGNORED)] * 2
    images = Image.objects.order_by("pk")
    assert [image.prompt for image in images] == ["first", "second", "second"]
    assert len({image.content_hash for image in images}) == 3


def test_an_archive_of_a_library_is_named_and_not_taken_for_pictures(add_image, inbox):
    add_image()
    archive = backup.backup_archive()
    (inbox / "a.zip").write_bytes(b"".join(archive))
    archive.close()
    (imported,) = import_paths(paths=[inbox], workers=1)
    assert (imported.outcome, imported.reason) == (FAILED, OF_A_LIBRARY)
    assert Image.objects.count() == 1


def test_a_path_that_is_not_there_is_named(db, tmp_path):
    missing = tmp_path / "missing"
    assert list(import_paths(paths=[missing], workers=1)) == [
        Imported(str(missing), FAILED, reason="no such file or folder")
    ]


@pytest.mark.django_db(transaction=True)
def test_many_files_are_taken_in_by_several_threads(inbox, media_folder):
    for number in range(24):
        (inbox / f"{number:02}.jpg").write_bytes(draw(color=f"#{number // 2 * 10:06x}"))
    imported = list(import_paths(paths=[inbox], tags=["a"], workers=4))
    assert [each.name for each in imported] == [str(path) for path in sorted(inbox.iterdir())]
    assert {each.image_id for each in imported} == set(Image.objects.values_list("pk", flat=True))
    assert sorted(each.outcome for each in imported) == [ADDED] * 12 + [KNOWN] * 12
    everything = read_facts(list(Image.objects.values_list("pk", flat=True))).values()
    assert statistics.totals() == statistics.recount(everything)
    assert len([path for path in media_folder.rglob("*") if path.is_file()]) == 24


@pytest.mark.django_db(transaction=True)
def test_a_full_disk_stops_the_import_with_its_error(inbox, media_folder, settings):
    (inbox / "a.jpg").write_bytes(draw())
    (media_folder / "images").write_text("a file where a folder must be")
    with pytest.raises(OSError, match="images"):
        list(import_paths(paths=[inbox], workers=2))
    assert Image.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_import_images_counts_and_names(inbox, capsys):
    (inbox / "a.jpg").write_bytes(draw())
    call_command("import_images", str(inbox), "--tag", "x", "--json")
    assert json.loads(capsys.readouterr().out) == {
        "added": 1, "known": 0, "failed": 0, "ignored": 0, "kinds": {}, "failures": [],
    }  # fmt: skip
    (inbox / "b.jpg").write_bytes(b"II*\0")
    (inbox / "c.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    (inbox / "d.HEIC").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    (inbox / "e.md").write_bytes(b"x")
    out, err = io.StringIO(), io.StringIO()
    with pytest.raises(CommandError, match="1 failed"):
        call_command("import_images", str(inbox), stdout=out, stderr=err)
    assert out.getvalue() == "0 added, 1 known, 1 failed, 3 ignored (2 HEIC, 1 other)\n"
    reason = "TIFF files are not supported. Use JPEG, PNG, WebP, GIF or AVIF."
    assert err.getvalue() == f"{inbox / 'b.jpg'}: {reason}\n"
    with pytest.raises(CommandError, match=r"逗号|comma"):
        call_command("import_images", str(inbox), "--tag", "a,b")


def test_scan_takes_in_what_lies_in_the_media_folder(add_image, media_folder):
    kept = add_image()
    old = media_folder / "images/2026/01/01/lost.jpg"
    old.parent.mkdir(parents=True)
    old.write_bytes(draw(color="#aa0000"))
    moment = (timezone.now() - timedelta(hours=1)).timestamp()
    os.utime(old, (moment, moment))
    old.with_name("young.jpg").write_bytes(draw(color="#00aa00"))
    old.with_name("lost.thumb.webp").write_bytes(draw(format="WEBP"))
    (media_folder / "dropped").mkdir()
    (media_folder / "dropped" / "a\n'b.png").write_bytes(png(parameters=A1111))
    (media_folder / "copy.jpg").write_bytes(draw())
    (media_folder / "half.jpg").write_bytes(draw(256, 256)[:-300])
    (media_folder / "notes.txt").write_text("x")
    (media_folder / ".gitkeep").write_text("")
    found = list(scan_storage())
    assert [(each.name, each.outcome) for each in found] == [
        ("copy.jpg", KNOWN), ("half.jpg", FAILED), ("notes.txt", IGNORED),
        ("dropped/a\n'b.png", ADDED), ("images/2026/01/01/lost.jpg", ADDED),
    ]  # fmt: skip
    assert found[0].image_id == kept.pk
    assert Image.objects.get(pk=found[3].image_id).prompt == f"{PROMPT}\nsecond line"
    names = {image.file.name for image in Image.objects.all()}
    names |= {image.thumbnail.name for image in Image.objects.all()}
    paths = [path for path in media_folder.rglob("*") if path.is_file()]
    left = {str(path.relative_to(media_folder)) for path in paths}
    folder = "images/2026/01/01"
    assert left - names == {
        "half.jpg", "notes.txt", ".gitkeep", f"{folder}/young.jpg", f"{folder}/lost.thumb.webp",
    }  # fmt: skip
    assert names <= left
    assert survey().orphans == []
    assert [each.outcome for each in scan_storage()] == [FAILED, IGNORED]


@pytest.mark.parametrize(("cores", "workers"), [(None, 1), (1, 1), (3, 3), (64, 8)])
def test_workers_follow_the_machine(monkeypatch, cores, workers):
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    all_are_at_work = threading.Barrier(workers)

    def job(number):
        all_are_at_work.wait(30)
        return imports.Imported(threading.current_thread().name, ADDED)

    found = list(imports.run(job, range(4 * workers)))
    assert len({each.name for each in found}) == workers


def sparse(path: Path, head: bytes) -> None:
    with path.open("wb") as file:
        file.write(head)
        file.truncate(20 * 1024**3)


def test_what_is_no_file_is_named_and_passed_over(db, inbox):
    os.mkfifo(inbox / "pipe.jpg")
    os.mkfifo(inbox / "pipe.zip")
    (inbox / "device.png").symlink_to("/dev/zero")
    (inbox / "loop.jpg").symlink_to("loop.jpg")
    (inbox / "again").symlink_to(inbox, target_is_directory=True)
    sparse(inbox / "large.jpg", draw()[:16])
    sparse(inbox / "zeros.jpg", b"")
    sparse(inbox / "zeros.zip", b"PK\3\4")
    (inbox / "ok.jpg").write_bytes(draw())
    (inbox / "ok.txt").symlink_to("/dev/zero")
    imported = list(import_paths(paths=[inbox], workers=1))
    assert outcomes(imported) == [
        ("large.jpg", FAILED), ("loop.jpg", FAILED), ("ok.jpg", ADDED), ("pipe.jpg", FAILED),
        ("pipe.zip", FAILED), ("zeros.jpg", FAILED), ("zeros.zip", FAILED),
    ]  # fmt: skip
    assert [each.outcome for each in import_paths(paths=[inbox / "loop.jpg"], workers=1)] == [
        FAILED
    ]
    assert [each.outcome for each in import_paths(paths=[Path("/dev/zero")], workers=1)] == [FAILED]


def test_members_with_one_name_both_come_in(db, tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.jpg", draw())
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("a.jpg", draw(9, 9))
        archive.writestr("/etc/../b.jpg", draw(7, 7))
        archive.writestr("bomb.jpg", draw()[:16] + bytes(10**7), zipfile.ZIP_BZIP2)
    imported = import_paths(paths=[tmp_path / "a.zip"], workers=1)
    assert [(each.name.rpartition("a.zip/")[2], each.outcome) for each in imported] == [
        ("/etc/../b.jpg", ADDED), ("a.jpg", ADDED), ("a.jpg", ADDED), ("bomb.jpg", FAILED),
    ]  # fmt: skip


def test_archive_that_was_sent_has_so_many_pixels_and_no_more(db, monkeypatch):
    monkeypatch.setattr(imports, "ARCHIVE_PIXELS", 2)
    monkeypatch.setattr(imports.decoding.budget, "total", 8 * 1_000_000)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for number in range(4):
            archive.writestr(f"{number}.png", draw(800 + number, 800, format="PNG"))
        archive.writestr("4.png", draw(8, 8, format="PNG"))
    found = list(imports.import_archive(name="a.zip", file=file))
    reason = "the archive has more than 2 million pixels in all"
    assert [(each.outcome, each.reason) for each in found] == [
        ("added", ""), ("added", ""), ("added", ""), ("failed", reason), ("failed", reason),
    ]  # fmt: skip


def test_texts_beside_pictures_are_found_by_either_name(db, inbox):
    (inbox / "v1.5").mkdir()
    for name in ("a.png", "b.PNG", "c.png", "v1.5/d", "e.png"):
        (inbox / name).write_bytes(draw(color=f"#11{name[-5].encode().hex()}22", format="PNG"))
    (inbox / "a.png.txt").write_text("behind the whole name")
    (inbox / "b.txt").write_text("two bytes a letter", "utf-16")
    prompt = "<Iptc4xmpExt:AIPromptInformation>a packet</Iptc4xmpExt:AIPromptInformation>"
    (inbox / "c.xmp").write_text(f'<x:xmpmeta xmlns:x="adobe:ns:meta/">{prompt}</x:xmpmeta>')
    (inbox / "v1.txt").write_text("of another file")
    list(import_paths(paths=[inbox], workers=1))
    assert dict(Image.objects.values_list("file_name", "prompt")) == {
        "a.png": "behind the whole name", "b.PNG": "two bytes a letter", "c.png": "a packet",
        "d": "", "e.png": "",
    }  # fmt: skip
