"""What open pages hear of changes elsewhere: from one process, from another, and without Redis."""

import http.client
import json
import signal
import time
import urllib.request

import pytest
from redis import Redis

from tests.server import Server
from tests.stores import OwnPostgres, OwnRedis, wait_until
from tests.test_outage import sign_in

pytestmark = pytest.mark.once

EVENTS = "/admin/gallery/live/events/"
CHANGED = b"event: changed\ndata: library\n\n"
TOLD = 5  # seconds on a machine that has other work; the database would be asked after ten
FOUND = 8  # by whoever asks the database every two seconds


class Listener:
    """A stream that a signed-in browser has opened."""

    def __init__(self, server, session=None):
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=40)
        cookie = session or session_of(server)
        self.connection.request("GET", EVENTS, headers={"Cookie": f"sessionid={cookie}"})
        self.answer = self.connection.getresponse()

    def block(self):
        """The next piece of the stream, up to its empty line; empty at the stream's end."""
        lines = []
        while line := self.answer.readline():
            lines.append(line)
            if line == b"\n":
                break
        return b"".join(lines)

    def until_changed(self):
        """Seconds until the next change is told."""
        began = time.monotonic()
        while (block := self.block()) != CHANGED:
            assert block, "the stream has ended"
        return time.monotonic() - began

    def close(self):
        self.answer.close()
        self.connection.close()

    def __enter__(self):
        assert (self.answer.status, self.answer.headers["content-type"]) == (
            200,
            "text/event-stream",
        )
        assert self.block() == b"retry: 2000\nevent: listening\ndata: library\n\n"
        return self

    def __exit__(self, *error):
        self.close()


def hears_a_change(server):
    """Whether a stream begun now tells of a change; not if it is of a worker that must go."""
    with Listener(server) as listener:
        settle()
        generate(server)
        while (block := listener.block()) != CHANGED:
            if not block:
                return False
        return True


def session_of(server):
    jar = next(
        handler.cookiejar
        for handler in sign_in(server).handlers
        if isinstance(handler, urllib.request.HTTPCookieProcessor)
    )
    return next(cookie.value for cookie in jar if cookie.name == "sessionid")


def generate(server):
    """A picture more in the library."""
    request = urllib.request.Request(
        f"{server.url}/v1/images/generations",
        json.dumps({"prompt": "a fox"}).encode(),
        {"Authorization": f"Bearer {server.api_key}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)["data"][0]["image_id"]


def mark(server, image_id, favorite):
    """A change of a picture; returns when its answer was there."""
    request = urllib.request.Request(
        f"{server.url}/api/v1/admin/gallery/images/{image_id}/",
        json.dumps({"favorite": favorite}).encode(),
        {"Authorization": f"Bearer {server.api_key}", "Content-Type": "application/json"},
        method="PATCH",
    )
    with urllib.request.urlopen(request, timeout=60):
        return time.monotonic()


def settle(seconds=1.0):
    """What a listener's task does at its beginning is done, and news may be told again."""
    time.sleep(seconds)


@pytest.fixture(scope="module")
def postgres():
    server = OwnPostgres().create()
    yield server
    server.remove()


@pytest.fixture(scope="module")
def redis(tmp_path_factory):
    with OwnRedis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(scope="module")
def hosts(tmp_path_factory, postgres, redis):
    """Two programs over one PostgreSQL and one Redis."""
    store = {
        "SERVER_STORAGE_TYPE": "pgsql",
        "SERVER_STORAGE_URL": postgres.url,
        "REDIS_URL": redis.url,
        "SECRET_KEY": "the secret of both hosts, which is long enough for a test",
    }
    with (
        Server(tmp_path_factory.mktemp("one"), **store) as one,
        Server(tmp_path_factory.mktemp("two"), **store) as two,
    ):
        yield one, two


def test_a_change_in_one_process_is_heard_in_another_within_a_second(hosts):
    here, there = hosts
    image_id = generate(here)
    session = session_of(there)
    with Listener(there, session) as first, Listener(there, session) as second:
        settle()
        for favorite in (True, False, True):
            changed = mark(here, image_id, favorite)
            first.until_changed()
            assert time.monotonic() - changed < TOLD
            second.until_changed()
            assert time.monotonic() - changed < TOLD
            settle()


def test_one_process_has_one_subscription_and_none_without_listeners(hosts, redis):
    here, there = hosts
    with Redis.from_url(redis.url) as client:

        def subscriptions():
            [(_, number)] = client.pubsub_numsub("grok2api:0:library")
            return number

        wait_until(lambda: subscriptions() == 0)
        session = session_of(there)
        with Listener(there, session), Listener(there, session), Listener(here, session):
            wait_until(lambda: subscriptions() == 2)
        wait_until(lambda: subscriptions() == 0)


def test_what_changed_nothing_is_not_told(hosts):
    here, there = hosts
    image_id = generate(here)
    mark(here, image_id, True)
    with Listener(there) as listener:
        settle()
        mark(here, image_id, True)
        mark(here, image_id, False)
        assert listener.block() == CHANGED
        listener.connection.sock.settimeout(1.5)
        with pytest.raises(TimeoutError):
            listener.block()


def test_changes_are_heard_while_redis_is_gone_and_when_it_is_back(hosts, redis):
    here, there = hosts
    image_id = generate(here)
    with Listener(there) as listener:
        settle()
        redis.stop()
        try:
            changed = mark(here, image_id, True)
            listener.until_changed()
            assert time.monotonic() - changed < FOUND
        finally:
            redis.start()
        settle(4)
        changed = mark(here, image_id, False)
        listener.until_changed()
        assert time.monotonic() - changed < TOLD


def test_what_a_process_cannot_tell_redis_is_heard_all_the_same(hosts, tmp_path, postgres):
    _, there = hosts
    store = {
        "SERVER_STORAGE_TYPE": "pgsql",
        "SERVER_STORAGE_URL": postgres.url,
        "SECRET_KEY": "the secret of both hosts, which is long enough for a test",
    }
    with Server(tmp_path, **store) as mute, Listener(there) as listener:
        settle()
        generate(mute)
        assert listener.until_changed() < 22  # two silences of Redis


def test_two_processes_without_redis_hear_each_other_within_three_seconds(tmp_path, postgres):
    postgres.sql("CREATE DATABASE plain", database="postgres")
    store = {
        "SERVER_STORAGE_TYPE": "pgsql",
        "SERVER_STORAGE_URL": postgres.url.rpartition("/")[0] + "/plain",
        "SECRET_KEY": "the secret of both hosts, which is long enough for a test",
    }
    with (
        Server(tmp_path / "one", **store) as here,
        Server(tmp_path / "two", **store) as there,
    ):
        image_id = generate(here)
        with Listener(there) as far, Listener(here) as near:
            settle()
            changed = mark(here, image_id, True)
            near.until_changed()
            assert time.monotonic() - changed < TOLD
            far.until_changed()
            assert time.monotonic() - changed < FOUND


def test_strangers_and_keys_hear_nothing(hosts):
    here, _ = hosts
    for headers in (
        {},
        {"Cookie": "sessionid=of-nobody"},
        {"Authorization": f"Bearer {here.api_key}"},
    ):
        connection = http.client.HTTPConnection("127.0.0.1", here.port, timeout=20)
        connection.request("GET", EVENTS, headers=headers)
        answer = connection.getresponse()
        assert (answer.status, answer.headers["location"]) == (
            302,
            f"/admin/login/?next={EVENTS}",
        )
        connection.close()


def test_streams_hold_no_thread_and_do_not_delay_a_stop(tmp_path):
    with Server(tmp_path) as server:
        session = session_of(server)
        listeners = [Listener(server, session).__enter__() for _ in range(40)]
        with urllib.request.urlopen(f"{server.url}/readyz", timeout=5) as answer:
            assert answer.status == 200
        headers = {"Authorization": f"Bearer {server.api_key}"}
        metrics = urllib.request.Request(f"{server.url}/metrics", headers=headers)
        with urllib.request.urlopen(metrics, timeout=5) as answer:
            assert answer.status == 200
        began = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - began < FOUND
        assert [listener.block() for listener in listeners] == [b""] * 40
        for listener in listeners:
            listener.close()


def test_a_reload_of_workers_ends_their_streams(tmp_path):
    with Server(tmp_path, SERVER_WORKERS="2") as server, Listener(server) as listener:
        began = time.monotonic()
        server.process.send_signal(signal.SIGHUP)
        while listener.block():
            pass
        assert time.monotonic() - began < 120  # a process waits longer for its answers
        wait_until(lambda: hears_a_change(server))  # from a successor


def test_a_silent_stream_is_kept_alive(hosts):
    with Listener(hosts[0]) as listener:
        began = time.monotonic()
        assert listener.block() == b": still here\n\n"
        assert 14 < time.monotonic() - began < 60  # when proxies cut what is silent


def test_addresses_below_the_stream_are_pages_as_all_others(tmp_path):
    """A stranger is asked who he is, as everywhere below /admin/, and told of nothing broken."""
    with Server(tmp_path) as server:
        for path, expected in (("x", 302), ("x/y", 302), ("%00", 302), (".", 302)):
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=40)
            connection.request("GET", EVENTS + path)
            status = connection.getresponse().status
            connection.close()
            assert (path, status) == (path, expected)
