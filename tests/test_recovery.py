"""A lost machine, as docs/backup.md has it step by step; and commands that come before a start."""

import json
import os
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.server import ROOT, Server
from tests.test_hosts import generate

pytestmark = pytest.mark.once


def manage(folder: Path, *arguments: str) -> str:
    """Run a command over the library in this folder; what it prints."""
    places = {
        "DATA_DIR": str(folder / "data"), "MEDIA_ROOT": str(folder / "media"),
        "LOG_DIR": str(folder / "logs"),
    }  # fmt: skip
    command = [sys.executable, "manage.py", *arguments]
    environment = {"PATH": os.environ["PATH"], **places}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_lost_machine_comes_back_step_by_step(tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    backup = str(tmp_path / "library.zip")
    with Server(old) as server:
        link = generate([server], "a fox before the fire")
        server.stop()
    manage(old, "export_backup", backup)
    secret = (old / "data" / "secret_key").read_bytes()
    shutil.rmtree(old)

    (new / "data").mkdir(parents=True)
    (new / "data" / "secret_key").write_bytes(secret)
    restored = json.loads(manage(new, "restore_backup", backup, "--json"))
    assert (restored["added"], restored["failed"]) == (1, 0)
    with Server(new) as server:
        assert "User      admin" in server.output
        with urllib.request.urlopen(f"{server.url}/v1/{link}", timeout=30) as answer:
            assert answer.read(3) == b"\xff\xd8\xff"
        server.stop()
    report = json.loads(manage(new, "cleanup_orphans", "--dry-run", "--json"))
    assert (report["checked"], report["orphans"], report["stray_files"]) == (1, [], [])


@pytest.mark.parametrize(
    "arguments",
    [
        ["empty_trash"],
        ["rebuild_stats", "--check"],
        ["create_api_key", "first"],
        ["rebuild_search"],
    ],
)
def test_a_command_may_come_before_the_first_start(tmp_path, arguments):
    manage(tmp_path, *arguments)
    assert (tmp_path / "data" / "grok2api.sqlite3").exists()
