"""Shows the progress of long commands on a terminal, and nothing anywhere else."""

import sys
from collections.abc import Callable

WIDTH = 30


def bar(label: str) -> Callable[[int, int], None]:
    """Return a function that is called with the amount done and the total."""

    def show(done: int, total: int) -> None:
        if not sys.stderr.isatty():
            return
        filled = WIDTH * done // max(1, total)
        line = f"\r{label} [{'█' * filled}{'·' * (WIDTH - filled)}] {done}/{total}"
        sys.stderr.write(line + ("\n" if done == total else ""))
        sys.stderr.flush()

    return show
