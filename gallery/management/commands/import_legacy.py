"""`manage.py import_legacy`: see `gallery.transfer.legacy`."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from gallery.management.reporting import report
from gallery.transfer import imports, legacy


class Command(BaseCommand):
    help = "Imports the data folder of the original grok2api: its records and its pictures."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, metavar="DATA_DIR")
        parser.add_argument("--json", action="store_true", help="Print one line of JSON.")

    def handle(self, *args: Any, folder: Path, json: bool, **options: Any) -> None:
        try:
            imported = legacy.import_legacy(folder=folder)
        except legacy.LegacyError as error:
            raise CommandError(str(error)) from None
        report(
            imported, imports.ImportOutcome, stdout=self.stdout, stderr=self.stderr, as_json=json
        )
