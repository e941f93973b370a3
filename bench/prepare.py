"""`python -m bench.prepare SIZE`: fill the database of the settings once, and say what is in it."""

import json
import re
import sys
import time
from typing import Any

import django

django.setup()

from django.core.management import call_command
from django.db import connection
from django.db.models import Sum
from django.db.models.functions import Length

from bench.library import fill
from gallery.index import building
from gallery.index.criteria import Criteria, SortBy
from gallery.maintenance import upkeep
from gallery.models import Image, Posting

SORTS = [Criteria(sort_by=key, descending=order) for key in SortBy for order in (True, False)]


def say(what: str) -> Any:
    def progress(done: int, total: int = 0) -> None:
        print(
            f"\r  {what}: {done:,}" + (f" of {total:,}" if total else ""), end="", file=sys.stderr
        )

    return progress


def create_database() -> None:
    """Create the database that the settings name on a server; SQLite creates its own file."""
    name = connection.settings_dict["NAME"]
    exists = {
        "postgresql": "SELECT 1 FROM pg_database WHERE datname = %s",
        "mysql": "SELECT 1 FROM information_schema.schemata WHERE schema_name = %s",
    }.get(connection.vendor)
    if exists is None:
        return
    with connection._nodb_cursor() as cursor:
        cursor.execute(exists, [name])
        if cursor.fetchone() is None:
            cursor.execute(f"CREATE DATABASE {connection.ops.quote_name(name)}")


def prepare(size: int) -> None:
    create_database()
    call_command("migrate", verbosity=0)
    if Image.objects.count() != size:
        started = time.perf_counter()
        fill(size, say("rows"))
        print(f", {time.perf_counter() - started:.0f} s", file=sys.stderr)
    if building.missing_segments():
        started = time.perf_counter()
        upkeep.rebuild_counters(say("counters"))
        building.rebuild(say("segments of the index"), building.segment_numbers())
        print(f", {time.perf_counter() - started:.0f} s", file=sys.stderr)
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute("VACUUM ANALYZE")
            elif connection.vendor == "mysql":
                cursor.execute("ANALYZE TABLE gallery_image, gallery_image_tags, gallery_posting")


def warm() -> None:
    """Read every row once: what is measured comes from memory, whatever the disk's cache let go."""
    Image.objects.aggregate(characters=Sum(Length("prompt_folded")))
    Posting.objects.aggregate(bytes=Sum(Length("data")))


def describe() -> dict[str, Any]:
    """Return sizes in bytes, and the index in the plan of each sort."""
    plans = {}
    for criteria in SORTS:
        plan = Image.objects.order_by(*criteria.ordering).values_list("pk")[:500].explain()
        names = re.findall(r"gallery_image_(?:created|size)", plan)
        plans[" ".join(criteria.ordering)] = names[0] if names else plan
    with connection.cursor() as cursor:
        cursor.execute(
            {
                "sqlite": "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",
                "postgresql": "SELECT pg_database_size(current_database())",
                "mysql": "SELECT SUM(data_length + index_length) FROM information_schema.tables"
                " WHERE table_schema = DATABASE()",
            }[connection.vendor]
        )
        database = int(cursor.fetchone()[0])
    index = Posting.objects.aggregate(size=Sum(Length("data")))["size"]
    return {"database": database, "index": index, "plans": plans}


if __name__ == "__main__":
    prepare(int(sys.argv[1]))
    warm()
    print(json.dumps(describe()))
