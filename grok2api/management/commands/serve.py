"""`manage.py serve`: bring the database up to date, greet the first visitor, serve."""

from typing import Any

import uvicorn
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from grok2api.first_start import Credentials, create_credentials
from imagine import records

WIDTH = 68


class Command(BaseCommand):
    help = "Migrates, creates administrator and API key on the first start, and serves."

    def handle(self, *args: Any, **options: Any) -> None:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            self.stderr.write("Preparing the database …")
            call_command("migrate", interactive=False, verbosity=0)
        records.mark_interrupted()
        self.greet(create_credentials())
        connection.close()
        uvicorn.run(
            "grok2api.asgi:application",
            host=settings.SERVER_HOST,
            port=settings.SERVER_PORT,
            workers=settings.SERVER_WORKERS,
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=35,
        )

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
