"""Pictures that have come outlive the process that was to store them."""

import resource
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier, Event

import pytest
from django.conf import settings as django_settings
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import OperationalError

from gallery.jobs import ingest, thumbnails
from gallery.models import Image
from gallery.tests.drawing import draw
from imagine import callers, generate, interruptions, quarantine, records, spool, threads
from imagine.models import Generation, Quarantined
from imagine.providers.base import FoundLink, GeneratedImage, ImageRequest, Usage
from imagine.tasks import received


@pytest.fixture
def data_dir(settings, tmp_path, monkeypatch):
    settings.DATA_DIR = tmp_path
    monkeypatch.setattr(spool, "_held", {})
    yield tmp_path
    while _killed:
        block, kept = _killed.pop()
        kept.let_go()
        block.__exit__(None, None, None)
    spool.close()


PICTURE = GeneratedImage(0, draw(96, 64), "served", "revised")
USAGE = Usage({"total_tokens": 7}, Decimal("0.02"), pictures=1)


_killed = []


def files_in(folder):
    return [path for path in folder.iterdir() if path.name != spool.LOCK]


def leave_behind(generation, image=PICTURE):
    """As a process does that is killed while it stores a picture."""
    block = spool.kept(generation.pk, image, USAGE)
    _killed.append((block, block.__enter__()))  # one that is thrown away would end
    [own] = spool._held.values()
    [path] = files_in(own.folder)
    own.lock.close()
    spool._held.clear()
    return path


def begin(**more):
    return Generation.objects.create(
        prompt="a fox", model="m", n=1, served_by=records.served_by(), **more
    )


@pytest.fixture
def broken_off_once():
    """The database breaks off the first transaction that ends a generation, when all is written."""
    broken = []

    def break_off(**_):
        if not broken:
            broken.append(True)
            raise OperationalError(1213, "Deadlock found when trying to get lock")

    records.generation_ended.connect(break_off)
    yield broken
    records.generation_ended.disconnect(break_off)


def test_picture_is_on_the_disk_until_it_is_stored(data_dir):
    with spool.kept(5, PICTURE, USAGE) as kept:
        [path] = files_in(next(data_dir.glob("received/*")))
        assert draw(96, 64) in path.read_bytes()
        assert path.parent.stat().st_mode & 0o777 == 0o700
        assert list(spool.left_behind()) == []
        kept.let_go()
    assert spool._read(path) is None


def test_emptied_file_takes_the_next_picture(data_dir):
    with spool.kept(5, PICTURE, USAGE) as kept:
        kept.let_go()
    shorter = GeneratedImage(1, b"data", "m")
    with spool.kept(6, shorter, USAGE):
        [path] = files_in(next(data_dir.glob("received/*")))
        assert spool._read(path).image == shorter
    with spool.kept(7, PICTURE, USAGE):
        pass
    assert [(one.generation_id, one.image) for one in spool.left_behind()] == [
        (6, shorter), (7, PICTURE),
    ]  # fmt: skip


def test_few_emptied_files_are_kept(data_dir, monkeypatch):
    monkeypatch.setattr(spool, "MOST_EMPTY", 1)
    with spool.kept(5, PICTURE, USAGE) as one, spool.kept(6, PICTURE, USAGE) as other:
        one.let_go()
        other.let_go()
    assert len(files_in(next(data_dir.glob("received/*")))) == 1


def test_picture_half_written_over_another_is_none(data_dir):
    with spool.kept(5, GeneratedImage(0, bytes(3000), "m"), USAGE) as kept:
        [path] = files_in(next(data_dir.glob("received/*")))
        earlier = path.read_bytes()
        kept.let_go()
    with spool.kept(6, PICTURE, USAGE):
        whole = path.read_bytes()
        path.write_bytes(whole[:500] + earlier[500:])
        assert spool._read(path) is None
        path.write_bytes(whole[:500])
        assert spool._read(path) is None
        path.write_bytes(whole)
        assert spool._read(path).image == PICTURE


def test_large_files_are_not_kept(data_dir, monkeypatch):
    monkeypatch.setattr(spool, "LARGEST_EMPTY", len(PICTURE.data))
    with spool.kept(5, PICTURE, USAGE) as kept:
        kept.let_go()
    assert files_in(next(data_dir.glob("received/*"))) == []


def test_picture_that_the_disk_refuses_leaves_no_file(data_dir):
    with spool.kept(5, PICTURE, USAGE) as kept:
        kept.let_go()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with spool.kept(6, GeneratedImage(0, bytes(200_000), "m"), USAGE) as kept:
            kept.let_go()
            assert files_in(next(data_dir.glob("received/*"))) == []
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_picture_that_is_not_safe_stays_for_whoever_comes_next(data_dir):
    with pytest.raises(KeyError), spool.kept(5, PICTURE, USAGE):
        raise KeyError
    [left] = spool.left_behind()
    assert (left.generation_id, left.image, left.usage) == (5, PICTURE, USAGE)
    [left] = spool.left_behind()
    left.let_go()
    assert list(spool.left_behind()) == []


def test_picture_that_is_safe_after_its_end_stays_for_whoever_comes_next(data_dir):
    with spool.kept(5, PICTURE, USAGE) as kept:
        pass
    kept.let_go()
    [left] = spool.left_behind()
    assert left.image == PICTURE


def test_picture_that_becomes_safe_while_it_ends_is_no_error(data_dir):
    class Files(list):
        def pop(self):
            kept._files = files
            kept.let_go()  # as the other thread does at this moment
            raise IndexError

    with spool.kept(5, PICTURE, USAGE) as kept:
        files, kept._files = kept._files, Files(kept._files)
    assert list(spool.left_behind()) == []


def test_what_was_left_is_read_one_by_one(data_dir, monkeypatch):
    for index in range(3):
        with spool.kept(5, GeneratedImage(index, b"data", "m"), USAGE):
            pass
    reading = []
    read = spool._read
    monkeypatch.setattr(spool, "_read", lambda path: reading.append(path.name) or read(path))
    left = spool.left_behind()
    next(left).let_go()
    assert reading == ["5-0"]
    assert [one.image.index for one in left] == [1, 2]


def test_a_process_that_ends_takes_its_folder_away(data_dir):
    with spool.kept(5, PICTURE, USAGE) as kept:
        kept.let_go()
    spool.close()
    assert list((data_dir / "received").iterdir()) == []


def test_left_picture_is_stored_with_its_generation(db, data_dir):
    generation = begin(idempotency_key="mark")
    path = leave_behind(generation)
    assert received.take_in() == 1
    assert interruptions.mark_interrupted() == 0
    generation.refresh_from_db()
    image = Image.objects.get()
    assert (image.prompt, image.model) == ("a fox", "served")
    assert image.metadata["revised_prompt"] == "revised"
    assert (generation.status, generation.images.get()) == ("succeeded", image)
    assert (generation.cost_usd, generation.usage) == (Decimal("0.02"), {"total_tokens": 7})
    assert generation.idempotency_key == "mark"
    assert not path.parent.exists()
    assert received.take_in() == 0


def test_what_was_stored_before_the_kill_is_not_stored_twice(db, data_dir):
    generation = begin(status="succeeded")
    recovered = leave_behind(generation)
    assert received.take_in() == 1
    path = leave_behind(generation)
    assert received.take_in() == 0
    assert (Image.objects.count(), recovered.exists(), path.exists()) == (1, False, False)


def test_first_picture_is_stored_where_the_second_was(db, data_dir, add_image):
    generation = Generation.objects.create(prompt="a fox", model="m", n=2, status="partial")
    generation.images.add(add_image())
    path = leave_behind(generation)
    assert received.take_in() == 1
    generation.refresh_from_db()
    assert (generation.images.count(), generation.status) == (2, "succeeded")
    assert not path.exists()


def test_link_of_a_recovered_picture_is_struck_out(db, data_dir):
    generation = begin()
    quarantine.keep_link(generation, FoundLink(0, "/a.jpg", "served"))
    quarantine.keep_link(generation, FoundLink(1, "/b.jpg", "served"))
    leave_behind(generation)
    assert received.take_in() == 1
    assert [row.link for row in Quarantined.objects.all()] == ["/b.jpg"]


def test_picture_waits_until_the_library_can_take_it(db, data_dir, monkeypatch):
    generation = begin()
    path = leave_behind(generation)
    monkeypatch.setattr(records, "PAUSES", ())
    with monkeypatch.context() as broken:
        broken.setattr(ingest, "adding", _full_disk)
        assert received.take_in() == 0
    assert path.exists()
    assert received.take_in() == 1
    assert (generation.images.count(), path.exists()) == (1, False)


def _full_disk(*_, **__):
    raise OSError(28, "No space left on device")


def test_unreadable_picture_goes_to_quarantine(db, data_dir):
    generation = begin()
    quarantine.keep_link(generation, FoundLink(1, "/a.svg", "m"))
    svg = leave_behind(generation, GeneratedImage(1, b"<svg/>", "m"))
    assert received.take_in() == 0
    assert interruptions.mark_interrupted() == 1
    row = Quarantined.objects.get()
    found = (row.index, quarantine.read(row), row.link, row.model)
    assert found == (1, b"<svg/>", "/a.svg", "m")
    assert not svg.exists()


def test_unreadable_picture_waits_until_the_quarantine_can_take_it(db, data_dir, monkeypatch):
    path = leave_behind(begin(), GeneratedImage(0, b"<svg/>", "m"))
    with monkeypatch.context() as broken:
        broken.setattr(default_storage, "save", lambda *_: _full_disk())
        assert received.take_in() == 0
    assert path.exists()
    assert received.take_in() == 0
    assert (Quarantined.objects.count(), path.exists()) == (1, False)


def test_picture_of_a_deleted_generation_goes(db, data_dir):
    path = leave_behind(Generation(pk=987_654))
    assert received.take_in() == 0
    assert not path.exists()


def test_file_that_nobody_understands_does_not_stand_before_others(db, data_dir):
    path = leave_behind(begin())
    strange = path.with_name("0-0")
    strange.write_bytes(b"[]\n")
    older = path.with_name("0-1")
    older.write_bytes(b'{"generation": 1, "image": {"index": 0}}\nall the bytes of a picture')
    assert received.take_in() == 1
    assert (path.exists(), strange.exists(), older.exists()) == (False, True, True)


@pytest.mark.django_db(transaction=True)
async def test_picture_of_a_full_disk_is_collected_when_there_is_room(data_dir, monkeypatch):
    monkeypatch.setattr(records, "PAUSES", ())
    request = ImageRequest(prompt="a fox")
    with monkeypatch.context() as broken:
        broken.setattr(ingest, "adding", _full_disk)
        run = await generate.start(request, records.Asked(callers.Caller()))
        await run.finished()
    assert [image.image_id for image in run.images] == [None]
    [path] = data_dir.glob("received/left/*")
    await threads.in_thread(call_command, "collect_generations")
    generation = await threads.in_thread(Generation.objects.get)
    assert (generation.status, await threads.in_thread(generation.images.count)) == (
        "succeeded", 1,
    )  # fmt: skip
    assert not path.exists()
    threads.close_connections()


@pytest.mark.django_db(transaction=True)
async def test_picture_that_is_being_stored_when_the_program_stops_is_a_whole_generation(
    data_dir, media_folder, monkeypatch
):
    storing, go, add = Event(), Event(), generate._add_to_library

    def slowly(*given):
        storing.set()
        assert go.wait(30)
        return add(*given)

    monkeypatch.setattr(generate, "_add_to_library", slowly)
    run = await generate.start(ImageRequest(prompt="a fox"), records.Asked(callers.Caller()))
    await threads.in_thread(storing.wait, 30)
    seen = time.monotonic()
    while time.monotonic() - seen <= seen - run._began:  # storing takes longer than the upstream
        await threads.in_thread(time.sleep, 0.01)
    await generate.drain(0)
    go.set()
    await threads.in_thread(threads.STORING.close_connections)  # after what it has begun
    row = await threads.in_thread(Generation.objects.get)
    assert (run.is_done, row.status, row.upstream_ms >= 0) == (True, "succeeded", True)
    assert await threads.in_thread(row.images.count) == 1
    threads.close_connections()


@pytest.mark.django_db(transaction=True)
async def test_picture_and_end_are_stored_again_where_the_database_broke_off(
    data_dir, media_folder, broken_off_once
):
    run = await generate.start(ImageRequest(prompt="a fox"), records.Asked(callers.Caller()))
    await run.finished()
    await threads.in_thread(thumbnails.settle)
    generation = await threads.in_thread(Generation.objects.get)
    image = await threads.in_thread(Image.objects.get)
    assert broken_off_once == [True]
    assert (generation.status, run.images[0].image_id) == ("succeeded", image.pk)
    assert await threads.in_thread(generation.images.get) == image
    files = sorted(str(path.relative_to(media_folder)) for path in media_folder.rglob("*.*"))
    assert files == sorted([image.file.name, image.thumbnail.name])
    threads.close_connections()


@pytest.mark.django_db(transaction=True)
def test_left_picture_ends_its_generation_also_where_the_database_broke_off(
    data_dir, broken_off_once
):
    generation = begin()
    path = leave_behind(generation)
    assert (received.take_in(), broken_off_once) == (1, [True])
    generation.refresh_from_db()
    assert (generation.status, generation.cost_usd) == ("succeeded", Decimal("0.02"))
    assert (generation.images.count(), Image.objects.count(), path.exists()) == (1, 1, False)


def test_given_up_picture_is_left_alone_while_its_generation_runs(db, data_dir):
    generation = begin()
    with spool.kept(generation.pk, PICTURE, USAGE):
        pass
    assert received.take_in() == 0
    Generation.objects.update(status="partial")
    assert received.take_in() == 1


def test_folder_of_a_process_that_lives_is_left_alone_until_it_is_killed(data_dir):
    script = textwrap.dedent(f"""
        import os, sys
        os.environ["DATA_DIR"] = {str(data_dir)!r}
        os.environ["DJANGO_SETTINGS_MODULE"] = "grok2api.settings"
        import django
        django.setup()
        from imagine import spool
        from imagine.providers.base import GeneratedImage, Usage
        block = spool.kept(3, GeneratedImage(0, b"data", "m"), Usage())
        block.__enter__()
        print("ready", flush=True)
        sys.stdin.read()
    """)
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        cwd=django_settings.BASE_DIR,
    ) as process:  # fmt: skip
        assert process.stdout.readline() == b"ready\n"
        assert list(spool.left_behind()) == []
        process.kill()
        process.wait()
        left = [(one.generation_id, one.image.data) for one in spool.left_behind()]
        assert left == [(3, b"data")]


def test_threads_take_emptied_files_at_once_and_any_text_is_kept(data_dir):
    barrier = Barrier(8)

    def keep(number: int) -> None:
        for step in range(25):
            barrier.wait()
            picture = GeneratedImage(step, b"x", "m", "half \ud800")
            with spool.kept(number, picture, Usage()) as each:
                each.let_go()

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(keep, range(8)))
    spool.close()
    assert list((data_dir / "received").iterdir()) == []
