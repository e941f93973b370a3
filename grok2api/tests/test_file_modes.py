"""Which rights files have: from the first byte on, whatever the umask; and put right at a start."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from grok2api import file_modes, preflight

pytestmark = pytest.mark.once

BASE = Path(__file__).resolve().parent.parent.parent
GROUP = 12_345
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="gives files to a group")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def modes(folder: Path) -> dict[str, int]:
    return {str(path.relative_to(folder)): mode(path) for path in sorted(folder.rglob("*"))}


@pytest.fixture
def open_umask():
    before = os.umask(0)
    yield
    os.umask(before)


def test_pictures_are_their_owners_alone(media_folder, open_umask):
    default_storage.save("images/2026/a.jpg", ContentFile(b"x"))
    assert modes(media_folder) == {
        "images": 0o700, "images/2026": 0o700, "images/2026/a.jpg": 0o600,
    }  # fmt: skip


@needs_root
@pytest.mark.parametrize("umask", [0, 0o777])
def test_pictures_are_read_by_the_group_that_is_named(media_folder, settings, umask):
    settings.MEDIA_GROUP = GROUP
    before = os.umask(umask)
    try:
        default_storage.save("images/2026/a.jpg", ContentFile(b"x"))
    finally:
        os.umask(before)
    assert modes(media_folder) == {
        "images": 0o2750, "images/2026": 0o2750, "images/2026/a.jpg": 0o640,
    }  # fmt: skip
    assert {path.stat().st_gid for path in media_folder.rglob("*")} == {GROUP}


def test_every_file_of_a_command_is_its_owners_alone(tmp_path):
    """Database with its journals, secret, log and backup, under a umask that forbids nothing."""
    (tmp_path / "MEDIA_ROOT").mkdir(mode=0o700)
    places = {name: str(tmp_path / name) for name in ("DATA_DIR", "MEDIA_ROOT", "LOG_DIR")}
    environment = {"PATH": os.environ["PATH"], **places}
    backup = tmp_path / "DATA_DIR" / "library.zip"
    for arguments in (
        ["migrate", "--verbosity=0"], ["export_backup", str(backup)],
        ["shell", "--no-imports", "--command", "import logging; logging.warning('x')"],
    ):  # fmt: skip
        command = [sys.executable, "manage.py", *arguments]
        subprocess.run(command, cwd=BASE, env=environment, check=True, capture_output=True, umask=0)
    found = {path.name for path in (tmp_path / "DATA_DIR").iterdir()}
    assert {"grok2api.sqlite3", "secret_key", "library.zip"} <= found
    assert (tmp_path / "LOG_DIR" / "app.log").exists()
    assert {
        name: oct(each)
        for place in places
        for name, each in {".": mode(tmp_path / place), **modes(tmp_path / place)}.items()
        if each & 0o077
    } == {}


@pytest.fixture
def old(tmp_path, settings, media_folder):
    """What an earlier release left."""
    settings.DATA_DIR, settings.LOG_DIR = tmp_path / "data", tmp_path / "logs"
    for name in ("data/grok2api.sqlite3", "data/grok2api.sqlite3-wal", "data/secret_key",
                 "data/library.zip", "data/notes.txt", "logs/app.log", "logs/app.log.1",
                 "media/images/2026/a.jpg", "media/dropped.png"):  # fmt: skip
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    for path in tmp_path.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    (tmp_path / "outside").write_bytes(b"x")
    (tmp_path / "outside").chmod(0o644)
    (tmp_path / "media" / "link").symlink_to(tmp_path / "outside")
    return tmp_path


def test_what_is_there_is_closed_once(old):
    assert file_modes.close_to_others() == 13
    assert modes(old) == {
        "data": 0o700, "data/grok2api.sqlite3": 0o600, "data/grok2api.sqlite3-wal": 0o600,
        "data/library.zip": 0o600, "data/notes.txt": 0o644, "data/secret_key": 0o600,
        "logs": 0o700, "logs/app.log": 0o600, "logs/app.log.1": 0o600,
        "media": 0o700, "media/dropped.png": 0o600, "media/images": 0o700,
        "media/images/2026": 0o700, "media/images/2026/a.jpg": 0o600, "media/link": 0o644,
        "outside": 0o644,
    }  # fmt: skip
    assert file_modes.close_to_others() == 0


@needs_root
def test_what_is_there_is_given_to_the_group(old, settings):
    settings.MEDIA_GROUP = GROUP
    file_modes.close_to_others()
    assert modes(old / "media") == {
        "dropped.png": 0o640, "images": 0o2750, "images/2026": 0o2750,
        "images/2026/a.jpg": 0o640, "link": 0o644,
    }  # fmt: skip
    assert mode(old / "media") == 0o2750
    assert (old / "outside").stat().st_gid != GROUP
    settings.MEDIA_GROUP = None
    file_modes.close_to_others()
    assert (mode(old / "media"), mode(old / "media" / "dropped.png")) == (0o700, 0o600)


@needs_root
def test_nginx_that_cannot_read_is_told_before_anybody_misses_a_picture(
    old, media_folder, settings
):
    settings.X_ACCEL_REDIRECT, settings.MEDIA_GROUP = "/media-files/", GROUP
    old.chmod(0o700)
    with pytest.raises(preflight.NotReady, match=r"which cannot pass .*: let the group"):
        preflight.check_storage()
    closed = [each for each in media_folder.parents if each.stat().st_mode & 0o001 == 0]
    before = [(folder, folder.stat().st_gid, mode(folder)) for folder in closed]
    try:
        for folder in closed:
            os.chown(folder, -1, GROUP)
            folder.chmod(0o710)
        preflight.check_storage()
    finally:
        for folder, group, rights in before:
            os.chown(folder, -1, group)
            folder.chmod(rights)


def test_nginx_of_another_user_needs_a_group(settings, monkeypatch):
    settings.X_ACCEL_REDIRECT = "/media-files/"
    monkeypatch.setattr(preflight.os, "geteuid", lambda: 1000)
    with pytest.raises(preflight.NotReady, match="name nginx's group in MEDIA_GROUP"):
        preflight.check_storage()
