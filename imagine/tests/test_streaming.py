"""`stream: true`: Server-Sent Events as OpenAI's clients read them."""

import base64
import io
import json
import threading

import httpx2
import openai
import pytest
from openai.types import ImageGenCompletedEvent, ImageGenPartialImageEvent
from PIL import Image as Pillow

from gallery.models import Image
from gallery.tests.drawing import draw
from imagine.api import streaming
from imagine.models import Generation
from imagine.providers import results

from .upstream import Upstream, break_off, held, pictures, send, stall

PARTIAL = "image_generation.partial_image"
COMPLETED = "image_generation.completed"

ZERO = {
    "input_tokens": 0,
    "input_tokens_details": {"image_tokens": 0, "text_tokens": 0},
    "output_tokens": 0,
    "total_tokens": 0,
}


@pytest.fixture
def library(gateway, secret):
    with openai.OpenAI(base_url=f"{gateway.url}/v1", api_key=secret, max_retries=0) as client:
        yield client


@pytest.fixture
def upstream(settings):
    with Upstream([pictures()]) as server:
        settings.IMAGINE_PROVIDER = "openai"
        settings.IMAGINE_TIMEOUT = 2
        settings.IMAGINE_UPSTREAM_URL = server.url
        yield server


def stream(client, **body):
    """The lines of a streamed answer."""
    body = {"prompt": "a fox", "stream": True, **body}
    with client.stream("POST", "/v1/images/generations", json=body) as response:
        response.read()
    assert (response.status_code, response.headers["content-type"]) == (200, "text/event-stream")
    return response.text


def events(text):
    found = []
    for block in text.strip().split("\n\n"):
        if block.startswith(":"):
            continue
        name, data = block.split("\n")
        found.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return found


def sse(*messages):
    text = "".join(
        f"event: {one.get('type', 'error')}\ndata: {json.dumps(one)}\n\n" for one in messages
    )
    return send(200, text.encode(), Content_Type="text/event-stream; charset=utf-8")


def test_stream_has_openais_events_and_fields(client):
    found = events(stream(client, partial_images=2, quality="high", size="1536x1024"))
    assert [name for name, _ in found] == [
        "image_generation.partial_image", "image_generation.partial_image",
        "image_generation.completed",
    ]  # fmt: skip
    image = Image.objects.get()
    for step, (name, fields) in enumerate(found[:2]):
        picture = Pillow.open(io.BytesIO(base64.b64decode(fields.pop("b64_json"))))
        assert (picture.size, fields.pop("created_at") > 0) == ((1536, 1024), True)
        assert fields == {
            "type": name, "size": "1536x1024", "quality": "high", "background": "auto",
            "output_format": "jpeg", "partial_image_index": step, "index": 0,
        }  # fmt: skip
    name, fields = found[2]
    with image.file as file:
        assert base64.b64decode(fields.pop("b64_json")) == file.read()
    assert client.get(fields.pop("url")).status_code == 200
    assert fields.pop("created_at") > 0
    assert fields == {
        "type": name, "size": "1536x1024", "quality": "high", "background": "auto",
        "output_format": "jpeg", "model": "sample-painter", "index": 0, "image_id": image.pk,
        "usage": {**ZERO, "cost_in_usd_ticks": 0},
    }  # fmt: skip


def test_openai_client_reads_the_stream(library):
    received = list(library.images.generate(prompt="a fox", stream=True, partial_images=3))
    assert [type(event) for event in received] == [
        ImageGenPartialImageEvent, ImageGenPartialImageEvent, ImageGenPartialImageEvent,
        ImageGenCompletedEvent,
    ]  # fmt: skip
    for event in received:
        type(event).model_validate(event.model_dump())
    assert [event.partial_image_index for event in received[:3]] == [0, 1, 2]


def test_stream_of_several_pictures_tells_them_apart(client):
    found = events(stream(client, n=2, partial_images=1, response_format="url"))
    assert [(name.rpartition(".")[2], fields["index"]) for name, fields in found] == [
        ("partial_image", 0), ("completed", 0), ("partial_image", 1), ("completed", 1),
    ]  # fmt: skip
    assert "b64_json" not in found[1][1]
    # Told once, so that whoever adds them up has what was spent.
    costs = [fields["usage"].get("cost_in_usd_ticks") for _, fields in found if "usage" in fields]
    assert costs == [None, 0]


def test_stream_from_an_upstream_that_cannot_is_kept_alive(upstream, client, monkeypatch):
    monkeypatch.setattr(streaming, "KEEP_ALIVE_SECONDS", 0.1)
    is_waiting = threading.Event()
    upstream.replies = [held(is_waiting, pictures())]
    body = {"prompt": "a fox", "stream": True}
    with client.stream("POST", "/v1/images/generations", json=body) as response:
        pieces = response.iter_text()
        text = next(pieces)
        is_waiting.set()
        text += "".join(pieces)
    assert text.startswith(": 0 s\n\n")
    assert [name for name, _ in events(text)] == ["image_generation.completed"]
    assert "stream" not in upstream.received[0].json


def test_partial_pictures_of_an_upstream_are_passed_on(upstream, library):
    encoded = base64.b64encode(draw()).decode()
    upstream.replies = [
        sse(
            {"type": PARTIAL, "b64_json": "?", "partial_image_index": 0},
            {"type": PARTIAL, "b64_json": encoded, "partial_image_index": 1},
            {"type": COMPLETED, "b64_json": encoded, "usage": {"total_tokens": 9}},
        )
    ]  # fmt: skip
    received = list(library.images.generate(prompt="a fox", stream=True, partial_images=2))
    assert [event.type for event in received] == [
        "image_generation.partial_image", "image_generation.completed",
    ]  # fmt: skip
    assert received[1].usage.total_tokens == 9
    assert upstream.received[0].json["partial_images"] == 2
    assert Generation.objects.get().status == "succeeded"


def test_stream_of_more_than_was_asked_for_is_cut(upstream, client):
    whole = base64.b64encode(draw(64, 64)).decode()
    glimpse = {"type": PARTIAL, "b64_json": whole, "partial_image_index": 0}
    completed = {"type": "image_generation.completed", "b64_json": whole}
    upstream.replies = [sse(*[glimpse] * 5, *[completed] * 3, *[glimpse] * 5)]
    found = events(stream(client, partial_images=2))
    assert [name for name, _ in found] == [PARTIAL, PARTIAL, "image_generation.completed"]


def test_upstream_that_refuses_to_stream_is_asked_without(upstream, library):
    refusal = {"error": {"message": "Unknown parameter: 'stream'.", "param": "stream"}}
    upstream.replies = [send(400, refusal), pictures()]
    received = list(library.images.generate(prompt="a fox", stream=True, partial_images=2))
    assert [event.type for event in received] == ["image_generation.completed"]
    assert "stream" not in upstream.received[1].json


@pytest.mark.parametrize(
    ("reply", "error", "code"),
    [
        (send(500, {"error": "boom"}), openai.APIStatusError, "upstream_failed"),
        (send(400, {"error": "bad prompt"}), openai.BadRequestError, "upstream_refused"),
        (break_off, openai.APIStatusError, "upstream_broke_off"),
        (sse({"error": {"message": "x", "type": "server_error"}}), openai.APIStatusError,
         "upstream_failed"),
        (sse({"type": "error", "error": {"message": "No", "code": "moderation_blocked",
              "type": "image_generation_user_error"}}), openai.BadRequestError,
         "moderation_blocked"),
        (sse(), openai.APIStatusError, "no_picture"),
        (send(200, b"data: {\n\n", Content_Type="text/event-stream"), openai.APIStatusError,
         "upstream_bad_answer"),
    ],
)  # fmt: skip
def test_failure_before_the_first_event_is_an_ordinary_error(upstream, library, reply, error, code):
    upstream.replies = [reply]
    with pytest.raises(error) as raised:
        library.images.generate(prompt="a fox", stream=True, partial_images=1)
    assert raised.value.code == code
    assert Generation.objects.get().error_code == code


def test_event_that_is_too_long_is_not_kept(upstream, library, monkeypatch):
    monkeypatch.setattr(results, "MAX_EVENT", 1024 * 1024)
    upstream.replies = [sse({"type": PARTIAL, "b64_json": "x" * 1024 * 1024})]
    with pytest.raises(openai.APIStatusError) as raised:
        library.images.generate(prompt="a fox", stream=True, partial_images=1)
    assert raised.value.code == "upstream_bad_answer"
    assert "longer than 1 MB" in str(raised.value)


@pytest.mark.once
def test_failure_in_the_middle_is_an_error_event(upstream, client, library, monkeypatch):
    monkeypatch.setattr(streaming, "KEEP_ALIVE_SECONDS", 0.1)
    upstream.replies = [stall]
    (name, fields) = events(stream(client))[0]
    assert (name, fields["error"]["code"]) == ("error", "upstream_timeout")
    with pytest.raises(openai.APIError) as raised:
        list(library.images.generate(prompt="a fox", stream=True))
    assert raised.value.code == "upstream_timeout"


def test_client_that_leaves_a_stream_loses_nothing(upstream, client, monkeypatch):
    from .test_generate import wait_until

    monkeypatch.setattr(streaming, "KEEP_ALIVE_SECONDS", 0.1)
    is_gone = threading.Event()
    upstream.replies = [held(is_gone, pictures())]
    body = {"prompt": "a fox", "stream": True}
    with client.stream("POST", "/v1/images/generations", json=body) as response:
        assert next(response.iter_text()).startswith(": ")
    is_gone.set()
    wait_until(lambda: Generation.objects.get().status == "succeeded")
    assert Image.objects.count() == 1


def test_wrong_request_is_refused_as_ever(client):
    response = client.post("/v1/images/generations", json={"stream": True})
    assert (response.status_code, response.json()["error"]["param"]) == (400, "prompt")
    assert isinstance(response, httpx2.Response)
