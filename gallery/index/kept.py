"""Sets that were read lately, kept in this process: no segment changes but by being built anew."""

from threading import Lock

from cachetools import LRUCache

SetBySegment = dict[int, int]
Builds = tuple[tuple[int, int], ...]
"""(number, generation) of every segment that an index knows."""

MAX_BYTES = 192 * 1024 * 1024
_ENTRY, _SEGMENT = 512, 128
"""Bytes that a set costs by itself, and for each of its segments beside the bits."""

_kept: LRUCache[int, tuple[Builds, SetBySegment]] = LRUCache(
    MAX_BYTES, getsizeof=lambda entry: _ENTRY + sum(_size(bits) for bits in entry[1].values())
)
_lock = Lock()
_builds: Builds = ()
"""Those that came last: once for all sets of them, since each index makes its own."""


def find(code: int, builds: Builds) -> SetBySegment | None:
    """The set of the token with this code in these builds, where it is kept. Not to be changed."""
    with _lock:
        entry = _kept.get(code)
    return entry[1] if entry is not None and entry[0] == builds else None


def keep(code: int, builds: Builds, sets: SetBySegment) -> None:
    """Keep the set of a token; others that were not asked for lately give way."""
    global _builds
    with _lock:
        if _builds != builds:
            _builds = builds
        entry = _builds, sets
        if _kept.getsizeof(entry) < MAX_BYTES:
            _kept[code] = entry


def forget() -> None:
    with _lock:
        _kept.clear()


def _size(bits: int) -> int:
    return _SEGMENT + (bits.bit_length() >> 3)
