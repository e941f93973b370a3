"""Every provider that asks an upstream, against a real server that may do anything."""

import base64
import socket
from decimal import Decimal

import pytest

from gallery.models import Image
from gallery.tests.drawing import draw
from imagine.models import Generation, UpstreamNotice
from imagine.providers import fetching, openai
from imagine.providers import upstream as upstream_module
from imagine.providers.base import GeneratedImage, PartialImage
from imagine.providers.sample import SampleProvider

from . import upstream as replies
from .upstream import Upstream, pictures, send

FOX = {"prompt": "a fox"}


@pytest.fixture(params=["xai", "openai"])
def upstream(request, settings, monkeypatch):
    """A server that stands for the upstream of each provider in turn."""
    monkeypatch.setattr(upstream_module, "MAX_ANSWER", 8 * 1024 * 1024)
    monkeypatch.setattr(fetching, "REFUSING_SECONDS", 0.1)
    with Upstream([pictures()]) as server:
        settings.IMAGINE_PROVIDER = request.param
        settings.IMAGINE_TIMEOUT = 3
        settings.XAI_BASE_URL = settings.IMAGINE_UPSTREAM_URL = server.url
        settings.XAI_API_KEY = settings.IMAGINE_UPSTREAM_KEY = "upstream-key"
        yield server


@pytest.fixture
def ask(upstream, client):
    def ask(**body):
        return client.post("/v1/images/generations", json={**FOX, **body})

    return ask


def outcome(response):
    """What the client got and what the row says, of a request without a picture."""
    error = response.json()["error"]
    generation = Generation.objects.get()
    assert generation.status == "failed"
    assert generation.error_message.startswith(error["message"])
    assert (generation.error_type, generation.error_code) == (error["type"], error["code"])
    assert generation.finished_at is not None
    assert Image.objects.count() == 0
    return response.status_code, error["type"], error["code"], generation.upstream_status


def test_picture_of_an_upstream_is_kept_and_sent_on(upstream, ask):
    response = ask()
    assert response.status_code == 200
    image = Image.objects.get()
    with image.file as file:
        assert base64.b64decode(response.json()["data"][0]["b64_json"]) == file.read()
    assert (image.width, image.height) == (96, 64)
    assert response.json()["size"] == "96x64"
    (request,) = upstream.received
    assert (request.path, request.headers["authorization"]) == (
        "/v1/images/generations", "Bearer upstream-key",
    )  # fmt: skip


@pytest.mark.once
@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (
            send(500, {"error": {"message": "boom"}}),
            (424, "upstream_error", "upstream_failed", 500),
        ),
        (send(503, b"<h1>Busy</h1>"), (502, "upstream_error", "upstream_failed", 503)),
        (send(302, b"", Location="/"), (502, "upstream_error", "upstream_failed", 302)),
        (send(404, b"<h1>Not found</h1>"), (502, "upstream_error", "upstream_failed", 404)),
        (send(401, {"error": "no"}), (502, "upstream_error", "upstream_key_refused", 401)),
        (send(403, {"error": "no"}), (502, "upstream_error", "upstream_key_refused", 403)),
        (send(200, b"<html>Hi</html>"), (424, "upstream_error", "upstream_bad_answer", 200)),
        (send(200, []), (424, "upstream_error", "upstream_bad_answer", 200)),
        (send(200, {}), (424, "upstream_error", "no_picture", 200)),
        (
            send(200, {"data": []}),
            (400, "image_generation_user_error", "moderation_blocked", 200),
        ),
        (
            send(200, {"error": {"code": "contentFilter", "message": "No."}}),
            (400, "image_generation_user_error", "moderation_blocked", 200),
        ),
        (
            send(200, {"data": [{"content_filter_results": {"hate": {"filtered": True}}}]}),
            (400, "image_generation_user_error", "moderation_blocked", 200),
        ),
        (
            send(200, {"data": [{"error": {"code": "content_filter", "message": "No."}}]}),
            (400, "image_generation_user_error", "moderation_blocked", 200),
        ),
        (send(402, b""), (502, "upstream_error", "upstream_no_credit", 402)),
        (send(200, {"data": [{}]}), (424, "upstream_error", "no_picture", 200)),
        (send(200, {"data": [7]}), (424, "upstream_error", "upstream_bad_answer", 200)),
        (
            send(200, {"data": [{"b64_json": "*"}]}),
            (424, "upstream_error", "upstream_bad_answer", 200),
        ),
        (
            send(200, {"data": [{"b64_json": None, "url": None, "respect_moderation": False}]}),
            (400, "image_generation_user_error", "moderation_blocked", 200),
        ),
        (pictures(b"no picture"), (424, "upstream_error", "bad_picture", 200)),
        (replies.stall, (424, "upstream_error", "upstream_timeout", None)),
        (replies.drip, (424, "upstream_error", "upstream_timeout", None)),
        (replies.slam, (424, "upstream_error", "upstream_broke_off", None)),
        (replies.break_off, (424, "upstream_error", "upstream_broke_off", None)),
        (replies.endless, (424, "upstream_error", "upstream_bad_answer", 200)),
    ],
)
def test_failure_gives_the_right_error_and_row_and_is_asked_once(upstream, ask, reply, expected):
    upstream.replies = [reply]
    response = ask()
    assert outcome(response) == expected
    assert len(upstream.received) == 1
    assert response.headers.get("x-should-retry") == ("false" if expected[0] > 422 else None)


@pytest.mark.once
@pytest.mark.parametrize(
    "body",
    [
        {"error": {"message": "Bad ratio", "type": "x", "param": "aspect_ratio", "code": "c"}},
        {"code": "c", "error": "Bad ratio"},
        {"error": "Bad ratio"},
    ],
)
@pytest.mark.parametrize("status", [400, 422])
def test_upstreams_complaint_reaches_the_client(upstream, ask, body, status):
    upstream.replies = [send(status, body)]
    response = ask()
    error = response.json()["error"]
    nested = isinstance(body["error"], dict)
    assert error == {
        "message": "Bad ratio",
        "type": "invalid_request_error",
        "param": "aspect_ratio" if nested else None,
        "code": "c" if "code" in body or nested else "upstream_refused",
    }
    assert outcome(response)[0] == 400


def test_refusal_that_repeats_the_request_is_understood(upstream, ask):
    said = {"loc": ["body", "size"], "msg": "no such size", "input": {"image": "A" * 2_000_000}}
    upstream.replies = [send(422, {"detail": [said]})]
    response = ask()
    assert (response.status_code, response.json()["error"]["param"]) == (400, "size")
    assert "no such size" in response.json()["error"]["message"]


def test_moderation_keeps_its_code(upstream, ask):
    error = {"message": "No.", "type": "image_generation_user_error", "code": "moderation_blocked"}
    upstream.replies = [send(400, {"error": {**error, "param": None}})]
    assert ask().json()["error"] == {**error, "param": None}


@pytest.mark.once
def test_refused_connection_is_tried_again_and_then_named(upstream, ask, settings):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        settings.XAI_BASE_URL = settings.IMAGINE_UPSTREAM_URL = address
        response = ask()
    assert outcome(response) == (502, "upstream_error", "upstream_unreachable", None)
    assert Generation.objects.get().upstream_ms >= 1250


def test_rate_limit_is_passed_on_with_its_time(upstream, ask):
    upstream.replies = [send(429, {"error": "slow down"}, Retry_After="30")]
    response = ask()
    assert outcome(response) == (429, "rate_limit_error", "rate_limit_exceeded", 429)
    assert response.headers["retry-after"] == "30"
    again = ask()
    assert again.status_code == 429
    assert 1 <= int(again.headers["retry-after"]) <= 30
    assert len(upstream.received) == 1


def test_short_rate_limit_is_waited_out(upstream, ask):
    upstream.replies = [send(429, {"error": "slow down"}, Retry_After="1"), pictures()]
    assert ask().status_code == 200
    assert len(upstream.received) == 2


@pytest.mark.parametrize("status", [429, 401])
def test_another_key_takes_over_from_one_that_is_refused(upstream, ask, settings, status):
    settings.XAI_API_KEY = settings.IMAGINE_UPSTREAM_KEY = "first, second"
    upstream.replies = [send(status, {"error": "no"}, Retry_After="60"), pictures()]
    assert [ask().status_code, ask().status_code] == [200, 200]
    assert [request.headers["authorization"] for request in upstream.received] == [
        "Bearer first", "Bearer second", "Bearer second",
    ]  # fmt: skip
    notice = UpstreamNotice.objects.get()
    assert (notice.key_prefix, notice.event) == ("f", "limited" if status == 429 else "refused")
    wait = (notice.until - notice.happened_at).total_seconds()
    assert wait == (60 if status == 429 else 600)


def test_one_broken_picture_does_not_cost_the_others(upstream, ask):
    whole, broken = draw(96, 64), draw(512, 512)[:-300]
    upstream.replies = [pictures(whole, broken, draw(64, 96))]
    response = ask(n=3)
    assert response.status_code == 200
    items = response.json()["data"]
    assert [base64.b64decode(item["b64_json"]) for item in items] == [whole, broken, draw(64, 96)]
    assert ["url" in item for item in items] == [True, False, True]
    generation = Generation.objects.get()
    assert (generation.status, generation.error_code) == ("partial", "bad_picture")
    assert generation.images.count() == Image.objects.count() == 2


@pytest.mark.parametrize("asked", [1, 2])
def test_more_pictures_than_were_asked_for_are_not_taken(upstream, ask, asked):
    upstream.replies = [pictures(*(draw(64 + number, 64) for number in range(5)))]
    response = ask(n=asked)
    assert [base64.b64decode(item["b64_json"]) for item in response.json()["data"]] == [
        draw(64 + number, 64) for number in range(asked)
    ]
    assert (Image.objects.count(), Generation.objects.get().status) == (asked, "succeeded")


@pytest.mark.parametrize("upstream", ["openai"], indirect=True)
def test_links_beyond_those_asked_for_are_not_followed(upstream, ask):
    host = upstream.url.removesuffix("/v1")
    upstream.files = {f"/{number}.jpg": send(200, draw(64, 64 + number)) for number in range(9)}
    upstream.replies = [send(200, {"data": [{"url": f"{host}{path}"} for path in upstream.files]})]
    assert len(ask(n=2).json()["data"]) == 2
    assert upstream.fetched == ["/0.jpg", "/1.jpg"]


def test_whatever_a_provider_makes_beyond_is_not_kept(client, settings, monkeypatch):
    settings.IMAGINE_PROVIDER = "sample"

    async def many(self, request):
        for index in range(4):
            yield PartialImage(index, 0, draw(64, 64))
            yield GeneratedImage(index, draw(64, 64 + index), "m")

    monkeypatch.setattr(SampleProvider, "generate", many)
    response = client.post("/v1/images/generations", json={**FOX, "n": 2})
    assert (len(response.json()["data"]), Image.objects.count()) == (2, 2)


def test_fewer_pictures_than_asked_for_are_a_part(upstream, ask):
    upstream.replies = [pictures(draw(96, 64), draw(64, 96))]
    response = ask(n=4)
    assert (response.status_code, len(response.json()["data"])) == (200, 2)
    generation = Generation.objects.get()
    assert (generation.status, generation.error_code, generation.error_message) == (
        "partial", "fewer_pictures", "The upstream sent 2 of 4 pictures.",
    )  # fmt: skip


def test_base64_is_read_with_prefix_and_line_breaks(upstream, ask):
    data = draw()
    encoded = "data:image/jpeg;base64,\n" + base64.encodebytes(data).decode()
    upstream.replies = [send(200, {"data": [{"b64_json": encoded, "revised_prompt": "a red fox"}]})]
    item = ask().json()["data"][0]
    assert (base64.b64decode(item["b64_json"]), item["revised_prompt"]) == (data, "a red fox")
    assert Image.objects.get().metadata["revised_prompt"] == "a red fox"
    assert Image.objects.get().prompt == "a fox"


def test_whole_answer_that_calls_itself_a_stream_is_read(upstream, ask):
    item = {"b64_json": base64.b64encode(draw()).decode()}
    stream = {"Content_Type": "text/event-stream; charset=utf-8"}
    upstream.replies = [
        send(200, {"data": [item], "usage": {"output_tokens": 7}}, **stream),
        send(200, {"error": {"code": "moderation_blocked", "message": "No."}}, **stream),
    ]
    answer = ask().json()
    assert (len(answer["data"]), answer["usage"]["output_tokens"]) == (1, 7)
    assert ask().json()["error"]["code"] == "moderation_blocked"


def test_cost_and_tokens_are_kept(upstream, ask):
    usage = {
        "input_tokens": 3,
        "output_tokens": 4,
        "total_tokens": 7,
        "input_tokens_details": {"text_tokens": 3},
        "cost_in_usd_ticks": 200_000_000,
    }
    upstream.replies = [pictures(usage=usage)]
    assert ask().json()["usage"] == {
        "input_tokens": 3,
        "input_tokens_details": {"image_tokens": 0, "text_tokens": 3},
        "output_tokens": 4,
        "total_tokens": 7,
        "cost_in_usd_ticks": 200_000_000,
    }
    row = Generation.objects.get()
    assert (row.cost_usd, row.cost_basis) == (Decimal("0.02"), "upstream")


@pytest.mark.parametrize("upstream", ["openai"], indirect=True)
def test_link_is_fetched_at_once(upstream, ask):
    data = draw(96, 64)
    upstream.files["/tmp/a.jpg"] = send(200, data)
    upstream.files["/moved.jpg"] = send(302, b"", Location="/tmp/a.jpg")
    host = upstream.url.removesuffix("/v1")
    upstream.replies = [send(200, {"data": [{"url": f"{host}/moved.jpg"}]})]
    assert base64.b64decode(ask().json()["data"][0]["b64_json"]) == data
    assert upstream.fetched == ["/moved.jpg", "/tmp/a.jpg"]


@pytest.mark.parametrize("upstream", ["openai"], indirect=True)
def test_link_that_gives_nothing_costs_one_picture(upstream, ask):
    host = upstream.url.removesuffix("/v1")
    upstream.replies = [send(200, {"data": [{"url": f"{host}/gone.jpg"}]})]
    assert outcome(ask()) == (424, "upstream_error", "picture_unavailable", 200)


@pytest.mark.once
@pytest.mark.parametrize("upstream", ["xai"], indirect=True)
@pytest.mark.parametrize(
    "link", ["http://127.0.0.1:1/a.jpg", "http://localhost/a.jpg", "http://169.254.169.254/", "file:///etc/passwd",
             "http://[::1]/", "http://user@10.0.0.1/", "http://a b/", "http://x:99999/", "//x"],
)  # fmt: skip
def test_link_into_our_own_network_is_not_followed(upstream, ask, link):
    upstream.files["/a.jpg"] = send(200, draw())
    upstream.replies = [send(200, {"data": [{"url": link}]})]
    assert outcome(ask()) == (424, "upstream_error", "picture_unavailable", 200)
    assert upstream.fetched == []


@pytest.mark.parametrize("upstream", ["xai"], indirect=True)
def test_xai_gets_its_own_fields_and_no_other(upstream, ask):
    ask(n=2, size="1792x1024", quality="high", style="vivid", background="opaque", user="me")
    ask(model="grok-imagine-image", quality="medium", aspect_ratio="20:9")
    assert [request.json for request in upstream.received] == [
        {
            "model": "grok-imagine-image-2.0",
            "prompt": "a fox",
            "n": 2,
            "response_format": "b64_json",
            "aspect_ratio": "16:9",
            "resolution": "2k",
            "user": "me",
        },
        {
            "model": "grok-imagine-image",
            "prompt": "a fox",
            "n": 1,
            "response_format": "b64_json",
            "aspect_ratio": "20:9",
        },
    ]
    assert set(Image.objects.values_list("model", flat=True)) == {
        "grok-imagine-image", "grok-imagine-image-2.0",
    }  # fmt: skip


@pytest.mark.parametrize("upstream", ["openai"], indirect=True)
def test_openai_models_get_sizes_and_other_models_ratios(upstream, ask):
    ask(model="gpt-image-2", aspect_ratio="16:9", response_format="url")
    ask(model="gpt-image-1.5", aspect_ratio="16:9")
    ask(aspect_ratio="16:9", size="1536x1024", quality="high")
    assert [request.json for request in upstream.received] == [
        {"model": "gpt-image-2", "prompt": "a fox", "n": 1, "size": "1536x864"},
        {"model": "gpt-image-1.5", "prompt": "a fox", "n": 1, "size": "1536x1024"},
        {
            "model": "grok-imagine-1.0",
            "prompt": "a fox",
            "n": 1,
            "quality": "high",
            "aspect_ratio": "16:9",
            "resolution": "2k",
            "size": "1536x1024",
        },
    ]


@pytest.mark.parametrize("upstream", ["xai"], indirect=True)
def test_refused_key_is_shown_on_the_imagine_page(upstream, ask, staff):
    upstream.replies = [send(401, {"error": "no"})]
    ask()
    page = staff.get("/admin/imagine/").content.decode()
    assert "refused the key <code>upst…</code>" in page
    assert "upstream-key" not in page
    assert "upst" in staff.get("/admin/imagine/upstreamnotice/").content.decode()


@pytest.mark.parametrize("upstream", ["openai"], indirect=True)
def test_our_model_names_stand_for_the_upstreams_own(upstream, ask, settings):
    settings.IMAGINE_UPSTREAM_MODEL = "gpt-image-1.5"
    ask(aspect_ratio="9:16")
    ask(model="other")
    assert [request.json["model"] for request in upstream.received] == ["gpt-image-1.5", "other"]
    assert upstream.received[0].json["size"] == "1024x1536"
    assert [row.model for row in Image.objects.order_by("pk")] == ["gpt-image-1.5", "other"]


def test_openai_itself_has_a_model_of_its_own(settings):
    settings.IMAGINE_UPSTREAM_URL = "https://api.openai.com/v1"
    assert openai.upstream_model("grok-imagine-1.0-edit") == "gpt-image-2"
    assert openai.upstream_model("gpt-image-1") == "gpt-image-1"
