"""Runs a test's own database and Redis servers, to be stopped and started at will."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import boto3

from tests.server import free_port


class OwnServer:
    """A server process on a free loopback port: `start()`, `stop()`, and again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)

    def command(self) -> list[str]:
        raise NotImplementedError

    def answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def start(self) -> Self:
        with (self.folder / "server.out").open("ab") as log:
            self.process = subprocess.Popen(
                self.command(), stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )
        wait_until(self.answers)
        return self

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(30)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *error: object) -> None:
        self.stop()


class OwnRedis(OwnServer):
    """Redis; `url` names its first database."""

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def command(self) -> list[str]:
        program = shutil.which("redis-server")
        assert program, "Redis is not installed."
        return [
            program, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
            "--dir", str(self.folder),
        ]  # fmt: skip


class OwnS3(OwnServer):
    """An S3 server (moto's, a process of its own) with the bucket `pictures`."""

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """The value for MEDIA_STORAGE_URL."""
        return f"s3://test-key:test-secret@pictures/library?endpoint={self.endpoint}"

    def command(self) -> list[str]:
        return [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)]

    @property
    def client(self) -> Any:
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id="test-key",
            aws_secret_access_key="test-secret",
        )

    def start(self) -> Self:
        super().start()
        self.client.create_bucket(Bucket="pictures")
        return self

    def stored(self) -> list[str]:
        """Keys of all objects, in order."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket="pictures")
        return [entry["Key"] for page in pages for entry in page.get("Contents", ())]


class OwnPostgres(OwnServer):
    """PostgreSQL with a database `gallery` of the user `gallery`, password `secret`."""

    def __init__(self) -> None:
        # Not below pytest's folder, which is closed to other users.
        super().__init__(Path(tempfile.mkdtemp(prefix="postgres-")))
        self.data = self.folder / "data"
        # A server that root starts must not run as root.
        self.run_as = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        if os.geteuid() != 0:
            self.run_as = []

    @property
    def url(self) -> str:
        return f"postgresql://gallery:secret@127.0.0.1:{self.port}/gallery"

    def command(self) -> list[str]:
        return [
            *self.run_as, program("postgres"), "-D", str(self.data), "-p", str(self.port),
            "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "shared_buffers=16MB",
            "-c", "unix_socket_directories=", "-c", "max_connections=200",
        ]  # fmt: skip

    def answers(self) -> bool:
        ready = [program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(ready, check=False).returncode == 0

    def create(self) -> Self:
        """Create the cluster and its database, and leave the server running."""
        secret = self.folder / "password"
        secret.write_text("secret")
        if self.run_as:
            for path in (self.folder, secret):
                shutil.chown(path, "postgres")
        subprocess.run(
            [
                *self.run_as, program("initdb"), "-D", str(self.data), "-U", "gallery", "-E",
                "UTF8", "--locale=C.UTF-8", "--auth=scram-sha-256", f"--pwfile={secret}",
                "--no-sync", "--no-instructions",
            ],
            check=True, capture_output=True,
        )  # fmt: skip
        self.start()
        self.sql("CREATE DATABASE gallery", database="postgres")
        return self

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder)

    def sql(self, statement: str, *, database: str = "gallery") -> str:
        """Return what psql prints for the statement, unaligned."""
        address = self.url.rpartition("/")[0] + f"/{database}"
        run = subprocess.run(
            ["psql", "-qAt", address, "-c", statement], check=True, capture_output=True, text=True
        )
        return run.stdout.strip()


class OwnMariaDB(OwnServer):
    """MariaDB with a database `gallery` of the user `gallery`, password `secret`."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.data = folder / "data"
        self.socket = Path(tempfile.mkdtemp(prefix="mariadb-")) / "socket"  # its path must be short

    @property
    def url(self) -> str:
        return f"mysql://gallery:secret@127.0.0.1:{self.port}/gallery"

    def command(self) -> list[str]:
        command = [
            "mariadbd", "--no-defaults", f"--datadir={self.data}", f"--port={self.port}",
            f"--socket={self.socket}", "--bind-address=127.0.0.1", "--skip-name-resolve",
            "--innodb-flush-log-at-trx-commit=2", "--innodb-buffer-pool-size=64M",
        ]  # fmt: skip
        return [*command, "--user=root"] if os.geteuid() == 0 else command

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()  # SIGINT would not end it
            self.process.wait(30)

    def create(self) -> Self:
        """Create the data folder and the database, and leave the server running."""
        subprocess.run(
            ["mariadb-install-db", "--no-defaults", f"--datadir={self.data}", "--skip-test-db",
             "--auth-root-authentication-method=normal"],
            check=True, capture_output=True,
        )  # fmt: skip
        self.start()
        statements = (
            "CREATE DATABASE gallery CHARACTER SET utf8mb4;"
            "CREATE USER gallery@'127.0.0.1' IDENTIFIED BY 'secret';"
            "GRANT ALL ON gallery.* TO gallery@'127.0.0.1'"
        )
        client = ["mariadb", "--no-defaults", f"--socket={self.socket}", "-uroot"]
        subprocess.run([*client, "-e", statements], check=True)
        return self


def program(name: str) -> str:
    """Return the path of a PostgreSQL program, which Debian keeps outside of PATH."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found = shutil.which(name, path=os.pathsep.join([*map(str, folders), os.environ["PATH"]]))
    assert found, f"{name} is not installed."
    return found


def wait_until(true: Callable[[], bool], *, timeout: float = 30) -> float:
    """Poll until it is true; return how many seconds that took."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < timeout, f"not within {timeout} s"
        time.sleep(0.05)
    return time.monotonic() - began
