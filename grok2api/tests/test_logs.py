"""What a log line shows, and what it must not."""

import json
import logging
import subprocess
import sys
import threading
from functools import partial

import pytest

from grok2api import logs
from tests.campaign.attacks.texts import PUMPS
from tests.growth import LINEAR, growth

pytestmark = pytest.mark.once


@pytest.fixture
def secrets(settings):
    settings.SECRET_KEY = "django-secret-of-the-test"
    settings.ADMIN_PASSWORD = "correct horse battery"
    settings.XAI_API_KEY = "first-upstream-key, second-upstream-key"
    logs._secrets.cache_clear()
    yield
    logs._secrets.cache_clear()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("the key sk-abcdefghijkl was used", "the key sk-… was used"),
        ("xai-0123456789abc", "xai-…"),
        ("{'Authorization': 'Bearer abc.def'}", "{'Authorization': 'Bearer …'}"),
        ("postgresql://me:pw@db:5432/x", "postgresql://…@db:5432/x"),
        ("GET /v1/files/image/7-0-ABCdef_-123.jpg 404", "GET /v1/files/image/….jpg 404"),
        ("first-upstream-key and second-upstream-key", "… and …"),
        ("correct horse battery, django-secret-of-the-test", "…, …"),
        ("x://a:b:c@host x://:::", "x://…@host x://:::"),
        (
            "日落 task-force at https://example.org/a:b",
            "日落 task-force at https://example.org/a:b",
        ),
    ],
)
def test_secrets_are_masked(secrets, text, shown):
    assert logs.redact(text) == shown


def test_secrets_are_masked_as_json_writes_them(settings):
    settings.ADMIN_PASSWORD = 'pa"ss\\word-long'
    logs._secrets.cache_clear()
    record = logging.LogRecord("x", logging.INFO, "", 0, settings.ADMIN_PASSWORD, None, None)
    assert json.loads(logs.JsonLines().format(record))["message"] == "…"
    logs._secrets.cache_clear()


def test_masking_is_linear_in_hostile_texts():
    slow = {}
    for pump in PUMPS:
        hostile = partial(
            lambda size, pump: f"GET /x://{pump * (size // len(pump))} 404", pump=pump
        )
        if (more := growth(logs.redact, hostile, 1_000)) > LINEAR:
            slow[pump] = round(more)
    assert slow == {}


@pytest.mark.parametrize(
    ("name", "status", "level", "has_traceback"),
    [
        ("django.security.DisallowedHost", 400, "WARNING", False),
        ("django.request", 403, "ERROR", False),
        ("django.request", 500, "ERROR", True),
        ("imagine.generate", None, "ERROR", True),
    ],
)
def test_what_a_stranger_is_refused_is_one_line(name, status, level, has_traceback):
    try:
        raise ValueError("no")
    except ValueError:
        record = logging.LogRecord(name, logging.ERROR, "", 1, "no", (), sys.exc_info())
    if status is not None:
        record.status_code = status
    assert logs.Refusals().filter(record)
    assert (record.levelname, "Traceback" in logs.PlainLines().format(record)) == (
        level,
        has_traceback,
    )


EVIL = "a\n2026-11-27 CRITICAL forged\r\x1b[2J\x9b31m\u202e\u2028\ud800"


def lines(formatter: logging.Formatter) -> list[str]:
    """What is written of a message and an exception that quote a stranger."""
    try:
        raise ValueError(EVIL)
    except ValueError:
        record = logging.LogRecord("a.b", logging.ERROR, "", 1, "%s", (EVIL,), sys.exc_info())
    return formatter.format(record).split("\n")


def test_no_outside_text_ends_a_line_or_moves_the_cursor():
    first, *below = lines(logs.PlainLines())
    escaped = r"a\n2026-11-27 CRITICAL forged\r\x1b[2J\x9b31m\u202e\u2028\ud800"
    assert first.endswith(f" ERROR a.b: {escaped}")
    assert below[0] == "  Traceback (most recent call last):"
    assert all(line.startswith("  ") for line in below)
    assert not any(set(line) & set(EVIL[1:2] + "\r\x1b\x9b\u202e\u2028\ud800") for line in below)
    (line,) = lines(logs.JsonLines())
    assert not set(line) & set("\r\x1b\x9b\u202e\u2028\ud800")
    assert json.loads(line)["message"] == EVIL


def test_a_line_of_the_file_is_json_with_the_request_id(secrets):
    record = logging.LogRecord("a.b", logging.INFO, "", 1, "你好 %s", ("sk-abcdefghijkl",), None)
    token = logs.request_id.set("r-1")
    try:
        line = json.loads(logs.JsonLines().format(record))
    finally:
        logs.request_id.reset(token)
    assert line.pop("time")
    assert line == {"level": "INFO", "logger": "a.b", "message": "你好 sk-…", "request_id": "r-1"}


WRITER = """
import logging, sys
from concurrent_log_handler import ConcurrentRotatingFileHandler
handler = ConcurrentRotatingFileHandler(sys.argv[1], maxBytes=20_000, backupCount=50)
logger = logging.getLogger()
logger.addHandler(handler)
for number in range(300):
    logger.warning("%s %d %s", sys.argv[2], number, "x" * 80)
"""


def test_several_processes_write_and_rotate_one_file_without_losing_a_line(tmp_path):
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path / "app.log"), name])
        for name in "abc"
    ]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    files = list(tmp_path.glob("app.log*"))
    lines = sorted(line[:-81] for file in files for line in file.read_text().splitlines())
    assert len(files) > 3
    assert lines == sorted(f"{name} {number}" for name in "abc" for number in range(300))


def test_a_line_that_is_written_later_keeps_its_time_and_its_request(monkeypatch):
    written, may_write = [], threading.Event()

    class Slow(logging.Handler):
        def emit(self, record):
            assert may_write.wait(30)
            written.append((record.getMessage(), record.client, logs.request_id.get()))

    logger = logging.getLogger("later")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logger.addHandler(Slow())
    token = logs.request_id.set("abc")
    logs.log_later(logger, logging.DEBUG, "not %s", "this", client="x")
    logs.log_later(logger, logging.INFO, "one %d", 1, client="192.0.2.1")
    logs.request_id.reset(token)
    logs.log_later(logger, logging.INFO, "two", client="")
    assert written == []  # and whoever asked has gone on
    may_write.set()
    monkeypatch.setattr(logs, "MOST_WAITING", 0)
    logs.log_later(logger, logging.INFO, "three", client="")  # too many wait: at once
    logs.WRITER.submit(int).result(30)
    assert sorted(written) == [
        ("one 1", "192.0.2.1", "abc"), ("three", "", ""), ("two", "", ""),
    ]  # fmt: skip
