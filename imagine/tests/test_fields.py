"""What clients really send: fields, names of models, forms and pictures."""

import base64
import json

import pytest

from gallery.models import Image
from gallery.tests.drawing import draw
from imagine.dialects import InvalidRequest, read_request
from imagine.dialects.others import read_others
from imagine.models import ApiKey, Generation

from .upstream import Upstream, pictures, send

SOURCE = draw(format="PNG")
EDITED = {"prompt": "make it night"}


@pytest.fixture
def upstream(settings):
    with Upstream([pictures()]) as server:
        settings.IMAGINE_PROVIDER = "openai"
        settings.IMAGINE_UPSTREAM_URL = server.url
        settings.IMAGINE_UPSTREAM_KEY = "upstream-key"
        yield server


@pytest.fixture
def xai(settings):
    with Upstream([pictures()]) as server:
        settings.IMAGINE_PROVIDER = "xai"
        settings.XAI_BASE_URL = server.url
        settings.XAI_API_KEY = "upstream-key"
        yield server


def generate(client, **fields):
    return client.post("/v1/images/generations", json={"prompt": "a fox", **fields})


def test_fields_that_we_do_not_know_are_passed_on_and_written_down(upstream, client):
    more = {"negative_prompt": "fog", "steps": 20, "loras": [{"name": "x", "weight": 0.5}],
            "complexity": "high", "frame_count": 4, "quality": "ultra", "size": "2K",
            "background": "checkered", "safety_identifier": "u1"}  # fmt: skip
    assert generate(client, model="some-model", **more).status_code == 200
    sent = upstream.received[0].json
    assert {name: sent.get(name) for name in more} == more
    asked = Generation.objects.get().parameters
    assert {name: asked.get(name) for name in more} == more


@pytest.mark.parametrize("name", [
    "api_base", "api_key", "base_url", "mock_response", "custom_llm_provider", "extra_headers",
    "headers", "organization", "timeout", "num_retries", "fallbacks", "max_budget",
    "aws_secret_access_key", "vertex_project", "azure_ad_token", "litellm_params", "API_BASE",
    "collection", "webhook", "callbacks", "openai_api_key", "access_token", "model_info",
])  # fmt: skip
def test_fields_that_move_money_or_credentials_are_refused_by_name(upstream, client, name):
    answer = generate(client, model="some-model", **{name: "x"})
    error = answer.json()["error"]
    assert (answer.status_code, error["param"], error["code"]) == (
        400, name, "unsupported_parameter",
    )  # fmt: skip
    assert (upstream.received, Generation.objects.count()) == ([], 0)


def test_fields_that_a_proxy_counts_money_by_are_left_out(upstream, client):
    generate(client, model="some-model", metadata={"user_api_key": "x"}, tags=["a"])
    assert {"metadata", "tags"} & upstream.received[0].json.keys() == set()


@pytest.mark.parametrize("value", ["\0", "\ud800", {"a": "\0"}, [[[[[[[[[[[[1]]]]]]]]]]]], 2**64])
def test_a_value_that_cannot_be_kept_is_refused(value):
    with pytest.raises(InvalidRequest) as refusal:
        read_others({"odd": value}, frozenset())
    assert refusal.value.param == "odd"


@pytest.mark.parametrize(
    "fields", [{str(at): 1 for at in range(51)}, {"long": "x" * 100_001}], ids=["many", "long"]
)
def test_other_fields_are_bounded(fields):
    with pytest.raises(InvalidRequest):
        read_others(fields, frozenset())


def test_what_a_provider_cannot_do_is_said(xai, client):
    answer = generate(client, style="vivid", seed=7, quality="high", negative_prompt="fog",
                      resolution="1.5k", aspect_ratio="21:9")  # fmt: skip
    assert answer.json()["ignored"] == ["negative_prompt", "quality", "seed", "style"]
    assert answer.headers["X-Ignored-Parameters"] == "negative_prompt, quality, seed, style"
    assert xai.received[0].json == {
        "model": "grok-imagine-image-2.0", "prompt": "a fox", "n": 1, "resolution": "1.5k",
        "response_format": "b64_json", "aspect_ratio": "21:9",
    }  # fmt: skip
    assert "ignored" not in generate(client, quality="auto").json()
    assert xai.received[1].json["quality"] == "auto"


def test_svg_is_refused_before_anything_is_spent(upstream, client):
    answer = generate(client, output_format="svg")
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "output_format")
    assert upstream.received == []


def test_gif_is_kept_as_gif(upstream, client):
    upstream.replies = [pictures(draw(format="GIF"))]
    answer = generate(client, output_format="gif", frame_duration_ms=100)
    assert (answer.json()["output_format"], Image.objects.get().content_type) == (
        "gif", "image/gif",
    )  # fmt: skip
    assert upstream.received[0].json["output_format"] == "gif"


def test_a_models_name_is_read_without_blanks_around_it():
    assert read_request({"prompt": "x", "model": " flux-1\n"})[0].model == "flux-1"
    assert read_request({"prompt": "x", "model": " "}, default_model="m")[0].model == "m"


@pytest.mark.parametrize(
    ("seed", "expected"), [(-1, None), (0, 0), ("7", 7), ("4294967295", 2**32 - 1)]
)
def test_seed_minus_one_is_any(seed, expected):
    assert read_request({"prompt": "x", "seed": seed})[0].seed == expected


@pytest.mark.parametrize("ratio", ["16:9", "16/9", "16x9", "16 : 9", "16×9", "1.78:1"])
def test_a_ratio_is_read_in_every_spelling(ratio):
    assert read_request({"prompt": "x", "aspect_ratio": ratio})[0].aspect_ratio == "16:9"


def test_a_size_by_name_asks_for_a_resolution():
    assert read_request({"prompt": "x", "size": "2K"})[0].resolution == "2k"
    with pytest.raises(InvalidRequest):
        read_request({"prompt": "x", "size": "8K"})
    assert read_request({"prompt": "x", "size": "8K"}, lenient=True)[0].named_size == "8K"


# Names of models


@pytest.mark.parametrize("model", ["dall-e-3", "gpt-image-1", "chatgpt-image-latest"])
def test_openais_names_mean_the_providers_own_model(xai, client, model):
    answer = generate(client, model=model)
    assert (answer.status_code, xai.received[0].json["model"]) == (200, "grok-imagine-image-2.0")
    assert Generation.objects.get().parameters["asked_model"] == model


def test_our_first_name_stays_the_first_model(xai, client):
    generate(client, model="grok-imagine-1.0")
    assert xai.received[0].json["model"] == "grok-imagine-image"


def test_a_name_that_the_upstream_lists_is_its_own(upstream, client, settings):
    settings.IMAGINE_UPSTREAM_MODEL = "flux"
    upstream.files = {"/v1/models": send(200, {"data": [{"id": "dall-e-3"}, {"id": "flux"}]})}
    generate(client, model="dall-e-3")
    generate(client, model="gpt-image-1")
    assert [request.json["model"] for request in upstream.received] == ["dall-e-3", "flux"]


def test_a_model_is_known_that_a_generation_takes(upstream, client, settings):
    settings.IMAGINE_UPSTREAM_EDIT_MODEL = "mine-for-edits"
    told = {
        name: client.get(f"/v1/models/{name}").status_code
        for name in ("mine-for-edits", "gpt-image-1", "flux-1.1-pro", "gpt-4o")
    }
    assert told == {
        "mine-for-edits": 200, "gpt-image-1": 200, "flux-1.1-pro": 200, "gpt-4o": 404,
    }  # fmt: skip


def test_a_model_that_the_upstream_does_not_list_is_none(upstream, client):
    upstream.files = {"/v1/models": send(200, {"data": [{"id": "mine"}, {"id": "gpt-4o"}]})}
    told = {
        name: client.get(f"/v1/models/{name}").status_code
        for name in ("mine", "gpt-4o", "flux-1.1-pro", "gpt-image-1", "grok-imagine-1.0")
    }
    assert told == {
        "mine": 200, "gpt-4o": 200, "flux-1.1-pro": 404, "gpt-image-1": 200,  # ours answers for it
        "grok-imagine-1.0": 200,
    }  # fmt: skip


def test_aliases_are_the_administrators(upstream, client, settings):
    settings.IMAGINE_MODEL_ALIASES = {"small": "flux-schnell"}
    generate(client, model="small")
    assert upstream.received[0].json["model"] == "flux-schnell"
    assert client.get("/v1/models/nothing").status_code == 404


@pytest.mark.parametrize("allowed", ["small", "flux-schnell"])
@pytest.mark.parametrize("way", ["generation", "edit", "chat", "task"])
def test_a_key_may_ask_by_an_alias_or_by_what_it_stands_for(
    upstream, client, settings, allowed, way
):
    settings.IMAGINE_MODEL_ALIASES = {"small": "flux-schnell", "other": "flux-dev"}
    ApiKey.objects.update(allowed_models=[allowed])
    link = "data:image/png;base64," + base64.b64encode(draw(96, 64, format="PNG")).decode()
    asked = {"model": "small", "prompt": "a fox"}

    def ask(model):
        if way == "chat":
            content = [
                {"type": "text", "text": "a fox"},
                {"type": "image_url", "image_url": {"url": link}},
            ]
            body = {"model": model, "messages": [{"role": "user", "content": content}]}
            return client.post("/v1/chat/completions", json=body)
        if way == "generation":
            return client.post("/v1/images/generations", json={**asked, "model": model})
        body = {**asked, "model": model, "image": link, "async": way == "task"}
        return client.post("/v1/images/edits", json=body)

    refused = ask("other")
    assert (refused.status_code, refused.json()["error"]["code"]) == (404, "model_not_found")
    assert ask("small").status_code == (202 if way == "task" else 200)


def test_retired_models_are_marked(xai, client):
    told = client.get("/v1/models/grok-imagine-image-pro").json()
    assert (told["status"], told["served_by"]) == ("retired", "grok-imagine-image-2.0")
    assert "status" not in client.get("/v1/models/grok-imagine-image").json()


def test_models_are_those_that_the_key_may_ask(client):
    ApiKey.objects.update(allowed_models=["sample-painter"])
    assert [each["id"] for each in client.get("/v1/models").json()["data"]] == ["sample-painter"]
    assert client.get("/v1/models/grok-imagine-1.0").status_code == 404
    assert client.head("/v1/models").status_code == 200


@pytest.mark.parametrize("model", ["gpt-image-1", "gpt-image-2.5-sunburst", "chatgpt-image-latest"])
def test_openais_models_answer_with_bytes_alone(client, model):
    assert generate(client, model=model).json()["data"][0].keys() == {"b64_json", "image_id"}
    both = generate(client, model="grok-imagine-1.0").json()["data"][0]
    assert both.keys() == {"url", "b64_json", "image_id"}
    asked = generate(client, model=model, response_format="url").json()["data"][0]
    assert asked.keys() == {"url", "image_id"}


# Pictures to be edited


@pytest.mark.parametrize(
    "names",
    [["image"], ["image[]"], ["image[0]", "image[1]"], ["images"], ["images[]", "images[]"]],
)
def test_forms_name_their_pictures_in_every_way(upstream, client, names):
    files = [(name, ("a.png", draw(format="PNG", color=f"#0000{at}0"), "image/png"))
             for at, name in enumerate(names)]  # fmt: skip
    answer = client.post("/v1/images/edits", data=EDITED, files=files)
    assert answer.status_code == 200
    assert upstream.received[0].content.count(b'filename="') == len(names)


@pytest.mark.parametrize("name", ["mask", "mask[]", "markup"])
def test_mask_and_markup_are_passed_on(upstream, client, name):
    files = [("image", ("a.png", SOURCE, "image/png")),
             (name, ("m.png", draw(format="PNG", mode="RGBA"), "image/png"))]  # fmt: skip
    assert client.post("/v1/images/edits", data=EDITED, files=files).status_code == 200
    wanted = name.removesuffix("[]").encode()
    assert b'name="' + wanted + b'"; filename=' in upstream.received[0].content


@pytest.mark.parametrize("name", ["mask", "markup"])
def test_a_mask_that_the_model_takes_not_is_refused(xai, client, name):
    files = [("image", ("a.png", SOURCE, "image/png")), (name, ("m.png", SOURCE, "image/png"))]
    answer = client.post("/v1/images/edits", data=EDITED, files=files)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, name)
    assert xai.received == []


def test_a_picture_in_a_generation_is_an_edit(upstream, client, add_image):
    image = add_image(data=SOURCE)
    for reference in ({"image_id": image.pk}, f"/api/v1/admin/gallery/images/{image.pk}/file/"):
        answer = generate(client, image=reference)
        assert answer.status_code == 200, answer.text
    assert {request.path for request in upstream.received} == {"/v1/images/edits"}
    assert list(Generation.objects.values_list("operation", flat=True)) == ["edit", "edit"]
    assert [list(each.parents.all()) for each in Generation.objects.all()] == [[image]] * 2


def test_another_servers_picture_is_not_taken_for_ours(client, add_image):
    image = add_image(data=SOURCE)
    link = f"http://127.0.0.2:9/api/v1/admin/gallery/images/{image.pk}/file/"
    assert generate(client, image=link).status_code == 400


# Bodies


def test_a_body_that_is_no_utf_8_is_told_so(client):
    body = json.dumps({"prompt": "日落"}, ensure_ascii=False).encode("gb18030")
    answer = client.post("/v1/images/generations", content=body,
                         headers={"Content-Type": "application/json"})  # fmt: skip
    assert (answer.status_code, answer.json()["error"]["message"]) == (
        400, "The request body is not UTF-8.",
    )  # fmt: skip


def test_a_body_with_a_byte_order_mark_is_read(client):
    body = b"\xef\xbb\xbf" + json.dumps({"prompt": "x"}).encode()
    answer = client.post("/v1/images/generations", content=body,
                         headers={"Content-Type": "application/json"})  # fmt: skip
    assert answer.status_code == 200
