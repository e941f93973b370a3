"""Kills the server again and again while clients generate, upload, tag, trash and delete.

Each client keeps a ledger of what was confirmed. After each kill the server must agree; only what
was running at that moment may have been done or not.
"""

import threading
import time
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.campaign.audit import WORD, Findings, audit
from tests.campaign.clients import Client, NoAnswer, picture
from tests.server import Server

CLIENTS = 6
TAGS = ("red", "绿", "Blue", "gold")


@dataclass(frozen=True, slots=True)
class StormReport:
    """The findings of a storm."""

    kills: int
    acknowledged: int  # changes that a client was told had been done
    uncertain: int  # changes that were under way at a kill
    broken: list[str]  # acknowledged changes that were not there, answers that were no answers
    findings: Findings


@dataclass(slots=True)
class State:
    """A picture as its owner knows it."""

    tags: frozenset[str] = frozenset()
    favorite: bool = False
    trashed: bool = False


@dataclass(slots=True)
class Owner:
    """A client with pictures that nobody else touches."""

    number: int
    client: Client
    rng: Random
    pictures: dict[int, State] = field(default_factory=dict)
    under_way: tuple[Any, ...] | None = None
    acknowledged: int = 0
    uncertain: int = 0
    made: int = 0
    broken: list[str] = field(default_factory=list)

    def work(self, stop: threading.Event) -> None:
        """Make change after change until the server is gone."""
        while not stop.is_set():
            try:
                self._change()
            except NoAnswer:
                return
            self.under_way = None

    def _change(self) -> None:
        weights = {"generate": 2, "upload": 2}
        if self.pictures:
            weights |= {"tag": 4, "favorite": 2, "trash": 2, "restore": 2, "delete": 1}
        verb = self.rng.choices(list(weights), list(weights.values()))[0]
        if verb in ("generate", "upload"):
            self._make(verb)
            return
        image_id = self.rng.choice(list(self.pictures))
        state = self.pictures[image_id]
        if verb == "tag":
            names = frozenset(self.rng.sample(TAGS, self.rng.randint(0, 3)))
            after = State(names, state.favorite, state.trashed)
            self._told(
                ("POST", f"images/{image_id}/tags/", {"tags": sorted(names)}), image_id, after
            )
        elif verb == "favorite":
            after = State(state.tags, not state.favorite, state.trashed)
            self._told(
                ("PATCH", f"images/{image_id}/", {"favorite": after.favorite}), image_id, after
            )
        elif verb in ("trash", "restore"):
            after = State(state.tags, state.favorite, verb == "trash")
            self._told(("POST", f"images/{verb}/", {"image_ids": [image_id]}), image_id, after)
        else:
            self._told(("DELETE", f"images/{image_id}/"), image_id, None)

    def _told(self, request: tuple[Any, ...], image_id: int, after: State | None) -> None:
        self.under_way = (image_id, self.pictures[image_id], after)
        answer = self.client.send(*request)
        if answer.status not in (200, 204):
            self.broken.append(f"{request}: {answer.status} {answer.body[:200]!r}")
            return
        self._settle(image_id, after)

    def _settle(self, image_id: int, after: State | None) -> None:
        self.acknowledged += 1
        if after is None:
            del self.pictures[image_id]
        else:
            self.pictures[image_id] = after

    def _make(self, verb: str) -> None:
        self.made += 1
        word = f"{WORD}{self.number}x{self.made}x"
        self.under_way = (word,)
        if verb == "upload":
            answer = self.client.upload(picture(self.rng), prompt=word)
        else:
            answer = self.client.generate(word)
        if answer.status not in (200, 201):
            self.broken.append(f"{verb}: {answer.status} {answer.body[:200]!r}")
            return
        self.acknowledged += 1
        self.under_way = (word, "acknowledged")
        found = self.client.found(word)
        if len(found) != 1:
            self.broken.append(f"{word}: {len(found)} pictures")
        self.pictures |= {image_id: _state(image) for image_id, image in found.items()}

    def check(self) -> None:
        """Compare the ledger with the server after a kill and a restart."""
        found = self.client.found(f"{WORD}{self.number}x")
        real = {image_id: _state(image) for image_id, image in found.items()}
        if self.under_way is not None:
            self.uncertain += 1
            self._resolve(self.under_way, found, real)
            self.under_way = None
        if real != self.pictures:
            wrong = [
                f"{image_id}: {real.get(image_id)} instead of {self.pictures.get(image_id)}"
                for image_id in real.keys() | self.pictures.keys()
                if real.get(image_id) != self.pictures.get(image_id)
            ]
            self.broken += wrong
            self.pictures = real

    def _resolve(
        self, under_way: tuple[Any, ...], found: dict[int, Any], real: dict[int, State]
    ) -> None:
        """Settle what was running: it was done, or not, and nothing else."""
        if isinstance(under_way[0], str):
            word, *acknowledged = under_way
            made = [key for key, image in found.items() if image["prompt"] == word]
            if len(made) > 1 or (acknowledged and not made):
                self.broken.append(f"{word}: {len(made)} pictures")
            self.pictures |= {image_id: real[image_id] for image_id in made}
            return
        image_id, before, after = under_way
        if real.get(image_id) not in (before, after):
            self.broken.append(f"{image_id}: {real.get(image_id)}, neither {before} nor {after}")
        self.pictures.pop(image_id, None)
        if image_id in real:
            self.pictures[image_id] = real[image_id]


def _state(image: dict[str, Any]) -> State:
    return State(frozenset(image["tags"]), image["favorite"], image["trashed"])


def storm(
    server: Server, *, kills: int, seconds: float | None = None, seed: int = 1
) -> StormReport:
    """Kill the server so many times (or until the time is over), and audit what is left.

    The server is stopped at the end, and its library audited.
    """
    rng = Random(seed)
    owners = [
        Owner(number, Client(server.url, server.api_key), Random(f"{seed}/{number}"))
        for number in range(CLIENTS)
    ]
    end = time.monotonic() + (seconds or 1e9)
    done = 0
    while done < kills and time.monotonic() < end:
        server.start()
        for owner in owners:
            owner.check()
        stop = threading.Event()
        threads = [threading.Thread(target=owner.work, args=(stop,)) for owner in owners]
        for thread in threads:
            thread.start()
        time.sleep(rng.uniform(0.1, 1.8))
        server.kill()
        done += 1
        stop.set()
        for thread in threads:
            thread.join(30)
    server.start()
    for owner in owners:
        owner.check()
        owner.client.close()
    server.kill()
    return StormReport(
        done,
        sum(owner.acknowledged for owner in owners),
        sum(owner.uncertain for owner in owners),
        [line for owner in owners for line in owner.broken],
        audit(server.environment),
    )
