"""`manage.py serve`: bring the database up to date, greet the first visitor, serve."""

import contextlib
import os
import socket
import sys
import tempfile
from typing import Any

import uvicorn
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connection
from uvicorn.supervisors import Multiprocess

from gallery import upkeep
from grok2api import preflight
from grok2api.first_start import Credentials, create_credentials
from imagine import records

WIDTH = 68

FIRST_PASSED_SOCKET = 3
"""systemd's socket activation passes sockets from this descriptor on (sd_listen_fds(3))."""


class Command(BaseCommand):
    help = "Migrates, creates administrator and API key on the first start, and serves."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            listener = listening_socket()
            preflight.check_database()
            preflight.check_redis()
            preflight.check_storage()
            with preflight.alone():
                if preflight.prepare_database():
                    self.stderr.write("The database is up to date.")
                created = create_credentials()
        except preflight.NotReady as error:
            sys.exit(f"Not started: {error}")
        call_command("clearsessions")
        records.mark_interrupted()
        self.greet(created)
        upkeep.mend_in_background()
        connection.close()
        config = uvicorn.Config(
            "grok2api.asgi:application",
            workers=settings.SERVER_WORKERS,
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            forwarded_allow_ips=settings.TRUSTED_PROXIES,
            timeout_graceful_shutdown=settings.SHUTDOWN_SECONDS,
            timeout_worker_healthcheck=30,
        )
        with contextlib.suppress(KeyboardInterrupt):  # raised again after a graceful end
            if settings.SERVER_WORKERS > 1:
                with tempfile.TemporaryDirectory(prefix="grok2api-metrics-") as folder:
                    os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
                    Multiprocess(config, sockets=[listener]).run()
            else:
                uvicorn.Server(config).run(sockets=[listener])

    def greet(self, created: Credentials) -> None:
        """Addresses at every start; secrets once, at the start that made them."""
        host = settings.SERVER_HOST
        base = settings.APP_URL or (
            f"http://{'localhost' if host in ('0.0.0.0', '::') else host}"  # noqa: S104
            f":{settings.SERVER_PORT}"
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
        width = max(WIDTH, *(len(line) for line in lines))
        self.stdout.write("╔" + "═" * (width + 2) + "╗")
        for line in lines:
            self.stdout.write(f"║ {line.ljust(width)} ║")
        self.stdout.write("╚" + "═" * (width + 2) + "╝")
        self.stdout.flush()


def listening_socket() -> socket.socket:
    """SERVER_HOST:SERVER_PORT, or the socket that systemd holds while programs come and go.

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
