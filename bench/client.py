"""A client with a persistent connection, and its measurements."""

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

KEY = "bench-key"
ROOT = "/api/v1/admin/gallery/"


@dataclass(frozen=True, slots=True)
class Times:
    """Durations of a series of requests, in milliseconds."""

    values: list[float]

    def percentile(self, share: float) -> float:
        ordered = sorted(self.values)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    @property
    def p50(self) -> float:
        return self.percentile(0.5)

    @property
    def p95(self) -> float:
        return self.percentile(0.95)

    @property
    def max(self) -> float:
        return max(self.values)


class Client:
    """One connection to the server.

    Raises:
        RuntimeError: the server did not answer with success.
    """

    def __init__(self, port: int) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self.headers = {"Authorization": f"Bearer {KEY}", "Accept": "application/json"}

    def get(self, path: str) -> Any:
        return self._request("GET", path, None)

    def post(self, path: str, data: Any) -> Any:
        return self._request("POST", path, json.dumps(data))

    def _request(self, method: str, path: str, body: str | None) -> Any:
        headers = self.headers | ({"Content-Type": "application/json"} if body else {})
        self.connection.request(method, ROOT + path, body, headers)
        response = self.connection.getresponse()
        answer = response.read()
        if response.status >= 300:
            raise RuntimeError(f"{method} {path}: {response.status} {answer[:300]!r}")
        return json.loads(answer)


def timed(calls: Iterable[Callable[[], Any]]) -> Times:
    values = []
    for call in calls:
        started = time.perf_counter()
        call()
        values.append((time.perf_counter() - started) * 1000)
    return Times(values)


def rate(port: int, path: str, *, clients: int, seconds: float) -> float:
    """Return how many requests per second `clients` concurrent clients get answered."""
    done = [0] * clients
    until = time.perf_counter() + seconds

    def ask(number: int) -> None:
        client = Client(port)
        while time.perf_counter() < until:
            client.get(path)
            done[number] += 1

    threads = [threading.Thread(target=ask, args=[number]) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done) / seconds
