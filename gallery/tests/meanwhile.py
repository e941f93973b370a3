"""Somebody else comes between two queries of ours: no mock, but Django's own hook."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection


@contextmanager
def meanwhile(pattern: str, act: Callable[[], Any], nth: int = 1) -> Iterator[None]:
    """Run `act` once, right after the nth query that matches; that one must come."""
    seen: list[str] = []

    def wrap(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        answer = execute(sql, params, many, context)
        if re.search(pattern, sql) and not many:
            seen.append(sql)
            if len(seen) == nth:
                act()
        return answer

    with connection.execute_wrapper(wrap):
        yield
    assert len(seen) >= nth, "the query never came"
