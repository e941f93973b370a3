"""Runs the program as a user does: a process of its own, with folders of its own."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Self

ROOT = Path(__file__).resolve().parent.parent

OURS = (
    "MAKE",
    "SERVER_",
    "IMAGINE_",
    "GALLERY_",
    "MEDIA_GROUP",
    "XAI_",
    "ADMIN_",
    "API_KEY",
    "APP_URL",
    "REDIS_URL",
)
"""Beginnings of variables that the tests' own process may have and a server must not inherit."""


class Server:
    """A `manage.py serve` on a free loopback port; `with Server(folder) as server: …`.

    `output` is what it has printed so far; `url` has no trailing slash.
    """

    password = "a long test password"
    api_key = "sk-test-key-of-the-tests"

    command: tuple[str, ...] = (sys.executable, "manage.py", "serve")

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "server.out"
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        self.environment = {
            **inherited,
            "SERVER_HOST": "127.0.0.1",
            "SERVER_PORT": str(self.port),
            "DATA_DIR": str(folder / "data"),
            "MEDIA_ROOT": str(folder / "media"),
            "LOG_DIR": str(folder / "logs"),
            "ADMIN_PASSWORD": self.password,
            "API_KEY": self.api_key,
            **environment,
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *, timeout: float = 120) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"The server stopped:\n{self.output}")
            try:
                with urllib.request.urlopen(f"{self.url}/healthz", timeout=5):
                    return self
            except OSError:
                time.sleep(0.1)
        self.kill()
        raise RuntimeError(f"The server did not answer in {timeout} s:\n{self.output}")

    @property
    def output(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def stop(self, *, timeout: float = 40) -> int:
        """Send SIGINT, as Ctrl-C does; return the exit status."""
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout)

    @property
    def workers(self) -> list[int]:
        """Ids of processes that serve, will serve, or finish their work; oldest first."""
        assert self.process is not None
        pid = self.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text()
        return sorted(map(int, children.split()))

    @property
    def worker(self) -> int:
        """The id of the one process that serves."""
        (pid,) = self.workers
        return pid

    def kill(self) -> None:
        """Send SIGKILL to it and to its worker processes."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            while self._is_listening():  # until the last of them is gone
                time.sleep(0.01)

    def _is_listening(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *error: object) -> None:
        self.kill()


def free_port() -> int:
    """Return a free loopback port outside of the range for outgoing connections."""
    while True:
        port = 11_000 + secrets.randbelow(20_000)
        with suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port
