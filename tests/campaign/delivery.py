"""Checks that what was charged is delivered, or can be collected, whatever fails.

A proxy cuts connections, links are not there at first, and the server is killed again and again.
The upstream charges for a picture once it has sent it completely to somebody who was still there.
Each client uses one of the gateway's ways, through the proxy, and comes back for what it did not
get.
"""

import base64
import json
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any
from urllib.request import Request, urlopen

from imagine.tests.upstream import Handler, Upstream, send
from tests.campaign.audit import WORD, Findings, audit
from tests.campaign.clients import Client, picture
from tests.server import ROOT, Server

CLIENTS = 8
PREFERRED = {"task": "respond-async", "keepalive": "keepalive"}
PATIENCE = 90.0
"""Seconds after which a client gives its picture up."""


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """The findings of the trial. `ratio` is (delivered + collectable) ÷ charged.

    It is 1 if nothing is killed. Nobody has what an upstream has sent to a process that was killed
    before reading it: the client is told so.
    """

    asked: int
    charged: int
    delivered: int  # prompts whose picture a client has seen
    collected: int  # of them, those that came only when it was asked again
    kept: int  # charged pictures that are in the library
    told: int  # prompts whose client was told that money may have been spent: 424
    kills: int
    cuts: int
    ratio: float
    lost: list[str]  # prompts with fewer pictures than were charged, of which nobody was told
    wrong: list[str]  # answers that nobody should get
    findings: Findings


@dataclass(slots=True)
class Ledger:
    """The upstream's charges, by prompt."""

    rng: Random
    charged: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def reply(self, handler: Handler) -> None:
        upstream: Upstream = handler.server.upstream  # type: ignore[attr-defined]
        prompt = str(json.loads(handler.content)["prompt"])
        with self.lock:
            seconds, by_link = self.rng.uniform(0.05, 0.6), self.rng.random() < 0.3
            data = picture(self.rng)
        time.sleep(seconds)
        if by_link:
            path = f"/{uuid.uuid4().hex}.jpg"
            upstream.files[path] = once(send(404, b"not yet"), send(200, data))
            item: dict[str, Any] = {"url": f"{upstream.url.removesuffix('/v1')}{path}"}
        else:
            item = {"b64_json": _base64(data)}
        if is_gone(handler.connection):
            handler.close_connection = True
            return
        send(200, {"created": 1, "data": [item]})(handler)
        with self.lock:
            self.charged[prompt] += 1


def once(first: Callable[[Handler], None], then: Callable[[Handler], None]) -> Any:
    """Return one reply the first time, and the other one ever after."""
    replies = [first]

    def reply(handler: Handler) -> None:
        (replies.pop() if replies else then)(handler)

    return reply


def is_gone(connection: socket.socket) -> bool:
    """Return whether the other side has closed."""
    connection.setblocking(False)
    try:
        return connection.recv(1, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True
    finally:
        connection.setblocking(True)


@contextmanager
def cutting_proxy(port: int, rng: Random, cuts: list[float]) -> Iterator[int]:
    """Run a proxy to `port` that cuts some of its connections after a moment."""
    listener = socket.create_server(("127.0.0.1", 0))
    stopping = threading.Event()

    def pump(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def serve(client: socket.socket) -> None:
        try:
            server = socket.create_connection(("127.0.0.1", port), timeout=60)
        except OSError:
            client.close()
            return
        if rng.random() < 0.4:
            seconds = rng.uniform(0.02, 0.8)
            cuts.append(seconds)
            threading.Timer(seconds, lambda: _cut(client, server)).start()
        back = threading.Thread(target=pump, args=(server, client), daemon=True)
        back.start()
        pump(client, server)
        back.join()
        _cut(client, server)

    def accept() -> None:
        while not stopping.is_set():
            with suppress(OSError):
                threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        stopping.set()
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def _cut(*ends: socket.socket) -> None:
    for end in ends:
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()


@dataclass(slots=True)
class Buyer:
    """A client that wants its picture and comes back for it, in the ways that it has."""

    number: int
    url: str
    rng: Random
    delivered: set[str] = field(default_factory=set)
    collected: int = 0
    told: set[str] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)

    def buy(self, prompt: str) -> None:
        """Request in one of the ways, and again without an answer, until the outcome is clear."""
        way = self.rng.choice(["task", "once", "keepalive", "repeat"])
        headers = {"Idempotency-Key": uuid.uuid4().hex}
        if way in PREFERRED:
            headers["Prefer"] = PREFERRED[way]
        until, attempt, task = time.monotonic() + PATIENCE, 0, ""
        while time.monotonic() < until:
            if way == "repeat":
                headers = {"X-Stainless-Retry-Count": str(attempt)}
            try:
                status, place, body = self._try(prompt, headers, task)
            except (OSError, ValueError):
                attempt += 1
                time.sleep(0.2)
                continue
            task = task or (place if status == 202 else "")
            if self._is_settled(prompt, status, body):
                self.collected += status == 200 and (attempt > 0 or bool(task))
                return
            time.sleep(0.1)
        self.wrong.append(f"{way} {prompt}: no answer in {PATIENCE:.0f} s")

    def _is_settled(self, prompt: str, status: int, body: Any) -> bool:
        """Return whether nothing more is to be expected."""
        if status in (202, 429, 503):
            return False
        code = body.get("error", {}).get("code")
        if status == 200 and "data" in body:
            self.delivered.add(prompt)
        elif status == 424 or (status == 200 and code == "interrupted"):
            self.told.add(prompt)
        else:
            self.wrong.append(f"{prompt}: {status} {body}")
        return True

    def _try(self, prompt: str, headers: dict[str, str], task: str) -> tuple[int, str, Any]:
        if task:
            return self._ask("GET", task, {}, None)
        asked = {"prompt": prompt, "response_format": "url"}
        return self._ask("POST", "/v1/images/generations", headers, asked)

    def _ask(
        self, method: str, path: str, headers: dict[str, str], body: Any
    ) -> tuple[int, str, Any]:
        data = None if body is None else json.dumps(body).encode()
        known = {"Authorization": f"Bearer {Server.api_key}", "Content-Type": "application/json"}
        request = Request(f"{self.url}{path}", data, {**known, **headers}, method=method)
        try:
            with urlopen(request, timeout=30) as answer:
                return answer.status, answer.headers.get("Location", ""), json.load(answer)
        except OSError as error:
            if (status := getattr(error, "code", None)) is None:
                raise
            return status, "", json.loads(error.read())  # type: ignore[attr-defined]


def deliver(
    make: Callable[..., Server], *, pictures: int, kills: int, seed: int = 1
) -> DeliveryReport:
    """Ask for so many pictures while the server is killed so often; then look what is there.

    Args:
        make: makes the server with these variables in its environment.
    """
    rng = Random(seed)
    ledger = Ledger(Random(f"{seed}/upstream"))
    prompts = iter([f"{WORD}{number}x" for number in range(pictures)])
    taking = threading.Lock()
    cuts: list[float] = []
    with Upstream([ledger.reply]) as upstream:
        host = upstream.url.split("/")[2]
        server = make(IMAGINE_UPSTREAM_URL=upstream.url, IMAGINE_TRUSTED_HOSTS=host)
        server.start()
        with cutting_proxy(server.port, Random(f"{seed}/proxy"), cuts) as port:
            buyers = [
                Buyer(number, f"http://127.0.0.1:{port}", Random(f"{seed}/{number}"))
                for number in range(CLIENTS)
            ]

            def work(buyer: Buyer) -> None:
                while True:
                    with taking:
                        prompt = next(prompts, None)
                    if prompt is None:
                        return
                    buyer.buy(prompt)

            threads = [threading.Thread(target=work, args=(buyer,)) for buyer in buyers]
            for thread in threads:
                thread.start()
            killed = 0
            while killed < kills and any(thread.is_alive() for thread in threads):
                time.sleep(rng.uniform(0.5, 2.5))
                server.kill()
                server.start()
                killed += 1
            for thread in threads:
                thread.join()
        # What a kill came before is in quarantine, and taken in after all.
        command = [sys.executable, "manage.py", "collect_generations"]
        subprocess.run(command, cwd=ROOT, env=server.environment, check=False, timeout=120)
        client = Client(server.url, server.api_key)
        found = Counter(image["prompt"] for image in client.found(WORD).values())
        client.close()
        server.stop()
    charged = ledger.charged
    told = set().union(*(buyer.told for buyer in buyers))
    lost = [one for one, count in charged.items() if found[one] + (one in told) < count]
    kept = sum(min(found[prompt], count) for prompt, count in charged.items())
    return DeliveryReport(
        asked=pictures,
        charged=charged.total(),
        delivered=len(set().union(*(buyer.delivered for buyer in buyers))),
        collected=sum(buyer.collected for buyer in buyers),
        kept=kept,
        told=len(told),
        kills=killed,
        cuts=len(cuts),
        ratio=kept / charged.total(),
        lost=lost,
        wrong=[line for buyer in buyers for line in buyer.wrong],
        findings=audit(server.environment),
    )


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
