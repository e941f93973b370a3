"""Real clients, and this program before itself."""

import base64

import openai
import pytest

from gallery.models import Image
from gallery.tests.drawing import draw
from imagine.models import Generation
from tests.server import Server

from .upstream import pictures, send

pytestmark = pytest.mark.once


@pytest.fixture
def library(gateway, secret):
    """The synchronous `openai` client."""
    with openai.OpenAI(base_url=f"{gateway.url}/v1", api_key=secret, max_retries=0) as client:
        yield client


def test_openai_client_generates(library):
    result = library.images.generate(model="grok-imagine-1.0", prompt="a fox", n=2)
    assert len(result.data) == Image.objects.count() == 2
    with Image.objects.earliest("pk").file as file:
        assert base64.b64decode(result.data[0].b64_json) == file.read()
    assert result.size == "1024x1024"
    assert result.usage.total_tokens == 0


async def test_openai_async_client_generates(gateway, secret):
    async with openai.AsyncOpenAI(base_url=f"{gateway.url}/v1", api_key=secret) as client:
        result = await client.images.generate(prompt="a fox", response_format="url")
    assert result.data[0].url.startswith(f"{gateway.url}/v1/files/image/")
    assert result.data[0].b64_json is None


def test_openai_client_lists_models(library):
    assert [model.id for model in library.models.list()] == [
        "grok-imagine-1.0", "grok-imagine-1.0-edit", "sample-painter",
    ]  # fmt: skip
    assert library.models.retrieve("sample-painter").id == "sample-painter"
    with pytest.raises(openai.NotFoundError):
        library.models.retrieve("no/such/model")


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"model": "painter-9"}, openai.NotFoundError),
        ({"n": 0}, openai.BadRequestError),
        ({"prompt": ""}, openai.BadRequestError),
    ],
)
def test_openai_client_raises_its_class_for_our_refusals(library, change, error):
    with pytest.raises(error) as raised:
        library.images.generate(**{"prompt": "a fox", **change})
    assert raised.value.param == next(iter(change))


def test_openai_client_raises_its_class_for_a_wrong_key(gateway):
    with (
        openai.OpenAI(base_url=f"{gateway.url}/v1", api_key="sk-wrong") as client,
        pytest.raises(openai.AuthenticationError) as raised,
    ):
        client.images.generate(prompt="a fox")
    assert raised.value.code == "invalid_api_key"


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, openai.BadRequestError),
        (429, openai.RateLimitError),
        (500, openai.APIStatusError),
        (401, openai.InternalServerError),
    ],
)
def test_openai_client_raises_its_class_for_an_upstreams_failure(upstream, library, status, error):
    upstream.replies = [send(status, {"error": {"message": "no"}}, Retry_After="60")]
    with pytest.raises(error):
        library.images.generate(prompt="a fox")


def test_openai_client_does_not_ask_again_for_what_may_be_charged(upstream, gateway, secret):
    upstream.replies = [send(500, {"error": "boom"})]
    with (
        openai.OpenAI(base_url=f"{gateway.url}/v1", api_key=secret) as client,
        pytest.raises(openai.APIStatusError),
    ):
        client.images.generate(prompt="a fox")
    assert len(upstream.received) == 1


def test_program_is_its_own_upstream(library, settings, tmp_path):
    with Server(tmp_path / "upstream") as server:
        settings.IMAGINE_PROVIDER = "openai"
        settings.IMAGINE_UPSTREAM_URL = f"{server.url}/v1"
        settings.IMAGINE_UPSTREAM_KEY = Server.api_key
        result = library.images.generate(
            model="grok-imagine-1.0", prompt="日落", size="1536x1024", n=2
        )
    image = Image.objects.earliest("pk")
    assert len(result.data) == Image.objects.count() == 2
    assert (image.model, image.is_sample) == ("sample-painter", True)
    assert (image.width, image.height, image.aspect_ratio) == (1536, 1024, "3:2")
    assert Generation.objects.get().status == "succeeded"


def test_two_pictures_alike_are_two_pictures(upstream, library):
    upstream.replies = [pictures(draw(), draw())]
    library.images.generate(prompt="a fox", n=2)
    assert Image.objects.values("content_hash").distinct().count() == 1
    assert Image.objects.count() == 2
