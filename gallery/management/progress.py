"""The progress bar of long commands: drawn on a terminal, silent anywhere else."""

import sys
from collections.abc import Callable

WIDTH = 30


def bar(label: str) -> Callable[[int, int], None]:
    """A function that is told how much of how much is done."""

    def show(done: int, total: int) -> None:
        if not sys.stderr.isatty():
            return
        filled = WIDTH * done // max(1, total)
        line = f"\r{label} [{'█' * filled}{'·' * (WIDTH - filled)}] {done}/{total}"
        sys.stderr.write(line + ("\n" if done == total else ""))
        sys.stderr.flush()

    return show
