"""A thousand generations in flight: `python -m bench.load [COUNT]`.

The upstream takes 10 seconds for each. Meanwhile the gallery's list is asked for ten times a
second. Prints the server's largest memory, how long generations and pages took, and what was
lost.
"""

import asyncio
import re
import sqlite3
import sys
import tempfile
import time
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
        asyncio.run(measure(server, count))
        with sqlite3.connect(server.folder / "data" / "grok2api.sqlite3") as database:
            statuses = "SELECT status, COUNT(*) FROM imagine_generation GROUP BY status"
            print("  rows      ", dict(database.execute(statuses)))
            print("  pictures  ", *database.execute("SELECT COUNT(*) FROM gallery_image"))


async def measure(server: Server, count: int) -> None:
    limits = httpx2.Limits(max_connections=None)
    async with httpx2.AsyncClient(base_url=server.url, limits=limits, timeout=600) as http:
        await sign_in(http, server)
        busy = asyncio.Event()
        peak: list[int] = []
        pages: list[float] = []
        looking = asyncio.create_task(look(http, server, busy, pages, peak))
        began = time.perf_counter()
        found = await asyncio.gather(*(generate(http) for _ in range(count)))
        seconds = time.perf_counter() - began
        busy.set()
        await looking
    good = [duration for status, duration in found if status == 200]
    print(f"{count} generations at once, the upstream takes {UPSTREAM_SECONDS} s: {seconds:.1f} s")
    print(f"  answered   {len(good)} with 200")
    print("  generation ", shown([duration * 1000 for duration in good]))
    print("  gallery    ", shown([duration * 1000 for duration in pages]))
    print(f"  memory     {max(peak) // 1024} MB at most")


async def generate(http: httpx2.AsyncClient) -> tuple[int, float]:
    began = time.perf_counter()
    response = await http.post(
        "/v1/images/generations",
        json={"prompt": "a fox", "response_format": "url"},
        headers={"Authorization": f"Bearer {Server.api_key}"},
    )
    return response.status_code, time.perf_counter() - began


async def look(
    http: httpx2.AsyncClient,
    server: Server,
    busy: asyncio.Event,
    pages: list[float],
    peak: list[int],
) -> None:
    while not busy.is_set():
        began = time.perf_counter()
        response = await http.get("/admin/gallery/")
        assert response.status_code == 200
        pages.append(time.perf_counter() - began)
        assert server.process is not None
        peak.append(memory_of(server.process.pid))
        await asyncio.sleep(0.1)


def memory_of(pid: int) -> int:
    """KB that the process has in memory."""
    return int(re.findall(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[0])


async def sign_in(http: httpx2.AsyncClient, server: Server) -> None:
    page = await http.get("/admin/login/")
    (token,) = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)[:1]
    form = {"username": "admin", "password": server.password, "csrfmiddlewaretoken": token}
    await http.post("/admin/login/", data=form, headers={"Referer": server.url})


def shown(milliseconds: list[float]) -> str:
    cuts = quantiles(milliseconds, n=20)
    return f"p50 {cuts[9]:7.0f} ms   p95 {cuts[18]:7.0f} ms   ({len(milliseconds)})"


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
