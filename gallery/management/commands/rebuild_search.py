"""`manage.py rebuild_search`: see `gallery.search`."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from gallery.management.progress import bar
from gallery.search import building


class Command(BaseCommand):
    help = "Makes the search index again from the pictures' rows, while the service goes on."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="Answer with one line of JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        pictures = building.rebuild(bar("Search index"), building.segment_numbers())
        self.stdout.write(
            json.dumps({"pictures": pictures})
            if options["json"]
            else f"{pictures} pictures are in the search index."
        )
