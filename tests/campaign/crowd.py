"""Twenty clients that change the same tags and pictures at the same time."""

import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.campaign.audit import WORD, Findings, audit
from tests.campaign.clients import Client, picture
from tests.server import Server

CLIENTS = 20
NAMES = ("红", "green", "Blue", "gold", "merged", "Ｇreen")
LASTING = 8
"""Pictures that are trashed and tagged, and never deleted."""


@dataclass(frozen=True, slots=True)
class CrowdReport:
    """The findings of a crowd."""

    seconds: float
    statuses: dict[int, int]  # answers by status
    errors: list[str]  # answers of 500 and more, connections that broke
    lost: list[str]  # tags that their only owner was told were set, and are not, or the reverse
    findings: Findings


@dataclass(slots=True)
class Shared:
    """State that all clients share."""

    lasting: list[int]
    passing: list[int]
    statuses: Counter[int] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)


class Member:
    """A client that changes the shared tags, and has its own tag on shared pictures."""

    def __init__(self, number: int, server: Server, shared: Shared, seed: int) -> None:
        self.client = Client(server.url, server.api_key)
        self.rng = Random(f"{seed}/{number}")
        self.shared = shared
        self.own = f"own {number}"
        self.has: set[int] = set()  # lasting pictures that have the own tag

    def work(self, end: float) -> None:
        verbs = [
            self.tag,
            self.own_tag,
            self.rename,
            self.delete_tag,
            self.trash,
            self.replace_picture,
        ]
        weights = [5, 5, 2, 1, 3, 1]
        try:
            while time.monotonic() < end:
                self.rng.choices(verbs, weights)[0]()
        except Exception as error:  # noqa: BLE001  a client that fell silent must be told of
            self.shared.errors.append(repr(error))
        self.client.close()

    def tag(self) -> None:
        ids = self.rng.sample(self.shared.lasting, 4) + self.shared.passing[:2]
        add, remove = self.rng.sample(NAMES, 2)
        self._send("POST", "images/tags/", {"image_ids": ids, "add": [add], "remove": [remove]})

    def own_tag(self) -> None:
        image_id = self.rng.choice(self.shared.lasting)
        verb = "remove" if image_id in self.has else "add"
        body = {"image_ids": [image_id], verb: [self.own]}
        if self._send("POST", "images/tags/", body) == 200:
            self.has ^= {image_id}

    def rename(self) -> None:
        if tag := self._some_tag():
            self._send("PATCH", f"tags/{tag}/", {"name": self.rng.choice(NAMES)})

    def delete_tag(self) -> None:
        if tag := self._some_tag():
            self._send("DELETE", f"tags/{tag}/")

    def trash(self) -> None:
        ids = self.rng.sample(self.shared.lasting, 3) + self.shared.passing[:1]
        self._send("POST", f"images/{self.rng.choice(['trash', 'restore'])}/", {"image_ids": ids})

    def replace_picture(self) -> None:
        """Delete a picture that others may be changing, and add another one."""
        if self.shared.passing:
            gone = self.rng.choice(self.shared.passing)
            self._send("POST", "images/delete/", {"image_ids": [gone]})
            self.shared.passing = [each for each in self.shared.passing if each != gone]
        answer = self.client.upload(picture(self.rng), prompt=WORD, tags=NAMES[0])
        self._note(answer.status, "upload", answer.body)
        if answer.status in (200, 201):
            self.shared.passing = [*self.shared.passing, answer.json["id"]]

    def _some_tag(self) -> int | None:
        """Choose one of the shared tags; other clients' own tags are not touched."""
        tags = [tag["id"] for tag in self.client.get("tags/").json if "own" not in tag["name"]]
        return self.rng.choice(tags) if tags else None

    def _send(self, method: str, path: str, body: Any = None) -> int:
        answer = self.client.send(method, path, body)
        self._note(answer.status, f"{method} {path} {body}", answer.body)
        return answer.status

    def _note(self, status: int, what: str, body: bytes) -> None:
        self.shared.statuses[status] += 1
        if status >= 500:
            self.shared.errors.append(f"{status}: {what}: {body[:200]!r}")


def crowd(server: Server, *, seconds: float, seed: int = 1) -> CrowdReport:
    """Run the crowd on a server's library; stop the server, and audit the library."""
    with server:
        client, rng = Client(server.url, server.api_key), Random(seed)
        ids = [client.upload(picture(rng), prompt=WORD).json["id"] for _ in range(LASTING + 4)]
        shared = Shared(ids[:LASTING], ids[LASTING:])
        members = [Member(number, server, shared, seed) for number in range(CLIENTS)]
        began = time.monotonic()
        threads = [threading.Thread(target=each.work, args=(began + seconds,)) for each in members]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(seconds + 90)
        took = time.monotonic() - began
        images = client.found(WORD)
        lost = [
            f"{member.own} on {image_id}"
            for member in members
            for image_id in shared.lasting
            if (image_id in member.has) != (member.own in images[image_id]["tags"])
        ]
        client.close()
    return CrowdReport(
        took, dict(sorted(shared.statuses.items())), shared.errors, lost, audit(server.environment)
    )
