"""`POST /v1/images/edits`: forms and JSON, sources of every kind, parents."""

import base64
import io

import openai
import pytest
from openai.types import ImageEditCompletedEvent
from PIL import Image as Pillow

from gallery.files import decoding
from gallery.models import Image
from gallery.tests.drawing import draw
from imagine.links import signed_filename
from imagine.models import ApiKey, Generation

from .upstream import Upstream, pictures, send

SOURCE = draw(96, 64, format="PNG")
OTHER = draw(64, 96, color="#aa2200", format="WEBP")
PROMPT = {"prompt": "make it night"}


def data_url(data, kind="png"):
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


@pytest.fixture
def library(gateway, secret):
    with openai.OpenAI(base_url=f"{gateway.url}/v1", api_key=secret, max_retries=0) as client:
        yield client


@pytest.fixture(params=["xai", "openai"])
def upstream(request, settings):
    with Upstream([pictures()]) as server:
        settings.IMAGINE_PROVIDER = request.param
        settings.XAI_BASE_URL = settings.IMAGINE_UPSTREAM_URL = server.url
        settings.XAI_API_KEY = "k"
        yield server


def test_openai_client_edits_one_picture(library):
    result = library.images.edit(image=SOURCE, prompt="make it night")
    child = Image.objects.get()
    assert (child.prompt, child.model) == ("make it night", "sample-painter")
    assert child.aspect_ratio == "3:2"
    data = base64.b64decode(result.data[0].b64_json)
    assert Pillow.open(io.BytesIO(data)).size == (child.width, child.height)
    generation = Generation.objects.get()
    assert (generation.operation, generation.model) == ("edit", "grok-imagine-1.0-edit")
    assert generation.parameters == {"sources": 1}


def test_openai_client_edits_several_pictures_with_a_mask(library):
    library.images.edit(
        image=[SOURCE, OTHER], mask=SOURCE, prompt="join them", n=2, size="1024x1024"
    )
    assert Image.objects.count() == 2
    assert Generation.objects.get().parameters == {
        "size": "1024x1024", "sources": 2, "mask": True,
    }  # fmt: skip


def test_openai_client_streams_an_edit(library):
    received = list(
        library.images.edit(image=SOURCE, prompt="night", stream=True, partial_images=1)
    )
    assert [event.type for event in received] == [
        "image_edit.partial_image", "image_edit.completed",
    ]  # fmt: skip
    ImageEditCompletedEvent.model_validate(received[1].model_dump())


@pytest.mark.parametrize("name", ["image", "image[]"])
def test_form_names_its_pictures_either_way(client, name):
    files = [(name, ("a.png", SOURCE)), (name, ("b.webp", OTHER))]
    response = client.post("/v1/images/edits", data={**PROMPT, "n": "1"}, files=files)
    assert response.status_code == 200
    assert Generation.objects.get().parameters == {"sources": 2}


@pytest.mark.parametrize(
    "sources",
    [
        {"image": {"url": data_url(SOURCE), "type": "image_url"}},
        {"image": data_url(SOURCE)},
        {"images": [{"url": data_url(SOURCE)}]},
        {"images": [{"image_url": data_url(SOURCE)}]},
        {"images": [{"type": "image_url", "image_url": {"url": data_url(SOURCE)}}]},
    ],
)
def test_json_of_either_dialect_is_read(client, sources):
    response = client.post("/v1/images/edits", json={**PROMPT, **sources})
    assert response.status_code == 200
    assert Generation.objects.get().parameters == {"sources": 1}


def test_a_picture_is_read_however_its_text_is_written(client):
    encoded = base64.b64encode(draw(200, 200, format="PNG")).decode()
    escaped = encoded.replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")
    for image in (
        encoded, {"b64_json": encoded}, f"DATA:image/png;base64,{encoded}",
        f" data:image/png;base64,{encoded}\n", f"data:image/png;base64,{escaped}",
    ):  # fmt: skip
        answer = client.post("/v1/images/edits", json={**PROMPT, "image[]": [image, None]})
        assert answer.status_code == 200, answer.text
        assert Generation.objects.latest("pk").parameters == {"sources": 1}


def test_a_form_gives_its_pictures_as_texts_too(client, add_image):
    link = f"/api/v1/admin/gallery/images/{add_image(data=SOURCE).pk}/"
    fields = {**PROMPT, "image[]": [link, data_url(OTHER)], "mask": "", "images": ""}
    files = [("image", ("a.png", SOURCE, "image/png"))]
    assert client.post("/v1/images/edits", data=fields, files=files).status_code == 200
    assert Generation.objects.get().parameters == {"sources": 3}


def test_child_remembers_its_parents(client, add_image):
    first, second = add_image(data=SOURCE), add_image(data=OTHER)
    link = f"http://anything/v1/files/image/{signed_filename(first.pk, 'png')}"
    response = client.post(
        "/v1/images/edits", json={**PROMPT, "images": [link, data_url(OTHER), link]}
    )
    child = Image.objects.get(pk=response.json()["data"][0]["image_id"])
    assert child.metadata["parents"] == [first.pk, second.pk]
    generation = Generation.objects.get()
    assert set(generation.parents.all()) == {first, second}
    assert generation.images.get() == child


@pytest.mark.parametrize(
    ("body", "param", "code"),
    [
        ({}, "image", "missing_required_parameter"),
        ({"images": []}, "image", "missing_required_parameter"),
        ({"image": 7}, "image", "invalid_type"),
        ({"images": [{"file_id": "file-1"}]}, "images", "invalid_type"),
        ({"images": [data_url(SOURCE)] * 17}, "images", "invalid_value"),
        ({"image": "data:image/png;base64,*"}, "image", "invalid_image"),
        ({"image": data_url(b"<svg/>")}, "image", "invalid_image"),
        ({"image": data_url(SOURCE[:-40])}, "image", "invalid_image"),
        ({"image": "http://127.0.0.1/a.png"}, "image", "invalid_image"),
        ({"image": "http://[::1]:80/a.png"}, "image", "invalid_image"),
        ({"image": "http://localhost/v1/files/image/1-0-x.png"}, "image", "invalid_image"),
        ({"image": "file:///etc/passwd"}, "image", "invalid_image"),
        ({"image": data_url(SOURCE), "mask": data_url(b"x")}, "mask", "invalid_image"),
        ({"image": data_url(SOURCE), "prompt": ""}, "prompt", "invalid_value"),
        ({"image": data_url(SOURCE), "input_fidelity": "x"}, "input_fidelity", "invalid_value"),
    ],
)
def test_wrong_sources_are_refused_by_name(client, body, param, code):
    response = client.post("/v1/images/edits", json={**PROMPT, **body})
    error = response.json()["error"]
    assert (response.status_code, error["param"], error["code"]) == (400, param, code)
    assert (Generation.objects.count(), Image.objects.count()) == (0, 0)


def form(*parts):
    """The body of a form, and its header as few write it."""
    lines = [b"--x\r\n" + head.encode() + b"\r\n\r\n" + content for head, content in parts]
    kind = {"Content-Type": "Multipart/Form-Data; Boundary=x"}
    return {"content": b"\r\n".join([*lines, b"--x--\r\n"]), "headers": kind}


NAMED = 'Content-Disposition: form-data; name="%s"'
IN_LATIN_1 = NAMED % "prompt" + "\r\nContent-Type: text/plain; charset=ISO-8859-1"
FILE = NAMED % "image" + '; filename="a.png"'


def test_form_whose_kind_is_written_in_capitals_is_read(client):
    body = form((NAMED % "prompt", "雪".encode()), (FILE, SOURCE))
    assert client.post("/v1/images/edits", **body).status_code == 200
    assert Generation.objects.get().prompt == "雪"


@pytest.mark.parametrize(
    ("parts", "param"),
    [
        ([(IN_LATIN_1, b"caf\xe9"), (FILE, SOURCE)], "prompt"),
        ([(NAMED % "prompt", b"x"), (NAMED % "image", SOURCE)], "image"),
    ],
)
def test_texts_of_a_form_that_are_none_are_refused_by_name(client, parts, param):
    error = client.post("/v1/images/edits", **form(*parts)).json()["error"]
    assert (error["param"], error["code"]) == (param, "invalid_value")
    assert "UTF-8" in error["message"]
    assert Generation.objects.count() == 0


def test_form_that_is_none_is_refused(client):
    for content_type in ("multipart/form-data", "multipart/form-data; boundary=x"):
        response = client.post(
            "/v1/images/edits", content=b"nonsense", headers={"Content-Type": content_type}
        )
        assert response.status_code == 400
    assert client.post("/v1/images/edits", data=PROMPT).status_code == 415


def test_pictures_named_by_id_are_together_no_larger_than_a_body(client, add_image, settings):
    image = add_image()
    settings.MAX_BODY_SIZE = 2 * image.file_size
    sources = [{"image_id": image.pk}]
    asked = {"prompt": "a fox", "images": sources * 2}
    assert client.post("/v1/images/edits", json=asked).status_code == 200
    answer = client.post("/v1/images/edits", json={**asked, "images": sources * 3})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "images")
    assert "together larger than" in answer.json()["error"]["message"]


def test_deleted_picture_is_no_source(client, add_image):
    image = add_image(data=SOURCE)
    link = f"/v1/files/image/{signed_filename(image.pk, 'png')}"
    image.delete()
    response = client.post("/v1/images/edits", json={**PROMPT, "image": link})
    assert response.json()["error"]["message"] == "The picture is no longer in the library."


@pytest.mark.parametrize("upstream", ["xai"], indirect=True)
def test_xai_gets_json_with_data_urls(upstream, client):
    for sources in ([SOURCE], [SOURCE, OTHER]):
        client.post(
            "/v1/images/edits", data=PROMPT, files=[("image", ("x", data)) for data in sources]
        )
    one, two = upstream.received
    assert one.path == "/v1/images/edits"
    assert one.json == {
        "model": "grok-imagine-image-2.0",
        "prompt": "make it night",
        "n": 1,
        "response_format": "b64_json",
        "image": {"url": data_url(SOURCE), "type": "image_url"},
    }
    assert [source["url"] for source in two.json["images"]] == [
        data_url(SOURCE), data_url(OTHER, "webp"),
    ]  # fmt: skip


@pytest.mark.parametrize("upstream", ["xai"], indirect=True)
def test_xai_edits_five_pictures_and_no_more(upstream, client):
    response = client.post("/v1/images/edits", json={**PROMPT, "images": [data_url(SOURCE)] * 6})
    assert (response.status_code, response.json()["error"]["param"]) == (400, "image")
    assert upstream.received == []


@pytest.mark.parametrize("upstream", ["openai"], indirect=True)
def test_openai_upstream_gets_a_form(upstream, client):
    response = client.post(
        "/v1/images/edits",
        json={**PROMPT, "image": data_url(SOURCE), "mask": data_url(OTHER, "webp"), "n": 2},
    )
    assert response.status_code == 200
    (request,) = upstream.received
    assert request.path == "/v1/images/edits"
    assert request.headers["content-type"].startswith("multipart/form-data; boundary=")
    for part in (b'name="image"; filename="0.png"', b'name="mask"; filename="1.webp"', SOURCE,
                 OTHER, b'name="n"\r\n\r\n2\r\n'):  # fmt: skip
        assert part in request.content


def test_upstreams_refusal_of_an_edit_reaches_the_client(upstream, client):
    upstream.replies = [send(400, {"error": "no faces"})]
    response = client.post("/v1/images/edits", json={**PROMPT, "image": data_url(SOURCE)})
    assert (response.status_code, response.json()["error"]["message"]) == (400, "no faces")
    assert Generation.objects.get().operation == "edit"


@pytest.mark.parametrize(
    ("limits", "status", "code"),
    [
        ({"requests_per_minute": 0}, 429, "rate_limit_exceeded"),
        ({"max_concurrent": 0}, 429, "too_many_generations"),
        ({"allowed_models": ["other"]}, 404, "model_not_found"),
    ],
)
def test_key_that_may_not_ask_has_nothing_decoded_or_fetched(client, limits, status, code):
    ApiKey.objects.update(**limits)
    with Upstream() as elsewhere:
        link = f"{elsewhere.url}/a.png"
        body = {**PROMPT, "image": [{"url": link}, {"url": data_url(b"no picture")}]}
        error = client.post("/v1/images/edits", json=body)
    assert (error.status_code, error.json()["error"]["code"]) == (status, code)
    assert elsewhere.fetched == []


def test_unknown_model_has_nothing_decoded_or_fetched(client):
    body = {**PROMPT, "model": "nobody", "image": {"url": data_url(b"no picture")}}
    error = client.post("/v1/images/edits", json=body).json()["error"]
    assert error["code"] == "model_not_found"


def test_repeated_edit_is_answered_though_its_key_may_not_begin_another(client):
    ApiKey.objects.update(requests_per_minute=1)
    body = {**PROMPT, "image": {"url": data_url(SOURCE)}, "response_format": "url"}
    headers = {"Idempotency-Key": "once"}
    first, second = (client.post("/v1/images/edits", json=body, headers=headers) for _ in range(2))
    assert (first.status_code, second.status_code) == (200, 200)
    assert Generation.objects.count() == 1


def test_edit_is_turned_away_while_too_many_large_pictures_are_read(client, monkeypatch):
    monkeypatch.setattr(decoding, "MOST_WAITING", 0)
    with decoding.budget.room(decoding.budget.total, patient=True):
        body = {**PROMPT, "image": {"url": data_url(SOURCE)}}
        answer = client.post("/v1/images/edits", json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "busy")
    assert answer.headers["Retry-After"] == "5"
