"""`manage.py rebuild_search`: see `gallery.index`."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from gallery.index import building
from gallery.management.progress import bar


class Command(BaseCommand):
    help = "Rebuilds the search index from the pictures' rows while the service is running."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="Print one line of JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        pictures = building.rebuild(bar("Search index"), building.segment_numbers())
        self.stdout.write(
            json.dumps({"pictures": pictures})
            if options["json"]
            else f"{pictures} pictures are in the search index."
        )
