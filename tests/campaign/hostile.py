"""Attacks a server and measures how its other clients fare.

Attackers work in processes of their own, alternating with pauses, so that waiting times under
attack are compared with those in the same minutes without.
"""

import http.client
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from statistics import quantiles
from typing import Any

from imagine.tests.upstream import Handler, Upstream, pictures
from tests.campaign.attacks.attackers import MANY
from tests.campaign.audit import WORD, Findings, audit
from tests.campaign.clients import LIBRARY, Client, picture
from tests.server import ROOT, Server
from tests.test_live_events import session_of

ATTACKERS = 2  # processes, of eight threads each
PICTURES = 60
THOUSANDS = 2000  # of pictures, where one was asked for
QUIET = 0.25
"""The part of each turn in which nobody attacks."""

MOST_SECONDS = 1.0
MOST_GROWTH = 600  # MB
STOP_SECONDS = 35.0
"""IMAGINE_TIMEOUT of the trial, the ten seconds that a stop adds, and a little."""


@dataclass(slots=True)
class HostileReport:
    """The findings of a server under attack."""

    attacks: int = 0
    statuses: dict[int, int] = field(default_factory=dict)
    failed: dict[str, int] = field(default_factory=dict)  # attacks that were answered with 500
    quiet: dict[str, float] = field(default_factory=dict)  # p99 in seconds, by address
    attacked: dict[str, float] = field(default_factory=dict)
    wrong: dict[str, int] = field(default_factory=dict)  # other clients' answers but 200
    growth: int = 0  # MB at most over the idle server
    stop_seconds: float = 0
    exit_status: int = 0
    findings: Findings | None = None

    @property
    def is_flawed(self) -> bool:
        return self.is_harmed or any(
            seconds > max(MOST_SECONDS, 10 * self.quiet[path])
            for path, seconds in self.attacked.items()
        )

    @property
    def is_harmed(self) -> bool:
        """Whether anything broke; waiting times are judged on an idle machine only."""
        return bool(
            self.failed or self.wrong or self.growth > MOST_GROWTH
            or self.stop_seconds > STOP_SECONDS or self.exit_status
            or self.findings is None or not self.findings.flawless
        )  # fmt: skip


def hostile(server: Server, *, seconds: float, turn: float = 40.0, seed: int = 1) -> HostileReport:
    """Attack the server for so long, with pauses; then stop it in the middle of an attack."""
    with Upstream([upstream_reply()]) as upstream:
        server.environment |= {"IMAGINE_TIMEOUT": "20", "IMAGINE_UPSTREAM_URL": upstream.url}
        return _hostile(server.start(), seconds=seconds, turn=turn, seed=seed)


def _hostile(server: Server, *, seconds: float, turn: float, seed: int) -> HostileReport:
    report = HostileReport()
    client = Client(server.url, server.api_key)
    for number in range(PICTURES):
        client.upload(picture(Random(number)), prompt=f"{WORD} {number}")
    client.close()
    key = other_key(server)
    times: dict[str, dict[str, list[float]]] = {kind: {} for kind in ("quiet", "attacked")}
    visit(server, key, times["quiet"], report, 2)  # what the first requests load
    times["quiet"].clear()
    idle = memory(server)
    end, number = time.monotonic() + seconds, seed
    while time.monotonic() < end:
        visit(server, key, times["quiet"], report, turn * QUIET)
        attackers = attack(server, number, turn * (1 - QUIET))
        visit(server, key, times["attacked"], report, turn * (1 - QUIET), idle)
        settle(attackers, report)
        number += ATTACKERS
    attackers = attack(server, number, 5)
    time.sleep(2)
    began = time.monotonic()
    assert server.process is not None
    server.process.send_signal(signal.SIGTERM)
    status = server.process.wait(300)
    report.exit_status = 0 if status in (0, -signal.SIGTERM) else status
    report.stop_seconds = round(time.monotonic() - began, 1)
    settle(attackers, HostileReport())
    report.quiet, report.attacked = p99(times["quiet"]), p99(times["attacked"])
    report.findings = audit(server.environment)
    return report


def upstream_reply() -> Callable[[Handler], None]:
    """Reply with a picture, or as many as requested."""
    data = picture(Random(0), 128)
    one, thousands = pictures(data), pictures(*[data] * THOUSANDS)
    return lambda handler: (thousands if MANY.encode() in handler.content else one)(handler)


def other_key(server: Server) -> str:
    """Return the key of those who do not attack."""
    done = subprocess.run(
        [sys.executable, "manage.py", "create_api_key", "others", "--json"],
        cwd=ROOT, env=server.environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return str(json.loads(done.stdout)["key"])


def attack(server: Server, number: int, seconds: float) -> "list[subprocess.Popen[str]]":
    session = session_of(server)
    return [
        subprocess.Popen(
            [sys.executable, "-m", "tests.campaign.attacks.attackers", str(server.port),
             server.api_key, session, str(number + each), str(seconds)],
            cwd=ROOT, stdout=subprocess.PIPE, text=True,
        )
        for each in range(ATTACKERS)
    ]  # fmt: skip


def settle(attackers: "list[subprocess.Popen[str]]", report: HostileReport) -> None:
    for attacker in attackers:
        output, _ = attacker.communicate(timeout=300)
        for name, statuses in json.loads(output).items():
            for status, count in statuses.items():
                report.attacks += count
                add(report.statuses, int(status), count)
                if status == "500":
                    add(report.failed, name, count)


def add(counts: dict[Any, int], key: str | int, count: int = 1) -> None:
    counts[key] = counts.get(key, 0) + count


def visit(
    server: Server,
    key: str,
    times: dict[str, list[float]],
    report: HostileReport,
    seconds: float,
    idle: int | None = None,
) -> None:
    """Send requests like other clients, and check the memory if `idle` says what it was."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for path in ("/healthz", f"{LIBRARY}images/"):
            began = time.monotonic()
            status = ask(server, key, path)
            times.setdefault(path, []).append(time.monotonic() - began)
            if status != 200:
                add(report.wrong, f"{path} {status}")
        if idle is not None:
            report.growth = max(report.growth, (memory(server) - idle) // 1024)
        time.sleep(0.05)


def ask(server: Server, key: str, path: str) -> int:
    """Return the status, on a new connection; 0 if none came in half a minute."""
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)) as connection:
        try:
            headers = {"Authorization": f"Bearer {key}"}
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            return 0
        return answer.status


def memory(server: Server) -> int:
    """Return the KB that the process has now."""
    status = Path(f"/proc/{server.worker}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


def p99(times: dict[str, list[float]]) -> dict[str, float]:
    return {path: round(quantiles(values, n=100)[98], 3) for path, values in times.items()}
