"""`manage.py serve`: bring the database up to date, greet the first visitor, serve."""

import argparse
import contextlib
import logging
import os
import signal
import socket
import sys
import textwrap
from pathlib import Path
from typing import Any

import uvicorn
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser
from django.db import connection, transaction
from uvicorn.supervisors import Multiprocess

from gallery.maintenance import upkeep
from grok2api import preflight
from grok2api.door.protocol import IDLE_SECONDS, Protocol
from grok2api.door.supervisor import become_supervisor, hold_back
from grok2api.door.worker import Worker
from grok2api.first_start import Credentials, create_credentials, weaknesses
from imagine import interruptions
from imagine.limits import unpriced
from imagine.tasks import received

logger = logging.getLogger(__name__)

WIDTH = 68
PLAIN_BOX = str.maketrans("╔═╗║╚╝", "+-+|++")

FIRST_PASSED_SOCKET = 3
"""systemd's socket activation passes sockets from this descriptor on (sd_listen_fds(3))."""


class Command(BaseCommand):
    help = "Migrates, creates administrator and API key on the first start, and serves."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        # What the supervisor says to the processes that it starts.
        parser.add_argument("--worker", nargs=3, type=int, help=argparse.SUPPRESS)
        parser.add_argument("--mend", action="store_true", help=argparse.SUPPRESS)

    def handle(self, *args: Any, **options: Any) -> None:
        with contextlib.suppress(KeyboardInterrupt):  # raised again after a graceful end
            try:
                if options["worker"]:
                    _work(*options["worker"], mends=options["mend"])
                else:
                    self.prepare_and_serve()
            except preflight.NotReady as error:
                sys.exit(f"Not started: {error}")

    def prepare_and_serve(self) -> None:
        if sys.platform != "win32":
            hold_back(signal.SIGHUP)  # a reload that comes too early
        listener = listening_socket()
        preflight.check_database()
        preflight.check_redis()
        closed = preflight.close_files()
        preflight.check_storage()
        with preflight.alone():
            if preflight.prepare_database():
                self.stderr.write("The database is up to date.")
            # Shown before they are committed: whoever interrupts now gets new ones.
            with transaction.atomic():
                self.greet(create_credentials())
        if closed:
            self.stderr.write(f"Closed {closed} files and folders to others on this machine.")
        call_command("clearsessions")
        received.take_in()
        interruptions.mark_interrupted()
        for sentence in unpriced.warnings():
            logger.warning(sentence)
        for sentence in weaknesses():
            logger.warning(sentence)
        connection.close()
        self.stderr.flush()
        _serve_from_now_on(listener)

    def greet(self, created: Credentials) -> None:
        """Print addresses at every start, and secrets once, at the start that made them."""
        host = settings.SERVER_HOST
        base = settings.APP_URL or (
            f"http://{'localhost' if host in ('0.0.0.0', '::') else host}"  # noqa: S104
            f":{settings.SERVER_PUBLISHED_PORT}"
        )
        lines = [
            "Grok2API Gallery",
            "",
            f"Gallery   {base}/admin/gallery/",
            f"Imagine   {base}/admin/imagine/",
            f"API       {base}/v1   (documentation: {base}/api/docs/)",
        ]
        if created.password or created.api_key:
            lines += ["", "Created now, and shown only this once:"]
        if created.password:
            secret = "from ADMIN_PASSWORD" if settings.ADMIN_PASSWORD else created.password
            lines += [f"User      {created.username}", f"Password  {secret}"]
        if created.api_key:
            lines.append(f"API key   {'from API_KEY' if settings.API_KEY else created.api_key}")
        if settings.IMAGINE_PROVIDER == "sample":
            lines += [
                "",
                "No upstream is set: pictures come from the sample painter.",
                "Set XAI_API_KEY or IMAGINE_UPSTREAM_URL for real ones.",
            ]
        for sentence in weaknesses():
            lines += ["", *textwrap.wrap(f"! {sentence}", WIDTH)]
        width = max(WIDTH, *(len(line) for line in lines))
        self.say("╔" + "═" * (width + 2) + "╗")
        for line in lines:
            self.say(f"║ {line.ljust(width)} ║")
        self.say("╚" + "═" * (width + 2) + "╝")
        self.stdout.flush()

    def say(self, line: str) -> None:
        """Print a line in the characters that the terminal has."""
        encoding = getattr(self.stdout, "encoding", None) or "utf-8"
        try:
            "╔═╗║╚╝".encode(encoding)
        except UnicodeEncodeError:
            line = line.translate(PLAIN_BOX)
        self.stdout.write(line.encode(encoding, "backslashreplace").decode(encoding))


def _work(descriptor: int, lifeline: int, ready: int, *, mends: bool) -> None:
    """Be one of the serving processes.

    Raises:
        preflight.NotReady
    """
    preflight.check_schema()
    connection.close()
    if mends:
        upkeep.in_background.start()
    Worker(_config(), lifeline=lifeline, ready=ready).run([socket.socket(fileno=descriptor)])


def _serve_from_now_on(listener: socket.socket) -> None:
    """Start serving processes, and become the one that looks after them."""
    if sys.platform == "win32":  # where no process takes the place of another
        several = settings.SERVER_WORKERS > 1
        runner = Multiprocess(_config(), [listener]) if several else None
        runner.run() if runner else uvicorn.Server(_config()).run([listener])
        return
    read_end, write_end = os.pipe()
    first = None
    if settings.SERVER_WORKERS == 1 and _is_alone():
        # What is loaded continues to serve; processes of a later release load their own.
        ready, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(write_end)
            os.close(ready)
            upkeep.in_background.start()
            Worker(_config(), lifeline=read_end, ready=writing).run([listener])
            return
        first = pid, ready
    become_supervisor(
        [sys.executable, *sys.orig_argv[1:]],
        listener=listener.fileno(), count=settings.SERVER_WORKERS,
        lifeline=(read_end, write_end), first=first,
    )  # fmt: skip


def _is_alone() -> bool:
    """Return whether this process has no other thread: a fork would copy its locks, held for
    ever."""
    return sys.platform == "linux" and len(list(Path("/proc/self/task").iterdir())) == 1


def _config() -> uvicorn.Config:
    return uvicorn.Config(
        "grok2api.asgi:application",
        workers=settings.SERVER_WORKERS,
        http=Protocol,
        ws="none",
        timeout_keep_alive=IDLE_SECONDS,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        forwarded_allow_ips=settings.TRUSTED_PROXIES,
        timeout_graceful_shutdown=settings.SHUTDOWN_SECONDS,
        timeout_worker_healthcheck=30,
    )


def listening_socket() -> socket.socket:
    """Listen at SERVER_HOST:SERVER_PORT, or return the socket that systemd keeps across restarts.

    Raises:
        preflight.NotReady: the address is taken or is not ours.
    """
    if os.environ.get("LISTEN_PID") == str(os.getpid()) and os.environ.get("LISTEN_FDS") == "1":
        passed = socket.socket(fileno=FIRST_PASSED_SOCKET)
        passed.set_inheritable(True)
        return passed
    host, port = settings.SERVER_HOST, settings.SERVER_PORT
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        raise preflight.NotReady(
            f"{host}:{port} cannot be served ({reason}): is another program there? "
            "SERVER_HOST and SERVER_PORT name another address."
        ) from error
    listener.set_inheritable(True)
    return listener
