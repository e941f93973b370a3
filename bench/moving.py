"""Pictures in and out by the thousand: `python -m bench.moving [PICTURES]`.

Imports a folder on all cores, beside what it costs to decode the same files once with Pillow;
exports many pictures of 300 KB, and says how much memory that takes. A library of its own on
SQLite; the export's files are links to one file, so they take no room.
"""

import io
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

from PIL import Image

PICTURES = 20_000
IMPORTED = 200


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else PICTURES
    with tempfile.TemporaryDirectory() as folder:
        for name in ("DATA_DIR", "MEDIA_ROOT", "LOG_DIR"):
            os.environ[name] = f"{folder}/{name.lower()}"
        os.environ["DJANGO_SETTINGS_MODULE"] = "grok2api.settings"
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        import_folder(Path(folder, "inbox"))
        export_library(count)


def picture(rng: Random, side: int = 1024) -> bytes:
    """A JPEG of about 300 KB."""
    noise = Image.frombytes("RGB", (128, 128), rng.randbytes(128 * 128 * 3))
    out = io.BytesIO()
    noise.resize((side, side), Image.Resampling.BICUBIC).save(out, "JPEG", quality=96)
    return out.getvalue()


def import_folder(folder: Path) -> None:
    from gallery.imports import Outcome, import_paths

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

    def take_in(outcome: Outcome) -> int:
        return sum(each.outcome == outcome for each in import_paths(paths=[folder]))

    print(f"{IMPORTED} JPEGs of 1024 x 1024, {size / IMPORTED / 1024:.0f} KB each")
    measure("decoded once, one core", decode)
    measure(f"imported, {os.cpu_count()} cores", lambda: take_in(Outcome.ADDED))
    measure("known already", lambda: take_in(Outcome.KNOWN))


def measure(name: str, job: Callable[[], int]) -> None:
    """Print how many pictures a second a job does, and what each costs of the processor."""
    wall, processor = time.perf_counter(), time.process_time()
    done = job()
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    each = processor / done * 1000
    print(f"  {name:24} {done / wall:7.1f} pictures/s, {each:6.1f} ms of the processor each")


def export_library(count: int) -> None:
    from django.conf import settings

    from gallery.export import export_images
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
    ids = list(Picture.objects.order_by("pk").values_list("pk", flat=True))[-count:]
    before = peak()
    began = time.perf_counter()
    archive = export_images(image_ids=ids)
    planned = time.perf_counter() - began
    size = sum(map(len, archive))
    took = time.perf_counter() - began
    archive.close()
    assert size == archive.size
    print(f"export of {count} pictures, {size / 1e9:.2f} GB")
    print(f"  until the first byte     {planned:7.1f} s")
    print(f"  throughput               {size / (took - planned) / 1e6:7.0f} MB/s")
    print(f"  more memory              {peak() - before:7.1f} MB")


def peak() -> float:
    """The most memory, in MB, that this process has had so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
