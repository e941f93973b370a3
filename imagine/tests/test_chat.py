"""Pictures by chat completions, as programs ask that know nothing else."""

import base64
import json

import httpx2
import openai
import pytest

from gallery.models import Image
from gallery.tests.drawing import draw
from imagine.dialects import InvalidRequest
from imagine.dialects.chat import read_chat
from imagine.models import Generation

MODEL = "grok-imagine-1.0"


def said(*contents):
    return [{"role": "user", "content": content} for content in contents]


def test_the_last_message_of_the_user_is_the_prompt():
    chat = read_chat({
        "model": MODEL, "temperature": 1, "stream": True, "n": 2,
        "image_config": {"aspect_ratio": "16:9", "image_size": "2K"},
        "stream_options": {"include_usage": True},
        "messages": [{"role": "system", "content": "You paint."}, *said("a cat"),
                     {"role": "assistant", "content": "![image](x)"},
                     *said([{"type": "text", "text": "a fox"}, {"type": "text", "text": "in snow"},
                            {"type": "image_url", "image_url": {"url": "data:x"}}])],
    })  # fmt: skip
    assert chat.fields == {
        "model": MODEL, "n": 2, "aspect_ratio": "16:9", "resolution": "2k",
        "prompt": "a fox\nin snow",
    }  # fmt: skip
    assert [source.content for source in chat.references.sources] == ["data:x"]
    assert (chat.stream, chat.with_usage) == (True, True)


def test_fields_of_a_language_model_are_told_and_not_passed_on():
    chat = read_chat({
        "model": MODEL, "messages": said("a fox"), "temperature": 1, "stop": ["x"], "tools": [],
        "quality": "high", "thinking": {"type": "disabled"}, "plugins": [], "extra_body": {"a": 1},
        "timeout": 30, "ban_eos_token": False, "image_config": {"guidance": 3},
    })  # fmt: skip
    assert chat.fields == {"model": MODEL, "quality": "high", "guidance": 3, "prompt": "a fox"}
    assert chat.ignored == ("ban_eos_token", "extra_body", "thinking", "timeout")


@pytest.mark.parametrize("messages", [
    None, [], "text", said(""), said(None), said([]), [{"role": "system", "content": "x"}], [7],
    said([{"type": "image_url", "image_url": {"url": "data:x"}}]),
    said([{"type": "text", "text": "x"}, {"type": "image_url", "image_url": 7}]),
])  # fmt: skip
def test_a_conversation_without_a_prompt_is_refused(messages):
    with pytest.raises(InvalidRequest) as refusal:
        read_chat({"model": MODEL, "messages": messages})
    assert refusal.value.param == "messages"


@pytest.fixture
def library(gateway, secret):
    with openai.OpenAI(base_url=f"{gateway.url}/v1", api_key=secret, max_retries=0) as client:
        yield client


def test_openai_client_gets_a_message_with_the_picture(library, client):
    answer = library.chat.completions.create(model=MODEL, messages=said("a fox"))
    message = answer.choices[0].message
    link = message.model_extra["images"][0]["image_url"]["url"]
    assert (message.role, message.content) == ("assistant", f"![image]({link})")
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage.total_tokens == 0
    with Image.objects.get().file as file:
        assert client.get(link).content == file.read()
    assert Generation.objects.get().prompt == "a fox"


def test_openai_client_gets_a_stream(library):
    chunks = list(library.chat.completions.create(
        model=MODEL, messages=said("a fox"), n=2, stream=True,
        stream_options={"include_usage": True},
    ))  # fmt: skip
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text.count("![image](http") == Image.objects.count() == 2
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"
    assert chunks[-1].usage.total_tokens == 0


def test_a_picture_in_the_message_is_edited(client):
    link = "data:image/png;base64," + base64.b64encode(draw(format="PNG")).decode()
    parts = [{"type": "text", "text": "night"}, {"type": "image_url", "image_url": {"url": link}}]
    body = {"model": MODEL, "messages": said(parts)}
    assert client.post("/v1/chat/completions", json=body).status_code == 200
    assert Generation.objects.get().operation == "edit"


@pytest.mark.parametrize("provider", ["sample", "openai"])
def test_a_language_model_is_not_offered(settings, client, provider):
    settings.IMAGINE_PROVIDER = provider
    settings.IMAGINE_UPSTREAM_URL = "http://127.0.0.1:9/v1"
    answer = client.post("/v1/chat/completions", json={"model": "gpt-4o", "messages": said("hi")})
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "model_not_found")
    assert "does not make pictures" in answer.json()["error"]["message"]


def test_a_stranger_is_told_nothing_else(gateway):
    answer = httpx2.post(f"{gateway.url}/v1/chat/completions", content=b"no JSON")
    assert answer.status_code == 401


def test_a_failure_in_a_stream_is_an_event(settings, client):
    settings.IMAGINE_PROVIDER = "openai"
    settings.IMAGINE_UPSTREAM_URL = "http://127.0.0.1:9/v1"
    body = {"model": MODEL, "messages": said("x"), "stream": True}
    answer = client.post("/v1/chat/completions", json=body)
    told = answer.text.removeprefix("data: ")
    assert json.loads(told)["error"]["code"] == "upstream_unreachable"
