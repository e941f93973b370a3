"""Runs the long form of the campaign, `make campaign`; it prints its findings and fails on a flaw.

`python -m tests.campaign killed Redis` runs the trials whose names contain one of the words.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, is_dataclass
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

from tests.campaign.crowd import CrowdReport, crowd
from tests.campaign.damage import DamageReport, damage
from tests.campaign.delivery import DeliveryReport, deliver
from tests.campaign.hostile import HostileReport, hostile
from tests.campaign.restarts import RestartReport, restarts
from tests.campaign.shortage import (
    ShortageReport,
    can_mount,
    filling,
    full,
    read_only,
    shortage,
    small_disk,
    stopped,
)
from tests.campaign.storm import StormReport, storm
from tests.server import Server
from tests.stores import OwnMariaDB, OwnPostgres, OwnRedis

KILLS = 100  # on each of two databases
STORM_SECONDS = 290.0
CROWD_SECONDS = 60.0
DAMAGED_FILES = 3000
PAID_PICTURES = 1000
HOSTILE_SECONDS = 600.0
RESTARTED_REQUESTS = 5000  # each: one process and two, direct and behind nginx
RELOADS = 5


@dataclass(frozen=True, slots=True)
class Trial:
    """One part of the campaign."""

    name: str
    run: Callable[[], Any]


def main(words: list[str]) -> int:
    began = time.monotonic()
    flaws = 0
    with tempfile.TemporaryDirectory(prefix="campaign-") as place:
        folder = Path(place)
        postgres, mariadb = OwnPostgres().create(), OwnMariaDB(folder / "mariadb").create()
        try:
            with OwnRedis(folder / "redis") as redis:
                for trials in rounds(folder, postgres, mariadb, redis):
                    trials = [
                        trial
                        for trial in trials
                        if not words or any(word in trial.name for word in words)
                    ]
                    # Two at a time: a killed server spends most of its time starting.
                    with ThreadPoolExecutor(2) as pool:
                        results = [(trial, pool.submit(trial.run)) for trial in trials]
                    for trial, result in results:
                        report = result.result()
                        wrong = is_flawed(report)
                        flaws += wrong
                        print(f"{'FLAWED' if wrong else 'ok'}  {trial.name}")  # noqa: T201
                        print(f"    {as_json(report)}", flush=True)  # noqa: T201
        finally:
            postgres.remove()
            mariadb.stop()
    print(f"{flaws} flaws in {time.monotonic() - began:.0f} s")  # noqa: T201
    return 1 if flaws else 0


def rounds(
    folder: Path, postgres: OwnPostgres, mariadb: OwnMariaDB, redis: OwnRedis
) -> Iterator[list[Trial]]:
    """Group trials that may run in parallel, round by round."""

    def server(name: str, **store: str) -> Server:
        return Server(folder / name, **store)

    def on_postgres(name: str) -> dict[str, str]:
        postgres.sql(f'CREATE DATABASE "{name}"')
        return {
            "SERVER_STORAGE_TYPE": "pgsql",
            "SERVER_STORAGE_URL": postgres.url.rpartition("/")[0] + f"/{name}",
        }

    on_mariadb = {"SERVER_STORAGE_TYPE": "mysql", "SERVER_STORAGE_URL": mariadb.url}
    storms = partial(storm, kills=KILLS, seconds=STORM_SECONDS)
    yield [
        Trial("killed, SQLite", partial(storms, server("storm"))),
        Trial("killed, PostgreSQL", partial(storms, server("storm-pg", **on_postgres("storm")))),
    ]
    crowds = partial(crowd, seconds=CROWD_SECONDS)
    yield [
        Trial("twenty clients, PostgreSQL", partial(crowds, server("pg", **on_postgres("crowd")))),
        Trial("twenty clients, MariaDB", partial(crowds, server("maria", **on_mariadb))),
    ]
    yield [
        Trial("twenty clients, SQLite", partial(crowds, server("sqlite"))),
        Trial("damaged pictures", partial(damage, server("damage"), files=DAMAGED_FILES)),
    ]
    yield [
        Trial(
            "what was charged is delivered",
            partial(deliver, partial(Server, folder / "paid"), pictures=PAID_PICTURES, kills=10),
        )
    ]
    yield [Trial("hostile", partial(hostile, server("hostile"), seconds=HOSTILE_SECONDS))]
    for workers, is_behind_nginx in product((1, 2), (False, True)):
        place = f"{workers} workers, {'nginx' if is_behind_nginx else 'direct'}"
        again = partial(restarts, requests=RESTARTED_REQUESTS, reloads=RELOADS)
        started = server(place, SERVER_WORKERS=str(workers))
        yield [
            Trial(f"restarts, {place}", partial(again, started, is_behind_nginx=is_behind_nginx))
        ]
    outage = on_postgres("outage")
    yield [
        Trial(
            "database stopped and started",
            partial(shortage, server("outage", **outage), partial(stopped, postgres)),
        )
    ]
    yield [
        Trial(
            "Redis stopped and started",
            partial(shortage, server("redis-out", REDIS_URL=redis.url), partial(stopped, redis)),
        )
    ]
    if not can_mount():
        print("skipped  full and read-only disks: they need root")  # noqa: T201
        return
    for name, part, missing in (
        ("no room for pictures", "media", full),
        ("no room for the database", "data", full),
        ("pictures read-only", "media", read_only),
    ):
        with small_disk(folder / name / part) as disk:
            yield [Trial(name, partial(shortage, server(name), partial(missing, disk)))]
    with small_disk(folder / "filling" / "media"):
        yield [Trial("a disk that fills up", partial(filling, server("filling")))]


def is_flawed(report: Any) -> bool:
    """Return whether anything happened that must not."""
    if report.findings is None or not report.findings.flawless:
        return True
    match report:
        case StormReport():
            return bool(report.broken)
        case DeliveryReport():
            return bool(report.lost or report.wrong)
        case CrowdReport():
            return bool(report.errors or report.lost)
        case DamageReport():
            return bool(
                report.errors
                or report.unequal
                or report.unreadable
                or report.cut
                or report.slowest > 5
                or report.growth > 64
            )
        case HostileReport() | RestartReport():
            return report.is_flawed
        case ShortageReport():
            return bool(report.unclear) or not set(report.afterwards) <= {200, 201}
    return True


def as_json(report: Any) -> str:
    assert is_dataclass(report) and not isinstance(report, type)
    return json.dumps(asdict(report), ensure_ascii=False)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
