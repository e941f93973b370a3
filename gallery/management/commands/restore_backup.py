"""`manage.py restore_backup`: see `gallery.transfer.restoring`."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from gallery.management.reporting import report
from gallery.transfer import restoring
from grok2api.runtime.exclusive import Busy


class Command(BaseCommand):
    help = "Restores a backup into an empty library or one with pictures."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE.zip")
        parser.add_argument("--json", action="store_true", help="Print one line of JSON.")

    def handle(self, *args: Any, file: Path, json: bool, **options: Any) -> None:
        if not file.is_file():
            raise CommandError(f"{file}: there is no such file.")
        try:
            report(
                restoring.restore_backup(file),
                restoring.RestoreOutcome,
                stdout=self.stdout,
                stderr=self.stderr,
                as_json=json,
            )
        except (restoring.UnreadableBackup, Busy) as error:
            raise CommandError(str(error)) from None
