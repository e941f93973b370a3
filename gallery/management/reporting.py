"""Reports what long commands do: a line on a terminal, one line of JSON each for programs."""

import json
from collections import Counter
from collections.abc import Iterable
from enum import StrEnum
from time import monotonic
from typing import Protocol

from django.core.management.base import CommandError, OutputWrapper

from gallery.text import one_line


class Result(Protocol):
    """The outcome of one of many items."""

    @property
    def name(self) -> str: ...
    @property
    def outcome(self) -> StrEnum: ...  # `failed` is one of its values
    @property
    def reason(self) -> str: ...


class Progress:
    """A line on a terminal that is rewritten a few times a second."""

    def __init__(self, stdout: OutputWrapper, *, as_json: bool) -> None:
        self.stdout = stdout
        self.shown = 0.0
        self.visible = stdout.isatty() and not as_json

    def show(self, text: str, *, last: bool = False) -> None:
        if self.visible and (last or monotonic() - self.shown > 0.2):
            self.shown = monotonic()
            self.stdout.write(f"\r{text}\x1b[K", ending="\n" if last else "")
            self.stdout.flush()


def report(
    results: Iterable[Result],
    outcomes: type[StrEnum],
    *,
    stdout: OutputWrapper,
    stderr: OutputWrapper,
    as_json: bool,
) -> None:
    """Run a job to its end, name what failed, and count outcomes, and ignored files by type.

    Raises:
        CommandError: something failed.
    """
    counts = dict.fromkeys((outcome.value for outcome in outcomes), 0)
    failures: list[dict[str, str]] = []
    kinds: Counter[str] = Counter()
    progress = Progress(stdout, as_json=as_json)
    for each in results:
        counts[each.outcome.value] += 1
        if each.outcome == "failed":
            # Names of files and members come from outside.
            name, reason = one_line(each.name), one_line(each.reason)
            failures.append({"name": name, "reason": reason})
            if not as_json:
                stderr.write(f"{name}: {reason}")
        if each.outcome == "ignored":
            kinds[getattr(each, "kind", "") or "other"] += 1
        progress.show(_sentence(counts, kinds))
    if as_json:
        told = {"kinds": dict(kinds.most_common())} if "ignored" in counts else {}
        stdout.write(json.dumps({**counts, **told, "failures": failures}, ensure_ascii=False))
    elif progress.visible:
        progress.show(_sentence(counts, kinds), last=True)
    else:
        stdout.write(_sentence(counts, kinds))
    if failures:
        raise CommandError(f"{len(failures)} failed.")


def _sentence(counts: dict[str, int], kinds: Counter[str]) -> str:
    sentence = ", ".join(f"{count} {outcome}" for outcome, count in counts.items())
    if not kinds:
        return sentence
    return f"{sentence} ({', '.join(f'{count} {kind}' for kind, count in kinds.most_common())})"
