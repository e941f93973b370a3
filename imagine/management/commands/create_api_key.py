"""`manage.py create_api_key NAME`."""

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from imagine.keys import create_api_key


class Command(BaseCommand):
    help = "Creates an API key and prints it. It is shown only once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="whom or what the key is for")
        parser.add_argument("--days", type=int, help="days until it expires")
        parser.add_argument("--model", action="append", default=[], help="allow this model")
        parser.add_argument("--per-minute", type=int, help="requests per minute")
        parser.add_argument("--concurrent", type=int, help="requests at once")
        parser.add_argument("--budget", type=Decimal, help="US dollars per month")
        parser.add_argument("--json", action="store_true", help="print one line of JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        days = options["days"]
        key, secret = create_api_key(
            name=options["name"],
            expires_at=None if days is None else timezone.now() + timedelta(days=days),
            allowed_models=options["model"],
            requests_per_minute=options["per_minute"],
            max_concurrent=options["concurrent"],
            monthly_budget_usd=options["budget"],
        )
        if options["json"]:
            self.stdout.write(json.dumps({"id": key.pk, "name": key.name, "key": secret}))
        else:
            self.stdout.write(secret)
