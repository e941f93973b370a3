"""Measures what the gateway adds to its upstream's own time: `python -m bench.overhead`.

One upstream answers a 300 KB JPEG after 50 ms. It is called directly, through this program, and
through the other gateways that the environment names (`bench/others.py`), alternating, by 1 and by
16 clients. This program stores every picture; the others store none. Its work after the answers,
the thumbnails, is waited for before the next one's turn. The first request of every client in a
turn comes after a pause of seconds, and is shown separately.
"""

import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median, quantiles

import httpx2

from bench.others import MODEL, Way, started_others
from tests.server import Server, free_port

UPSTREAM_SECONDS = 0.05
REQUESTS = 768  # of each way
TURN = 24
"""Requests before the next way's turn, so that a bad moment of the machine meets all."""
EACH = 12
"""At least so many of every client."""
KEY = Server.api_key


def main() -> None:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        upstream = f"http://127.0.0.1:{stack.enter_context(started_upstream())}/v1"
        ways = {"upstream": Way(upstream)}
        server = stack.enter_context(Server(folder, IMAGINE_UPSTREAM_URL=upstream))
        ways["gateway"] = Way(f"{server.url}/v1")
        ways |= started_others(stack, folder, upstream)
        for clients in (1, 16):
            print(f"{clients} client{'s' * (clients > 1)}")
            for name, turns in asyncio.run(measure(ways, clients, folder)).items():
                first = median(value for turn in turns for value in turn[:clients])
                cuts = quantiles((value for turn in turns for value in turn[clients:]), n=20)
                print(
                    f"  {name:9}  p50 {cuts[9]:7.1f} ms   p95 {cuts[18]:7.1f} ms"
                    f"   (the first after a pause {first:.1f} ms)"
                )


async def measure(ways: dict[str, Way], clients: int, folder: Path) -> dict[str, list[list[float]]]:
    """Return the milliseconds of every turn's requests, in the order of their answers, by way."""
    found: dict[str, list[list[float]]] = {name: [] for name in ways}
    each = max(EACH, TURN // clients)
    order = list(ways)
    async with httpx2.AsyncClient(timeout=120) as http:
        for number in range(REQUESTS // (each * clients) + 1):
            for name in order:
                values = await one_turn(http, ways[name], clients, each)
                if number:  # the first turn is there to warm all of them
                    found[name].append(values)
                await thumbnails_made(folder)
            order.append(order.pop(0))  # so that none comes behind the same one always
    return found


async def thumbnails_made(folder: Path) -> None:
    def missing() -> int:
        stored = [path.name for path in folder.rglob("images/**/*") if path.is_file()]
        return len(stored) - 2 * sum(name.endswith(".thumb.webp") for name in stored)

    deadline = time.monotonic() + 120
    while count := await asyncio.to_thread(missing):  # another process makes them
        assert time.monotonic() < deadline, f"{count} thumbnails are not made"
        await asyncio.sleep(0.1)


async def one_turn(http: httpx2.AsyncClient, way: Way, clients: int, each: int) -> list[float]:
    values: list[float] = []

    async def client() -> None:
        for _ in range(each):
            began = time.perf_counter()
            response = await http.post(
                f"{way.url}/images/generations",
                json={"model": MODEL, "prompt": "a fox"},
                headers={"Authorization": f"Bearer {KEY}", **way.headers},
            )
            assert response.status_code == 200, response.text[:500]
            assert response.json()["data"][0]["b64_json"]
            values.append((time.perf_counter() - began) * 1000)

    await asyncio.gather(*(client() for _ in range(clients)))
    return values


@contextmanager
def started_upstream(seconds: float = UPSTREAM_SECONDS) -> Iterator[int]:
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "bench.upstream", str(port), str(seconds)])
    try:
        yield port
    finally:
        process.kill()


if __name__ == "__main__":
    main()
