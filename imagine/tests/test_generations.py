"""`POST /v1/images/generations` with the sample painter."""

import base64
import hashlib
import io

import pytest
from PIL import Image as Pillow

from gallery.models import Image
from imagine.models import ApiKey, Generation
from imagine.providers.sample import MODEL

PROMPT = "美丽的日落海景"


def test_generation_answers_in_openais_shape_and_keeps_the_picture(client):
    response = client.post(
        "/v1/images/generations", json={"prompt": PROMPT, "model": "grok-imagine-1.0", "n": 1}
    )

    assert response.status_code == 200
    body = response.json()
    image = Image.objects.get()
    generation = Generation.objects.get()
    picture = body["data"][0]
    data = base64.b64decode(picture["b64_json"])
    assert body == {
        "created": int(generation.created_at.timestamp()),
        "data": [
            {"url": picture["url"], "b64_json": picture["b64_json"], "image_id": image.pk},
        ],
        "model": MODEL,
        "size": "1024x1024",
        "output_format": "jpeg",
        "usage": {
            "input_tokens": 0,
            "input_tokens_details": {"image_tokens": 0, "text_tokens": 0},
            "output_tokens": 0,
            "total_tokens": 0,
            "cost_in_usd_ticks": 0,
        },
    }
    assert (image.prompt, image.model, image.aspect_ratio, image.width, image.height) == (
        PROMPT, MODEL, "1:1", 1024, 1024,
    )  # fmt: skip
    assert image.content_hash == hashlib.sha256(data).hexdigest()
    assert image.is_sample
    with image.file as file:
        assert file.read() == data
    assert client.get(picture["url"], headers={"Authorization": ""}).content == data


def test_generation_row_tells_who_asked_what_and_how_it_went(client):
    client.post(
        "/v1/images/generations",
        json={"prompt": "a fox", "n": 2, "size": "1536x1024", "quality": "high", "unknown": 1},
    )

    generation = Generation.objects.get()
    assert generation.status == "succeeded"
    assert generation.key == ApiKey.objects.get()
    assert (generation.provider, generation.model, generation.prompt, generation.n) == (
        "sample", "grok-imagine-1.0", "a fox", 2,
    )  # fmt: skip
    assert generation.aspect_ratio == "3:2"
    assert generation.parameters == {
        "size": "1536x1024", "resolution": "2k", "quality": "high", "unknown": 1,
    }  # fmt: skip
    assert generation.client == "127.0.0.1 test-client"
    assert generation.finished_at > generation.created_at
    assert generation.upstream_ms >= 0
    assert generation.storing_ms > 0
    assert (generation.error_type, generation.error_code, generation.error_message) == ("", "", "")
    assert list(generation.images.order_by("pk")) == list(Image.objects.order_by("pk"))
    assert generation.images.count() == 2


@pytest.mark.parametrize(
    ("response_format", "fields"),
    [("url", {"url", "image_id"}), ("b64_json", {"b64_json", "image_id"})],
)
def test_response_format_decides_what_is_sent(client, response_format, fields):
    response = client.post(
        "/v1/images/generations", json={"prompt": "a fox", "response_format": response_format}
    )
    assert set(response.json()["data"][0]) == fields


@pytest.mark.parametrize("output_format", ["png", "jpeg", "webp"])
def test_output_format_is_what_is_sent_and_kept(client, output_format):
    response = client.post(
        "/v1/images/generations", json={"prompt": "a fox", "output_format": output_format}
    )
    data = base64.b64decode(response.json()["data"][0]["b64_json"])
    assert Pillow.open(io.BytesIO(data)).format == output_format.upper()
    assert Image.objects.get().content_type == f"image/{output_format}"
    assert response.json()["output_format"] == output_format


@pytest.mark.parametrize(
    ("body", "status", "param", "code"),
    [
        ({}, 400, "prompt", "missing_required_parameter"),
        ({"prompt": None}, 400, "prompt", "missing_required_parameter"),
        ({"prompt": " \n"}, 400, "prompt", "invalid_value"),
        ({"prompt": 7}, 400, "prompt", "invalid_type"),
        ({"prompt": "x" * 32_001}, 400, "prompt", "string_above_max_length"),
        ({"prompt": "a\x00b"}, 400, "prompt", "invalid_value"),
        ({"prompt": "a\ud800b"}, 400, "prompt", "invalid_value"),
        ({"prompt": "x", "user": "\x00"}, 400, "user", "invalid_value"),
        ({"prompt": "x", "model": "painter-9"}, 404, "model", "model_not_found"),
        ({"prompt": "x", "model": ["a"]}, 400, "model", "invalid_type"),
        ({"prompt": "x", "n": 0}, 400, "n", "invalid_value"),
        ({"prompt": "x", "n": 11}, 400, "n", "invalid_value"),
        ({"prompt": "x", "n": "x"}, 400, "n", "invalid_type"),
        ({"prompt": "x", "n": True}, 400, "n", "invalid_type"),
        ({"prompt": "x", "n": 1.5}, 400, "n", "invalid_type"),
        ({"prompt": "x", "n": 10**30}, 400, "n", "invalid_value"),
        ({"prompt": "x", "size": "0x0"}, 400, "size", "invalid_value"),
        ({"prompt": "x", "size": "large"}, 400, "size", "invalid_value"),
        ({"prompt": "x", "size": 1024}, 400, "size", "invalid_type"),
        ({"prompt": "x", "aspect_ratio": "0:1"}, 400, "aspect_ratio", "invalid_value"),
        ({"prompt": "x", "aspect_ratio": "wide"}, 400, "aspect_ratio", "invalid_value"),
        ({"prompt": "x", "resolution": "8k"}, 400, "resolution", "invalid_value"),
        ({"prompt": "x", "response_format": "png"}, 400, "response_format", "invalid_value"),
        ({"prompt": "x", "output_format": "svg"}, 400, "output_format", "invalid_value"),
        ({"prompt": "x", "output_compression": 101}, 400, "output_compression", "invalid_value"),
        ({"prompt": "x", "quality": "best"}, 400, "quality", "invalid_value"),
        ({"prompt": "x", "background": {}}, 400, "background", "invalid_type"),
        ({"prompt": "x", "stream": "perhaps"}, 400, "stream", "invalid_type"),
        ({"prompt": "x", "partial_images": 4}, 400, "partial_images", "invalid_value"),
    ],
)
def test_wrong_values_are_refused_by_name_and_leave_nothing(client, body, status, param, code):
    import json

    response = client.post(
        "/v1/images/generations",
        content=json.dumps(body),
        headers={"Content-Type": "application/json"},
    )
    error = response.json()["error"]
    assert (response.status_code, error["type"], error["param"], error["code"]) == (
        status, "invalid_request_error", param, code,
    )  # fmt: skip
    assert error["message"]
    assert (Generation.objects.count(), Image.objects.count()) == (0, 0)


@pytest.mark.parametrize(
    ("content", "content_type", "status", "code"),
    [
        (b"{", "application/json", 400, "invalid_json"),
        (b"", "application/json", 400, "invalid_json"),
        (b"[1]", "application/json", 400, "invalid_json"),
        (b"\xff\xfe\xfa", "application/json", 400, "invalid_json"),
        (b"[" * 100_000, "application/json", 400, "invalid_json"),
        (b'{"n": ' + b"9" * 5000 + b"}", "application/json", 400, "invalid_json"),
        (b"prompt=x", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
        (b"prompt", "text/plain", 415, "unsupported_media_type"),
    ],
)
def test_bodies_that_are_no_json_object_are_refused(client, content, content_type, status, code):
    response = client.post(
        "/v1/images/generations", content=content, headers={"Content-Type": content_type}
    )
    assert (response.status_code, response.json()["error"]["code"]) == (status, code)


@pytest.mark.parametrize("size", ["1024×1024", "1:1", "auto", "512*512", None, ""])
def test_size_is_read_in_every_spelling(client, size):
    response = client.post("/v1/images/generations", json={"prompt": "x", "size": size})
    assert response.status_code == 200


@pytest.mark.parametrize("path", ["//v1/models", "/v1//models", "/v1/models/", "/v1/models//"])
def test_an_address_is_known_by_whichever_slashes(client, path):
    base = str(client.base_url).rstrip("/")
    answer = client.get(base + path, headers={"Origin": "http://a.example"})
    assert answer.json()["object"] == "list"
    assert answer.headers["access-control-allow-origin"] == "*"


def test_other_methods_and_addresses_get_the_envelope(client):
    wrong_method = client.get("/v1/images/generations")
    assert (wrong_method.status_code, wrong_method.headers["Allow"]) == (405, "POST")
    nowhere = client.post("/v1/embeddings", json={})
    assert (nowhere.status_code, nowhere.json()["error"]["code"]) == (404, "unknown_url")
