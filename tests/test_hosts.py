"""Three hosts over one PostgreSQL, Redis and S3: one dies under load, and nothing is lost."""

import json
import random
import signal
import threading
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from imagine.tests.upstream import Upstream, after, pictures
from tests.server import Server
from tests.stores import OwnPostgres, OwnRedis, OwnS3, wait_until
from tests.test_outage import ask, sign_in

pytestmark = pytest.mark.once

PAINTING = 0.3  # seconds that the upstream takes for a picture


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    postgres = OwnPostgres().create()
    folder = tmp_path_factory.mktemp("stores")
    with OwnRedis(folder / "redis") as redis, OwnS3(folder / "s3") as s3:
        yield postgres, redis, s3
    postgres.remove()


@pytest.fixture(scope="module")
def upstream():
    with Upstream([after(PAINTING, pictures())]) as running:
        yield running


@pytest.fixture(scope="module")
def hosts(tmp_path_factory, stores, upstream):
    """Three programs, started at once on an empty database."""
    postgres, redis, s3 = stores
    shared = {
        "SERVER_STORAGE_TYPE": "pgsql",
        "SERVER_STORAGE_URL": postgres.url,
        "REDIS_URL": redis.url,
        "MEDIA_STORAGE_URL": s3.url,
        "SECRET_KEY": "the-same-on-every-host-of-this-test-library",
        "IMAGINE_PROVIDER": "openai",
        "IMAGINE_UPSTREAM_URL": upstream.url,
    }
    servers = [Server(tmp_path_factory.mktemp(f"host{n}"), **shared) for n in range(3)]
    try:
        with ThreadPoolExecutor(3) as pool:
            list(pool.map(Server.start, servers))
        yield servers
    finally:
        for server in servers:
            server.kill()


def generate(servers, prompt):
    """A picture's link, by any host, as a load balancer tries: another where one is dead."""
    body = json.dumps({"prompt": prompt, "response_format": "url"}).encode()
    headers = {
        "Content-Type": "application/json",
        "Authorization": f"Bearer {Server.api_key}",
    }
    for server in random.sample(servers, len(servers)):
        try:
            request = urllib.request.Request(f"{server.url}/v1/images/generations", body, headers)
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)["data"][0]["url"].partition("/v1/")[2]
        except urllib.error.HTTPError:
            raise
        except OSError:  # refused, or cut off: this host is gone
            continue
    raise AssertionError("no host answers")


def test_three_hosts_that_start_at_once_prepare_the_database_once(hosts, stores):
    postgres = stores[0]
    assert postgres.sql("SELECT count(*) FROM auth_user") == "1"
    assert postgres.sql("SELECT count(*) FROM imagine_apikey") == "1"


def test_a_login_and_a_link_are_good_on_every_host(hosts):
    browser = sign_in(hosts[0])
    link = generate(hosts[:1], "a fox on the first host")
    for server in hosts:
        assert ask(browser, server, "/admin/gallery/")[0] == 200
        with urllib.request.urlopen(f"{server.url}/v1/{link}") as picture:
            assert picture.read(3) == b"\xff\xd8\xff"


def test_a_host_that_is_killed_under_load_loses_nothing(hosts, stores, upstream):
    postgres, _, s3 = stores
    before = int(postgres.sql("SELECT count(*) FROM gallery_image"))
    with ThreadPoolExecutor(6) as clients:
        asked = [clients.submit(generate, hosts, f"load {n}") for n in range(30)]
        wait_until(lambda: sum(job.done() for job in asked) >= 6)
        hosts[1].kill()
        links = [job.result() for job in asked]
    assert len(set(links)) == 30
    for link in links:
        with urllib.request.urlopen(f"{hosts[2].url}/v1/{link}") as picture:
            assert len(picture.read()) > 100
    stored = int(postgres.sql("SELECT count(*) FROM gallery_image")) - before
    assert stored >= 30  # what the killed host had stored, and could not answer, is there too
    rows = set(postgres.sql("SELECT file FROM gallery_image").split())
    assert rows <= {key.removeprefix("library/") for key in s3.stored()}
    status, text = ask(
        urllib.request.build_opener(), hosts[0], "/api/v1/admin/gallery/stats/",
        key=Server.api_key,
    )  # fmt: skip
    assert (status, json.loads(text)["total_count"]) == (200, before + stored)

    hosts[1].start()
    pending = "SELECT count(*) FROM imagine_generation WHERE status = 'pending'"
    assert postgres.sql(pending) == "0"
    assert generate(hosts[1:2], "after its return").startswith("files/image/")


@pytest.fixture
def server(tmp_path, upstream):
    facts = {"IMAGINE_PROVIDER": "openai", "IMAGINE_UPSTREAM_URL": upstream.url}
    with Server(tmp_path, SERVER_WORKERS="2", **facts) as running:
        yield running


def test_processes_are_replaced_without_a_failed_request(server):
    """SIGHUP: each new process serves before its predecessor, which ends what it has begun."""
    failures, answered, enough = [], [], threading.Event()

    def visit() -> None:
        while not enough.is_set():
            try:
                generate([server], "during the change")
                with urllib.request.urlopen(f"{server.url}/readyz", timeout=30) as answer:
                    answered.append(answer.status)
            except (OSError, AssertionError) as error:
                failures.append(error)

    first = set(server.workers)
    visitors = [threading.Thread(target=visit) for _ in range(3)]
    for visitor in visitors:
        visitor.start()
    server.process.send_signal(signal.SIGHUP)
    wait_until(lambda: not first & set(server.workers), timeout=180)
    enough.set()
    for visitor in visitors:
        visitor.join()
    assert failures == []
    assert len(answered) > 5


def test_processes_end_with_the_program_that_started_them(server):
    orphans = server.workers
    assert len(orphans) == 2
    server.process.kill()
    server.process.wait()
    wait_until(lambda: not any(command_of(str(pid)) for pid in orphans))
    server.start()  # the port is free again
    assert len(server.workers) == 2


def command_of(pid: str) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except FileNotFoundError:
        return ""


def test_a_stopped_program_ends_what_it_has_begun(tmp_path, upstream):
    facts = {"IMAGINE_PROVIDER": "openai", "IMAGINE_UPSTREAM_URL": upstream.url}
    with Server(tmp_path, **facts) as server, ThreadPoolExecutor(4) as clients:
        count = len(upstream.received)
        asked = [clients.submit(generate, [server], f"last {n}") for n in range(4)]
        wait_until(lambda: len(upstream.received) == count + 4)
        server.process.send_signal(signal.SIGTERM)
        assert len({job.result() for job in asked}) == 4
        assert server.process.wait(30) in (0, -signal.SIGTERM)
