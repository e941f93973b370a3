"""`manage.py cleanup_orphans`: see `gallery.maintenance.cleanup`."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from gallery.maintenance import cleanup
from grok2api.runtime.exclusive import Busy


class Command(BaseCommand):
    help = (
        "Removes rows whose file is gone (a copy of each is kept), leftovers of interrupted "
        "writes, and recreates missing thumbnails."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--dry-run", action="store_true", help="Only report what would be done."
        )
        parser.add_argument(
            "--force", action="store_true", help="Clean up even if most files are missing."
        )
        parser.add_argument("--json", action="store_true", help="Print one line of JSON.")

    def handle(self, *args: Any, dry_run: bool, force: bool, json: bool, **options: Any) -> None:
        try:
            report = cleanup.clean_up(dry_run=dry_run, force=force)
        except (cleanup.TooManyOrphans, Busy) as error:
            raise CommandError(str(error)) from None
        self.stdout.write(
            as_json(report, dry_run=dry_run) if json else as_text(report, dry_run=dry_run)
        )
        if report.unrepaired:
            raise CommandError(f"No thumbnail could be made for: {report.unrepaired}")


def as_json(report: cleanup.CleanupReport, *, dry_run: bool) -> str:
    return json.dumps({"dry_run": dry_run, **report.as_dict()})


def as_text(report: cleanup.CleanupReport, *, dry_run: bool) -> str:
    lines = [
        f"{report.checked} pictures checked.",
        f"{len(report.orphans)} rows have no file"
        + (" and would be removed." if dry_run else f"; {report.removed} removed."),
        f"{len(report.leftovers)} leftovers of interrupted writes"
        + (" would be deleted." if dry_run else " deleted."),
        f"{len(report.without_thumbnail)} thumbnails are missing"
        + (" and would be made again." if dry_run else f"; {report.repaired} made again."),
        f"{len(report.stray_files)} files have no row; they are kept, and a scan takes them in.",
    ]
    return "\n".join(lines)
