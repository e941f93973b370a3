"""A thousand generations in flight: `python -m bench.load [COUNT]`.

The upstream takes 10 seconds for each. Meanwhile the gallery's list is asked for ten times a
second. Prints the server's largest memory, how long generations and pages took, and what was
lost.
"""

import asyncio
import multiprocessing
import re
import sqlite3
import sys
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import quantiles

import httpx2

from bench.overhead import started_upstream
from tests.server import Server

UPSTREAM_SECONDS = 10


def main(count: int) -> None:
    with (
        started_upstream(UPSTREAM_SECONDS) as port,
        tempfile.TemporaryDirectory() as folder,
        Server(Path(folder), IMAGINE_UPSTREAM_URL=f"http://127.0.0.1:{port}/v1") as server,
    ):
        measure(server, count)
        with sqlite3.connect(server.folder / "data" / "grok2api.sqlite3") as database:
            statuses = "SELECT status, COUNT(*) FROM imagine_generation GROUP BY status"
            print("  rows      ", dict(database.execute(statuses)))
            print("  pictures  ", *database.execute("SELECT COUNT(*) FROM gallery_image"))


def measure(server: Server, count: int) -> None:
    assert server.process is not None
    asking, told = multiprocessing.Pipe()
    looking = multiprocessing.Process(target=look, args=(server, server.process.pid, told))
    looking.start()
    told.close()  # so that its end is heard of here
    asking.recv()  # it is there
    began = time.perf_counter()
    found = asyncio.run(generate_all(server, count))
    seconds = time.perf_counter() - began
    asking.send("enough")
    pages, peak = asking.recv()
    looking.join()
    good = [duration for status, duration in found if status == 200]
    print(f"{count} generations at once, the upstream takes {UPSTREAM_SECONDS} s: {seconds:.1f} s")
    print(f"  answered   {len(good)} with 200")
    print("  generation ", shown([duration * 1000 for duration in good]))
    print("  gallery    ", shown([duration * 1000 for duration in pages]))
    print(f"  memory     {peak // 1024} MB at most")


async def generate_all(server: Server, count: int) -> list[tuple[int, float]]:
    limits = httpx2.Limits(max_connections=None)
    async with httpx2.AsyncClient(base_url=server.url, limits=limits, timeout=600) as http:
        return await asyncio.gather(*(generate(http) for _ in range(count)))


async def generate(http: httpx2.AsyncClient) -> tuple[int, float]:
    began = time.perf_counter()
    response = await http.post(
        "/v1/images/generations",
        json={"prompt": "a fox", "response_format": "url"},
        headers={"Authorization": f"Bearer {Server.api_key}"},
    )
    return response.status_code, time.perf_counter() - began


def look(server: Server, pid: int, told: Connection) -> None:
    """In a process of its own, as a browser is: the thousand keep this one's event loop busy."""
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
    """KB that the process has in memory."""
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
