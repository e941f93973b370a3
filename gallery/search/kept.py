"""Sets that were read lately, kept in this process: no segment changes but by being built anew."""

from threading import Lock

from cachetools import LRUCache

SetBySegment = dict[int, int]
Builds = tuple[tuple[int, int], ...]
"""(number, generation) of every segment that an index knows."""

MAX_BYTES = 64 * 1024 * 1024
_WORD = 64
"""Bytes that an integer or an entry costs beside its bits."""

_kept: LRUCache[int, tuple[Builds, SetBySegment]] = LRUCache(
    MAX_BYTES, getsizeof=lambda entry: _WORD + sum(_size(bits) for bits in entry[1].values())
)
_lock = Lock()


def find(code: int, builds: Builds) -> SetBySegment | None:
    """The set of the token with this code in these builds, where it is kept. Not to be changed."""
    with _lock:
        entry = _kept.get(code)
    return entry[1] if entry is not None and entry[0] == builds else None


def keep(code: int, builds: Builds, sets: SetBySegment) -> None:
    """Keep the set of a token; others that were not asked for lately give way."""
    with _lock:
        if _kept.getsizeof((builds, sets)) < MAX_BYTES:
            _kept[code] = builds, sets


def forget() -> None:
    with _lock:
        _kept.clear()


def _size(bits: int) -> int:
    return _WORD + (bits.bit_length() >> 3)
