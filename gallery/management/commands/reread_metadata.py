"""`manage.py reread_metadata`: see `gallery.maintenance.rereading`."""

from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand

from gallery.maintenance import rereading
from gallery.management.reporting import report
from gallery.text import one_line


class Command(BaseCommand):
    help = (
        "Reads files again whose prompt came from the file and that an older parser has read. "
        "A run is one change, which History can undo."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="Only report what would change.")
        parser.add_argument("--json", action="store_true", help="Print one line of JSON.")

    def handle(self, *args: Any, dry_run: bool, json: bool, **options: Any) -> None:
        reread = rereading.reread_metadata(dry_run=dry_run)
        report(
            reread if json else self._named(reread),
            rereading.RereadOutcome,
            stdout=self.stdout,
            stderr=self.stderr,
            as_json=json,
        )

    def _named(self, reread: Iterator[rereading.Reread]) -> Iterator[rereading.Reread]:
        for each in reread:
            if each.outcome == rereading.RereadOutcome.CHANGED:
                self.stdout.write(one_line(f"{each.name}: {each.reason}"))
            yield each
