"""What a request to the gateway asks the database, on all its threads together.

Each picture is stored in a transaction of its own as soon as it comes, so that none that was paid
for waits for another. So it is the queries for one picture that are bounded, and those beside.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from gallery import statistics
from gallery.index import building
from gallery.tests.drawing import draw

BESIDE = 5
"""The key, the row opened and closed; the row of an Idempotency-Key; pictures to be edited."""
EACH = 6

IN_BACKGROUND = {statistics.compaction.name, building.merging.name, "thumbnails_0"}

NOT_COUNTED = ("BEGIN", "COMMIT", "SET SESSION")

GENERATIONS, EDITS = "/v1/images/generations", "/v1/images/edits"


@contextmanager
def queries() -> Iterator[list[str]]:
    """The queries of all threads meanwhile that an answer waits for, without BEGIN and COMMIT.

    What opens a connection is not counted either: which thread gets the work is chance.
    """
    found: list[str] = []

    class Collecting(logging.Handler):
        def emit(self, record: Any) -> None:
            if record.threadName not in IN_BACKGROUND:
                found.append(record.sql)

    handler = Collecting()
    log = logging.getLogger("django.db.backends")
    level = log.level
    log.addHandler(handler)
    log.setLevel(logging.DEBUG)
    try:
        yield found
    finally:
        log.removeHandler(handler)
        log.setLevel(level)
        found[:] = [sql for sql in found if not sql.startswith(NOT_COUNTED)]


@pytest.mark.parametrize("n", [1, 3])
def test_a_request_asks_few_queries_for_each_picture(client, settings, n):
    settings.DEBUG = True  # queries are logged
    source = {"image": ("a.png", draw(format="PNG"))}
    wanted = {"prompt": "a fox", "n": n}
    first = client.post(GENERATIONS, json={**wanted, "response_format": "url"})
    link = first.json()["data"][0]["url"]
    answers = {
        "models": (lambda: client.get("/v1/models"), 1),
        "file": (lambda: client.get(link), 1),
        "generation": (lambda: client.post(GENERATIONS, json=wanted), BESIDE + EACH * n),
        "edit": (lambda: client.post(EDITS, data=wanted, files=source), BESIDE + EACH * n),
        "once": (
            lambda: client.post(GENERATIONS, json=wanted, headers={"Idempotency-Key": "a"}),
            BESIDE + EACH * n,
        ),
        "again": (
            lambda: client.post(GENERATIONS, json=wanted, headers={"Idempotency-Key": "a"}),
            BESIDE,
        ),
    }
    too_many = {}
    for name, (answer, most) in answers.items():
        with queries() as found:
            assert answer().status_code == 200
        if not 0 < len(found) <= most:
            too_many[name] = found
    assert too_many == {}
