"""JSON of the gateway's requests: what large bodies cost, and that they come one at a time."""

import asyncio
import json
from pathlib import Path

import pytest
from django.test import AsyncRequestFactory

from imagine.api.reading import read_json as read_json_of
from imagine.api.reading import reading_large
from imagine.dialects import LARGE, InvalidRequest, read_json

MANY = "x" * LARGE


def memory(name):
    """Bytes that this process has (`VmRSS`), or had at most (`VmHWM`)."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition(f"{name}:")[2].split()[0]) * 1024


def test_read_json_makes_no_text_of_a_large_body():
    body = json.dumps({"prompt": "\U0001f600" + 16 * MANY}, ensure_ascii=False).encode()
    Path("/proc/self/clear_refs").write_text("5")  # forget what was the most so far
    before = memory("VmRSS")
    found = read_json(body)
    assert memory("VmHWM") - before < 5.5 * len(body)  # the value itself has four bytes for each
    assert found == {"prompt": "\U0001f600" + 16 * MANY}


@pytest.mark.parametrize("filling", ["", MANY], ids=["small", "large"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "marked"])
def test_read_json_of_any_size_may_begin_with_a_mark(filling, mark):
    asked = {"prompt": "a cat", "x": filling}
    assert read_json(mark + json.dumps(asked).encode()) == asked


@pytest.mark.parametrize("filling", [b"", MANY.encode()], ids=["small", "large"])
@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b'{"prompt": "\xff%b"}', "The request body is not UTF-8."),
        (b'{"prompt": "%b\xe4\xb8"}', "The request body is not UTF-8."),
        (b'{"prompt": "%b"', "The request body is not valid JSON."),
        (b'["%b"]', "The request body must be a JSON object."),
        (b'{"x": "%b", "y": ' + b"[" * 100_000, "The request body is not valid JSON."),
    ],
)
def test_read_json_of_any_size_names_what_is_wrong(filling, body, sentence):
    with pytest.raises(InvalidRequest) as caught:
        read_json(body % filling)
    assert str(caught.value) == sentence


async def test_large_json_is_read_one_at_a_time():
    def reading(text):
        body = json.dumps({"prompt": text})
        request = AsyncRequestFactory().post("/", body, content_type="application/json")
        return asyncio.create_task(read_json_of(request))

    async with asyncio.timeout(30):
        async with reading_large:
            large, medium, small = reading(MANY), reading(MANY[: LARGE // 2]), reading("x")
            assert await medium == {"prompt": MANY[: LARGE // 2]}
            assert await small == {"prompt": "x"}
            assert not large.done()
        assert await large == {"prompt": MANY}
