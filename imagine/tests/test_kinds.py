"""Programs that stand behind IMAGINE_UPSTREAM_URL, as each of them takes and refuses requests."""

from contextlib import aclosing
from email import message_from_bytes

import pytest

from gallery.tests.drawing import draw
from imagine.providers import openai
from imagine.providers.base import GeneratedImage, ImageRequest, ProviderError, SourceImage
from imagine.providers.openai import OpenAIProvider

from . import upstream as replies
from .upstream import pictures, send

PICTURE = draw(96, 64)
SOURCE = SourceImage(draw(), "image/jpeg", "jpg", 96, 64)
MASK = SourceImage(draw(format="PNG"), "image/png", "png", 96, 64)


def form_of(handler):
    """Names and values of a multipart form; of a file its field alone."""
    head = f"Content-Type: {handler.headers['Content-Type']}\r\n\r\n".encode()
    parts = message_from_bytes(head + handler.content).get_payload()
    named = [(part.get_param("name", header="content-disposition"), part) for part in parts]
    return [(name, "" if part.get_filename() else part.get_payload()) for name, part in named]


def refuse(handler, status, **error):
    send(status, {"error": {"type": "invalid_request_error", **error}})(handler)


def python_program(handler):
    """grok2api in Python (FastAPI): edits are forms with `image[]`; links are relative."""
    is_edit = handler.path == "/v1/images/edits"
    if is_edit and not handler.headers["Content-Type"].startswith("multipart/"):
        missing = [{"type": "missing", "loc": ["body", "model"], "msg": "Field required"}]
        return send(422, {"detail": missing})(handler)
    fields = form_of(handler) if is_edit else list(replies.read_json(handler.content).items())
    names, given = [name for name, _ in fields], dict(fields)
    if is_edit and "image[]" not in names:
        missing = [{"type": "missing", "loc": ["body", "image[]"], "msg": "Field required"}]
        return send(422, {"detail": missing})(handler)
    if given["model"] != ("grok-imagine-image-edit" if is_edit else "grok-imagine-image"):
        return refuse(handler, 400, message=f"Model {given['model']!r} is no image model")
    if "mask" in names:
        return refuse(handler, 400, message="mask is not supported yet", param="mask")
    if given.get("response_format") == "b64_json":
        return pictures(PICTURE)(handler)
    return send(200, {"created": 1, "data": [{"url": "/v1/files/image?id=1"}]})(handler)


def go_program(handler):
    """grok2api in Go: edits are JSON; ratios, and two qualities."""
    if not handler.headers["Content-Type"].startswith("application/json"):
        return refuse(handler, 415, message="The request must be application/json")
    given = replies.read_json(handler.content)
    is_edit = handler.path == "/v1/images/edits"
    if given["model"] != ("grok-imagine-image-edit" if is_edit else "grok-imagine-image"):
        return refuse(handler, 404, message="The model does not exist", code="model_not_found")
    if is_edit and not (given.get("image") or given.get("images")):
        return refuse(handler, 400, message="image is required", param="image")
    if given.get("quality") not in (None, "low", "medium"):
        return refuse(handler, 400, message="quality must be low or medium", param="quality")
    if given.get("response_format") == "b64_json":
        return pictures(PICTURE)(handler)
    return send(200, {"created": 1, "data": [{"url": "/v1/media/images/1"}]})(handler)


def xai_service(handler):
    """xAI's own API: edits are JSON, and `size` and others are refused."""
    if not handler.headers["Content-Type"].startswith("application/json"):
        return refuse(handler, 415, message="multipart/form-data is not supported")
    given = replies.read_json(handler.content)
    for name in ("size", "style", "background", "stream", "output_format"):
        if name in given:
            said = {"code": "400", "error": f"Argument not supported: {name}"}
            return send(400, said)(handler)
    return pictures(PICTURE)(handler)


def litellm_program(handler):
    """LiteLLM: where it should stream, its own upstream is paid, and it fails."""
    if handler.path == "/v1/images/generations" and "stream" in replies.read_json(handler.content):
        said = {"error": {"message": "'str' object has no attribute 'model_dump'"}}
        return send(500, said)(handler)
    return pictures(PICTURE)(handler)


@pytest.fixture
async def ask(settings):
    """`ask(kind, program, **fields)` gives pictures or the error; `ask.server` is the upstream."""
    settings.IMAGINE_TIMEOUT = 5
    with replies.Upstream() as server:
        server.files = {"/v1/files/image?id=1": send(200, PICTURE), "/v1/media/images/1":
                        send(200, PICTURE)}  # fmt: skip
        settings.IMAGINE_UPSTREAM_URL = server.url

        async def ask(kind, program, **fields):
            settings.IMAGINE_UPSTREAM_KIND = kind
            server.replies, server.received = [program], []
            request = ImageRequest(**{"prompt": "a fox", **fields})
            provider = OpenAIProvider()
            if ask.knows:
                await provider.list_models()
            ask.ignored = provider.ignores(request)
            try:
                async with aclosing(provider.generate(request)) as events:
                    found = [event async for event in events]
            except ProviderError as error:
                return error
            finally:
                await provider.close()
            return [event.data for event in found if isinstance(event, GeneratedImage)]

        ask.server, ask.knows = server, False
        yield ask


WANTED = {"aspect_ratio": "20:9", "quality": "high", "style": "vivid", "seed": 7}
PORTRAIT = {"aspect_ratio": "3:4", "quality": "medium"}


@pytest.mark.parametrize("program", [python_program, go_program])
async def test_both_generations_of_grok2api_paint_and_edit(ask, program):
    assert await ask("grok2api", program, **WANTED) == [PICTURE]
    assert ask.ignored == ["quality", "seed", "style"]
    assert [each.json for each in ask.server.received] == [{
        "model": "grok-imagine-image", "prompt": "a fox", "n": 1, "aspect_ratio": "20:9",
        "size": "1280x720", "response_format": "b64_json",
    }]  # fmt: skip
    assert await ask("grok2api", program, **PORTRAIT) == [PICTURE]
    assert ask.ignored == []
    assert ask.server.received[0].json["size"] == "1024x1792"
    assert ask.server.received[0].json["quality"] == "medium"
    for sources in ((SOURCE,), (SOURCE, SOURCE)):
        assert await ask("grok2api", program, sources=sources, quality="auto") == [PICTURE]
        asked = ask.server.received
        assert {each.path for each in asked} == {"/v1/images/edits"}
        # The one that takes no form has said so at no cost.
        assert len(asked) == (1 if program is python_program else 2)
    assert await ask("grok2api", program, n=2, sources=(SOURCE,)) == [PICTURE]


@pytest.mark.parametrize("program", [python_program, go_program])
async def test_grok2api_that_is_not_named_is_found_out_once_its_models_are(ask, settings, program):
    settings.IMAGINE_UPSTREAM_MODEL = "grok-imagine-image"
    settings.IMAGINE_UPSTREAM_EDIT_MODEL = "grok-imagine-image-edit"
    assert await ask("auto", program, aspect_ratio="16:9") == [PICTURE]  # by a relative link
    assert await ask("auto", program, sources=(SOURCE,)) == [PICTURE]
    assert len(ask.server.received) == 2


def test_answer_names_what_was_ignored_by_an_upstream_that_was_found_out_meanwhile(
    upstream, client, settings
):
    settings.IMAGINE_UPSTREAM_KIND = "auto"
    models = ("grok-4", "grok-imagine-image", "grok-imagine-image-edit")
    upstream.files["/v1/models"] = send(200, {"data": [{"id": name} for name in models]})
    upstream.replies = [go_program]
    answer = client.post("/v1/images/generations", json={"prompt": "a fox", "seed": 7})
    assert (answer.status_code, answer.json()["ignored"]) == (200, ["seed"])
    assert answer.headers["X-Ignored-Parameters"] == "seed"


@pytest.mark.parametrize("program", [python_program, go_program])
async def test_grok2api_is_known_by_its_models_once_it_has_refused_ours(ask, program):
    models = ("grok-4", "grok-imagine-image", "grok-imagine-image-edit")
    listed = send(200, {"data": [{"id": name} for name in models]})
    ask.server.files["/v1/models"] = listed
    assert await ask("auto", program, **WANTED) == [PICTURE]
    first, second = (each.json for each in ask.server.received)
    assert (first["model"], second["model"]) == ("grok-imagine-1.0", "grok-imagine-image")
    assert second["size"] == "1280x720"
    assert await ask("auto", program, sources=(SOURCE,)) == [PICTURE]
    ask.knows = True  # whoever has asked for the list, such as the Imagine page
    assert await ask("auto", program, **WANTED) == [PICTURE]
    assert (len(ask.server.received), ask.ignored) == (1, ["quality", "seed", "style"])
    ask.server.files["/v1/models"] = send(200, {"data": [{"id": "grok-imagine-image"}]})
    refusal = await ask("auto", program)  # that might be anybody
    assert (refusal.status in (400, 404), len(ask.server.received)) == (True, 1)
    listed = send(200, {"data": [{"id": name} for name in ("gpt-image-2", *models)]})
    ask.server.files["/v1/models"] = listed
    refusal = await ask("auto", program)  # that one has others behind it too
    assert (refusal.status in (400, 404), len(ask.server.received)) == (True, 1)


@pytest.mark.parametrize("kind", ["grok2api", "xai"])
async def test_a_mask_that_would_be_lost_is_refused_before_anything_is_asked(ask, kind):
    for field in ("mask", "markup"):
        refusal = await ask(kind, go_program, sources=(SOURCE,), **{field: MASK})
        assert (refusal.status, refusal.param) == (400, field)
    refusal = await ask(kind, go_program, sources=(SOURCE,) * 8)
    assert (refusal.status, refusal.param) == (400, "image")
    assert ask.server.received == []


async def test_administrators_names_go_before_those_of_the_kind(ask, settings):
    settings.IMAGINE_UPSTREAM_MODEL = "mine"
    await ask("grok2api", xai_service)
    assert ask.server.received[0].json["model"] == "mine"
    assert openai.upstream_model("grok-imagine-1.0", edits=True) == "grok-imagine-image-edit"
    settings.IMAGINE_UPSTREAM_EDIT_MODEL = "mine-too"
    assert openai.upstream_model("grok-imagine-1.0-edit") == "mine-too"
    assert openai.upstream_model("another") == "another"


async def test_xai_behind_another_address_gets_its_own_fields(ask):
    wanted = {**WANTED, "size": (1600, 720), "resolution": "2k", "background": "opaque",
              "output_format": "png", "partial_images": 2}  # fmt: skip
    assert await ask("xai", xai_service, **wanted) == [PICTURE]
    assert ask.ignored == ["background", "quality", "seed", "style"]
    assert ask.server.received[0].json == {
        "model": "grok-imagine-image-2.0", "prompt": "a fox", "n": 1, "aspect_ratio": "20:9",
        "resolution": "2k", "response_format": "b64_json",
    }  # fmt: skip
    assert await ask("xai", xai_service, sources=(SOURCE,), quality="low") == [PICTURE]
    (asked,) = ask.server.received
    assert (asked.path, asked.json["image"]["url"], asked.json["quality"]) == (
        "/v1/images/edits", SOURCE.data_url, "low",
    )  # fmt: skip


async def test_litellm_is_never_asked_for_a_stream(ask):
    assert await ask("litellm", litellm_program, partial_images=2) == [PICTURE]
    assert await ask("litellm", litellm_program, model="gpt-image-2", **WANTED) == [PICTURE]
    (asked,) = ask.server.received
    assert asked.json["size"] == "1600x720"
    assert ask.ignored == ["seed"]
    named = {"model": "openai/gpt-image-1.5", "aspect_ratio": "21:9", "resolution": "2k"}
    assert await ask("litellm", litellm_program, **named) == [PICTURE]
    assert ask.server.received[0].json == {
        "model": "openai/gpt-image-1.5", "prompt": "a fox", "n": 1, "size": "1536x1024",
    }  # fmt: skip


async def test_openai_under_another_name_is_told_sizes(ask):
    assert await ask("openai", pictures(PICTURE), **WANTED, resolution="2k") == [PICTURE]
    assert ask.server.received[0].json == {
        "model": "gpt-image-2", "prompt": "a fox", "n": 1, "quality": "high", "style": "vivid",
        "size": "1600x720",
    }  # fmt: skip
    assert ask.ignored == ["resolution", "seed"]


@pytest.mark.parametrize(
    ("address", "model"),
    [("https://api.openai.com/v1", "gpt-image-2"),
     ("https://api.x.ai/v1", "grok-imagine-image-2.0"),
     ("https://example.org/v1", "grok-imagine-1.0")],
)  # fmt: skip
def test_two_services_are_known_by_their_address(settings, address, model):
    settings.IMAGINE_UPSTREAM_URL = address
    assert openai.upstream_model("grok-imagine-1.0") == model
