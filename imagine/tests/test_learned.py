"""What an upstream cannot do is found out once, for each model."""

import base64
from contextlib import aclosing

import pytest

from gallery.tests.drawing import draw
from imagine.providers.base import (
    BrokenImage,
    GeneratedImage,
    ImageRequest,
    PartialImage,
    ProviderError,
    SourceImage,
    Usage,
)
from imagine.providers.openai import OpenAIProvider

from . import upstream as replies
from .upstream import pictures, send

B64 = base64.b64encode(draw()).decode()
SOURCE = SourceImage(draw(), "image/jpeg", "jpg", 96, 64)
LITELLM = {"error": {"message": "'str' object has no attribute 'model_dump'"}}


@pytest.fixture
async def ask(settings):
    """`ask(**fields)` gives the events of a request; `ask.server` is the upstream."""
    with replies.Upstream([pictures()]) as server:
        settings.IMAGINE_UPSTREAM_URL = server.url
        settings.IMAGINE_UPSTREAM_KEY = "upstream-key"
        settings.IMAGINE_TIMEOUT = 5
        provider = OpenAIProvider()

        async def ask(**fields):
            request = ImageRequest(**{"prompt": "a fox", "model": "m", **fields})
            found = []
            try:
                async with aclosing(provider.generate(request)) as events:
                    async for event in events:
                        found.append(event)
            except ProviderError as error:
                return error
            return found

        ask.server = server
        yield ask
        await provider.close()


def came(events):
    return [type(event) for event in events if not isinstance(event, Usage)]


def streamed(server):
    return ["stream" in one.json for one in server.received]


async def test_model_that_fails_where_it_streams_is_asked_without_from_then_on(ask):
    ask.server.replies = [send(500, LITELLM), pictures()]
    assert (await ask(partial_images=2)).code == "upstream_failed"  # it may have been charged
    assert came(await ask(partial_images=2)) == [GeneratedImage]
    assert came(await ask(partial_images=2, model="other")) == [GeneratedImage]
    assert streamed(ask.server) == [True, False, True]


async def test_model_that_refuses_to_stream_is_asked_again_at_once_and_never_more(ask):
    refusal = {"error": {"message": "Streaming is not supported.", "param": "stream"}}
    ask.server.replies = [send(400, refusal), pictures()]
    for _ in range(2):
        assert came(await ask(partial_images=2)) == [GeneratedImage]
    assert streamed(ask.server) == [True, False, False]


async def test_model_that_has_streamed_is_not_given_up_for_one_failure(ask):
    event = f'data: {{"type": "image_generation.%s", "b64_json": "{B64}"}}\n\n'
    stream = (event % "partial_image" + event % "completed").encode()
    ok = send(200, stream, Content_Type="Text/Event-Stream; charset=UTF-8")
    ask.server.replies = [ok, send(500, LITELLM), ok]
    assert came(await ask(partial_images=2)) == [PartialImage, GeneratedImage]
    assert (await ask(partial_images=2)).code == "upstream_failed"
    assert came(await ask(partial_images=2)) == [PartialImage, GeneratedImage]


async def test_setting_says_that_an_upstream_does_not_stream(ask, settings):
    settings.IMAGINE_UPSTREAM_STREAMS = False
    assert came(await ask(partial_images=2)) == [GeneratedImage]
    assert streamed(ask.server) == [False]


@pytest.mark.parametrize(
    "message", ["n must be 1", "Only n=1 is supported for this model.", "`n` should be equal to 1"]
)
async def test_model_that_makes_one_picture_is_asked_n_times(ask, message):
    ask.server.replies = [send(400, {"error": {"message": message}}), pictures()]
    for _ in range(2):
        events = await ask(n=3)
        images = [event for event in events if isinstance(event, GeneratedImage)]
        assert sorted(image.index for image in images) == [0, 1, 2]
        usage = [event for event in events if isinstance(event, Usage)][-1]
        assert (usage.pictures, usage.is_whole) == (3, True)
    assert [one.json["n"] for one in ask.server.received] == [3, 1, 1, 1, 1, 1, 1]


async def test_one_of_n_requests_that_fails_costs_its_own_picture(ask):
    refusal = send(400, {"error": {"message": "n must be 1"}})
    withheld = send(403, {"error": "Content violates usage guidelines."})
    ask.server.replies = [refusal, withheld, pictures()]
    assert sorted(kind.__name__ for kind in came(await ask(n=2))) == [
        BrokenImage.__name__, GeneratedImage.__name__,
    ]  # fmt: skip
    ask.server.replies = [withheld]
    assert (await ask(n=2)).code == "moderation_blocked"


async def test_upstream_that_takes_no_form_gets_json(ask, settings):
    settings.IMAGINE_UPSTREAM_EDIT_MODEL = "grok-imagine-image-edit"
    ask.server.replies = [send(415, b""), pictures()]
    for _ in range(2):
        events = await ask(model="grok-imagine-1.0-edit", sources=(SOURCE,))
        assert came(events) == [GeneratedImage]
    first, second, third = ask.server.received
    assert first.headers["content-type"].startswith("multipart/form-data")
    expected = {
        "model": "grok-imagine-image-edit", "prompt": "a fox", "n": 1,
        "image": {"url": SOURCE.data_url, "type": "image_url"},
    }  # fmt: skip
    assert (second.json, third.json) == (expected, expected)


async def test_upstream_that_wants_brackets_gets_them(ask):
    refusal = {"detail": [{"loc": ["body", "image[]"], "msg": "Field required"}]}
    ask.server.replies = [send(422, refusal), pictures()]
    for _ in range(2):
        assert came(await ask(sources=(SOURCE,))) == [GeneratedImage]
    assert [b'name="image[]"' in one.content for one in ask.server.received] == [False, True, True]


@pytest.mark.parametrize("refusal", [
    {"error": {"message": "Unknown parameter: 'resolution'.", "param": "resolution"}},
    {"error": {"message": "litellm.BadRequestError: Unknown parameter: 'aspect_ratio'."}},
    {"detail": [{"loc": ["body", "aspect_ratio"], "msg": "Extra inputs are not permitted"}]},
])  # fmt: skip
async def test_upstream_that_refuses_what_the_size_says_gets_the_size_alone(ask, refusal):
    ask.server.replies = [send(400, refusal), pictures()]
    asked = {"size": (1024, 1536), "aspect_ratio": "2:3", "resolution": "2k"}
    for _ in range(2):
        assert came(await ask(**asked)) == [GeneratedImage]
    first, *others = [set(one.json) & {*asked} for one in ask.server.received]
    assert (first, others) == ({*asked}, [{"size"}, {"size"}])
    ask.server.replies = [send(400, refusal)]
    assert (await ask(aspect_ratio="2:3", model="other")).code == "upstream_refused"


@pytest.mark.parametrize(
    "message", ["Unknown size", "The prompt is too long", "n", "The resolution is too large"]
)
async def test_other_refusals_teach_nothing(ask, message):
    ask.server.replies = [send(400, {"error": {"message": message}})]
    asked = {"n": 2, "sources": (SOURCE,), "size": (9, 9)}
    assert (await ask(**asked)).code == "upstream_refused"
    assert len(ask.server.received) == 1
