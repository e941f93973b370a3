"""Files and their names are on the disk before anybody is told that they are kept."""

import os
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from gallery.transfer import backup


@pytest.fixture
def synced(monkeypatch):
    """What was brought to the disk, in order: a folder with its entries, a file with its bytes."""
    seen: list[tuple[Path, object]] = []
    fsync = os.fsync

    def sync(descriptor: int) -> None:
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        is_folder = path.is_dir()
        now = sorted(each.name for each in path.iterdir()) if is_folder else path.read_bytes()
        seen.append((path, now))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", sync)
    return seen


def test_a_file_is_synced_before_it_has_its_name_and_each_new_name_after(synced, media_folder):
    default_storage.save("images/2026/a.jpg", ContentFile(b"data"))
    folder = media_folder / "images" / "2026"
    part, data = synced.pop(2)
    assert (part.parent, part.suffix, data) == (folder, ".part", b"data")
    assert synced == [
        (media_folder, ["images"]), (media_folder / "images", ["2026"]), (folder, ["a.jpg"]),
    ]  # fmt: skip


def test_a_backup_is_synced_before_it_has_its_name(synced, add_image, tmp_path):
    add_image()
    synced.clear()
    archive = backup.backup_archive()
    list(backup.write_backup(archive, tmp_path / "a.zip"))
    archive.close()
    ((part, data),) = synced
    assert (part.suffix, data) == (".part", (tmp_path / "a.zip").read_bytes())
