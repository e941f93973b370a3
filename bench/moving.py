"""Imports and exports thousands of pictures: `python -m bench.moving [PICTURES]`.

It imports a folder on all cores, and compares that with decoding the same files once with Pillow;
then it exports many pictures of 300 KB from a server over HTTP, and measures the time to the first
byte, the server's additional memory, and whether the announced length was right. It has its own
library on SQLite; the exported files are links to one file, so they take no room.
"""

import http.client
import io
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

from PIL import Image

from tests.server import Server

PICTURES = 20_000
IMPORTED = 200
QUALITY = 88  # gives about 300 KB


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else PICTURES
    with tempfile.TemporaryDirectory() as folder:
        for name, part in (("DATA_DIR", "data"), ("MEDIA_ROOT", "media"), ("LOG_DIR", "logs")):
            os.environ[name] = f"{folder}/{part}"
        os.environ["DJANGO_SETTINGS_MODULE"] = "grok2api.settings"
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        import_folder(Path(folder, "inbox"))
        fill_library(count)
        with Server(Path(folder)) as server:
            for embedding in ("keep", "embed", "strip"):
                export_library(server, count + IMPORTED, embedding)


def picture(rng: Random, side: int = 1024) -> bytes:
    """Return a JPEG of about 300 KB."""
    noise = Image.frombytes("RGB", (128, 128), rng.randbytes(128 * 128 * 3))
    out = io.BytesIO()
    noise.resize((side, side), Image.Resampling.BICUBIC).save(out, "JPEG", quality=QUALITY)
    return out.getvalue()


def import_folder(folder: Path) -> None:
    from gallery.transfer.imports import ImportOutcome, import_paths

    folder.mkdir()
    rng = Random(1)
    size = 0
    for number in range(IMPORTED):
        data = picture(rng)
        size += len(data)
        (folder / f"{number:04}.jpg").write_bytes(data)

    def decode() -> int:
        for path in folder.iterdir():
            with Image.open(path) as image:
                image.load()
        return IMPORTED

    def take_in(outcome: ImportOutcome) -> int:
        return sum(each.outcome == outcome for each in import_paths(paths=[folder]))

    print(f"{IMPORTED} JPEGs of 1024 x 1024, {size / IMPORTED / 1024:.0f} KB each")
    measure("decoded once, one core", decode)
    measure(f"imported, {os.cpu_count()} cores", lambda: take_in(ImportOutcome.ADDED))
    measure("known already", lambda: take_in(ImportOutcome.KNOWN))


def measure(name: str, job: Callable[[], int]) -> None:
    """Print how many pictures per second a job does, and the processor time of each."""
    wall, processor = time.perf_counter(), time.process_time()
    done = job()
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    each = processor / done * 1000
    print(f"  {name:24} {done / wall:7.1f} pictures/s, {each:6.1f} ms of the processor each")


def fill_library(count: int) -> None:
    from django.conf import settings

    from gallery.models import Image as Picture

    first = Picture.objects.order_by("pk").first()
    assert first is not None
    source = Path(first.file.path)
    folder = Path(settings.MEDIA_ROOT, "images", "many")
    folder.mkdir()
    facts = {
        field.attname: getattr(first, field.attname)
        for field in Picture._meta.concrete_fields
        if field.attname not in ("id", "file", "upload_hash", "prompt")
    }
    for start in range(0, count, 1000):
        names = [f"{number:032x}.jpg" for number in range(start, min(count, start + 1000))]
        for name in names:
            os.link(source, folder / name)
        Picture.objects.bulk_create(
            Picture(file=f"images/many/{name}", prompt=f"日落海景 {name}", **facts)
            for name in names
        )


def export_library(server: Server, count: int, embedding: str) -> None:
    """Export the whole library, and print what that took."""
    before = most_memory(server.worker)
    began = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=600)
    connection.request(
        "POST",
        "/api/v1/admin/gallery/images/export/",
        json.dumps({"filter": {}, "embedding": embedding}),
        {"Authorization": f"Bearer {server.api_key}", "Content-Type": "application/json"},
    )
    answer = connection.getresponse()
    assert answer.status == 200, answer.read()
    size = len(answer.read(1))
    first = time.perf_counter() - began
    while part := answer.read1(1024 * 1024):
        size += len(part)
    took = time.perf_counter() - began
    connection.close()
    promised = int(answer.headers["Content-Length"])
    grown = most_memory(server.worker) - before
    print(f"export of {count} pictures over HTTP, {embedding}, {size / 1e9:.2f} GB")
    print(f"  until the first byte     {first:7.1f} s")
    print(f"  throughput               {size / (took - first) / 1e6:7.0f} MB/s")
    print(f"  more memory              {grown:7.1f} MB")
    print(f"  bytes promised, and sent {promised:,} {size:,}", flush=True)


def most_memory(pid: int) -> float:
    """Return the peak memory of a process so far, in MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    main()
