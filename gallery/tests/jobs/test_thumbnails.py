"""Thumbnails that come after their pictures, and those that were lost."""

import io
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from PIL import Image as Picture

from gallery.files import pictures
from gallery.jobs import thumbnails
from gallery.models import Image
from grok2api.runtime import idle_process

from .. import adding
from ..drawing import draw


def add_waited_for(**facts):
    """A picture that somebody waits for, as the gateway adds it."""
    facts = {"data": draw(), "source": Image.Source.GENERATED, "thumbnail_later": True, **facts}
    return adding.add_image(**facts)


def size_of_thumbnail(image):
    with default_storage.open(image.thumbnail.name) as file, Picture.open(file) as thumbnail:
        return thumbnail.format, thumbnail.size


@pytest.mark.django_db(transaction=True)
def test_thumbnail_and_colour_follow_by_themselves():
    image = add_waited_for()
    thumbnails.settle()
    at_once = adding.add_image(data=draw(), source=Image.Source.UPLOADED)
    image.refresh_from_db()
    assert size_of_thumbnail(image) == size_of_thumbnail(at_once)
    assert image.color == at_once.color != pictures.UNKNOWN_COLOR


@pytest.mark.django_db(transaction=True)
def test_a_thumbnail_begins_a_moment_after_the_newest_picture(monkeypatch):
    begun: list[float] = []
    monkeypatch.setattr(thumbnails, "PAUSE", 0.3)
    monkeypatch.setattr(thumbnails, "make", lambda *_, **__: begun.append(time.monotonic()))
    add_waited_for()
    second = time.monotonic()
    add_waited_for()
    thumbnails.settle()
    assert begun[0] >= second + thumbnails.PAUSE
    monkeypatch.setattr(thumbnails, "PAUSE", 3600)
    monkeypatch.setattr(thumbnails, "PATIENCE", 0)
    add_waited_for()
    thumbnails.settle()
    assert len(begun) == 3


@pytest.mark.django_db  # nothing is committed, so nothing is made in the background
def test_thumbnail_is_made_for_whoever_asks_before(staff):
    image = add_waited_for()
    assert not default_storage.exists(image.thumbnail.name)
    answers = [
        staff.get(f"/api/v1/admin/gallery/images/{image.pk}/thumbnail/").getvalue()
        for _ in range(2)
    ]
    assert answers[0] == answers[1] == pictures.read_picture(draw()).thumbnail
    image.refresh_from_db()
    assert size_of_thumbnail(image)[0] == "WEBP"


@pytest.mark.django_db(transaction=True)
def test_picture_is_kept_though_its_thumbnail_cannot_be_asked_for(monkeypatch):
    over = ThreadPoolExecutor(1)
    over.shutdown()  # as at the end of the program
    monkeypatch.setattr(thumbnails, "_queue", over)
    image = add_waited_for()
    monkeypatch.undo()
    assert Image.objects.get() == image
    with default_storage.open(image.file.name) as file:
        assert file.read() == draw()


@pytest.mark.django_db(transaction=True)
def test_a_file_that_is_gone_is_told_where_its_picture_is_not(caplog, monkeypatch):
    monkeypatch.setattr(thumbnails, "PAUSE", 0.2)
    deleted, lost = add_waited_for(), add_waited_for(data=draw(50, 50))
    for image in (deleted, lost):
        default_storage.delete(image.file.name)
    Image.objects.filter(pk=deleted.pk).delete()
    thumbnails.settle()
    told = [record.getMessage() for record in caplog.records if record.name == thumbnails.__name__]
    assert told == [f"No thumbnail could be made of picture {lost.pk}"]


@pytest.mark.django_db
def test_thumbnail_of_a_file_that_cannot_be_decoded_is_not_found(staff):
    image = add_waited_for()
    default_storage.delete(image.file.name)
    default_storage.save(image.file.name, io.BytesIO(draw()[:400]))
    assert staff.get(f"/api/v1/admin/gallery/images/{image.pk}/thumbnail/").status_code == 404


@pytest.mark.django_db
def test_thumbnail_of_a_picture_deleted_meanwhile_is_not_left_behind(media_folder, monkeypatch):
    image = add_waited_for()

    def read(data, name):
        Image.objects.filter(pk=image.pk).delete()
        return pictures.read_picture(data)

    monkeypatch.setattr(thumbnails, "_read_idly", read)
    thumbnails.make(image, idly=True)
    left = [path.name for path in media_folder.rglob("*") if path.is_file()]
    assert left == [image.filename]


@pytest.mark.django_db
def test_picture_without_its_end_is_refused_though_its_thumbnail_may_wait(media_folder):
    with pytest.raises(pictures.UnreadablePicture):
        add_waited_for(data=draw()[:-200])
    assert not Image.objects.exists()
    assert list(media_folder.iterdir()) == []


def test_other_process_is_replaced_when_it_dies():
    first = idle_process.run(os.getpid)
    assert first != os.getpid()
    with pytest.raises(idle_process.BrokenProcessPool):
        idle_process.run(signal.raise_signal, signal.SIGKILL)
    assert idle_process.run(os.getpid) not in (first, os.getpid())


@pytest.mark.skipif(not hasattr(os, "SCHED_IDLE"), reason="not installed: a scheduler of this kind")
def test_other_process_ends_what_it_is_at_as_others_do(monkeypatch):
    pid = idle_process.run(os.getpid)
    change, seen = os.sched_setscheduler, []

    def watched(pid, *how):
        change(pid, *how)
        seen.append((pid, os.sched_getscheduler(pid)))

    monkeypatch.setattr(os, "sched_setscheduler", watched)
    with ThreadPoolExecutor(1) as thread:
        working = thread.submit(idle_process.run, time.sleep, 0.5)
        while not any(
            item.future.running() for item in [*idle_process._pool._pending_work_items.values()]
        ):
            time.sleep(0.01)
        idle_process.close()
        assert working.result(60) is None
    assert seen == [(pid, os.SCHED_OTHER)]


def test_other_process_tells_what_it_could_not_read():
    with pytest.raises(pictures.UnreadablePicture) as caught:
        idle_process.run(pictures.read_picture, b"no picture")
    assert caught.value.code == "not_a_picture"


@pytest.mark.skipif(not hasattr(os, "SCHED_IDLE"), reason="not installed: a scheduler of this kind")
def test_other_process_works_when_nothing_else_does():
    assert idle_process.run(os.sched_getscheduler, 0) == os.SCHED_IDLE


def test_other_process_ends_with_this_one(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import os, signal\n"
        "from grok2api.runtime import idle_process\n"
        "if __name__ == '__main__':\n"
        "    print(idle_process.run(os.getpid), flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run(
        [sys.executable, script],
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
        capture_output=True,
        text=True,
        timeout=60,
    )
    pid = int(done.stdout)
    deadline = time.monotonic() + 10
    while is_running(pid):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
