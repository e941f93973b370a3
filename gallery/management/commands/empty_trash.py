"""`manage.py empty_trash`: see `gallery.jobs.removal`."""

import json
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from gallery.jobs import removal


class Command(BaseCommand):
    help = "Permanently deletes what has been in the trash for more than GALLERY_TRASH_DAYS days."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="Print one line of JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        deleted = removal.empty_trash()
        if options["json"]:
            self.stdout.write(json.dumps({"deleted": deleted}))
            return
        days = settings.GALLERY_TRASH_DAYS
        self.stdout.write(f"{deleted} pictures deleted that had been in the trash for {days} days.")
