"""What the Imagine page offers to choose, and what it says of the price before it begins."""

import pytest

from gallery.tests.drawing import draw
from imagine.estimates import foretell
from imagine.formats import convert
from imagine.forms import ImagineForm
from imagine.providers.base import ImageRequest, Offer
from imagine.providers.openai import OpenAIProvider
from imagine.providers.sample import SampleProvider, canvas
from imagine.providers.xai import XaiProvider

PRICE = "/admin/imagine/price/"
FOX = {"prompt": "a fox", "n": "1"}


@pytest.mark.parametrize(
    ("provider", "model", "offer"),
    [
        (SampleProvider, "grok-imagine-1.0", Offer(("1k", "1.5k", "2k"), (), seeds=True)),
        (XaiProvider, "grok-imagine-1.0", Offer(("1k", "2k"))),
        (XaiProvider, "grok-imagine-image-2.0", Offer(("1k", "2k"), ("low", "medium"))),
        (XaiProvider, "grok-imagine-image-pro", Offer(("1k", "2k"), ("low", "medium"))),
        (OpenAIProvider, "gpt-image-2", Offer((), ("low", "medium", "high"))),
        (OpenAIProvider, "gpt-image-2.6", Offer((), ("low", "medium", "high", "xhigh", "max"))),
        (OpenAIProvider, "dall-e-3", Offer((), ("standard", "hd"))),
        (OpenAIProvider, "dall-e-2", Offer()),
        (
            OpenAIProvider,
            "flux-1",
            Offer(("1k", "2k"), ("low", "medium", "high"), seeds=True, is_certain=False),
        ),
    ],
)
def test_each_model_offers_what_it_takes(provider, model, offer):
    assert provider.offer(model) == offer
    asked = ImageRequest(
        prompt="", model=model, resolution=(*offer.resolutions, "")[0],
        quality=(*offer.qualities, "")[0], seed=1 if offer.seeds else None,
    )  # fmt: skip
    assert provider.ignores(object.__new__(provider), asked) == []


def test_edits_are_offered_what_their_own_model_takes(settings):
    settings.IMAGINE_UPSTREAM_MODEL = "dall-e-2"
    settings.IMAGINE_UPSTREAM_EDIT_MODEL = "gpt-image-2"
    assert OpenAIProvider.offer("grok-imagine-1.0").qualities == ()
    assert OpenAIProvider.offer("grok-imagine-1.0", edits=True).qualities == (
        "low", "medium", "high",
    )  # fmt: skip


def test_sample_painter_paints_at_the_resolution_asked_for():
    asked = {"prompt": "", "aspect_ratio": "3:2"}
    plain = canvas(ImageRequest(**asked))
    assert canvas(ImageRequest(resolution="1k", **asked)) == plain
    assert canvas(ImageRequest(resolution="2k", **asked)) == (2 * plain[0], 2 * plain[1])


def test_price_is_said_before_and_unknown_is_not_nothing(staff, settings):
    def told(**fields):
        return staff.post(PRICE, {**FOX, **fields}).json()

    assert told() == {"price": "Costs nothing.", "errors": {}}
    settings.IMAGINE_PROVIDER = "xai"
    newest = {"model": "grok-imagine-image-2.0"}
    assert told(**newest)["price"] == "At most $0.04."
    assert told(n="4", **newest)["price"] == "At most $0.16: 4 × $0.04."
    assert told(quality="medium", resolution="2k", **newest)["price"] == "At most $0.08."
    assert told(sources="2", **newest)["price"] == "At most $0.08."  # 0.06 and 2 × 0.01
    endless = told(endless="on", n="4", **newest)
    assert endless["price"] == "At most $0.04 per picture, until you stop it."
    settings.IMAGINE_PROVIDER = "openai"
    settings.IMAGINE_UPSTREAM_URL = "http://localhost:9/v1"
    assert told(model="some-model")["price"] == "The price of this model is unknown."
    settings.IMAGINE_MODEL_ALIASES = {"nice": "grok-imagine-image"}
    assert foretell(ImageRequest(prompt="", model="nice"), times=1) == "At most $0.02."


def test_wrong_fields_are_named_in_words(staff, settings):
    settings.IMAGINE_PROVIDER = "xai"

    def errors(**fields):
        answer = staff.post(PRICE, {**FOX, **fields}).json()
        assert answer["price"] == ""
        return answer["errors"]

    assert errors(quality="high", model="grok-imagine-image-2.0") == {
        "quality": ["This model does not offer “high”."]
    }
    assert errors(quality="low") == {"quality": ["This model does not offer “low”."]}
    assert errors(resolution="8k") == {"resolution": ["This model does not offer “8k”."]}
    assert errors(seed="7") == {"seed": ["This model does not support seeds."]}
    assert [*errors(prompt="x" * 32_001)] == ["prompt"]
    assert [*errors(output_format="svg", n="99", model="\0", sources="99")] == [
        "n", "model", "output_format", "sources",
    ]  # fmt: skip
    settings.IMAGINE_PROVIDER = "sample"
    for seed in ("-1", "x", str(2**32)):
        assert [*errors(seed=seed)] == ["seed"]
    assert staff.get(PRICE).status_code == 405


def test_address_fills_in_the_choices_that_the_model_offers(settings):
    settings.IMAGINE_PROVIDER = "xai"
    query = {
        "model": "grok-imagine-image-2.0", "n": "3", "quality": "medium", "resolution": "2k",
        "output_format": "webp",
    }  # fmt: skip
    chosen = ImagineForm(query).chosen()
    assert {name: str(chosen[name]) for name in query} == query
    chosen = ImagineForm({**query, "model": "", "seed": "5"}).chosen()
    assert (chosen["quality"], chosen["resolution"], chosen["seed"]) == ("", "2k", "")


@pytest.mark.parametrize("name", ["image/png", ".png", "avif", "tiff", "pdf", "no such format"])
def test_a_format_that_is_not_made_here_costs_no_picture(name):
    assert convert(picture := draw(), name) == picture


def test_a_picture_that_the_format_cannot_hold_stays_as_it_came():
    assert convert(long := draw(17_000, 8, format="PNG"), "webp") == long
