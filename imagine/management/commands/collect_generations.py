"""`manage.py collect_generations`: see `imagine.recovery`."""

from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand

from gallery.management.reporting import report
from imagine import recovery
from imagine.recovery import Collected, CollectOutcome
from imagine.tasks import received


class Command(BaseCommand):
    help = (
        "Fetches pictures that were paid for but did not arrive, and takes in what could not be "
        "read when it arrived."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="Print one line of JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        report(
            _collect(),
            CollectOutcome,
            stdout=self.stdout,
            stderr=self.stderr,
            as_json=options["json"],
        )


def _collect() -> Iterator[Collected]:
    """Take in what lies on the disk first: its links need not be fetched any more."""
    for _ in range(received.take_in()):
        yield Collected("a picture that had come", CollectOutcome.ADDED)
    yield from recovery.collect()
