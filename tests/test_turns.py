"""Reading requests take turns."""

import threading

from grok2api import turns


def start(application, method):
    thread = threading.Thread(target=lambda: list(application({"REQUEST_METHOD": method}, None)))
    thread.start()
    return thread


class Slow:
    """A WSGI application that answers when it may, and knows how many are inside."""

    def __init__(self):
        self.inside = threading.Semaphore(0)
        self.may_answer = threading.Event()
        self.entered = 0

    def __call__(self, environ, start_response):
        self.entered += 1
        self.inside.release()
        assert self.may_answer.wait(30)
        return [b""]


def test_reading_waits_for_its_turn_and_writing_does_not(monkeypatch):
    monkeypatch.setattr(turns, "PATIENCE", 30)
    slow = Slow()
    application = turns.in_turns(slow, at_once=1)
    threads = [start(application, "GET")]
    assert slow.inside.acquire(timeout=30)
    threads += [start(application, "GET"), start(application, "POST")]
    assert slow.inside.acquire(timeout=30)  # the one that writes
    assert slow.entered == 2
    slow.may_answer.set()
    for thread in threads:
        thread.join(30)
    assert slow.entered == 3


def test_slow_reading_does_not_stop_the_others(monkeypatch):
    monkeypatch.setattr(turns, "PATIENCE", 0.01)
    slow = Slow()
    application = turns.in_turns(slow, at_once=1)
    threads = [start(application, "GET") for _ in range(3)]
    for _ in threads:
        assert slow.inside.acquire(timeout=30)
    slow.may_answer.set()
    for thread in threads:
        thread.join(30)
