"""Measures how work grows with its input, within one run and for this thread alone."""

import math
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

TIMES = 8
"""The larger input is so many times the smaller: linear work is 8 times as much, quadratic 64."""

LINEAR = 24
"""Growth up to which work counts as linear: what is done once and never is hides in it."""

A_LONG_TIME = 10**9
"""Nanoseconds after which nothing is measured again."""

NOTHING = 500_000
"""Nanoseconds: what takes no longer for the large input is not worth comparing."""


ROUNDS = 12
"""Growth that seems too much is measured so often: on a busy machine the time of others counts."""


def growth(work: Callable[[T], object], make: Callable[[int], T], size: int) -> float:
    """Return how many times as long the work takes for an input that is `TIMES` as large."""
    small, large = make(size), make(TIMES * size)
    part = whole = math.inf
    for number in range(ROUNDS):
        time.sleep(0.05 * number)
        whole = min(whole, _least(work, large))
        if whole <= NOTHING:
            return 0.0
        part = min(part, _least(work, small))
        if whole <= LINEAR * part or whole > A_LONG_TIME:
            break
    return whole / part


def _least(work: Callable[[T], object], given: T) -> int:
    """Return nanoseconds of this thread: the least of three, since disturbances only add."""
    taken = []
    for _ in range(3):
        began = time.thread_time_ns()
        work(given)
        taken.append(time.thread_time_ns() - began)
        if taken[-1] > A_LONG_TIME:
            break
    return max(1, min(taken))
