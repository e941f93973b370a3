"""`manage.py rebuild_stats [--check]`: see `gallery.statistics`."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from gallery.maintenance import upkeep
from gallery.management.progress import bar


class Command(BaseCommand):
    help = "Recounts the library while the service is running, and corrects the counters."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="Only compare, change nothing.")
        parser.add_argument("--json", action="store_true", help="Print one line of JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        check = options["check"]
        progress = bar("Statistics")
        wrong = len(upkeep.check_counters(progress)) if check else upkeep.rebuild_counters(progress)
        self.stdout.write(
            json.dumps({"check": check, "wrong": wrong})
            if options["json"]
            else f"{wrong} counters {'are wrong' if check else 'were wrong and are corrected'}."
        )
        if check and wrong:
            raise CommandError("The counters differ from the rows; rebuild_stats corrects them.")
