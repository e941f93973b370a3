"""Threads that block: what becomes of their database connections."""

from collections.abc import Iterator
from contextvars import ContextVar
from threading import Barrier, Event

import pytest
from django.db import connection

from gallery.models import Image
from grok2api.runtime.pools import Pool

pytestmark = pytest.mark.django_db(transaction=True)
SAID: ContextVar[str] = ContextVar("said", default="")


@pytest.fixture
def pool() -> Iterator[Pool]:
    with Pool("tests", 3) as pool:
        yield pool


def on_each_thread(pool: Pool, job):
    """What a job returns on each of the threads; past the pool's own rule."""
    together = Barrier(pool.threads)

    def turn():
        together.wait(30)
        return job()

    return [each.result(30) for each in [pool._executor.submit(turn) for _ in range(pool.threads)]]


def is_open() -> bool:
    return connection.connection is not None


def test_a_connection_is_kept_for_the_next_job_and_closed_when_told(pool):
    assert on_each_thread(pool, Image.objects.count) == [0] * 3
    assert on_each_thread(pool, is_open) == [True] * 3
    pool.close_connections()
    assert on_each_thread(pool, is_open) == [False] * 3


def test_a_job_begins_without_a_connection_that_has_had_its_time():
    def asks():
        Image.objects.count()
        connection.close_at = 0
        return connection.connection

    with Pool("tests") as pool:
        first, second = pool.submit(asks).result(30), pool.submit(asks).result(30)
    assert first is not second


def test_a_pool_that_is_seldom_used_keeps_its_connection_while_a_job_waits():
    begun, go_on = Event(), Event()

    def first():
        Image.objects.count()
        begun.set()
        assert go_on.wait(30)

    with Pool("tests", seldom=True) as pool:
        pool.submit(first)
        assert begun.wait(30)
        was_open = pool.submit(is_open)
        assert pool.waiting == 1
        go_on.set()
        assert was_open.result(30)
        assert on_each_thread(pool, is_open) == [False]


async def test_a_job_runs_in_the_context_of_whoever_waits_for_it(pool):
    SAID.set("here")
    assert await pool.run(SAID.get) == "here"
    assert pool.submit(SAID.get).result(30) == ""
