"""A thousand generations in flight: `python -m bench.load [COUNT]`.

The upstream takes 10 seconds for each. Meanwhile the gallery's list is asked for ten times a
second. Prints the server's largest memory, how long generations and pages took, and what was
lost; then how long the other gateways took that the environment names (`bench/others.py`).
"""

import asyncio
import multiprocessing
import re
import sqlite3
import sys
import tempfile
import time
from contextlib import ExitStack
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import quantiles

import httpx2

from bench.others import MODEL, Way, started_others
from bench.overhead import started_upstream
from tests.server import Server

UPSTREAM_SECONDS = 10


def main(count: int) -> None:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        port = stack.enter_context(started_upstream(UPSTREAM_SECONDS))
        upstream = f"http://127.0.0.1:{port}/v1"
        with Server(folder, IMAGINE_UPSTREAM_URL=upstream) as server:
            print(f"{count} generations at once, the upstream takes {UPSTREAM_SECONDS} s")
            measure(server, count)
            with sqlite3.connect(server.folder / "data" / "grok2api.sqlite3") as database:
                statuses = "SELECT status, COUNT(*) FROM imagine_generation GROUP BY status"
                print("  rows      ", dict(database.execute(statuses)))
                print("  pictures  ", *database.execute("SELECT COUNT(*) FROM gallery_image"))
        for name, way in started_others(stack, folder, upstream).items():
            print(name)
            tell(timed(way, count))


def measure(server: Server, count: int) -> None:
    asking, told = multiprocessing.Pipe()
    looking = multiprocessing.Process(target=look, args=(server, server.worker, told))
    looking.start()
    told.close()  # so that its end is heard of here
    asking.recv()  # it is there
    found = timed(Way(f"{server.url}/v1"), count)
    asking.send("enough")
    pages, peak = asking.recv()
    looking.join()
    print("gateway")
    tell(found)
    print("  gallery    ", shown([duration * 1000 for duration in pages]))
    print(f"  memory     {peak // 1024} MB at most")


def timed(way: Way, count: int) -> tuple[float, list[tuple[int, float]]]:
    """Return the seconds until all were answered, and the status and seconds of each."""
    began = time.perf_counter()
    found = asyncio.run(generate_all(way, count))
    return time.perf_counter() - began, found


def tell(found: tuple[float, list[tuple[int, float]]]) -> None:
    seconds, answers = found
    good = [duration for status, duration in answers if status == 200]
    print(f"  answered   {len(good)} of {len(answers)} with 200 in {seconds:.1f} s")
    if len(good) > 1:
        print("  generation ", shown([duration * 1000 for duration in good]))


async def generate_all(way: Way, count: int) -> list[tuple[int, float]]:
    limits = httpx2.Limits(max_connections=None)
    async with httpx2.AsyncClient(limits=limits, timeout=600) as http:
        return await asyncio.gather(*(generate(http, way) for _ in range(count)))


async def generate(http: httpx2.AsyncClient, way: Way) -> tuple[int, float]:
    began = time.perf_counter()
    response = await http.post(
        f"{way.url}/images/generations",
        json={"model": MODEL, "prompt": "a fox", "response_format": "url"},
        headers={"Authorization": f"Bearer {Server.api_key}", **way.headers},
    )
    return response.status_code, time.perf_counter() - began


def look(server: Server, pid: int, told: Connection) -> None:
    """Act as a browser, in a process of its own: the thousand keep this one's event loop busy."""
    pages: list[float] = []
    peak = 0
    with httpx2.Client(base_url=server.url, timeout=600) as http:
        sign_in(http, server)
        told.send("here")
        while not told.poll(0.1):
            began = time.perf_counter()
            assert http.get("/admin/gallery/").status_code == 200
            pages.append(time.perf_counter() - began)
            peak = max(peak, memory_of(pid))
    told.send((pages, peak))


def memory_of(pid: int) -> int:
    """Return the KB that the process has in memory."""
    return int(re.findall(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[0])


def sign_in(http: httpx2.Client, server: Server) -> None:
    page = http.get("/admin/login/")
    (token,) = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)[:1]
    form = {"username": "admin", "password": server.password, "csrfmiddlewaretoken": token}
    http.post("/admin/login/", data=form, headers={"Referer": server.url})


def shown(milliseconds: list[float]) -> str:
    cuts = quantiles(milliseconds, n=20)
    return f"p50 {cuts[9]:7.0f} ms   p95 {cuts[18]:7.0f} ms   ({len(milliseconds)})"


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
