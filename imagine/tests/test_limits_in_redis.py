"""Requests of a key, counted in Redis: across processes, and with the database behind it."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal

import httpx2
import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from redis import Redis

from grok2api.runtime import redis_server
from imagine import interruptions, keys, limits, records
from imagine.limits import Allowance, LimitReached, shared
from imagine.models import Generation
from tests.server import Server
from tests.stores import OwnPostgres, OwnRedis

from .test_generate import wait_until
from .upstream import Upstream, pictures, stall


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with OwnRedis(tmp_path_factory.mktemp("redis")) as running:
        yield running


@pytest.fixture
def redis(server, settings, monkeypatch):
    """Redis' own client; the server is there again, and empty, for each test."""
    if not server.answers():
        server.start()
    settings.REDIS_URL = server.url
    monkeypatch.setattr(redis_server, "_rests_until", 0.0)
    monkeypatch.setattr(shared, "_untold", set())
    with Redis.from_url(server.url, decode_responses=True) as client:
        client.flushall()
        yield client
    redis_server._client(server.url).close()


@pytest.fixture
def key(transactional_db):
    return keys.create_api_key(name="robot")[0]


def limited(key, **limits_of_key):
    for name, value in limits_of_key.items():
        setattr(key, name, value)
    key.save()
    return key


def begin(key, **facts):
    facts = {"prompt": "x", "n": 1, "reserved_usd": 0, "served_by": records.served_by(), **facts}
    while True:
        generation = Generation(key=key, **facts)
        with suppress(limits.NotCounted):
            with limits.beginning(generation):
                generation.save()
            return generation


def end(generation):
    generation.status = "succeeded"
    generation.save()
    limits.end([generation])


def refusal(key):
    """Code and Retry-After of the next request of this key."""
    with pytest.raises(LimitReached) as caught:
        begin(key)
    return caught.value.code, caught.value.retry_after


def assert_refused_for(key, seconds):
    """Refused for so long, or up to ten seconds less, which a busy machine may have taken."""
    code, left = refusal(key)
    assert code == "rate_limit_exceeded"
    assert seconds - 10 < left <= seconds


def age(redis, key, generation, *, seconds):
    """Let the request have begun so much earlier."""
    began = f"grok2api:limits:{{{key.pk}}}:began"
    assert redis.zincrby(began, -1000 * seconds, str(generation.pk)) > 0


def running(redis, key):
    """What counts as under way; `known` says that Redis was told."""
    return redis.zrange(f"grok2api:limits:{{{key.pk}}}:running", 0, -1)


def test_the_minute_moves_on(redis, key):
    limited(key, requests_per_minute=2)
    first = begin(key)
    end(first)
    age(redis, key, first, seconds=30)
    second = begin(key)
    end(second)
    assert_refused_for(key, 30)
    age(redis, key, first, seconds=31)  # its minute is over, the other's is not
    age(redis, key, second, seconds=20)
    begin(key)
    assert_refused_for(key, 40)
    assert Generation.objects.count() == 3


def test_a_refused_request_says_when_there_is_room_and_counts_for_nothing(redis, key):
    limited(key, requests_per_minute=2)
    begin(key)
    begin(key)
    for _ in range(5):
        assert_refused_for(key, 60)
    assert redis.zcard(f"grok2api:limits:{{{key.pk}}}:began") == 3
    assert Generation.objects.count() == 2
    limited(key, requests_per_minute=0)
    assert refusal(key) == ("rate_limit_exceeded", 60)


def test_what_has_ended_makes_room(redis, key):
    limited(key, max_concurrent=1)
    first = begin(key)
    assert refusal(key) == ("too_many_generations", 5)
    end(first)
    second = begin(key)
    assert running(redis, key) == [str(second.pk), "known"]


def test_neither_a_row_is_locked_nor_a_row_counted(redis, key):
    limited(key, requests_per_minute=100, max_concurrent=100)
    begin(key)
    with CaptureQueriesContext(connection) as queries:
        begin(key)
    asked = [query["sql"].split()[0] for query in queries if "SAVEPOINT" not in query["sql"]]
    assert [word for word in asked if word not in ("BEGIN", "COMMIT")] == ["INSERT"]


def test_threads_at_once_begin_no_more_than_they_may(redis, key):
    limited(key, max_concurrent=3)

    def attempt(_):
        try:
            begin(key)
        except LimitReached:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(24))) == 3
    assert Generation.objects.count() == 3


def test_a_row_that_was_not_written_was_not_counted(redis, key):
    limited(key, requests_per_minute=1, max_concurrent=1)

    with pytest.raises(ValueError, match="no row"), limits.beginning(Generation(key=key)):
        raise ValueError("no row")
    begin(key)


def test_money_is_counted_beside_it(redis, key):
    limited(key, requests_per_minute=10, monthly_budget_usd=Decimal("0.03"))
    spent = begin(key)
    spent.cost_usd = "0.04"
    end(spent)
    assert refusal(key)[0] == "insufficient_quota"
    assert Generation.objects.count() == 1


def test_money_is_reserved_beside_it_by_threads_at_once(redis, key):
    limited(key, requests_per_minute=100, monthly_budget_usd=Decimal("0.06"))
    price = Decimal("0.02")

    def attempt(_):
        try:
            begin(key, reserved_usd=price)
        except LimitReached as error:
            return error.code
        finally:
            connections.close_all()
        return "begun"

    with ThreadPoolExecutor(8) as pool:
        found = sorted(pool.map(attempt, range(24)))
    assert found == ["begun"] * 3 + ["insufficient_quota"] * 21
    # What money refused is not counted as a request.
    assert redis.zcard(f"grok2api:limits:{{{key.pk}}}:began") == 1 + Generation.objects.count() == 4


def test_a_killed_process_blocks_a_key_until_the_program_is_back(redis, key):
    limited(key, max_concurrent=1)
    begin(key)
    assert refusal(key)[0] == "too_many_generations"
    assert interruptions.mark_interrupted() == 1
    begin(key)


def test_what_ended_in_a_process_that_could_tell_nobody_makes_room(redis, key):
    limited(key, max_concurrent=1)
    generation = begin(key)
    Generation.objects.filter(pk=generation.pk).update(status="succeeded")  # and Redis never hears
    assert running(redis, key) == [str(generation.pk), "known"]
    following = begin(key)
    assert running(redis, key) == [str(following.pk), "known"]


def test_what_nobody_ends_counts_no_more_when_it_is_older_than_any_can_be(redis, key, monkeypatch):
    monkeypatch.setattr(shared, "LONGEST_GENERATION", timedelta(seconds=1))
    limited(key, max_concurrent=1)
    begin(key)
    assert refusal(key)[0] == "too_many_generations"
    time.sleep(1.1)
    begin(key)
    wait_until(lambda: not redis.keys(), seconds=30)  # and nothing is left of it


def test_the_database_counts_while_redis_is_gone(redis, server, key, caplog):
    limited(key, requests_per_minute=2, max_concurrent=2)
    first = begin(key)
    server.stop()
    begin(key)
    assert "Redis failed, the database counts requests" in caplog.text
    assert refusal(key) == ("rate_limit_exceeded", 60)
    end(first)  # cannot be told, and is no error
    limited(key, requests_per_minute=None)
    begin(key)
    assert refusal(key) == ("too_many_generations", 5)


def test_redis_that_has_forgotten_is_told_by_the_rows(redis, key):
    limited(key, requests_per_minute=3, max_concurrent=2)
    ended, runs = begin(key), begin(key)
    end(ended)
    redis.flushall()
    third = begin(key)
    assert running(redis, key) == [str(runs.pk), str(third.pk), "known"]
    assert refusal(key)[0] == "rate_limit_exceeded"
    limited(key, requests_per_minute=None)
    assert refusal(key)[0] == "too_many_generations"


def test_redis_that_was_out_of_reach_is_told_by_the_rows(redis, key, settings, server, monkeypatch):
    limited(key, max_concurrent=3)
    before = begin(key)
    ends_meanwhile = begin(key)
    settings.REDIS_URL = "redis://127.0.0.1:1/0"  # nobody is there, and the server keeps its data
    end(ends_meanwhile)
    meanwhile = begin(key)
    settings.REDIS_URL = server.url
    monkeypatch.setattr(redis_server, "_rests_until", 0.0)
    after = begin(key)
    rows = [before, meanwhile, after]
    assert sorted(running(redis, key)) == sorted([*(str(row.pk) for row in rows), "known"])
    assert refusal(key) == ("too_many_generations", 5)


@pytest.mark.once
@pytest.mark.slow
def test_two_processes_count_together(redis, server, tmp_path):
    """Two programs over one PostgreSQL and one Redis, which is stopped in the middle."""
    postgres = OwnPostgres().create()
    with Upstream([stall]) as upstream:
        store = {
            "SERVER_STORAGE_TYPE": "pgsql",
            "SERVER_STORAGE_URL": postgres.url,
            "REDIS_URL": server.url,
            "IMAGINE_UPSTREAM_URL": upstream.url,
        }
        try:
            with Server(tmp_path / "a", **store) as one, Server(tmp_path / "b", **store) as two:
                _count_together(one, two, postgres, server, upstream)
        finally:
            postgres.remove()


def _count_together(one, two, postgres, own_redis, upstream):
    postgres.sql("UPDATE imagine_apikey SET max_concurrent = 4")
    refused, ended = [], []
    threads = _ask_at_once([one, two] * 10, refused, ended)
    wait_until(lambda: len(refused) == 16)
    rows = "SELECT count(*) FROM imagine_generation WHERE status = 'pending'"
    assert (postgres.sql(rows), ended) == ("4", [])
    own_redis.stop()
    threads += _ask_at_once([one, two] * 3, refused, ended)
    wait_until(lambda: len(refused) == 22)
    assert set(refused) == {(429, "5")}
    own_redis.start()
    upstream.replies = [pictures()]
    upstream.stopping.set()
    for thread in threads:
        thread.join()
    assert postgres.sql(rows) == "0"
    upstream.stopping.clear()
    time.sleep(redis_server.REST_SECONDS)
    statuses = []
    for thread in _ask_at_once([one, two], statuses, statuses):
        thread.join()
    assert statuses == [(200, None)] * 2


def _ask_at_once(servers, refused, ended):
    """One request to each; status and Retry-After go to where they belong."""

    def ask(server):
        headers = {"Authorization": f"Bearer {server.api_key}"}
        address = f"{server.url}/v1/images/generations"
        answer = httpx2.post(address, json={"prompt": "a fox"}, headers=headers, timeout=60)
        found = refused if answer.status_code == 429 else ended
        found.append((answer.status_code, answer.headers.get("retry-after")))

    threads = [threading.Thread(target=ask, args=[server]) for server in servers]
    for thread in threads:
        thread.start()
    return threads


def test_what_is_left_of_the_minute_is_told(redis, key):
    limited(key, max_concurrent=3)
    assert begin(key).allowance is None
    limited(key, requests_per_minute=4, max_concurrent=3)
    assert begin(key).allowance == Allowance(limit=4, remaining=2, reset=60)
    begin(key)
    with pytest.raises(LimitReached) as many:
        begin(key)
    assert (many.value.code, many.value.allowance.remaining) == ("too_many_generations", 1)
    limited(key, max_concurrent=None)
    assert begin(key).allowance == Allowance(limit=4, remaining=0, reset=60)
    with pytest.raises(LimitReached) as often:
        begin(key)
    assert often.value.allowance.remaining == 0
    assert 50 < often.value.allowance.reset <= 60
