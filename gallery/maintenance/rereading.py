"""Reads files again with today's parser, if their prompt came from the file or is missing."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.core.files.storage import default_storage
from django.db.models import Q

from ..differences import TEXTS
from ..facts import ImageFacts
from ..files import metadata
from ..history import Action, Recording
from ..jobs import wording
from ..jobs.changes import Facts, change, read_facts
from ..models import Image
from ..transfer.found_files import reason

AT_ONCE = 20
"""Pictures in one transaction, whose texts are in memory."""


class RereadOutcome(StrEnum):
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Reread:
    """The outcome of one picture; for a changed one, the reason names the changes."""

    name: str
    outcome: RereadOutcome
    reason: str = ""
    image_id: int = 0


def reread_metadata(*, dry_run: bool = False) -> Iterator[Reread]:
    """Read files again that gave the prompt, or in whose texts an older parser found none.

    A reading without a prompt changes nothing, and texts that lay beside a file stay. The whole run
    is one recorded change. Finished pictures are marked with the parser's version, so a run after
    an interruption continues where it stopped.
    """
    recording = Recording(Action.REREAD)
    last = 0
    while rows := _rows_after(last):
        last = rows[-1].pk
        behind = {row.pk: row for row in rows if not _is_up_to_date(row)}
        readings: dict[int, _Reading] = {}
        for pk, before in read_facts(list(behind), texts=True).items():
            try:
                readings[pk] = _read(behind[pk], before)
            except Exception as error:  # noqa: BLE001  whatever one file provokes, others are read
                yield Reread(_name(pk), RereadOutcome.FAILED, reason(error), pk)
        if readings:
            yield from _take_over(readings, None if dry_run else recording)


@dataclass(frozen=True, slots=True)
class _Reading:
    """What the row said when its file was read, and what it should say."""

    before: ImageFacts
    after: ImageFacts
    what: Sequence[str] = ()  # changes, in people's words


def _rows_after(pk: int) -> list[Any]:
    is_the_files = Q(prompt_source=Image.PromptSource.FILE)
    rows = Image.objects.filter(is_the_files | Q(prompt_source="", prompt=""), pk__gt=pk)
    return list(rows.order_by("pk").only("pk", "file", "metadata", "prompt_source")[:AT_ONCE])


def _is_up_to_date(row: Any) -> bool:
    said = _embedded(row.metadata)
    is_mute = not said and not row.prompt_source  # nothing in the file, and no prompt
    return is_mute or said.get("parser") == metadata.PARSER_VERSION


def _embedded(said: Any) -> dict[str, Any]:
    """Return what a picture's metadata says of its file; older releases stored anything there."""
    embedded = said.get("embedded") if isinstance(said, dict) else None
    return embedded if isinstance(embedded, dict) else {}


def _read(row: Any, before: ImageFacts) -> _Reading:
    old = _embedded(row.metadata)
    kept = old.get("raw")
    with default_storage.open(row.file.name) as file:
        found = metadata.read_again(file.read(), kept if isinstance(kept, dict) else {})
    if not found.prompt.strip():
        return _Reading(before, before)
    prompt, model = wording.told_by(found)
    after = before.with_text("written", (prompt, Image.PromptSource.FILE.value))
    if model and "grok2api" not in (row.metadata or ()):  # which has named the model itself
        after = after.with_text("model", model)
    what = ["prompt"] if after.written != before.written else []
    what += ["model"] if after.model != before.model else []
    new = found.as_dict()
    if isinstance(row.metadata, dict):
        what += ["parameters"] if {**new, "parser": 0} != {**old, "parser": 0} else []
        if what:
            after = after.with_text("embedded", wording.as_json(new))
    return _Reading(before, after, what)


def _take_over(readings: dict[int, _Reading], recording: Recording | None) -> list[Reread]:
    """Write the new texts of rows that nobody has changed meanwhile."""
    done: set[int] = set()

    def take_over(facts: Facts) -> Collection[int]:
        done.clear()
        before = dict(facts)
        for pk, now in before.items():
            if now.told == readings[pk].before.told:
                done.add(pk)
                if readings[pk].after.told != now.told:
                    new = readings[pk].after
                    for name in TEXTS:
                        facts[pk] = facts[pk].with_text(name, getattr(new, name))
        wording.write(before, facts)
        _mark(done)
        return done

    if recording is None:
        done.update(readings)
    else:
        change(sorted(readings), take_over, recording, texts=True)
    return [_outcome(pk, readings[pk]) for pk in readings if pk in done]


def _mark(ids: Collection[int]) -> None:
    """Record that today's parser has read these."""
    read = Image.objects.filter(pk__in=ids).only("metadata")
    rows = [row for row in read if _embedded(row.metadata)]
    for row in rows:
        row.metadata["embedded"]["parser"] = metadata.PARSER_VERSION
    Image.objects.bulk_update(rows, ["metadata"], batch_size=AT_ONCE)


def _outcome(pk: int, reading: _Reading) -> Reread:
    outcome = RereadOutcome.CHANGED if reading.what else RereadOutcome.UNCHANGED
    changes = ", ".join(reading.what)
    if "prompt" in reading.what:
        was, now = (each.written or ("", "") for each in (reading.before, reading.after))
        changes += f": {_short(was[0])} → {_short(now[0])}"
    return Reread(_name(pk), outcome, changes, pk)


def _short(prompt: str) -> str:
    return f"“{prompt if len(prompt) <= 60 else prompt[:59] + '…'}”"


def _name(pk: int) -> str:
    return f"picture {pk}"
