"""Hostile clients: each attack uses one connection.

`python -m tests.campaign.attacks.attackers PORT KEY SESSION SEED SECONDS` runs random attacks on
eight threads, and prints their outcomes as JSON.
"""

import contextlib
import gzip
import json
import socket
import struct
import sys
import threading
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random

LIBRARY = "/api/v1/admin/gallery/"
GENERATIONS = "/v1/images/generations"
FORM = "application/x-www-form-urlencoded"
MB = 1024 * 1024

THREADS = 8
MANY = "far more than was asked for"
"""A prompt for which the upstream is the attacker."""

PATIENCE = 20.0
"""Seconds that an attacker waits for an answer."""


@dataclass(slots=True)
class Target:
    """The server, and what an attacker may have: nothing, a session, or a key."""

    port: int
    key: str
    session: str
    rng: Random = field(default_factory=Random)

    @property
    def with_key(self) -> str:
        return f"Authorization: Bearer {self.key}"

    @property
    def with_session(self) -> str:
        return f"Cookie: sessionid={self.session}"


Attack = Callable[[Target], Iterator[bytes]]
ATTACKS: dict[str, Attack] = {}


def attack(function: Attack) -> Attack:
    """Register an attack: a generator of what to send, which may wait as long as it likes."""
    ATTACKS[function.__name__] = function
    return function


def get(path: str, *headers: str) -> bytes:
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: a", *headers, "", ""]).encode()


def post(path: str, body: bytes, kind: str, *headers: str, length: int | None = None) -> bytes:
    length = len(body) if length is None else length
    lines = [f"POST {path} HTTP/1.1", "Host: a", f"Content-Type: {kind}",
             f"Content-Length: {length}", *headers, "", ""]  # fmt: skip
    return "\r\n".join(lines).encode() + body


def upload(data: bytes, *headers: str) -> bytes:
    part = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    body = part + data + b"\r\n--x--\r\n"
    return post(f"{LIBRARY}images/", body, "multipart/form-data; boundary=x", *headers)


def png(width: int, height: int, *more: tuple[bytes, bytes], depth: int = 1) -> bytes:
    """Build a black picture of one bit per pixel, with these chunks."""
    rows = zlib.compress(bytes((width * depth + 7) // 8 + 1) * height, 9)
    head = struct.pack(">IIBBBBB", width, height, depth, 0, 0, 0, 0)
    chunks = [(b"IHDR", head), *more, (b"IDAT", rows), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )


def webp(side: int = 16383) -> bytes:
    """Build `side` squared pixels of one colour, in a few bytes (VP8L without a bit for a
    pixel)."""
    bits = [(0x2F, 8), (side - 1, 14), (side - 1, 14), (0, 1), (0, 3), (0, 3)]
    bits += [(1, 1), (0, 1), (0, 1), (0, 1)] * 5
    value = shift = 0
    for number, width in bits:
        value |= number << shift
        shift += width
    data = value.to_bytes((shift + 7) // 8, "little")
    data += bytes(len(data) % 2)
    body = b"WEBPVP8L" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


# Texts that cost more than their length


@attack
def a_masked_address(on: Target) -> Iterator[bytes]:
    yield get(f"/x://{':' * 32_000}")


@attack
def a_lookup_by_pattern(on: Target) -> Iterator[bytes]:
    yield get("/admin/gallery/image/?prompt__regex=(a*)*(a*)*(a*)*b", on.with_session)


@attack
def misspelt_words(on: Target) -> Iterator[bytes]:
    words = "%20".join(["sunsst", "beech", "mauntain", "catt", "foks"] * 2)
    yield get(f"/admin/gallery/suggestions/?search={words}", on.with_session)


@attack
def a_text_that_patterns_fear(on: Target) -> Iterator[bytes]:
    text = (b"tEXt", b"parameters\0" + b" " * 60_000 + b"Job ID" + b"\n" * 60_000)
    yield upload(png(8, 8, text), on.with_key)


@attack
def marks_upon_marks(on: Target) -> Iterator[bytes]:
    yield get(f"{LIBRARY}images/?search=a{'%CC%A7%CC%81' * 4000}", on.with_key)
    prompt = json.dumps({"prompt": "a" + "\u0327\u0301" * 15_000, "n": 1}).encode()
    yield post(GENERATIONS, prompt, "application/json", on.with_key)


@attack
def many_fields_in_the_address(on: Target) -> Iterator[bytes]:
    yield get(f"{LIBRARY}images/?{'a&' * 30_000}", on.with_key)
    yield get(f"/admin/login/?{'a=%41&' * 10_000}")


@attack
def a_huge_cookie(on: Target) -> Iterator[bytes]:
    yield get("/admin/gallery/", f"Cookie: {'a=b; ' * 12_000}")
    yield get("/admin/gallery/", f"Cookie: sessionid={'x' * 60_000}")


@attack
def headers_full_of_lists(on: Target) -> Iterator[bytes]:
    yield get("/admin/login/", f"Accept-Language: {'zh-x-y;q=0.1,' * 4000}")
    yield get("/admin/login/", f"X-Forwarded-For: {'192.0.2.1,' * 6000}")
    yield get(f"{LIBRARY}images/", on.with_key, f"If-None-Match: {chr(34)}{'a,' * 30_000}")
    yield get(f"{LIBRARY}images/1/thumbnail/", on.with_key, f"Range: bytes={'0-1,' * 15_000}")


# Bodies


@attack
def a_form_of_a_stranger(on: Target) -> Iterator[bytes]:
    yield post("/admin/login/", b"", FORM, length=64 * MB)
    yield b"username=" + b"%41" * MB


@attack
def a_small_form_of_a_stranger(on: Target) -> Iterator[bytes]:
    yield post("/admin/login/", b"a=" + b"%41" * 20_000, FORM)


@attack
def a_large_form(on: Target) -> Iterator[bytes]:
    yield post("/admin/gallery/export/", b"a=" + b"%41" * 800_000, FORM, on.with_session)


@attack
def json_of_a_stranger(on: Target) -> Iterator[bytes]:
    yield post(GENERATIONS, b"[" * MB, "application/json", length=96 * MB)


@attack
def json_without_an_end(on: Target) -> Iterator[bytes]:
    deep = b'{"prompt": ' + b"[" * 100_000
    yield post(GENERATIONS, deep, "application/json", on.with_key)
    yield post(f"{LIBRARY}images/delete/", deep, "application/json", on.with_key)


@attack
def json_of_tiny_values(on: Target) -> Iterator[bytes]:
    values = b'{"prompt": "a", "x": [' + b"[]," * (3 * MB) + b"1]}"
    yield post(GENERATIONS, values, "application/json", on.with_key)
    yield post(f"{LIBRARY}images/tags/", values, "application/json", on.with_key)


@attack
def a_huge_number(on: Target) -> Iterator[bytes]:
    number = b'{"prompt": "a", "n": ' + b"9" * 500_000 + b"}"
    yield post(GENERATIONS, number, "application/json", on.with_key)
    yield post(f"{LIBRARY}images/delete/", number, "application/json", on.with_key)
    yield get(f"{LIBRARY}images/?page={'9' * 50_000}", on.with_key)


@attack
def a_list_of_wrong_items(on: Target) -> Iterator[bytes]:
    wrong = json.dumps({"image_ids": ["x"] * 300_000}).encode()
    yield post(f"{LIBRARY}images/delete/", wrong, "application/json", on.with_key)


@attack
def a_form_of_many_parts(on: Target) -> Iterator[bytes]:
    part = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n'
    kind = "multipart/form-data; boundary=x"
    yield post("/v1/images/edits", part * 100_000 + b"--x--\r\n", kind, on.with_key)
    huge = b"--x\r\nContent-Disposition: form-data; name=" + b"a" * MB
    yield post(f"{LIBRARY}images/", huge, kind, on.with_key)


@attack
def a_packed_body(on: Target) -> Iterator[bytes]:
    packed = gzip.compress(bytes(20 * MB))
    yield post(GENERATIONS, packed, "application/json", on.with_key, "Content-Encoding: gzip")


# Pictures


@attack
def an_upstream_that_sends_thousands(on: Target) -> Iterator[bytes]:
    prompt = json.dumps({"prompt": MANY, "n": 1}).encode()
    yield post(GENERATIONS, prompt, "application/json", on.with_key)


@attack
def a_picture_of_few_bytes(on: Target) -> Iterator[bytes]:
    yield upload(webp(), on.with_key)


@attack
def a_large_picture(on: Target) -> Iterator[bytes]:
    yield upload(png(9_900, 9_900, depth=8), on.with_key)


@attack
def a_picture_full_of_text(on: Target) -> Iterator[bytes]:
    letter = on.rng.choice("abcdefghijklmnop").encode()
    text = (b"zTXt", b"prompt\0\0" + zlib.compress(letter * (50 * MB), 9))
    yield upload(png(16, 16, text), on.with_key)
    yield get(f"{LIBRARY}images/?page_size=12", on.with_key)


# Sockets


@attack
def a_slow_head(on: Target) -> Iterator[bytes]:
    yield b"GET / HTTP/1.1\r\nX: "
    for _ in range(20):
        time.sleep(0.2)
        yield b"x"


@attack
def a_slow_body(on: Target) -> Iterator[bytes]:
    yield post("/admin/login/", b"", FORM, length=1000)
    for _ in range(20):
        time.sleep(0.2)
        yield b"x"


@attack
def a_slow_upload(on: Target) -> Iterator[bytes]:
    yield post(f"{LIBRARY}images/", b"--x\r\n", "multipart/form-data; boundary=x", on.with_key,
               length=200 * MB)  # fmt: skip
    for _ in range(20):
        time.sleep(0.2)
        yield b"x" * 1000


@attack
def trickled_chunks(on: Target) -> Iterator[bytes]:
    yield (f"POST {GENERATIONS} HTTP/1.1\r\nHost: a\r\n{on.with_key}\r\n"
           "Transfer-Encoding: chunked\r\n\r\n").encode()  # fmt: skip
    for _ in range(40):
        time.sleep(0.1)
        yield b"1;" + b"x" * 5000 + b"\r\na\r\n"


@attack
def an_endless_head(on: Target) -> Iterator[bytes]:
    yield b"GET / HTTP/1.1\r\nX: "
    for _ in range(100):
        yield b"x" * 65536


@attack
def endless_trailers(on: Target) -> Iterator[bytes]:
    yield (f"POST {GENERATIONS} HTTP/1.1\r\nHost: a\r\n"
           "Transfer-Encoding: chunked\r\n\r\n0\r\n").encode()  # fmt: skip
    for _ in range(100):
        yield b"X: y\r\n" * 10_000


@attack
def a_queue_of_requests(on: Target) -> Iterator[bytes]:
    yield get("/admin/login/") * 2000


@attack
def a_smuggled_request(on: Target) -> Iterator[bytes]:
    inner = get("/admin/login/")
    yield post("/admin/login/", b"", FORM, "Connection: Upgrade", "Upgrade: h2c",
               length=len(inner))  # fmt: skip
    time.sleep(0.01)
    yield inner


@attack
def idle_connections(on: Target) -> Iterator[bytes]:
    with contextlib.ExitStack() as stack:
        for _ in range(200):
            stack.enter_context(socket.create_connection(("127.0.0.1", on.port), PATIENCE))
        time.sleep(1)
        yield get("/healthz")


@attack
def a_reader_that_reads_nothing(on: Target) -> Iterator[bytes]:
    yield get("/admin/login/") * 3
    yield get(f"{LIBRARY}images/?page_size=200", on.with_key) * 50
    time.sleep(5)


@attack
def an_export_that_nobody_reads(on: Target) -> Iterator[bytes]:
    yield post(f"{LIBRARY}images/export/", b'{"filter": {}}', "application/json", on.with_key)
    time.sleep(5)


@attack
def streams_of_events(on: Target) -> Iterator[bytes]:
    with contextlib.ExitStack() as stack:
        for _ in range(100):
            stream = socket.create_connection(("127.0.0.1", on.port), PATIENCE)
            stack.enter_context(stream).sendall(get("/admin/gallery/live/events/", on.with_session))
        time.sleep(1)
        yield get("/healthz")


@attack
def random_bytes(on: Target) -> Iterator[bytes]:
    yield on.rng.randbytes(5000)


def carry_out(attack: Attack, on: Target) -> int:
    """Return the first answer's status; 0 if there was none."""
    with socket.create_connection(("127.0.0.1", on.port), timeout=PATIENCE) as connection:
        try:
            for data in attack(on):
                connection.sendall(data)
        except (OSError, TimeoutError):
            pass  # refused while it was still being sent: the answer may be there
        received = b""
        with contextlib.suppress(OSError):
            while len(received) < 12 and (more := connection.recv(12)):
                received += more
    return int(received[9:12]) if received[9:12].isdigit() else 0


def main(port: int, key: str, session: str, seed: int, seconds: float) -> dict[str, dict[int, int]]:
    """Attack, and return how often each attack was answered with which status."""
    found = {name: Counter[int]() for name in ATTACKS}
    end = time.monotonic() + seconds

    def work(number: int) -> None:
        target = Target(port, key, session, Random(f"{seed}/{number}"))
        while time.monotonic() < end:
            name = target.rng.choice(list(ATTACKS))
            try:
                status = carry_out(ATTACKS[name], target)
            except OSError:  # it is being stopped
                status = 0
                time.sleep(0.1)
            found[name][status] += 1

    threads = [threading.Thread(target=work, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {name: dict(statuses) for name, statuses in found.items()}


if __name__ == "__main__":
    port, key, session, seed, seconds = sys.argv[1:]
    result = main(int(port), key, session, int(seed), float(seconds))
    print(json.dumps(result))  # noqa: T201
