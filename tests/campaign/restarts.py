"""Replaces processes again and again while clients keep connections and pictures are being made.

At the end the server is told to stop. Only clients that come after that may notice.
"""

import http.client
import itertools
import json
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from random import Random
from urllib.parse import urlsplit

from imagine.tests.upstream import Upstream, after, pictures
from tests.campaign.audit import WORD, Findings, audit
from tests.campaign.clients import LIBRARY
from tests.nginx import nginx_before
from tests.server import Server
from tests.stores import wait_until

CLIENTS = 6
SLOW = 2
"""Of the clients, those that rest for seconds on their open connection."""

RELOADED = "Reloaded: "
PAINTING = 0.5  # seconds that the upstream takes for a picture
LAST = 4  # pictures that are under way when the server is told to stop
STOP_SECONDS = 35.0
"""IMAGINE_TIMEOUT of the trial, the ten seconds that a stop adds, and a little."""

LATE_SECONDS = 5.0
"""How long somebody who comes too late may wait until he knows."""


@dataclass(slots=True)
class RestartReport:
    """The findings of clients about restarts."""

    requests: int = 0
    generations: int = 0  # of the requests
    reloads: int = 0
    statuses: dict[int, int] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)  # no answer, or another one than 200
    unfinished: list[str] = field(default_factory=list)  # under way at the stop, and not answered
    late_seconds: float = 0  # the longest wait of somebody who came after the stop
    stop_seconds: float = 0
    exit_status: int = 0
    findings: Findings | None = None

    @property
    def is_flawed(self) -> bool:
        return (
            self.is_harmed
            or self.stop_seconds > STOP_SECONDS
            or self.late_seconds > LATE_SECONDS
        )  # fmt: skip

    @property
    def is_harmed(self) -> bool:
        """Whether anybody lost anything; durations are judged on an idle machine only."""
        return bool(
            self.failed or self.unfinished or self.exit_status
            or self.findings is None or not self.findings.flawless
        )  # fmt: skip


class Visitor:
    """A client that keeps its connection for as long as the server does."""

    def __init__(self, url: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)

    def get(self, path: str) -> int:
        return self._ask("GET", path, None)

    def generate(self, prompt: str) -> int:
        body = json.dumps({"prompt": prompt, "response_format": "url"}).encode()
        return self._ask("POST", "/v1/images/generations", body)

    def _ask(self, method: str, path: str, body: bytes | None) -> int:
        """Return the status.

        Raises:
            OSError, http.client.HTTPException: the connection broke.
        """
        headers = {
            "Authorization": f"Bearer {Server.api_key}",
            "Content-Type": "application/json",
        }
        try:
            self._connection.request(method, path, body, headers)
            answer = self._connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            self.close()
            raise
        return answer.status

    def close(self) -> None:
        self._connection.close()


def restarts(
    server: Server, *, requests: int, reloads: int, is_behind_nginx: bool = False, seed: int = 1
) -> RestartReport:
    """Send at least so many requests, with reloads in parallel; then stop."""
    report = RestartReport()
    with Upstream([after(PAINTING, pictures())]) as upstream:
        server.environment |= {"IMAGINE_UPSTREAM_URL": upstream.url, "IMAGINE_TIMEOUT": "20"}
        server.start()
        with _front(server, is_behind_nginx) as address:
            visits = _Visits(address, report, requests)
            with visits.going_on(seed):
                while report.reloads < reloads or visits.is_wanted:
                    _reload(server)
                    report.reloads += 1
            _stop(server, upstream, address, report)
    report.findings = audit(server.environment)
    return report


@contextmanager
def _front(server: Server, is_behind_nginx: bool) -> Iterator[str]:
    """Return the address that clients use."""
    if not is_behind_nginx:
        yield server.url
        return
    folder = server.folder / "nginx"
    folder.mkdir()
    with nginx_before(server, folder) as address:
        yield address


def _reload(server: Server) -> None:
    """Replace all processes; the old ones may remain while they finish their work."""
    assert server.process is not None
    before = server.output.count(RELOADED)
    server.process.send_signal(signal.SIGHUP)
    wait_until(lambda: server.output.count(RELOADED) > before, timeout=180)


@dataclass
class _Visits:
    """The requests of all clients together."""

    address: str
    report: RestartReport
    wanted: int
    lock: threading.Lock = field(default_factory=threading.Lock)
    enough: threading.Event = field(default_factory=threading.Event)

    @property
    def is_wanted(self) -> bool:
        return self.report.requests < self.wanted

    @contextmanager
    def going_on(self, seed: int) -> Iterator[None]:
        threads = [
            threading.Thread(target=self._visit, args=(number, Random(f"{seed}/{number}")))
            for number in range(CLIENTS)
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.enough.set()
            for thread in threads:
                thread.join()

    def _visit(self, number: int, rng: Random) -> None:
        with closing(Visitor(self.address)) as visitor:
            self._go_on(visitor, number, rng)

    def _go_on(self, visitor: Visitor, number: int, rng: Random) -> None:
        for turn in itertools.count():
            if self.enough.is_set():
                return
            if number < SLOW:
                self.enough.wait(rng.uniform(0, 4))
            is_generation = rng.random() < 0.1
            try:
                if is_generation:
                    status = visitor.generate(f"{WORD} {number} {turn}")
                else:
                    status = visitor.get(rng.choice(["/healthz", "/v1/models", f"{LIBRARY}tags/"]))
                wrong = "" if status == 200 else f"{status}"
            except (OSError, http.client.HTTPException) as error:
                status, wrong = 0, repr(error)
            with self.lock:
                self.report.requests += 1
                self.report.generations += is_generation
                self.report.statuses[status] = self.report.statuses.get(status, 0) + 1
                if wrong:
                    self.report.failed.append(f"{number}, request {turn}: {wrong}")


def _stop(server: Server, upstream: Upstream, address: str, report: RestartReport) -> None:
    """Stop the server while pictures are being made, and send requests too late."""
    assert server.process is not None
    asked = len(upstream.received)

    def buy(number: int) -> None:
        try:
            with closing(Visitor(address)) as visitor:
                status = visitor.generate(f"{WORD} last {number}")
            wrong = "" if status == 200 else f"{status}"
        except (OSError, http.client.HTTPException) as error:
            wrong = repr(error)
        if wrong:
            report.unfinished.append(wrong)

    buyers = [threading.Thread(target=buy, args=(number,)) for number in range(LAST)]
    for buyer in buyers:
        buyer.start()
    wait_until(lambda: len(upstream.received) == asked + LAST)
    server.process.send_signal(signal.SIGTERM)
    began = time.monotonic()
    while server.process.poll() is None:
        came = time.monotonic()
        with suppress(OSError, http.client.HTTPException), closing(Visitor(address)) as late:
            late.get("/healthz")
        report.late_seconds = max(report.late_seconds, round(time.monotonic() - came, 1))
        time.sleep(0.1)
    report.stop_seconds = round(time.monotonic() - began, 1)
    report.exit_status = server.process.wait()
    for buyer in buyers:
        buyer.join()
