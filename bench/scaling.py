"""Measures what one, two and three processes can do on this machine: `python -m bench.scaling
[ROUNDS]`.

With the PostgreSQL of `make services`, its own Redis and a library of 10,000 rows, eight concurrent
clients request the list, generations and picture bytes, the latter from the disk and from an S3
server (moto's, which is slow and a single process). The numbers of processes take turns, so that
other work on the machine affects all of them; ratios are to one process on the disk in the same
round.
"""

import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg.sql import SQL, Identifier

from bench.overhead import started_upstream
from tests.server import Server
from tests.stores import OwnRedis, OwnS3

ROWS = 10_000
CLIENTS = 8
SECONDS = 3.0
ROUNDS = 5
PGSQL = os.environ.get(
    "BENCH_PGSQL_URL", "postgresql://grok2api:grok2api@127.0.0.1:5432/grok2api_bench_{size}"
).format(size="scaling")

PLACES = (("disk", 1), ("disk", 2), ("disk", 3), ("S3", 1), ("S3", 2))
"""Where pictures lie, and how many processes serve."""

Found = dict[str, float]


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before", flush=True)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        upstream = stack.enter_context(started_upstream(0))
        shared = {
            "SERVER_STORAGE_TYPE": "pgsql",
            "SERVER_STORAGE_URL": PGSQL,
            "REDIS_URL": stack.enter_context(OwnRedis(folder / "redis")).url,
            "IMAGINE_UPSTREAM_URL": f"http://127.0.0.1:{upstream}/v1",
            "IMAGINE_PROVIDER": "openai",
            "SECRET_KEY": "the-same-in-every-process-of-this-benchmark",
            "LOG_LEVEL": "WARNING",
        }
        s3 = stack.enter_context(OwnS3(folder / "s3")).url
        prepare(folder, shared)
        found: dict[tuple[str, int], list[Found]] = {place: [] for place in PLACES}
        for number in range(rounds):
            for kind, workers in PLACES:
                store = {"MEDIA_STORAGE_URL": s3} if kind == "S3" else {}
                server = Server(folder, **shared, **store, SERVER_WORKERS=str(workers))
                with serving(server):
                    found[kind, workers].append(measure(server))
                print(f"  {number + 1}: {kind} {workers}: {found[kind, workers][-1]}", flush=True)
    report(found)
    print(f"load {os.getloadavg()[0]:.1f} after")


def prepare(folder: Path, shared: dict[str, str]) -> None:
    """Create a new library: an earlier run has left its generations in the old one."""
    server, _, name = PGSQL.rpartition("/")
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(SQL("DROP DATABASE IF EXISTS {}").format(Identifier(name)))
    environment = {
        **Server(folder, **shared).environment,
        "DJANGO_SETTINGS_MODULE": "grok2api.settings",
    }
    command = [sys.executable, "-m", "bench.prepare", str(ROWS)]
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)


@contextmanager
def serving(server: Server) -> Iterator[None]:
    with server:
        time.sleep(3)  # every worker has started
        yield
        server.stop()


def measure(server: Server) -> Found:
    """Return the answers per second for each kind of request."""
    generate = ("POST", "/v1/images/generations", {"prompt": "a fox", "response_format": "url"})
    links = [json.loads(ask(server)(*generate))["data"][0]["url"] for _ in range(CLIENTS)]
    paths = [urlsplit(link).path for link in links]
    return {
        "list": rate(server, lambda _: ("GET", "/api/v1/admin/gallery/images/", None)),
        "generations": rate(server, lambda _: generate),
        "picture bytes": rate(server, lambda number: ("GET", paths[number], None)),
    }


def rate(server: Server, question: Callable[[int], tuple[str, str, object]]) -> float:
    """Return the answers per second of all clients together, after a second of warming up."""
    done = [0] * CLIENTS
    begin = time.perf_counter() + 1
    end = begin + SECONDS

    def work(number: int) -> None:
        send = ask(server)
        while time.perf_counter() < end:
            send(*question(number))
            done[number] += begin <= time.perf_counter() < end

    threads = [threading.Thread(target=work, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return round(sum(done) / SECONDS, 1)


def ask(server: Server) -> Callable[[str, str, object], bytes]:
    """Run a client with its own connection; a refusal ends the benchmark."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
    headers = {"Authorization": f"Bearer {server.api_key}", "Content-Type": "application/json"}

    def send(method: str, path: str, data: object) -> bytes:
        connection.request(method, path, json.dumps(data) if data else None, headers)
        response = connection.getresponse()
        body = response.read()
        if response.status != 200:
            raise RuntimeError(f"{method} {path}: {response.status} {body[:300]!r}")
        return body

    return send


def report(found: dict[tuple[str, int], list[Found]]) -> None:
    """Print medians of the rounds, with median, minimum and maximum ratio to the round's first."""
    names = list(found[PLACES[0]][0])
    print("| pictures on | processes | " + " | ".join(f"{name}/s" for name in names) + " |")
    print("|---|---|" + "---|" * len(names))
    for (kind, workers), values in found.items():
        cells = []
        for name in names:
            rates = [each[name] for each in values]
            ratios = [
                rate / first[name] for rate, first in zip(rates, found[PLACES[0]], strict=True)
            ]
            middle = statistics.median(ratios)
            spread = f"{middle:.2f}, {min(ratios):.2f}-{max(ratios):.2f}"
            cells.append(f"{statistics.median(rates):.0f} ({spread})")
        print(f"| {kind} | {workers} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
