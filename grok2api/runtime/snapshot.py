"""Memoizes queries for the duration of one answer, so that its parts share them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_known: ContextVar[dict[Any, Any] | None] = ContextVar("known", default=None)


@contextmanager
def one_snapshot() -> Iterator[None]:
    """Let `remembered` functions read once for the same arguments while the block runs.

    It is a decorator, too, and only for code that reads: later changes are not noticed.
    """
    token = _known.set({})
    try:
        yield
    finally:
        _known.reset(token)


def is_open() -> bool:
    return _known.get() is not None


def knows(read: Callable[..., Any], *args: Any) -> bool:
    """Return whether the memo has this function's result already."""
    return (read, args) in (_known.get() or {})


def note(read: Callable[..., Any], *args: Any, result: Any) -> None:
    """Put a result into this function's memo, for callers that found it together with others."""
    known = _known.get()
    if known is not None:
        known[read, args] = result


def remembered(read: Callable[P, T]) -> Callable[P, T]:
    """Memoize a function of hashable positional arguments whose results nobody changes."""

    @wraps(read)
    def answer(*args: P.args, **kwargs: P.kwargs) -> T:
        known = _known.get()
        if known is None:
            return read(*args, **kwargs)
        key = (answer, args)
        if key not in known:
            known[key] = read(*args, **kwargs)
        result: T = known[key]
        return result

    return answer


def remembered_each(
    read: Callable[[frozenset[str]], dict[str, T]],
) -> Callable[[frozenset[str]], dict[str, T]]:
    """Memoize a function that looks up many names, so that it is asked only for new ones."""

    @wraps(read)
    def answer(names: frozenset[str]) -> dict[str, T]:
        known = _known.get()
        if known is None:
            return read(names)
        seen: dict[str, T | None] = known.setdefault(answer, {})
        if new := names - seen.keys():
            found = read(new)
            seen.update((name, found.get(name)) for name in new)
        return {name: value for name in names if (value := seen[name]) is not None}

    return answer
