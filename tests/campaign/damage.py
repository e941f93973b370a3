"""Uploads thousands of pictures that are truncated, corrupted, mislabelled, or bombs."""

import io
import struct
import time
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

from PIL import Image

from gallery.files.metadata.formats import format_of
from tests.campaign.audit import Findings, audit
from tests.campaign.clients import Client, NoAnswer
from tests.server import Server

FORMATS = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp", "GIF": "gif", "AVIF": "avif"}


@dataclass(frozen=True, slots=True)
class DamageReport:
    """The outcomes of damaged files."""

    files: int
    statuses: dict[int, int]
    slowest: float  # seconds
    growth: float  # MB that the server's process grew by, after the first hundred
    errors: list[str]  # answers of 500 and more, or none within the time
    unequal: int  # stored pictures that are not the bytes that were sent
    unreadable: int  # stored pictures that cannot be decoded to their end
    cut: int  # stored pictures whose file's end had been cut off
    findings: Findings


def corpus(count: int, seed: int = 1) -> Iterator[tuple[bytes, bool]]:
    """Yield so many files that a careful program survives, and whether each is truncated."""
    rng = Random(seed)
    whole = list(_whole(rng))
    for bomb in _bombs():
        yield bomb, False
        count -= 1
    for _ in range(count):
        damage, data = rng.choice(DAMAGES), rng.choice(whole)
        broken = damage(rng, data, whole)
        # A GIF without its trailer is what some tools write, and lacks nothing.
        is_cut = damage in (_cut, _cut_end) and broken + b";" != data
        yield broken, is_cut


def _cut(rng: Random, data: bytes, _: list[bytes]) -> bytes:
    return data[: rng.randrange(len(data))]


def _cut_end(rng: Random, data: bytes, _: list[bytes]) -> bytes:
    return data[: -rng.randint(1, 40)]


def _flip_bits(rng: Random, data: bytes, _: list[bytes]) -> bytes:
    broken = bytearray(data)
    for place in rng.choices(range(len(broken)), k=rng.choice([1, 3, 20])):
        broken[place] ^= 1 << rng.randrange(8)
    return bytes(broken)


def _change_head(rng: Random, data: bytes, _: list[bytes]) -> bytes:
    broken = bytearray(data)
    for place in rng.choices(range(min(len(broken), 200)), k=rng.choice([1, 8])):
        broken[place] = rng.randrange(256)
    return bytes(broken)


def _swap(rng: Random, data: bytes, _: list[bytes]) -> bytes:
    at = rng.randrange(len(data))
    return data[at:] + data[:at]


def _add_tail(rng: Random, data: bytes, _: list[bytes]) -> bytes:
    return data + rng.randbytes(rng.randrange(2000))


def _mislabel(rng: Random, data: bytes, whole: list[bytes]) -> bytes:
    head = rng.choice(whole)[: rng.choice([4, 12, 40])]
    return head + data[len(head) :]


def _double(rng: Random, data: bytes, whole: list[bytes]) -> bytes:
    return data + rng.choice(whole)


def _blank(rng: Random, data: bytes, _: list[bytes]) -> bytes:
    at = rng.randrange(len(data))
    size = min(rng.randrange(1, 400), len(data) - at)
    return data[:at] + bytes(size) + data[at + size :]


DAMAGES = (
    _cut, _cut_end, _flip_bits, _change_head, _swap, _add_tail, _mislabel, _double, _blank,
)  # fmt: skip


def _whole(rng: Random) -> Iterator[bytes]:
    for name in FORMATS:
        for mode in ("RGB", "RGBA", "L", "P", "1", "CMYK", "I;16"):
            image = Image.frombytes("RGB", (64, 48), rng.randbytes(64 * 48 * 3))
            out = io.BytesIO()
            try:
                image.convert("I" if mode == "I;16" else mode).save(
                    out, name, comment=b"x" * 50, exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0"
                )
            except (OSError, ValueError, TypeError):
                continue  # not every format has every mode
            yield out.getvalue()
    frames = [Image.new("P", (40, 40), number) for number in range(5)]
    for name in ("GIF", "WEBP", "AVIF", "PNG"):
        out = io.BytesIO()
        frames[0].convert("RGB").save(out, name, save_all=True, append_images=frames[1:])
        yield out.getvalue()


def _bombs() -> Iterator[bytes]:
    """Build small files that announce to be very large."""
    yield b""
    yield b"\0" * 100_000
    for width, height in ((60_000, 60_000), (2**31 - 1, 1), (0, 0), (2**31 - 1, 2**31 - 1)):
        head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
        rows = zlib.compress(b"\0" * 5_000_000, 9)
        texts = b"parameters\0\0" + zlib.compress(b"a" * 50_000_000, 9)
        yield b"\x89PNG\r\n\x1a\n" + b"".join(
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
            for kind, body in ((b"IHDR", head), (b"zTXt", texts), (b"IDAT", rows), (b"IEND", b""))
        )
    yield b"GIF89a" + struct.pack("<HH", 65_535, 65_535) + b"\xf0\0\0" + b"\0" * 6 + b";"
    yield (
        b"\xff\xd8\xff\xc0\0\x11\x08"
        + struct.pack(">HH", 65_535, 65_535)
        + b"\3\1\x22\0\2\x11\1\3\x11\1"
    )
    yield b"RIFF\x1e\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0" + b"\xff\xff\xff" * 2 + b"VP8 \0\0\0\0"


def damage(server: Server, *, files: int, seed: int = 1) -> DamageReport:
    """Upload a corpus to a server; stop it, and audit the library."""
    statuses: Counter[int] = Counter()
    errors: list[str] = []
    slowest, before, unequal, unreadable, cut = 0.0, 0.0, 0, 0, 0
    with server:
        client = Client(server.url, server.api_key, timeout=30)
        for number, (data, is_cut) in enumerate(corpus(files, seed)):
            began = time.monotonic()
            try:
                answer = client.upload(data, f"file.{list(FORMATS.values())[number % 5]}")
            except NoAnswer as error:
                errors.append(f"{number}: {error}")
                continue
            slowest = max(slowest, time.monotonic() - began)
            statuses[answer.status] += 1
            if answer.status >= 500:
                errors.append(f"{number}: {answer.status} {answer.body[:200]!r}")
            if answer.status in (200, 201):
                unequal += client.get(f"images/{answer.json['id']}/file/").body != data
                unreadable += not _decodes(data)
                cut += is_cut
            if number == 100:
                before = _memory(server)
        growth = _memory(server) - before if before else 0.0
        client.close()
    return DamageReport(
        files, dict(sorted(statuses.items())), slowest, growth, errors, unequal, unreadable,
        cut, audit(server.environment),
    )  # fmt: skip


def _decodes(data: bytes) -> bool:
    """Return whether a decoder reads the pixels, whatever else is in the file."""
    found = format_of(data)
    try:
        with Image.open(io.BytesIO(found.bare(data) if found else data)) as image:
            image.load()
    except Exception:  # noqa: BLE001  Pillow raises whatever the bytes provoke
        return False
    return True


def _memory(server: Server) -> float:
    """Return the MB of the server's process in memory."""
    status = Path(f"/proc/{server.worker}/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024
