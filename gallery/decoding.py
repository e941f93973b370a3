"""Memory for pictures that are being decoded: one budget for the whole process. Pure.

A file of 36 bytes may announce a picture that takes a gigabyte, and several may come at once.
Each says how much it needs before it is decoded, and waits until so much is free.
"""

import ctypes
import sys
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress

DEFAULT_PIXELS = 100_000_000

DECODED = 4
"""Bytes of a decoded pixel."""

AT_ONCE = 2
"""Pictures of the greatest size that the budget has room for."""

MOST_WAITING = 3
"""Callers for whom somebody waits that may wait at once. Each holds a thread that pages need."""

LARGE = 8 * 1024 * 1024
TRIM_THRESHOLD, MMAP_THRESHOLD, ARENA_MAX = -1, -3, -8
MALLOC = {TRIM_THRESHOLD: LARGE, MMAP_THRESHOLD: LARGE, ARENA_MAX: 2}
"""Switches of the C library by their numbers in `malloc.h`: the bytes of a piece of memory that is
large, and the heaps that all threads share."""

PATIENCE = 20.0
"""Seconds that such a caller waits."""


class Busy(Exception):
    """There is no room for one more picture now; in a few seconds there will be."""

    def __init__(self) -> None:
        super().__init__("Too many large pictures are being read. Try again in a moment.")


class Budget:
    """So many bytes, taken and given back; who came first is served first."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.taken = 0
        self._line: deque[object] = deque()
        self._impatient = 0
        self._changed = threading.Condition()

    @contextmanager
    def room(self, wanted: int, *, patient: bool) -> Iterator[None]:
        """So many bytes of the budget, inside the block; what is more than all of it takes all.

        Args:
            patient: wait as long as it takes.

        Raises:
            Busy: too many wait, or it took too long.
        """
        wanted = min(wanted, self.total)
        with self._changed:
            self._take(wanted, patient)
        try:
            yield
        finally:
            with self._changed:
                self.taken -= wanted
                self._changed.notify_all()

    def _take(self, wanted: int, patient: bool) -> None:
        ticket = object()
        self._line.append(ticket)

        def has_come() -> bool:
            return self._line[0] is ticket and self.taken + wanted <= self.total

        try:
            if not has_come() and not patient:
                if self._impatient >= MOST_WAITING:
                    raise Busy
                self._impatient += 1
                try:
                    if not self._changed.wait_for(has_come, PATIENCE):
                        raise Busy
                finally:
                    self._impatient -= 1
            self._changed.wait_for(has_come)
            self.taken += wanted
        finally:
            self._line.remove(ticket)
            self._changed.notify_all()


budget = Budget(AT_ONCE * DECODED * DEFAULT_PIXELS)


def allow(max_pixels: int) -> None:
    """Let pictures have at most so many pixels, and all together twice as many."""
    budget.total = AT_ONCE * DECODED * max_pixels
    _give_memory_back()


def _give_memory_back() -> None:
    """Have the C library return large pieces of memory as soon as they are freed, and no others.

    glibc would keep those of up to 32 MB for each thread once it has seen one freed, and a large
    picture is made of such pieces. The others it is to keep: what a generation's answer is read
    into, decoded and written costs less than to get the memory for it anew. Other systems do it
    by themselves.
    """
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # musl has no such switches, and needs none
            for switch, value in MALLOC.items():
                ctypes.CDLL(None).mallopt(switch, value)


def max_pixels() -> int:
    """The pixels that a picture may have."""
    return budget.total // (AT_ONCE * DECODED)
