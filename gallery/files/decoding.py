"""Limits the memory of pictures that are being decoded: one budget for the whole process.

A file of 36 bytes may announce a picture that takes a gigabyte, and several may come at once. Each
one says how much it needs before it is decoded, and waits until that much is free.
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
"""Pictures of the greatest size that fit into the budget."""

MOST_WAITING = 3
"""Impatient callers that may wait at once. Each holds a thread that pages need."""

LARGE = 8 * 1024 * 1024
TRIM_THRESHOLD, MMAP_THRESHOLD, ARENA_MAX = -1, -3, -8
MALLOC = {TRIM_THRESHOLD: LARGE, MMAP_THRESHOLD: LARGE, ARENA_MAX: 2}
"""Options of the C library by their numbers in `malloc.h`: the size of a large block of memory, and
the number of heaps that all threads share."""

PATIENCE = 20.0
"""Seconds that an impatient caller waits."""


class Busy(Exception):
    """There is no memory for one more picture now; there will be in a few seconds."""

    def __init__(self) -> None:
        super().__init__("Too many large pictures are being read. Try again in a moment.")


class Budget:
    """A number of bytes that is borrowed and given back, first come, first served."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.taken = 0
        self._line: deque[object] = deque()
        self._impatient = 0
        self._changed = threading.Condition()

    @contextmanager
    def room(self, wanted: int, *, patient: bool) -> Iterator[None]:
        """Hold so many bytes of the budget inside the block; a request beyond the whole takes all
        of it.

        Args:
            patient: wait as long as it takes.

        Raises:
            Busy: too many are waiting, or it took too long.
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
    """Set the most pixels of one picture; all pictures together may have twice as many."""
    budget.total = AT_ONCE * DECODED * max_pixels
    _give_memory_back()


def _give_memory_back() -> None:
    """Have the C library return large blocks of memory when they are freed, and keep small ones.

    Once glibc has freed a block of up to 32 MB, it keeps blocks of that size for each thread, and a
    large picture is made of such blocks. It should keep the smaller ones: reading, decoding and
    writing a generation's answer costs less than asking for that memory again. Other systems behave
    like this already.
    """
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # musl has no such switches, and needs none
            for switch, value in MALLOC.items():
                ctypes.CDLL(None).mallopt(switch, value)


def max_pixels() -> int:
    """Return the most pixels that a picture may have."""
    return budget.total // (AT_ONCE * DECODED)
