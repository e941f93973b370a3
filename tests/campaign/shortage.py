"""Fills disks, makes them read-only, and stops databases and Redis.

The server must say so in an error, leave nothing half-done, and recover by itself.
"""

import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.campaign.audit import WORD, Findings, audit
from tests.campaign.clients import Answer, Client, NoAnswer, picture
from tests.server import Server
from tests.stores import OwnServer, wait_until

DISK = 24 * 1024 * 1024  # bytes
REFUSALS = {503, 507}


@dataclass(slots=True)
class ShortageReport:
    """The findings of clients while something was missing, and after it had come back.

    A generation answers 200 even if its picture cannot be stored: the answer contains the picture,
    which was paid for.
    """

    meanwhile: dict[int, int] = field(default_factory=dict)  # answers by status
    afterwards: dict[int, int] = field(default_factory=dict)
    unclear: list[str] = field(default_factory=list)  # answers that are no refusal with a sentence
    seconds_to_recover: float = 0.0
    findings: Findings | None = None


def changes(client: Client, rng: Random, image_id: int) -> Iterator[Callable[[], Answer]]:
    """Try every kind of change that a client can request, one after the other."""
    yield lambda: client.upload(picture(rng, 160), prompt=WORD)
    yield lambda: client.generate(f"{WORD} {rng.random()}")
    yield lambda: client.send("POST", f"images/{image_id}/tags/", {"tags": [f"t{rng.random()}"]})
    yield lambda: client.send("PATCH", f"images/{image_id}/", {"favorite": rng.random() < 0.5})
    yield lambda: client.send("POST", "images/trash/", {"image_ids": [image_id]})
    yield lambda: client.send("POST", "images/restore/", {"image_ids": [image_id]})


def ask(report: ShortageReport, statuses: dict[int, int], call: Callable[[], Answer]) -> int:
    """Record an answer; a refusal must explain itself, and be no server error."""
    try:
        answer = call()
    except NoAnswer as error:
        report.unclear.append(str(error))
        return 0
    statuses[answer.status] = statuses.get(answer.status, 0) + 1
    said = answer.json if isinstance(answer.json, dict) else {}
    sentence = said.get("detail") or (said.get("error") or {}).get("message")
    if answer.status >= 400 and (answer.status not in REFUSALS or not sentence):
        report.unclear.append(f"{answer.status} {answer.body[:200]!r}")
    return answer.status


def can_mount() -> bool:
    """Return whether small disks are possible: as root, if mounting is allowed."""
    return (
        os.geteuid() == 0
        and not subprocess.run(
            ["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True
        ).returncode
    )


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """Mount a disk of `DISK` bytes in memory on a folder. Needs root."""
    folder.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


@contextmanager
def full(folder: Path) -> Iterator[None]:
    """Fill the folder's disk inside the block."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (1024 * 1024, 4096, 64):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue
    try:
        yield
    finally:
        filler.unlink()


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Make the folder's disk read-only inside the block."""
    subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["mount", "-o", "remount,rw", folder], check=True)


@contextmanager
def stopped(store: OwnServer) -> Iterator[None]:
    """Stop a database or Redis inside the block."""
    store.stop()
    try:
        yield
    finally:
        store.start()


def shortage(server: Server, missing: Callable[[], object], *, rounds: int = 3) -> ShortageReport:
    """Try every kind of change while something is `missing()`, and again when it is back."""
    report = ShortageReport()
    rng = Random(5)
    client = Client(server.url, server.api_key, timeout=40)
    with server:
        image_id = client.upload(picture(rng), prompt=WORD).json["id"]
        with missing():  # type: ignore[attr-defined]
            for _ in range(rounds):
                for call in changes(client, rng, image_id):
                    ask(report, report.meanwhile, call)
        report.seconds_to_recover = wait_until(
            lambda: _readable(client) and client.upload(picture(rng), prompt=WORD).status == 201,
            timeout=60,
        )
        for _ in range(rounds):
            for call in changes(client, rng, image_id):
                ask(report, report.afterwards, call)
        client.close()
    report.findings = audit(server.environment)
    return report


def _readable(client: Client) -> bool:
    try:
        return client.get("stats/").status == 200
    except NoAnswer:
        return False


def filling(server: Server, *, clients: int = 4) -> ShortageReport:
    """Upload until the disk of the media folder is full, and delete to make room."""
    report = ShortageReport()

    def upload(number: int) -> None:
        rng, client = Random(number), Client(server.url, server.api_key)
        refused = 0
        while refused < 5:
            call = lambda: client.upload(picture(rng, 400), prompt=WORD)  # noqa: E731
            refused += ask(report, report.meanwhile, call) != 201
        client.close()

    with server:
        threads = [threading.Thread(target=upload, args=(number,)) for number in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        client = Client(server.url, server.api_key)
        ids = list(client.found(WORD))
        ask(
            report,
            report.afterwards,
            lambda: client.send("POST", "images/delete/", {"image_ids": ids[: len(ids) // 2]}),
        )
        more = picture(Random("more"), 400)
        ask(report, report.afterwards, lambda: client.upload(more, prompt=WORD))
        client.close()
    report.findings = audit(server.environment)
    return report
