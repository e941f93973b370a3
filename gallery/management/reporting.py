"""How long commands tell what they do: a line on a terminal, one line of JSON for programs."""

import json
from collections import Counter
from collections.abc import Iterable
from time import monotonic
from typing import Any

from django.core.management.base import CommandError, OutputWrapper

from gallery.imports import Imported, Outcome


def report_imports(
    imported: Iterable[Imported], *, stdout: OutputWrapper, stderr: OutputWrapper, as_json: bool
) -> None:
    """Run an import to its end, name what failed, and count the rest.

    Raises:
        CommandError: a file was not taken in.
    """
    counts: Counter[Outcome] = Counter()
    failures: list[dict[str, str]] = []
    shown = 0.0
    on_terminal = stdout.isatty() and not as_json
    for each in imported:
        counts[each.outcome] += 1
        if each.outcome == Outcome.FAILED:
            failures.append({"name": each.name, "reason": each.reason})
            if not as_json:
                stderr.write(f"{each.name}: {each.reason}")
        if on_terminal and monotonic() - shown > 0.2:
            shown = monotonic()
            stdout.write(f"\r{_sentence(counts)}\x1b[K", ending="")
            stdout.flush()
    if as_json:
        answer: dict[str, Any] = {outcome.value: counts[outcome] for outcome in Outcome}
        stdout.write(json.dumps({**answer, "failures": failures}, ensure_ascii=False))
    else:
        stdout.write(("\r" if on_terminal else "") + _sentence(counts))
    if failures:
        raise CommandError(f"{len(failures)} files were not taken in.")


def _sentence(counts: "Counter[Outcome]") -> str:
    return (
        f"{counts[Outcome.ADDED]} pictures added, {counts[Outcome.KNOWN]} were there already, "
        f"{counts[Outcome.FAILED]} failed, {counts[Outcome.IGNORED]} other files."
    )
