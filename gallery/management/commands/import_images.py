"""`manage.py import_images`: see `gallery.transfer.imports`."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from gallery.management.reporting import report
from gallery.transfer import imports


class Command(BaseCommand):
    help = "Imports pictures from files, folders and ZIP archives, with the prompts inside them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")
        parser.add_argument("--tag", action="append", default=[], help="Can be given repeatedly.")
        parser.add_argument("--json", action="store_true", help="Print one line of JSON.")

    def handle(
        self, *args: Any, paths: list[Path], tag: list[str], json: bool, **options: Any
    ) -> None:
        try:
            imported = imports.import_paths(paths=paths, tags=tag)
        except ValidationError as error:
            raise CommandError("; ".join(error.messages)) from None
        report(
            imported, imports.ImportOutcome, stdout=self.stdout, stderr=self.stderr, as_json=json
        )
