"""Lets somebody else act between two of our queries, by Django's own hook and without a mock."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection


@contextmanager
def meanwhile(pattern: str, act: Callable[[], Any], nth: int = 1) -> Iterator[None]:
    """Run `act` once, right after the nth query that matches; there must be one."""
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
