"""One answer asks the database for a thing once, however many of its parts need it."""

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
    """While it runs, `remembered` functions read once for the same arguments. Also a decorator.

    For what only reads: nothing that is changed meanwhile is noticed.
    """
    token = _known.set({})
    try:
        yield
    finally:
        _known.reset(token)


def is_open() -> bool:
    return _known.get() is not None


def knows(read: Callable[..., Any], *args: Any) -> bool:
    """Whether this remembered function has been asked this already."""
    return (read, args) in (_known.get() or {})


def note(read: Callable[..., Any], *args: Any, result: Any) -> None:
    """Let this remembered function answer so; for who has found it out together with others."""
    known = _known.get()
    if known is not None:
        known[read, args] = result


def remembered(read: Callable[P, T]) -> Callable[P, T]:
    """For functions of hashable positional arguments whose results nobody changes."""

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
    """For functions that look names up: only those that were not asked for before."""

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
