"""What a log line shows, and what it must not."""

import json
import logging
import subprocess
import sys

import pytest

from grok2api import logs

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
        (
            "日落 task-force at https://example.org/a:b",
            "日落 task-force at https://example.org/a:b",
        ),
    ],
)
def test_secrets_are_masked(secrets, text, shown):
    assert logs.redact(text) == shown


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
