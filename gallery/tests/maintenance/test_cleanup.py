"""Storage and rows compared."""

import json
import os
import time
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from gallery import statistics
from gallery.jobs.changes import read_facts
from gallery.maintenance import cleanup
from gallery.models import Image, RemovedRow
from gallery.tests.meanwhile import meanwhile


def age(path: Path, seconds: int = 3600) -> None:
    moment = time.time() - seconds
    os.utime(path, (moment, moment))


@pytest.fixture
def library(add_image):
    return [add_image(prompt=f"picture {number}", tags=["kept"]) for number in range(10)]


def test_cleanup_leaves_a_whole_library_alone(library):
    assert cleanup.clean_up() == cleanup.CleanupReport(checked=10)
    assert Image.objects.count() == 10


def test_cleanup_removes_rows_without_file_and_keeps_a_copy(library):
    gone = library[3]
    Path(gone.file.path).unlink()
    report = cleanup.clean_up()
    assert (report.checked, report.orphans, report.removed) == (10, [gone.pk], 1)
    assert not Image.objects.filter(pk=gone.pk).exists()
    copy = RemovedRow.objects.get()
    assert (copy.image_id, copy.file) == (gone.pk, gone.file.name)
    assert (copy.facts["prompt"], copy.facts["tags"]) == ("picture 3", ["kept"])
    rest = read_facts(list(Image.objects.values_list("pk", flat=True))).values()
    assert statistics.totals() == statistics.recount(rest)


def test_cleanup_keeps_the_row_of_a_file_that_comes_back_at_this_moment(library):
    file = Path(library[3].file.path)
    data = file.read_bytes()
    file.unlink()
    # The survey is over, and the row locked: now it is looked at once more.
    with meanwhile(r"^SELECT .*prompt_folded", lambda: file.write_bytes(data)):
        report = cleanup.clean_up()
    assert (report.orphans, report.removed) == ([library[3].pk], 0)
    assert (Image.objects.count(), RemovedRow.objects.count()) == (10, 0)


def test_cleanup_keeps_a_leftover_that_becomes_a_thumbnail_at_this_moment(library, media_folder):
    image = library[3]
    stray = Path(image.thumbnail.path).with_name("stray.thumb.webp")
    stray.write_bytes(b"x")
    age(stray)

    def take() -> None:
        Image.objects.filter(pk=image.pk).update(
            thumbnail=stray.relative_to(media_folder).as_posix()
        )

    # The survey has asked for the row of the last file that it found.
    with meanwhile(r"^SELECT .* WHERE .*file\W+= ", take):
        report = cleanup.clean_up()
    assert (len(report.leftovers), stray.read_bytes()) == (1, b"x")


def test_cleanup_refuses_when_more_than_a_fifth_is_gone_unless_forced(library):
    for image in library[:3]:
        Path(image.file.path).unlink()
    with pytest.raises(cleanup.TooManyOrphans, match="3 of 10 pictures have no file"):
        cleanup.clean_up()
    assert Image.objects.count() == 10
    assert cleanup.clean_up(force=True).removed == 3
    assert Image.objects.count() == 7


def test_cleanup_refuses_when_the_media_folder_is_not_there(library, media_folder):
    media_folder.rename(media_folder.with_name("unmounted"))
    with pytest.raises(cleanup.TooManyOrphans):
        cleanup.clean_up()
    assert Image.objects.count() == 10


def test_cleanup_dry_run_changes_nothing(library):
    Path(library[0].file.path).unlink()
    report = cleanup.clean_up(dry_run=True)
    assert (report.orphans, report.removed) == ([library[0].pk], 0)
    assert Image.objects.count() == 10


def test_cleanup_deletes_old_leftovers_and_passes_over_young_files(library, media_folder):
    folder = Path(library[0].file.path).parent
    old, young = folder / "tmpold.part", folder / "tmpyoung.part"
    stray, thumbnail = folder / "stray.jpg", folder / "stray.thumb.webp"
    for path in (old, young, stray, thumbnail):
        path.write_bytes(b"x")
    for path in (old, stray, thumbnail):
        age(path)
    report = cleanup.clean_up()
    relative = folder.relative_to(media_folder).as_posix()
    assert report.leftovers == [f"{relative}/stray.thumb.webp", f"{relative}/tmpold.part"]
    assert report.stray_files == [f"{relative}/stray.jpg"]
    assert [path.exists() for path in (old, young, stray, thumbnail)] == [False, True, True, False]


def test_cleanup_makes_a_missing_thumbnail_again(library):
    thumbnail = Path(library[0].thumbnail.path)
    whole = thumbnail.read_bytes()
    thumbnail.unlink()
    report = cleanup.clean_up()
    assert (report.without_thumbnail, report.repaired) == ([library[0].pk], 1)
    assert thumbnail.read_bytes() == whole


def test_command_prints_how_many_it_removed(library, capsys):
    Path(library[0].file.path).unlink()
    call_command("cleanup_orphans", "--dry-run", "--json")
    found = json.loads(capsys.readouterr().out)
    assert (found["dry_run"], found["orphans"], found["removed"]) == (True, [library[0].pk], 0)
    call_command("cleanup_orphans")
    assert "1 rows have no file; 1 removed." in capsys.readouterr().out


def test_command_fails_when_the_guard_refuses(library, media_folder):
    media_folder.rename(media_folder.with_name("unmounted"))
    with pytest.raises(CommandError, match="Is the media folder mounted"):
        call_command("cleanup_orphans")


def test_removed_rows_come_back_when_their_files_do(library):
    gone, lost = library[3], library[4]
    data = Path(gone.file.path).read_bytes()
    for image in (gone, lost):
        Path(image.file.path).unlink()
        Path(image.thumbnail.path).unlink()
    cleanup.clean_up()
    Path(gone.file.path).write_bytes(data)
    report = cleanup.bring_back(rows=RemovedRow.objects.order_by("pk"))
    assert (report.done, report.failed) == (1, [(lost.pk, "the file is still missing")])
    image = Image.objects.get(file=gone.file.name)
    assert (image.prompt, image.created_at) == ("picture 3", gone.created_at)
    assert [tag.name for tag in image.tags.all()] == ["kept"]
    assert Path(image.thumbnail.path).exists()
    assert [row.image_id for row in RemovedRow.objects.all()] == [lost.pk]
    rest = read_facts(list(Image.objects.values_list("pk", flat=True))).values()
    assert statistics.totals() == statistics.recount(rest)
