"""Pictures by the Responses API's tool `image_generation`."""

import base64
import json

import openai
import pytest
from openai.types.responses import Response

from gallery.models import Image
from gallery.tests.drawing import draw
from imagine.dialects import InvalidRequest
from imagine.dialects.responses import read_response_request
from imagine.keys import create_api_key
from imagine.models import Generation

from .upstream import pictures, send

MODEL = "grok-imagine-1.0"
TOOL = {"type": "image_generation"}
LINK = "data:image/png;base64," + base64.b64encode(draw(format="PNG")).decode()
PATH = "/v1/responses"


def said(*parts):
    return {"role": "user", "content": list(parts)}


def text(words):
    return {"type": "input_text", "text": words}


def picture(link=LINK):
    return {"type": "input_image", "image_url": link, "detail": "auto"}


CALL = {"type": "image_generation_call", "id": "ig_1", "status": "completed", "result": "QUJD"}

FAILED = {**CALL, "status": "failed", "result": None}


def deep(levels):
    return [deep(levels - 1)] if levels else "x"


def read(**body):
    return read_response_request({"model": MODEL, "input": "a fox", **body})


def test_the_tools_fields_and_the_last_message_are_the_picture():
    asked = read(
        input=[{"role": "developer", "content": "Be kind."}, said(text("a cat")),
               {"type": "message", "role": "assistant", "content": []},
               {"type": "message", **said(text("a fox"), text("in snow"), picture("data:x"))}],
        tools=[{**TOOL, "model": "gpt-image-2", "size": "1536x1024", "quality": "high",
                "partial_images": 2, "output_format": None, "moderation": "low",
                "input_image_mask": {"image_url": "data:m"}}],
        n=2, output_compression=50, image="data:i",
        temperature=1, store=True, include=[], instructions="Be bold.", metadata={"a": "b"},
        tool_choice={"type": "image_generation"}, stream=True, truncation="auto",
    )  # fmt: skip
    assert asked.fields == {
        "model": "gpt-image-2", "n": 2, "size": "1536x1024", "quality": "high", "moderation": "low",
        "partial_images": 2, "prompt": "a fox\nin snow", "output_compression": 50,
        "image": "data:i",
    }  # fmt: skip
    assert [each.content for each in asked.references.all] == ["data:x", "data:m"]
    assert "input_image_mask" not in asked.tool  # nobody needs it back
    assert (asked.stream, asked.ignored, asked.metadata) == (True, ("instructions",), {"a": "b"})
    assert read(input="a fox", tools=None).fields == {"model": MODEL, "prompt": "a fox"}


@pytest.mark.parametrize(
    ("items", "action", "expected"),
    [
        ([CALL, said(text("x"))], None, ["data:image/png;base64,QUJD"]),
        ([CALL, said(text("x"))], "auto", ["data:image/png;base64,QUJD"]),
        ([CALL, said(text("x"))], "edit", ["data:image/png;base64,QUJD"]),
        ([CALL, said(text("x"))], "generate", []),
        ([CALL, {**CALL, "result": None, "image_id": 7}, said(text("x"))], None, [7]),
        ([{**CALL, "image_id": 7}, said(text("x"))], None, ["data:image/png;base64,QUJD"]),
        ([CALL, FAILED, said(text("x"))], None, ["data:image/png;base64,QUJD"]),
        ([FAILED, said(text("x"))], None, []),
        ([CALL, said(text("x"), picture("data:y"))], None, ["data:y"]),
        ([said(text("x"))], "auto", []),
    ],
)
def test_a_picture_made_before_is_edited_unless_another_is_given(items, action, expected):
    asked = read(input=items, tools=[{**TOOL, "action": action}])
    assert [each.content for each in asked.references.all] == expected


@pytest.mark.parametrize(
    ("wrong", "param"),
    [
        ({"previous_response_id": "resp_1"}, "previous_response_id"),
        ({"previous_response_id": 7}, "previous_response_id"),
        ({"conversation": {"id": "conv_1"}}, "conversation"),
        ({"prompt": {"id": "pmpt_1"}}, "prompt"),
        ({"background": True}, "background"),
        ({"tools": [{"type": "web_search"}]}, "tools"),
        ({"tools": [TOOL, {"type": "function", "name": "f"}]}, "tools"),
        ({"tools": [TOOL, TOOL]}, "tools"),
        ({"tools": TOOL}, "tools"),
        ({"tools": [7]}, "tools"),
        ({"tools": [{**TOOL, "action": "dance"}]}, "tools"),
        ({"tools": [{**TOOL, "action": "edit"}]}, "input"),
        ({"tools": [{**TOOL, "action": "generate"}], "input": [said(text("x"), picture())]},
         "tools"),
        ({"tools": [{**TOOL, "input_image_mask": {"file_id": "file-1"}}]}, "tools"),
        ({"tools": [{**TOOL, "input_image_mask": {"image_url": LINK}}]}, "tools"),
        ({"tools": [{**TOOL, "metadata": "\ud800"}]}, "tools"),
        ({"tool_choice": {"type": "image_generation", "x": deep(300)}}, "tool_choice"),
        ({"metadata": {"a": "\ud800"}}, "metadata"),
        ({"metadata": {"a": 2**70}}, "metadata"),
        ({"metadata": {"a": 1}}, "metadata"),
        ({"metadata": {"a": "x" * 513}}, "metadata"),
        ({"metadata": {"x" * 65: "a"}}, "metadata"),
        ({"metadata": {str(number): "a" for number in range(17)}}, "metadata"),
        ({"metadata": "a"}, "metadata"),
        ({"tool_choice": "none"}, "tool_choice"),
        ({"tool_choice": {"type": "function", "name": "f"}}, "tool_choice"),
        ({"stream": "sometimes"}, "stream"),
        ({"input": None}, "input"),
        ({"input": ""}, "input"),
        ({"input": []}, "input"),
        ({"input": 7}, "input"),
        ({"input": [7]}, "input"),
        ({"input": [{"role": "system", "content": "x"}]}, "input"),
        ({"input": [said(picture())]}, "input"),
        ({"input": [said(text("x"), {"type": "input_image", "file_id": "file-1"})]}, "input"),
        ({"input": [said(text("x"), {"type": "input_file", "file_id": "file-1"})]}, "input"),
        ({"input": [{**CALL, "result": None}, said(text("x"))]}, "input"),
        ({"input": [{"type": "item_reference", "id": "msg_1"}, said(text("x"))]}, "input"),
        ({"input": [said(text("x"), *[picture()] * 17)]}, "input"),
        ({"input": [said(text("x"))] * 2001}, "input"),
    ],
)  # fmt: skip
def test_what_cannot_be_had_is_refused_by_name(wrong, param):
    with pytest.raises(InvalidRequest) as refusal:
        read(**wrong)
    assert refusal.value.param == param
    assert str(refusal.value).endswith(".")


@pytest.fixture
def library(gateway, secret):
    with openai.OpenAI(base_url=f"{gateway.url}/v1", api_key=secret, max_retries=0) as client:
        yield client


def test_openai_client_gets_the_picture_and_edits_it_in_the_next_turn(library, client):
    asked = {"model": MODEL, "tools": [{**TOOL, "size": "1536x1024", "quality": "high"}]}
    first = library.responses.create(input="a fox", metadata={"order": "1"}, **asked)
    Response.model_validate(first.model_dump())
    (call,) = first.output
    image = Image.objects.get()
    with image.file as file:
        assert base64.b64decode(call.result) == file.read()
    assert (call.status, call.action, call.size, call.quality, call.output_format) == (
        "completed", "generate", "1536x1024", "high", "jpeg",
    )  # fmt: skip
    assert (first.status, first.store, first.metadata, first.output_text) == (
        "completed", False, {"order": "1"}, "",
    )  # fmt: skip
    assert (first.model, first.usage.total_tokens) == ("sample-painter", 0)
    assert call.model_extra["image_id"] == image.pk
    turn = {"role": "user", "content": "at night"}
    second = library.responses.create(input=[*first.output, turn], **asked)
    assert second.output[0].action == "edit"
    assert list(Generation.objects.latest("pk").parents.all()) == [image]
    raw = client.post(PATH, json={**asked, "input": "a fox", "instructions": "Be bold."})
    assert raw.headers["x-ignored-parameters"] == "quality, instructions"
    task = client.get(raw.headers["content-location"]).json()
    assert task["data"][0]["image_id"] == raw.json()["output"][0]["image_id"]


def test_a_picture_made_before_is_known_by_the_ids_of_its_answer(library, client, gateway):
    asked = {"model": MODEL, "tools": [TOOL]}
    first = library.responses.create(input="a fox", **asked)
    image, turn = Image.objects.get(), {"role": "user", "content": "at night"}
    call = first.output[0].id
    for more in (
        {"input": "at night", "previous_response_id": first.id},
        {"input": [{"type": "image_generation_call", "id": call}, turn]},
        {"input": [{"type": "item_reference", "id": call}, turn]},
        {"input": [{"id": call}, turn]},
    ):
        answer = library.responses.create(**asked, **more)
        assert answer.output[0].action == "edit", more
        assert list(Generation.objects.latest("pk").parents.all()) == [image]
        assert answer.previous_response_id == more.get("previous_response_id")
    several = client.post(PATH, json={**asked, "input": "a fox", "n": 2}).json()
    stranger = {"Authorization": f"Bearer {create_api_key(name='other')[1]}"}
    for previous, headers in (
        (several["id"], {}), (first.id, stranger), (f"resp_{'0' * 32}", {}),
    ):  # fmt: skip
        body = {**asked, "input": "x", "previous_response_id": previous}
        error = client.post(PATH, json=body, headers=headers)
        assert error.status_code == 400
        assert error.json()["error"]["param"] == "previous_response_id"
        assert previous in error.json()["error"]["message"]


def test_openai_client_gets_the_stream(library):
    tool = {**TOOL, "partial_images": 1}
    with library.responses.stream(model=MODEL, input="a fox", tools=[tool]) as stream:
        events = list(stream)
        final = stream.get_final_response()
    assert [event.type for event in events] == [
        "response.created", "response.in_progress", "response.output_item.added",
        "response.image_generation_call.in_progress", "response.image_generation_call.generating",
        "response.image_generation_call.partial_image", "response.image_generation_call.completed",
        "response.output_item.done", "response.completed",
    ]  # fmt: skip
    for event in events:
        type(event).model_validate(event.model_dump())
    assert [event.sequence_number for event in events] == list(range(len(events)))
    item = events[7].item
    assert {item.id} == {each.item_id for each in events[3:7]} == {final.output[0].id}
    with Image.objects.get().file as file:
        assert base64.b64decode(final.output[0].result) == file.read()


def test_a_call_that_brought_nothing_is_a_failed_one(upstream, client):
    upstream.replies = [pictures(draw(96, 64))]
    body = {"model": MODEL, "input": "a fox", "n": 2}
    whole = client.post(PATH, json=body).json()
    assert [call["status"] for call in whole["output"]] == ["completed", "failed"]
    assert whole["output"][1]["error"]["message"] == "The upstream sent 1 of 2 pictures."
    Response.model_validate(whole)
    lines = client.post(PATH, json={**body, "stream": True}).text.strip().split("\n\n")
    told = [json.loads(line.partition("data: ")[2]) for line in lines]
    done = [each["item"]["status"] for each in told if each["type"].endswith("item.done")]
    assert done == ["completed", "failed"]
    assert [call["status"] for call in told[-1]["response"]["output"]] == done


def test_failures_are_errors_and_later_ones_events(upstream, client, monkeypatch):
    from imagine.api import streaming

    body = {"model": MODEL, "input": "a fox"}
    blocked = {"error": {"message": "No.", "code": "moderation_blocked"}}
    upstream.replies = [send(400, blocked)]
    for stream in (False, True):
        answer = client.post(PATH, json={**body, "stream": stream})
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "moderation_blocked")
    monkeypatch.setattr(streaming, "KEEP_ALIVE_SECONDS", 0.0)
    last = client.post(PATH, json={**body, "stream": True}).text.strip().split("\n\n")[-1]
    told = json.loads(last.partition("data: ")[2])
    assert (told["type"], told["response"]["status"], told["response"]["error"]) == (
        "response.failed", "failed",
        {"code": "image_content_policy_violation", "message": "No."},
    )  # fmt: skip


@pytest.mark.parametrize("path", [PATH, "/v1/chat/completions"])
def test_a_conversation_drops_no_field_silently(client, path):
    body = {"model": MODEL, "input": "x", "messages": [{"role": "user", "content": "x"}]}
    strange = {"type": "input_audio", "input_audio": {"data": "x"}}
    told = {}
    for name, more in {
        "image": {"image": LINK},
        "async": {"async": True},
        "n": {"n": 11},
        "audio": {"messages": [said(strange)], "input": [said(strange)]},
        "model": {"model": "gpt-4o"},
    }.items():
        answer = client.post(path, json={**body, **more})
        told[name] = (answer.status_code, answer.json()["error"]["param"])
    conversation = "input" if path == PATH else "messages"
    assert told == {
        "image": (400, "image"), "async": (400, "async"), "n": (400, "n"),
        "audio": (400, conversation), "model": (404, "model"),
    }  # fmt: skip
    assert Generation.objects.count() == 0


def test_names_of_many_fields_leave_room_for_an_answers_other_headers(client):
    fields = {f"field_{number:04}": 1 for number in range(2000)}
    answer = client.post(PATH, json={"model": MODEL, "input": "a fox", **fields})
    assert answer.status_code == 200
    told = answer.headers["x-ignored-parameters"].split(", ")
    assert (told[:2], told[-1]) == (["field_0000", "field_0001"], "...")
    assert set(told[:-1]) < fields.keys()
    assert sum(len(name) + len(value) for name, value in answer.headers.items()) < 3000


def test_names_that_no_header_can_hold_are_no_failure(client):
    odd = {"a\r\nSet-Cookie: x": 1, "画": 2, "steps": 3, "x" * 500: 4}
    answer = client.post("/v1/images/generations", json={"prompt": "a fox", **odd})
    assert answer.status_code == 200
    assert answer.json()["ignored"] == sorted(odd)
    assert answer.headers["x-ignored-parameters"] == f"aSet-Cookie:x, steps, {'x' * 60}"
