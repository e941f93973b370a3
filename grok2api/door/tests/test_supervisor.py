"""The supervisor as the program that it is, with processes that are quicker than ours to start."""

import os
import pty
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from grok2api import preflight
from grok2api.management.commands import serve
from tests.server import ROOT
from tests.stores import wait_until

pytestmark = pytest.mark.once

PROGRAM = """
import os, socket, sys
from grok2api.door.supervisor import become_supervisor
listener = socket.create_server(("127.0.0.1", 0))
{before}
become_supervisor(
    sys.argv[2:], listener=listener.fileno(), count=int(sys.argv[1]), lifeline=os.pipe(), first=None
)
"""

PROCESS = """
import os, signal, sys, time
from pathlib import Path
# As a terminal may, before this process has said how it takes them.
os.kill(os.getpid(), signal.SIGINT)
os.kill(os.getpid(), signal.SIGHUP)
folder = Path(sys.argv[1])
(folder / str(os.getpid())).touch()
os.write(int(sys.argv[5]), b"!")
signal.signal(signal.SIGUSR1, lambda *_: sys.exit(0))
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
time.sleep(0 if (folder / "short").exists() else 1000)
"""


class Supervised:
    """A supervisor with its processes, each of which leaves a file of its number."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.python = folder / "python"
        self.python.symlink_to(sys.executable)
        (folder / "process.py").write_text(PROCESS)
        self.log = folder / "stderr"

    def start(self, count: int, *, before: str = "", keeps: tuple[int, ...] = ()) -> None:
        command = [sys.executable, "-c", PROGRAM.format(before=before), str(count)]
        command += [str(self.python), "-SE", str(self.folder / "process.py"), str(self.folder)]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command, cwd=ROOT, stderr=log, start_new_session=True, pass_fds=keeps
            )

    def says(self, sentence: str) -> bool:
        return sentence in self.log.read_text()

    @property
    def started(self) -> list[int]:
        """Ids of all processes that were ever started; the order is nobody's business."""
        return [int(path.name) for path in self.folder.iterdir() if path.name.isdecimal()]


@pytest.fixture
def supervised(tmp_path: Path) -> Iterator[Supervised]:
    one = Supervised(tmp_path)
    yield one
    one.process.kill()
    one.process.wait()
    for pid in one.started:
        if str(tmp_path).encode() in _command(pid):
            os.kill(pid, signal.SIGKILL)


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def test_processes_that_die_in_a_row_are_started_ever_later(supervised, tmp_path):
    (tmp_path / "short").touch()
    supervised.start(1)
    wait_until(lambda: supervised.says("(exit status 0). Another one takes its place in 2 s."))
    supervised.process.send_signal(signal.SIGTERM)
    assert supervised.process.wait(20) == 0
    assert len(supervised.started) <= 3


def test_the_others_serve_on_where_a_process_cannot_be_started(supervised):
    supervised.start(2)
    wait_until(lambda: len(supervised.started) == 2)
    supervised.python.unlink()
    supervised.process.send_signal(signal.SIGHUP)
    wait_until(lambda: supervised.says("Not reloaded: "))
    assert supervised.says("did not serve (No such file or directory)")
    os.kill(supervised.started[0], 35)
    wait_until(lambda: supervised.says("has ended (signal 35)."))
    wait_until(lambda: supervised.says("A new process did not serve (No such file or directory)"))
    supervised.python.symlink_to(sys.executable)
    wait_until(lambda: len(supervised.started) == 3)
    supervised.process.send_signal(signal.SIGTERM)
    assert supervised.process.wait(20) == 0


def test_a_reload_that_comes_before_the_supervisor_can_hear_is_heard(supervised, monkeypatch):
    early = (
        "import signal; from grok2api.door.supervisor import hold_back; hold_back({0}); {1}({0})"
    )
    supervised.start(1, before=early.format("signal.SIGHUP", "signal.raise_signal"))
    wait_until(lambda: supervised.says("Reloaded: 1 new."))

    def held() -> socket.socket:
        assert signal.SIGHUP in signal.pthread_sigmask(signal.SIG_BLOCK, [])
        raise preflight.NotReady

    monkeypatch.setattr(serve, "listening_socket", held)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    try:
        with pytest.raises(preflight.NotReady):
            serve.Command().prepare_and_serve()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@pytest.mark.parametrize("stays", [False, True])
def test_a_terminal_that_is_closed_ends_the_program_unless_it_was_told_to_stay(supervised, stays):
    ours, its = pty.openpty()
    # Its own terminal, as that of a login; nohup would not leave it any.
    take = f"import fcntl, termios; fcntl.ioctl({its}, termios.TIOCSCTTY, 0); os.dup2({its}, 2)"
    told = "SIG_IGN" if stays else "SIG_DFL"  # the tests themselves may run under nohup
    take += f"; import signal; signal.signal(signal.SIGHUP, signal.{told})"
    supervised.start(1, before=take, keeps=(its,))
    os.close(its)
    wait_until(lambda: len(supervised.started) == 1)
    os.close(ours)
    if stays:  # and serves on, though nobody can read what it says of it
        wait_until(lambda: len(supervised.started) == 2)
        wait_until(lambda: not _command(min(supervised.started)))
        supervised.process.send_signal(signal.SIGTERM)
    assert supervised.process.wait(60) == 0
