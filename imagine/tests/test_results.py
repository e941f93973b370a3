# ruff: noqa: E501  (each shape on a line of its own)
"""Pictures in answers of every shape, as they stand on the wire."""

import asyncio
import base64
import json
import tracemalloc
from contextlib import suppress
from types import SimpleNamespace
from urllib.parse import unquote_to_bytes

import pytest

from gallery.tests.drawing import draw
from imagine.providers import items, results
from imagine.providers.base import (
    BrokenImage,
    FoundLink,
    GeneratedImage,
    PartialImage,
    ProviderError,
    Usage,
)
from imagine.providers.bodies import Answer
from imagine.providers.items import Undecodable, decode
from imagine.providers.results import read_body

DATA = draw(96, 64)
B64 = base64.b64encode(DATA).decode()
LINES = "\r\n".join(B64[start : start + 76] for start in range(0, len(B64), 76))
BROKE_OFF = ProviderError("The connection broke off.", code="upstream_broke_off")


async def no_link(url):
    raise ProviderError("The link is dead.", code="picture_unavailable")


async def read(body, *, fetch=no_link, broke_off=None):
    """What an answer gives but its usage; the error's code where it gives nothing."""
    if not isinstance(body, bytes):
        body = json.dumps(body).encode()
    try:
        found = [
            event
            async for event in read_body(body, model="m", fetch=fetch, broke_off=broke_off)
            if not isinstance(event, Usage)
        ]
    except ProviderError as error:
        return error.code
    return found


async def pictures(body, **more):
    """The pictures of an answer, in its order."""
    return [event.data for event in await read(body, **more) if isinstance(event, GeneratedImage)]


@pytest.mark.parametrize(
    "encoded",
    [B64, B64.rstrip("="), B64.replace("+", "-").replace("/", "_"), LINES, f"data:image/jpeg;base64,{B64}",
     f"DATA:IMAGE/JPEG;BASE64,{LINES}", f" {B64}\n", B64.replace("+", "-").replace("/", "_").rstrip("="),
     f"data:image/jpeg;base64,{B64}".rstrip("=")],
)  # fmt: skip
def test_base64_is_read_however_it_is_written(encoded):
    assert decode(encoded) == DATA


def test_data_without_base64_is_read_too():
    assert decode("data:image/svg+xml,%3Csvg%20/%3E") == b"<svg />"


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 7, 65_535, 65_536, 65_537, 131_073])
def test_escapes_are_read_wherever_a_piece_ends(size, monkeypatch):
    monkeypatch.setattr(items, "PIECE", 5 if size < 10 else items.PIECE)
    for text in ("%41" * size, "%" * size, "a%4" * size, "100%" * size, "%25é" * size):
        assert decode(f"data:,{text}") == unquote_to_bytes(text)


@pytest.mark.parametrize("encoded", ["data:,{}", "data:;base64,{}", "{}"])
@pytest.mark.parametrize("text", ["%41", "AA ", "A\n"])
def test_what_a_picture_takes_to_be_decoded_is_a_small_multiple_of_its_length(encoded, text):
    given = encoded.format(text * 500_000)
    tracemalloc.start()
    with suppress(Undecodable):
        decode(given)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 6 * len(given)


async def test_blanks_before_a_stream_are_not_kept():
    blanks = [b" " * 1000] * 1000

    async def readany():
        return blanks.pop() if blanks else b""

    content = SimpleNamespace(readany=readany)
    response = SimpleNamespace(headers={"content-type": "text/event-stream"}, content=content)
    answer = Answer(response, None, asyncio.get_running_loop().time() + 60)
    assert await answer.is_stream()
    assert answer.begun == b""


@pytest.mark.parametrize("length", range(1, 60))
def test_base64_of_every_length_does_without_its_padding(length):
    data = bytes(range(200, 200 + length % 56)) * 2
    assert decode(base64.urlsafe_b64encode(data).decode().rstrip("=")) == data


@pytest.mark.parametrize(
    "body",
    [
        {"data": [{"b64_json": B64}]},
        {"data": {"b64_json": B64}},
        {"data": [B64]},
        {"data": [{"b64_json": "", "url": f"data:image/jpeg;base64,{B64}"}]},
        {"images": [{"b64_json": B64}]},
        {"data": [{"b64_json": None, "image_base64": B64}]},
        b"\xef\xbb\xbf" + json.dumps({"data": [{"b64_json": B64}]}).encode(),
        b"\n  \n" + json.dumps({"data": [{"b64_json": B64}]}).encode(),
        json.dumps({"data": [{"b64_json": B64}]}).encode("utf-16"),
        b'{"model": "\xff", "data": [{"b64_json": "' + B64.encode() + b'", "revised_prompt": "\xe9"}]}',
        b'{"data": [{"b64_json": "' + LINES.encode() + b'"}]}',
        b'{"data": [{"b64_json": "' + B64.replace("/", "\\/").encode() + b'"}], "created": NaN}',
        b'{"data": [{"b64_json": "' + B64.encode() + b'"}, {"b64_json": "/9j/4AAQ',
        b'{"data": [{"b64_json": "' + B64.encode() + b'"}',
        b'Warning: late\n{"data": [{"b64_json": "' + B64.encode() + b'"}]}',
        DATA,
        b'data: {"data": [{"b64_json": "' + B64.encode() + b'"}]}\n\ndata: [DONE]\n\n',
        b'event: image_generation.completed\ndata: {"b64_json": "' + B64.encode() + b'"}\n\n',
        b': hi\n\ndata: {"type":"image_generation.completed","b64_json":"' + B64.encode() + b'"}',
    ],
)  # fmt: skip
async def test_picture_is_found_in_whatever_came(body):
    assert await pictures(body) == [DATA]


URL = f"data:image/jpeg;base64,{B64}"


@pytest.mark.parametrize(
    "body",
    [
        {"choices": [{"message": {"content": "Here.", "images": [{"type": "image_url", "image_url": {"url": URL}}]}}]},
        {"choices": [{"message": {"content": f"![a fox]({URL})\n![again]({URL} )"}}]},
        {"choices": [{"message": {"content": [{"type": "text", "text": "x"}, {"image_url": {"url": URL}}]}}]},
        {"candidates": [{"content": {"parts": [{"text": "x"}, {"inlineData": {"mimeType": "image/jpeg", "data": B64}}]}}]},
        {"predictions": [{"bytesBase64Encoded": B64, "mimeType": "image/jpeg"}]},
        {"output": [{"type": "reasoning", "summary": []}, {"type": "image_generation_call", "result": B64}]},
        {"code": "success", "message": "", "data": {"created": 1, "data": [{"b64_json": B64}]}},
        {"success": True, "errors": [], "messages": [], "result": {"image": B64}},
        {"artifacts": [{"base64": B64, "finishReason": "SUCCESS"}]},
        {"output": {"choices": [{"message": {"content": [{"image": URL}]}}]}},
        {"output": {"results": [{"url": URL}], "task_status": "SUCCEEDED"}},
        {"data": {"image_base64": [B64]}, "base_resp": {"status_code": 0}},
        [{"b64_json": B64}],
        {"data": [{"url": B64 * 6}]},
        b'data: {"b64_json": "' + B64.encode() + b'"}\n\n',
        b'data: {"type": "response.output_item.done", "item": {"type": "image_generation_call", "result": "' + B64.encode() + b'"}}\n\n',
        b'data: {"choices": [{"delta": {"content": "![image](' + URL.encode() + b')"}}]}\n\n',
    ],
)  # fmt: skip
async def test_picture_is_found_in_an_answer_of_another_shape(body):
    found = await pictures(body)
    assert found[0].startswith(DATA)


async def test_link_is_followed_wherever_it_stands():
    async def fetch(url):
        return url.encode()

    for body in (
        {"data": [{"b64_json": "http://h/a"}]},
        {"data": {"image_urls": ["http://h/a"]}},
        {"choices": [{"message": {"content": "![image](http://h/a)"}}]},
    ):
        assert await pictures(body, fetch=fetch) == [b"http://h/a"]


async def test_what_is_no_picture_is_not_taken_for_one():
    for body in (
        {"result": "success", "message": "done " * 200},
        {"code": 1, "message": "图片生成失败" * 100},
        {"id": "x", "polling_url": "http://h/a", "status": "queued"},
        {"error": {"message": "No."}, "url": "http://h/docs"},
        {"choices": [{"message": {"content": "See http://h/a and [this](http://h/b)."}}]},
    ):
        assert await read(body) == "no_picture"


async def test_lists_without_end_are_no_answer():
    assert await read(b'{"data": [' + b"[]," * 200_000 + b"[]]}") == "upstream_bad_answer"


async def test_what_broke_off_gives_the_pictures_that_are_whole():
    whole = f'{{"data": [{{"b64_json": "{B64}"}}, {{"b64_json": "{B64}"}}, {{"b64_json": "/9j/'
    found = await read(whole.encode(), broke_off=BROKE_OFF)
    assert [getattr(event, "data", None) for event in found] == [DATA, DATA, b""]
    assert found[-1] == BrokenImage(2, BROKE_OFF)
    assert await read(b'{"data": [{"b64_json": "/9j/', broke_off=BROKE_OFF) == BROKE_OFF.code


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "upstream_bad_answer"),
        (b"<html>Just a moment...</html>", "upstream_bad_answer"),
        (b"null", "upstream_bad_answer"),
        ({"data": None}, "no_picture"),
        ({}, "no_picture"),
        ({"data": []}, "moderation_blocked"),
        ({"data": [], "error": {"message": "boom"}}, "no_picture"),
        ({"error": {"code": "contentFilter", "message": "No."}}, "moderation_blocked"),
        ({"error": {"message": "Bad size", "type": "invalid_request_error"}}, "upstream_refused"),
        (b'data: {"error": {"message": "No.", "code": "moderation_blocked"}}\n\n', "moderation_blocked"),
        (b'data: {"type": "error", "code": "moderation_blocked", "message": "No."}\n\n', "moderation_blocked"),
        (b'event: error\ndata: {"code": "moderation_blocked", "message": "No."}\n\n', "moderation_blocked"),
        (b'data: {"type": "image_generation.failed", "code": "moderation_blocked"}\n\n', "moderation_blocked"),
        ({"promptFeedback": {"blockReason": "SAFETY"}}, "moderation_blocked"),
        ({"candidates": [{"finishReason": "IMAGE_SAFETY"}]}, "moderation_blocked"),
        ({"choices": [{"finish_reason": "content_filter", "message": {}}]}, "moderation_blocked"),
        (b"data: {\n\n", "upstream_bad_answer"),
        (b": nothing\n\n", "no_picture"),
    ],
)  # fmt: skip
async def test_answer_without_a_picture_says_why(body, code):
    assert await read(body) == code


@pytest.mark.parametrize(
    "item",
    [
        {"url": None, "b64_json": None, "respect_moderation": False},
        {"content_filter_results": {"hate": {"filtered": True, "severity": "high"}}},
        {"prompt_filter_results": {"violence": {"filtered": True}}, "url": ""},
        {"error": {"code": "content_filter", "message": "No."}},
        {"finish_reason": "SAFETY"},
    ],
)
async def test_one_withheld_picture_does_not_cost_the_other(item):
    first, second = await read({"data": [item, {"b64_json": B64}]})
    assert (first.index, first.error.code) == (0, "moderation_blocked")
    assert (second.index, second.data) == (1, DATA)


async def test_what_is_no_base64_is_handed_on_as_it_came():
    (broken,) = await read({"data": [{"b64_json": "*?*"}]})
    assert (broken.index, broken.error.code, broken.data) == (0, "upstream_bad_answer", b"*?*")


async def test_links_are_told_of_first_and_fetched_side_by_side():
    waiting, together = [], asyncio.Event()

    async def fetch(url):
        waiting.append(url)
        if len(waiting) == 3:
            together.set()
        await together.wait()
        if url.endswith("1"):
            raise ProviderError("It is dead.", code="picture_unavailable")
        return DATA

    body = {"data": [{"url": f"http://h/{n}", "revised_prompt": f"p{n}"} for n in range(3)]}
    found = await read({**body, "model": "served"}, fetch=fetch)
    assert found[:3] == [FoundLink(n, f"http://h/{n}", "served", f"p{n}") for n in range(3)]
    ended = {event.index: event for event in found[3:]}
    assert ended[0] == GeneratedImage(0, DATA, model="served", revised_prompt="p0")
    assert ended[2] == GeneratedImage(2, DATA, model="served", revised_prompt="p2")
    assert (type(ended[1]), ended[1].error.code) == (BrokenImage, "picture_unavailable")


async def test_links_are_given_up_with_their_reader():
    given_up = []

    async def fetch(url):
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            given_up.append(url)
            raise

    body = json.dumps({"data": [{"url": "http://h/a"}]}).encode()
    events = read_body(body, model="m", fetch=fetch)
    async for event in events:
        if isinstance(event, FoundLink):
            await asyncio.sleep(0)
            break
    await events.aclose()
    await asyncio.sleep(0)
    assert given_up == ["http://h/a"]


async def stream(*pieces, fetch=no_link):
    async def came():
        for piece in pieces:
            if isinstance(piece, Exception):
                raise piece
            yield piece

    try:
        return [
            event
            async for event in results.read_stream(came(), model="m", fetch=fetch)
            if not isinstance(event, Usage)
        ]
    except ProviderError as error:
        return error.code


PARTIAL = f'event: image_generation.partial_image\ndata: {{"b64_json": "{B64}"}}\n\n'.encode()
COMPLETED = (
    f'event: image_generation.completed\ndata: {{"type": "image_generation.completed", '
    f'"b64_json": "{B64}"}}\n\n'
).encode()


@pytest.mark.parametrize(
    "before",
    [b"data: {\n\n", b"data: 7\n\n", b"data: \xff\xfe\n\n", b"event: ping\ndata: pong\n\n",
     b'data: {"type": "image_generation.started"}\n\n'],
)  # fmt: skip
async def test_unreadable_event_does_not_cost_the_picture_after_it(before):
    assert await stream(before, COMPLETED) == [GeneratedImage(0, DATA, model="m")]


async def test_picture_of_a_stream_survives_its_loss():
    glimpse = PartialImage(0, 0, DATA)
    for whole in (COMPLETED, COMPLETED.rstrip(b"\n"), COMPLETED.rstrip(b"}\n")):
        found = await stream(PARTIAL, whole, BROKE_OFF)
        assert found == [glimpse, GeneratedImage(0, DATA, model="m"), BrokenImage(1, BROKE_OFF)]
    assert await stream(PARTIAL, BROKE_OFF) == "upstream_broke_off"
    assert await stream(PARTIAL, PARTIAL.rstrip(b"}\n"), BROKE_OFF) == "upstream_broke_off"


async def test_link_in_a_stream_is_fetched_when_it_has_ended():
    async def fetch(url):
        return DATA

    link = b'data: {"type": "image_generation.completed", "url": "http://h/a"}\n\n'
    assert await stream(link, BROKE_OFF, fetch=fetch) == [
        FoundLink(0, "http://h/a", "m"),
        GeneratedImage(0, DATA, model="m"),
        BrokenImage(1, BROKE_OFF),
    ]
