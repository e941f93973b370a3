"""Archives that are hostile, damaged, or restored beside others: nothing that is there is hurt."""

import hashlib
import io
import json
import threading
import zipfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from gallery.index import building
from gallery.jobs import loose_files, marking, removal
from gallery.maintenance import cleanup, scanning, upkeep
from gallery.models import Image
from gallery.tests.drawing import draw
from gallery.tests.meanwhile import meanwhile
from gallery.tests.transfer.test_backup import empty, everything, stored, write
from gallery.transfer import backup, backup_reading, restoring
from gallery.transfer.backup_reading import Line
from gallery.transfer.picture_records import CHECKS, UNSAID
from gallery.transfer.restoring import RestoreOutcome, restore_backup
from grok2api.runtime.exclusive import LOOSE_FILES, Busy, exclusive

ADDED, UPDATED, UNCHANGED, FAILED = RestoreOutcome
HALF = "\ud800"
DEEP = '{"a":' * 50_000 + "1" + "}" * 50_000


def records_of(path: Path) -> list[dict]:
    with zipfile.ZipFile(path) as archive:
        return [json.loads(line) for line in archive.read("library.jsonl").splitlines()]


def with_lines(path: Path, lines: list[dict | str | bytes], **members: bytes) -> Path:
    """The archive with another manifest, and with further members."""
    other = path.with_name("hostile.zip")
    texts = [json.dumps(each) if isinstance(each, dict) else each for each in lines]
    raw = [each.encode() if isinstance(each, str) else each for each in texts]
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(other, "w") as new:
        for info in old.infolist():
            if info.filename != "library.jsonl":
                new.writestr(info.filename, old.read(info))
        for name, data in members.items():
            new.writestr(name, data)
        new.writestr("library.jsonl", b"\n".join(raw) + b"\n")
    return other


@pytest.fixture
def three(add_image):
    return [
        add_image(data=draw(40 + n, 40), source=Image.Source.GENERATED, tags=["a"])
        for n in range(3)
    ]


PAGES = (
    "/admin/gallery/", "/admin/gallery/?view=list", "/admin/gallery/?sort_by=file_size",
    "/admin/gallery/?search=fox", "/admin/gallery/live/state/", "/admin/gallery/gallery/image/",
    "/api/v1/admin/gallery/images/", "/api/v1/admin/gallery/stats/",
    "/api/v1/admin/gallery/facets/", "/api/v1/admin/gallery/images/?search=fox",
    "/admin/service/", "/admin/gallery/facets/", "/api/v1/admin/gallery/tags/",
)  # fmt: skip

HOSTILE = [
    *(("id", v) for v in (0, -1, True, 1.0, "7", None, [1], 10**18, 10**30, 2**63 - 1)),
    *((name, v) for name in ("width", "height") for v in (0, -5, True, 2**31, 1.5, "64", [], {})),
    *(("file_size", v) for v in (-1, 2**63, "1", None, True)),
    *(("content_hash", v) for v in ("", "x" * 64, "A" * 64, 5, "0" * 65, None)),
    *(("color", v) for v in ("", "red", "#12", "#12345678", "#12345\n", 7, None, '"><script>')),
    *(("source", v) for v in ("", "stolen", 1, None, [])),
    *(("content_type", v) for v in ("image/png", "text/html", "", None, 5, "image/svg+xml")),
    *(("prompt", v) for v in (None, 7, "a\0b", f"a{HALF}", "p" * 32_001, ["fox"], {"a": 1})),
    *(("model", v) for v in (None, 7, "a\0b", HALF, "m" * 101, [])),
    *(("aspect_ratio", v) for v in (None, 7, "\0", HALF, "1" * 17, [])),
    *(("metadata", v) for v in (
        None, [], "x", 7, {"a": HALF}, {HALF: 1}, {"a": ["\0"]}, {"\0": 1},
    )),
    *((name, v) for name in ("favorite", "nsfw") for v in (0, 1, "true", None, [])),
    *(("file_name", v) for v in (None, 7, "a\0b", HALF, "n" * 1001, [])),
    *(("prompt_source", v) for v in (None, 7, "rumour", [])),
    *((name, v) for name in ("created_at", "updated_at", "added_at") for v in (
        None, 5, True, "", "yesterday", "0000-01-01", "0001-01-01T00:00:00+14:00", "999-12-31",
        "9999-12-31T23:59:59.999999-12:00", "9999-12-31", "10000-01-01", ["2026"], "2026" * 50,
    )),
    *(("trashed_at", v) for v in (5, False, "", "9999-12-31T23:59:59Z")),
    *(("tags", v) for v in (
        None, "abc", "abc,", 7, [7], [None], [["a"]], {"a": 1}, [""], ["a\0"], [HALF],
        ["t" * 65], [str(n) for n in range(101)], ["a,b"],
    )),
    *(("path", v) for v in (
        None, 7, "", "x.jpg", "/images/x.jpg", "images//x.jpg", "images/../x.jpg",
        "images/X.jpg", "images/é.jpg", "images/a.b.jpg", "images/x.thumb.webp", "images/.x.jpg",
        "images/x.jpg\n", "images/x", "images/x.svg", f"images/{HALF}.jpg", "images/\0.jpg",
        "images/" + "x" * 200 + ".jpg", "C:\\images\\x.jpg", "images/x.png",
    )),
    *(("thumbnail_path", v) for v in (None, 7, "", "/etc/x.webp", "images/../x.webp", "x.webp")),
    *(("file", v) for v in (None, 7, [], {}, "", "no such member", "/etc/passwd", "manifest.csv")),
    *(("sha256", v) for v in (None, 7, "", "0" * 64, [])),
]  # fmt: skip


def test_hostile_fields_are_named_and_all_others_come_back(add_image, media_folder, tmp_path):
    """One archive, in which each record but every tenth has one field that no honest one has."""
    add_image(data=draw(40, 40), source=Image.Source.GENERATED, tags=["a"])
    path = write(tmp_path / "a.zip")
    ((row,), (record,)) = everything(), records_of(path)
    with default_storage.open(row["path"]) as file:
        data = file.read()
    empty(media_folder)
    changes: list[dict | str] = [{name: value} for name, value in HOSTILE]
    missing = [name for name in CHECKS if name not in UNSAID]
    changes += [*missing, "file", "sha256", "tags"]
    lines, members, wanted = [], {}, []
    for number, change in enumerate(changes, 1000):
        sound = {**record, "id": number, "path": f"images/{number}.jpg", "file": f"{number}.jpg"}
        hostile = {**sound, **change} if isinstance(change, dict) else dict(sound)
        if isinstance(change, str):
            del hostile[change]
        if number % 10:
            lines.append(hostile)
        else:
            lines.append(sound)
            wanted.append(number)
        members[f"{number}.jpg"] = data
    results = list(restore_backup(with_lines(path, lines, **members)))
    outcomes = [(each.outcome, bool(each.reason)) for each in results]
    expected = [(FAILED, True) if place % 10 else (ADDED, False) for place in range(len(lines))]
    assert [
        (changes[place], outcome)
        for place, outcome in enumerate(outcomes)
        if outcome != expected[place]
    ] == []
    assert [each["id"] for each in everything()] == wanted
    assert sum(1 for each in media_folder.rglob("*") if each.is_file()) == 2 * len(wanted)


@pytest.mark.parametrize(
    "line",
    [
        "NaN", '{"metadata": NaN}', "[" * 200_000, DEEP, '{"id": ' + "9" * 5000 + "}", "\x00",
        b"\xff\xfe", b"", b'"\\ud800"', "null",
    ],
    ids=lambda line: str(line)[:20],
)  # fmt: skip
def test_hostile_line_is_named_by_its_number(three, media_folder, tmp_path, line):
    path = write(tmp_path / "a.zip")
    records = records_of(path)
    empty(media_folder)
    results = list(restore_backup(with_lines(path, [records[0], line, records[2]])))
    assert [each.outcome for each in results] == [ADDED, FAILED, ADDED]
    assert results[1].name == "manifest.jsonl, line 2"


@pytest.mark.parametrize(
    "text",
    ["NaN", "-Infinity", "1e999", '{"a":' * 40 + "1" + "}" * 40, "[" * 40 + "]" * 40],
    ids=lambda text: text[:12],
)
def test_metadata_that_no_database_takes_are_named(three, media_folder, tmp_path, text):
    path = write(tmp_path / "a.zip")
    records = records_of(path)
    empty(media_folder)
    line = json.dumps({**records[1], "metadata": {"a": "HERE"}}).replace('"HERE"', text)
    results = list(restore_backup(with_lines(path, [records[0], line, records[2]])))
    assert [each.outcome for each in results] == [ADDED, FAILED, ADDED]


def test_whatever_a_database_refuses_fails_alone(three, media_folder, tmp_path, monkeypatch):
    """Also what no check foresees."""
    path = write(tmp_path / "a.zip")
    rows = everything()
    records = records_of(path)
    empty(media_folder)
    records[1]["id"] = 10**30
    monkeypatch.setitem(CHECKS, "id", lambda value: value)
    results = list(restore_backup(with_lines(path, records)))
    assert [each.outcome for each in results] == [ADDED, FAILED, ADDED]
    assert results[1].reason.startswith("the database refused it: ")
    assert everything() == [rows[0], rows[2]]


@pytest.mark.parametrize("kind", ["jpg", "thumbnail", "upper"])
def test_a_record_that_names_anothers_file_harms_it_not(three, media_folder, tmp_path, kind):
    path = write(tmp_path / "a.zip")
    files, records = stored(), records_of(path)
    victim, attacker = three[0], records[1]
    removal.delete_images(image_ids=[three[1].pk])
    stem = attacker["path"].rpartition(".")[0]
    mine = {
        "jpg": {"thumbnail_path": victim.file.name},
        "thumbnail": {"thumbnail_path": victim.thumbnail.name},
        "upper": {"path": victim.file.name.replace("images/", "images/").upper()},
    }[kind]
    list(restore_backup(with_lines(path, [{**attacker, **mine}])))
    kept = {name: data for name, data in files.items() if not name.startswith(stem)}
    assert {name: stored().get(name) for name in kept} == kept
    assert Image.objects.get(pk=victim.pk).file.name == victim.file.name


def test_a_name_with_another_suffix_is_anothers(three, media_folder, tmp_path):
    """The thumbnails of x.jpg and x.png would have one path."""
    path = write(tmp_path / "a.zip")
    files, (record, *_) = stored(), records_of(path)
    png = draw(30, 30, format="PNG", color="#ff0000")
    digest = hashlib.sha256(png).hexdigest()
    other = {
        **record, "path": record["path"].replace(".jpg", ".png"), "content_type": "image/png",
        "file": "other.png", "sha256": digest, "content_hash": digest, "width": 30, "height": 30,
    }  # fmt: skip
    (result,) = restore_backup(with_lines(path, [other], **{"other.png": png}))
    assert (result.outcome, result.reason) == (
        FAILED, "another picture of the library has this name",
    )  # fmt: skip
    assert stored() == files


def test_two_records_with_one_path_are_the_first(three, media_folder, tmp_path):
    path = write(tmp_path / "a.zip")
    rows, files, records = everything(), stored(), records_of(path)
    empty(media_folder)
    second = {**records[1], "path": records[0]["path"], "prompt": "second"}
    results = list(restore_backup(with_lines(path, [records[0], second, records[2]])))
    assert [(each.outcome, each.reason) for each in results] == [
        (ADDED, ""), (FAILED, "an earlier record of the archive has this path"), (ADDED, ""),
    ]  # fmt: skip
    assert everything() == [rows[0], rows[2]]
    others = {rows[1]["path"], rows[1]["thumbnail_path"]}
    assert stored() == {name: data for name, data in files.items() if name not in others}


def test_a_stray_file_under_a_records_name_is_set_aside(three, media_folder, tmp_path):
    path = write(tmp_path / "a.zip")
    files, rows = stored(), everything()
    empty(media_folder)
    paid_for = draw(99, 99, color="#00ff00")
    default_storage.save(rows[0]["path"], ContentFile(paid_for))
    assert [each.outcome for each in restore_backup(path)] == [ADDED] * 3
    assert stored() == files
    strays = {
        each.read_bytes() for each in media_folder.rglob("*.jpg")
        if str(each.relative_to(media_folder)) not in files
    }  # fmt: skip
    assert strays == {paid_for}


@pytest.mark.parametrize("thumbnail", [b"", b"<svg/>", draw(), draw(600, 600, format="WEBP")])
def test_a_thumbnail_that_is_none_is_made_again(add_image, media_folder, tmp_path, thumbnail):
    image = add_image(data=draw(800, 800), source=Image.Source.GENERATED)
    path = write(tmp_path / "a.zip")
    files, (record,) = stored(), records_of(path)
    empty(media_folder)
    other = with_lines(
        path, [{**record, "thumbnail_path": "images/evil.webp"}], **{"images/evil.webp": thumbnail}
    )
    assert [each.outcome for each in restore_backup(other)] == [ADDED]
    assert stored() == files
    assert Image.objects.get().thumbnail.name == image.thumbnail.name


def test_what_is_no_picture_does_not_come_in_as_one(three, media_folder, tmp_path):
    path = write(tmp_path / "a.zip")
    records = records_of(path)
    empty(media_folder)
    html = b"<html><script>alert(1)</script>"
    evil = {**records[1], "file": "x", "sha256": hashlib.sha256(html).hexdigest()}
    results = list(restore_backup(with_lines(path, [records[0], evil, records[2]], x=html)))
    assert [each.outcome for each in results] == [ADDED, FAILED, ADDED]


def test_sizes_are_those_of_the_file(add_image, media_folder, tmp_path):
    add_image(data=draw(64, 48), source=Image.Source.GENERATED)
    path = write(tmp_path / "a.zip")
    (record,) = records_of(path)
    empty(media_folder)
    list(restore_backup(with_lines(path, [{**record, "width": 1, "height": 10**9}])))
    assert Image.objects.values_list("width", "height").get() == (64, 48)


def damaged_member(path: Path, name: str, change) -> Path:
    """The archive with some bytes of one member's headers or content changed in place."""
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        info = archive.getinfo(name)
        change(data, info, archive.start_dir)
    other = path.with_name("damaged.zip")
    other.write_bytes(data)
    return other


def entry(data: bytearray, info: zipfile.ZipInfo, start: int) -> int:
    """Where the member's entry of the directory begins."""
    return data.index(info.filename.encode(), start) - 46


def encrypt(data: bytearray, info: zipfile.ZipInfo, start: int) -> None:
    data[entry(data, info, start) + 8] |= 1
    data[info.header_offset + 6] |= 1


def spoil_checksum(data: bytearray, info: zipfile.ZipInfo, start: int) -> None:
    data[entry(data, info, start) + 16] ^= 0xFF


def pack_strangely(data: bytearray, info: zipfile.ZipInfo, start: int) -> None:
    data[entry(data, info, start) + 10] = data[info.header_offset + 8] = 99


def claim_more(data: bytearray, info: zipfile.ZipInfo, start: int) -> None:
    place = entry(data, info, start)
    data[place + 20 : place + 28] = b"\xf0\xff\xff\x7f" * 2


@pytest.mark.parametrize("change", [encrypt, spoil_checksum, pack_strangely, claim_more])
def test_member_that_cannot_be_read_is_named(three, media_folder, tmp_path, change):
    path = write(tmp_path / "a.zip")
    rows = everything()
    empty(media_folder)
    results = list(restore_backup(damaged_member(path, rows[1]["path"], change)))
    assert [each.outcome for each in results] == [ADDED, FAILED, ADDED]
    assert results[1].reason.startswith("damaged in the archive: ")
    assert everything() == [rows[0], rows[2]]


@pytest.mark.parametrize("change", [encrypt, spoil_checksum, pack_strangely, claim_more])
def test_manifest_that_cannot_be_read_is_told_in_a_sentence(three, tmp_path, change):
    path = damaged_member(write(tmp_path / "a.zip"), "library.jsonl", change)
    with pytest.raises(CommandError, match="is no backup, or is damaged"):
        call_command("restore_backup", str(path), stdout=io.StringIO(), stderr=io.StringIO())


@pytest.mark.parametrize("packed", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_member_that_could_unpack_without_end_is_not_unpacked(
    three, media_folder, tmp_path, packed
):
    path = write(tmp_path / "a.zip")
    records = records_of(path)
    empty(media_folder)
    other = with_lines(path, [{**records[0], "file": "bomb"}, *records[1:]])
    with zipfile.ZipFile(other, "a") as archive:
        archive.writestr("bomb", bytes(10_000_000), compress_type=packed)
    assert [each.outcome for each in restore_backup(other)] == [FAILED, ADDED, ADDED]


@pytest.mark.parametrize("value", ["[]", "0", '"x"', '{"a": 1}'])
def test_a_record_of_more_values_than_any_has_is_named_unread(
    three, media_folder, tmp_path, monkeypatch, value
):
    path = write(tmp_path / "a.zip")
    empty(media_folder)
    records = records_of(path)
    monkeypatch.setattr(backup_reading, "MAX_VALUES", 9_000)
    texts = json.dumps({**records[0], "metadata": {"raw": '",[{\\' * 5_000}})
    values = ", ".join([value] * 10_000)
    other = with_lines(path, [texts, f'{{"a": [{values}]}}', records[1]])
    results = list(restore_backup(other))
    assert [each.outcome for each in results] == [ADDED, FAILED, ADDED]
    assert results[1].reason == "more values than any record has"


def test_manifest_that_is_a_bomb_is_refused(db, tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.jsonl", b"\n" * 10_000_000)
    with pytest.raises(restoring.UnreadableBackup, match="packed as no record can be"):
        list(restore_backup(tmp_path / "a.zip"))


def test_archive_with_two_manifests_is_refused(db, tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("manifest.jsonl", b"")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("manifest.jsonl", b"")
    with pytest.raises(restoring.UnreadableBackup, match="2 members"):
        list(restore_backup(tmp_path / "a.zip"))


def test_names_in_a_report_move_no_cursor(three, media_folder, tmp_path):
    path = write(tmp_path / "a.zip")
    records = records_of(path)
    empty(media_folder)
    evil = {**records[0], "file": "a\n2026 CRITICAL gallery: \x1b[2J\u202e"}
    err = io.StringIO()
    with pytest.raises(CommandError, match="1 failed"):
        call_command(
            "restore_backup", str(with_lines(path, [evil])), stdout=io.StringIO(), stderr=err
        )
    assert err.getvalue() == (
        "a\\n2026 CRITICAL gallery: \\x1b[2J\\u202e: the archive has no such member\n"
    )


def test_restore_beside_another_is_refused(three, tmp_path, transactional_db):
    path = write(tmp_path / "a.zip")
    held, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with exclusive(LOOSE_FILES):
            held.set()
            leave.wait(30)
        connection.close()

    other = threading.Thread(target=hold)
    other.start()
    try:
        assert held.wait(30)
        for job in (
            lambda: list(restore_backup(path)), lambda: list(scanning.scan_storage()),
            cleanup.clean_up, lambda: cleanup.bring_back(rows=[]),
        ):  # fmt: skip
            with pytest.raises(Busy):
                job()
        with pytest.raises(CommandError, match="under way"):
            call_command("restore_backup", str(path))
        with pytest.raises(CommandError, match="under way"):
            call_command("cleanup_orphans")
    finally:
        leave.set()
        other.join()
    assert [each.outcome for each in restore_backup(path)] == [UNCHANGED] * 3


def test_files_of_rows_that_others_committed_stay_when_a_batch_breaks_off(
    three, media_folder, tmp_path
):
    """Whatever gave them their rows: a restore that had lost its lock, say."""
    path = write(tmp_path / "a.zip")
    files, rows = stored(), everything()
    copies = [Image.objects.get(pk=image.pk) for image in three]
    empty(media_folder)

    def come_first() -> None:
        for copy in copies:
            Image.objects.bulk_create([copy])

    with meanwhile(r"^SELECT .*upload_hash", come_first, nth=3):
        assert [each.outcome for each in restore_backup(path)] == [UNCHANGED] * 3
    assert {row["path"] for row in everything()} == {row["path"] for row in rows}
    assert stored() == files


def test_who_deletes_a_picture_at_this_moment_leaves_no_row_without_file(
    three, media_folder, tmp_path
):
    path = write(tmp_path / "a.zip")
    files, rows = stored(), everything()
    empty(media_folder)

    def late_deletion() -> None:
        loose = media_folder / rows[0]["path"]
        loose.unlink()

    with meanwhile(r'^INSERT INTO "?`?gallery_image"?`? ', late_deletion):
        assert [each.outcome for each in restore_backup(path)] == [ADDED] * 3
    assert stored() == files


def test_an_edit_made_at_this_moment_is_newer_than_the_backup(three, tmp_path):
    path = write(tmp_path / "a.zip")
    Image.objects.update(updated_at=timezone.now() - timedelta(hours=1))
    edited, older = three[0], three[1]

    def edit() -> None:
        marking.mark_images(image_ids=[edited.pk], favorite=True)

    with meanwhile(r"^SELECT .*WHERE .*upload_hash", edit):  # what the library has is read
        assert [each.outcome for each in restore_backup(path)] == [UPDATED] * 3
    assert [row["favorite"] for row in everything()] == [True, False, False]
    assert Image.objects.get(pk=older.pk).updated_at == older.updated_at


def test_scan_and_restore_never_share_a_file(three, media_folder, tmp_path):
    """A scan deletes what it has taken in, but nothing that has come to be a row's."""
    path = write(tmp_path / "a.zip")
    rows = everything()
    assert loose_files.named([rows[0]["path"], "images/none.jpg"]) == {rows[0]["path"]}
    loose_files.delete([rows[0]["path"], rows[0]["thumbnail_path"].upper()])
    assert [each.outcome for each in restore_backup(path)] == [UNCHANGED] * 3
    assert default_storage.exists(rows[0]["path"])


def test_a_backup_while_thumbnails_come_and_pictures_go(
    three, tmp_path, django_capture_on_commit_callbacks
):
    """Between the plan, which promises the archive's size, and the writing."""
    thumbnails = [Path(image.thumbnail.path) for image in three]
    data = thumbnails[0].read_bytes()
    thumbnails[0].unlink()
    archive = backup.backup_archive()
    thumbnails[0].write_bytes(data)
    thumbnails[1].write_bytes(thumbnails[1].read_bytes() + b"grown")
    with django_capture_on_commit_callbacks(execute=True):
        removal.delete_images(image_ids=[three[2].pk])
    assert list(backup.write_backup(archive, tmp_path / "a.zip"))[-1] == archive.size
    assert (archive.failed, archive.gone) == (0, {2})
    archive.close()
    with zipfile.ZipFile(tmp_path / "a.zip") as written:
        assert written.testzip() is None
        assert written.namelist() == [
            three[0].file.name, three[1].file.name, "library.jsonl", "manifest.csv", "SHA256SUMS",
            "backup.json",
        ]  # fmt: skip
    assert [record["id"] for record in records_of(tmp_path / "a.zip")] == [three[0].pk, three[1].pk]


def test_a_picture_deleted_while_the_backup_is_planned_is_not_in_it(
    three, tmp_path, django_capture_on_commit_callbacks
):
    def delete() -> None:
        with django_capture_on_commit_callbacks(execute=True):
            removal.delete_images(image_ids=[three[1].pk])

    with meanwhile(r"gallery_image_tags", delete):
        archive = backup.backup_archive()
    assert list(backup.write_backup(archive, tmp_path / "a.zip"))[-1] == archive.size
    assert (archive.failed, len(archive.gone)) == (0, 1)
    archive.close()


def test_old_rows_with_hostile_values_do_not_take_pages_down(transactional_db, three, staff):
    """What an earlier release let in stays in the database."""
    Image.objects.filter(pk=three[0].pk).update(
        width=0, height=0, metadata=["no", "object"], color="", aspect_ratio="x\ny",
        model="a\nb\nc", source="stolen", content_type="text/html",
        created_at=timezone.now().replace(year=9998), trashed_at=None,
    )  # fmt: skip
    Image.objects.filter(pk=three[1].pk).update(
        metadata={"a": {"b": "\x1b"}, "embedded": 7, "grok2api": []}, file_size=0,
        updated_at=timezone.now() + timedelta(days=365 * 5000), color="a:b",
    )  # fmt: skip
    huge = Image.objects.get(pk=three[2].pk)
    huge.pk, huge.file = 2**63 - 1, "images/Huge.jpg"
    huge.save(force_insert=True)
    Image.objects.filter(pk=three[2].pk).update(
        created_at=timezone.now().replace(year=1000, month=1, day=1),
        prompt="a\n\x1b[2J",
        color="#zzz",
    )
    upkeep.rebuild_counters(lambda *_: None)
    building.rebuild(lambda *_: None, building.segment_numbers())
    addresses = [*PAGES]
    for image in [*three, huge]:
        addresses += [
            f"/admin/gallery/?image={image.pk}",
            f"/admin/gallery/images/{image.pk}/",
            f"/admin/gallery/gallery/image/{image.pk}/change/",
            f"/api/v1/admin/gallery/images/{image.pk}/",
            f"/api/v1/admin/gallery/images/{image.pk}/file/",
            f"/api/v1/admin/gallery/images/{image.pk}/thumbnail/",
        ]
    staff.raise_request_exception = False
    broken = []
    for address in addresses:
        answer = staff.get(address)
        if answer.status_code >= 500:
            broken.append(address)
        answer.close()
    Image.objects.filter(pk=huge.pk).delete()
    forget = {  # else the next picture's id would be one more
        "sqlite": "DELETE FROM sqlite_sequence WHERE name = 'gallery_image'",
        "mysql": "ALTER TABLE gallery_image AUTO_INCREMENT = 1",
    }
    if connection.vendor in forget:
        with connection.cursor() as cursor:
            cursor.execute(forget[connection.vendor])
    assert broken == []


def test_long_records_are_restored_a_few_at_a_time():
    lines = [Line(number, None, size=size) for number, size in enumerate([1, 15, 1, 40, 1, 1])]
    megabytes = [replace(line, size=line.size * 1024 * 1024) for line in lines]
    batches = [[line.number for line in batch] for batch in restoring._batches(iter(megabytes))]
    assert batches == [[0, 1], [2, 3], [4, 5]]
