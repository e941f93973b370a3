"""`python -m bench`: fill libraries, serve them, ask over HTTP, print the table.

    python -m bench --sizes 100000 --stores sqlite
    python -m bench --sizes 10000 100000 1000000 --stores sqlite pgsql mysql

Databases are made by name (`{size}` stands for the number of pictures) and kept, so that a second
run starts at once. Everything is on this machine: server, client, database.
"""

import argparse
import http.client
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .client import KEY, Client, Times, rate, timed
from .questions import Questions

FOLDER = Path(os.environ.get("BENCH_DIR", Path(tempfile.gettempdir()) / "grok2api-bench"))
URLS = {
    "pgsql": os.environ.get(
        "BENCH_PGSQL_URL", "postgresql://grok2api:grok2api@127.0.0.1:5432/grok2api_bench_{size}"
    ),
    "mysql": os.environ.get(
        "BENCH_MYSQL_URL", "mysql://grok2api:grok2api@127.0.0.1:3306/grok2api_bench_{size}"
    ),
}
PORT = int(os.environ.get("BENCH_PORT", "8199"))

BOUNDS = {
    "list": {"sqlite": "20", "pgsql": "20", "mysql": "30"},
    "mix": {"sqlite": "10 / 50 / 200", "pgsql": "10 / 50 / 200", "mysql": "15 / 50 / 500"},
    "page 10,000": {"sqlite": "50", "pgsql": "60", "mysql": "100"},
    "statistics, tags": dict.fromkeys(("sqlite", "pgsql", "mysql"), "10"),
    "tags changed": dict.fromkeys(("sqlite", "pgsql", "mysql"), "20"),
    "requests/s": {"sqlite": "150", "pgsql": "150", "mysql": "120"},
}


def environment(store: str, size: int) -> dict[str, str]:
    folder = FOLDER / f"{store}-{size}"
    folder.mkdir(parents=True, exist_ok=True)
    storage = {"sqlite": "local"}.get(store, store)
    return os.environ | {
        "DJANGO_SETTINGS_MODULE": "grok2api.settings",
        "SERVER_STORAGE_TYPE": storage,
        "SERVER_STORAGE_URL": URLS.get(store, "").format(size=size),
        "SERVER_HOST": "127.0.0.1",
        "SERVER_PORT": str(PORT),
        "DATA_DIR": str(folder),
        "LOG_DIR": str(folder),
        "MEDIA_ROOT": str(folder / "media"),
        "API_KEY": KEY,
        "LOG_LEVEL": "WARNING",
        "TZ": "UTC",
    }


@contextmanager
def serving(env: dict[str, str]) -> Iterator[None]:
    with subprocess.Popen(
        [sys.executable, "manage.py", "serve"], env=env, stdout=subprocess.DEVNULL
    ) as server:
        try:
            for _ in range(300):
                if server.poll() is not None:
                    raise RuntimeError("The server did not start.")
                if _answers():
                    break
                time.sleep(0.1)
            yield
        finally:
            server.terminate()


def _answers() -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=2)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def measure(size: int) -> dict[str, Any]:
    client = Client(PORT)
    questions = Questions()
    lists, mix = questions.lists(), questions.mix()
    pages = min(10_000, size // 50)
    # Warm as a process is that has served for a while: with other questions of the same kinds.
    for query in lists[:8] + Questions("warm").mix():
        if query not in mix:
            client.get(f"images/?{query}")
    answers: list[dict[str, Any]] = []
    times = {
        "list": timed([lambda q=query: client.get(f"images/?{q}") for query in lists * 3]),
        "mix": timed([lambda q=query: answers.append(client.get(f"images/?{q}")) for query in mix]),
        "page 10,000": timed(
            [
                lambda q=f"page={page}&sort_order={order}": client.get(f"images/?{q}")
                for page in range(max(1, pages - 20), pages)
                for order in ("desc", "asc")
            ]
        ),
        "statistics, tags": timed(
            [lambda p=path: client.get(p) for path in ("stats/", "tags/") for _ in range(40)]
        ),
        "tags changed": timed(
            [
                lambda i=number: client.post(
                    f"images/{1 + i * (size // 100)}/tags/", {"tags": [f"bench {i % 7}", "bench"]}
                )
                for number in range(100)
            ]
        ),
    }
    return {
        "times": times,
        "exact": sum(answer["count_exact"] for answer in answers) / len(answers),
        "requests/s": rate(PORT, "images/", clients=8, seconds=8),
        "slowest": max(zip(times["mix"].values, mix, strict=True)),
    }


def report(store: str, size: int, prepared: dict[str, Any], measured: dict[str, Any]) -> None:
    print(f"\n## {store}, {size:,} pictures\n")
    print("| | p50 | p95 | max | bound |\n|---|---|---|---|---|")
    for name, times in measured["times"].items():
        bound = BOUNDS[name][store]
        print(f"| {name} | {times.p50:.1f} | {times.p95:.1f} | {times.max:.1f} | {bound} |")
    rate_bound = BOUNDS["requests/s"][store]
    print(f"| requests/s, 8 clients | {measured['requests/s']:.0f} | | | {rate_bound} |")
    print(f"\nExact counts in the mix: {measured['exact']:.0%}. Slowest: {measured['slowest'][1]}")
    print(
        f"Database {prepared['database'] / 1e6:,.0f} MB, of it the search index's sets "
        f"{prepared['index'] / 1e6:,.0f} MB. Plans: {prepared['plans']}",
        flush=True,
    )


def growth(results: dict[tuple[str, int], dict[str, Any]], sizes: list[int]) -> None:
    smallest, largest = min(sizes), max(sizes)
    if smallest == largest:
        return
    print(f"\n## Growth of p95 from {smallest:,} to {largest:,} pictures (bound: 2.5)\n")
    for store in sorted({store for store, _ in results}):
        small, large = (results[store, size]["times"] for size in (smallest, largest))
        ratios: dict[str, float] = {name: _p95(large, name) / _p95(small, name) for name in small}
        print(f"- {store}: " + ", ".join(f"{name} {ratio:.1f}" for name, ratio in ratios.items()))


def _p95(times: dict[str, Times], name: str) -> float:
    return times[name].p95


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench")
    parser.add_argument("--sizes", type=int, nargs="+", default=[100_000])
    parser.add_argument(
        "--stores", nargs="+", choices=["sqlite", "pgsql", "mysql"], default=["sqlite"]
    )
    chosen = parser.parse_args()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    print(
        f"{datetime.now(UTC):%Y-%m-%d}: {os.cpu_count()} cores, {memory:.0f} GB, "
        f"Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}; milliseconds"
    )
    results = {}
    for store in chosen.stores:
        for size in chosen.sizes:
            env = environment(store, size)
            out = subprocess.run(
                [sys.executable, "-m", "bench.prepare", str(size)],
                env=env, check=True, stdout=subprocess.PIPE, text=True,
            ).stdout  # fmt: skip
            with serving(env):
                results[store, size] = measure(size)
            report(store, size, json.loads(out.splitlines()[-1]), results[store, size])
    growth(results, chosen.sizes)


if __name__ == "__main__":
    main()
