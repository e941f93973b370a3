"""`manage.py create_api_key NAME`."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from imagine.keys import create_api_key


class Command(BaseCommand):
    help = "Creates an API key and prints it. It is shown only now."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="whom or what the key is for")
        parser.add_argument("--json", action="store_true", help="print one line of JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        key, secret = create_api_key(name=options["name"])
        if options["json"]:
            self.stdout.write(json.dumps({"id": key.pk, "name": key.name, "key": secret}))
        else:
            self.stdout.write(secret)
