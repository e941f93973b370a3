"""What a request may cost, and what it did cost."""

import random
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from imagine.prices import costs
from imagine.prices.book import Book, Tariff
from imagine.prices.costs import NOTHING, UNKNOWN, Cost
from imagine.prices.reading import read_book
from imagine.providers.base import ImageRequest, ProviderError, SourceImage, Usage
from imagine.providers.verdicts import Verdict

TODAY = date(2026, 11, 27)
BOOK = read_book()
SOURCE = SourceImage(b"", "image/png", "png", 1, 1)

ONE, TWO, GPT = "grok-imagine-image", "grok-imagine-image-2.0", "gpt-image-2"


def wanted(sources=0, **options):
    return ImageRequest(**{"prompt": "a fox", "sources": (SOURCE,) * sources, **options})


def estimate(model, request):
    return costs.estimate(BOOK, request, model=model, day=TODAY)


def settle(model, request, usage, *errors):
    return costs.settle(BOOK, request, usage, errors, model=model, day=TODAY)


def computed(usd):
    return Cost(Decimal(usd), "computed")


def made(number=1, **facts):
    """The usage of a whole answer with so many pictures."""
    return Usage(pictures=number, is_whole=True, **facts)


def test_the_upstreams_own_number_stands_before_any_other():
    told = made(3, cost_usd=Decimal("0.0123456789"), tokens={"input_tokens": 1, "output_tokens": 1})
    for model in (ONE, GPT, "nobody-knows"):
        assert settle(model, wanted(n=3), told) == Cost(Decimal("0.0123456789"), "upstream")
    assert settle(ONE, wanted(), made(cost_usd=Decimal(0))) == Cost(Decimal(0), "upstream")


@pytest.mark.parametrize("name", ["8k", "infk", "1e200k", "-1k", "k", "nank", "99.9k", "٣k"])
@pytest.mark.parametrize("model", [ONE, TWO, GPT, "gpt-image-1"])
def test_a_size_that_nobody_foresaw_is_not_cheaper(model, name):
    usual = estimate(model, wanted())
    for odd in (wanted(resolution=name), wanted(named_size=name, resolution=name)):
        assert estimate(model, odd) >= usual


PICTURES = {
    "one": (ONE, wanted(), "0.02"),
    "three": (ONE, wanted(n=3), "0.06"),
    "an edit of two": (ONE, wanted(sources=2), "0.024"),
    "2.0": (TWO, wanted(), "0.04"),
    "2.0 at medium": (TWO, wanted(quality="medium"), "0.06"),
    "2.0 at 2k": (TWO, wanted(resolution="2k"), "0.06"),
    "an edit by 2.0": (TWO, wanted(sources=1), "0.07"),
    "an edit by 2.0 at low": (TWO, wanted(sources=3, quality="low", n=2), "0.11"),
    "the painter": ("sample-painter", wanted(n=10), "0"),
}


@pytest.mark.parametrize(("model", "request_", "usd"), PICTURES.values(), ids=PICTURES)
def test_what_is_priced_per_picture_costs_what_was_estimated(model, request_, usd):
    assert estimate(model, request_) == Decimal(usd)
    assert settle(model, request_, made(request_.n)) == computed(usd)


def test_a_quality_that_nobody_foresaw_is_estimated_as_the_dearest():
    assert estimate(TWO, wanted(quality="high")) == Decimal("0.08")


def test_the_quality_and_the_model_that_served_are_what_is_billed():
    request = wanted(quality="medium")
    assert settle(TWO, request, made(quality="low")) == computed("0.04")
    assert settle(TWO, request, made(quality="auto")) == computed("0.06")
    assert settle(ONE, request, made(model=TWO)) == computed("0.06")
    assert settle(ONE, request, made(model="of our own")) == computed("0.02")


def test_pictures_that_came_are_counted_not_those_asked_for():
    assert settle(ONE, wanted(n=4), made(3)) == computed("0.06")
    assert settle(ONE, wanted(n=1), made(2)) == computed("0.04")


def test_an_answer_that_broke_off_costs_nobody_knows_what():
    lost = ProviderError("broke off", code="upstream_broke_off")
    assert settle(ONE, wanted(n=4), Usage(pictures=3), lost) == UNKNOWN
    assert settle(ONE, wanted(n=4), Usage(pictures=4), lost) == computed("0.08")
    assert settle(ONE, wanted(), Usage(), lost) == UNKNOWN
    assert settle(GPT, wanted(), Usage(), lost) == UNKNOWN


def test_cost_of_one_of_two_requests_is_not_that_of_both():
    lost = ProviderError("broke off", code="upstream_broke_off")
    told = Usage(pictures=1, cost_usd=Decimal("0.05"))
    for model in (ONE, GPT, "nobody-knows"):
        assert settle(model, wanted(n=2), told, lost) == UNKNOWN
        known = settle(model, wanted(n=2), told, ProviderError("x", status=429))
        assert known == Cost(Decimal("0.05"), "upstream")
    counted = Usage(pictures=1, tokens={"input_tokens": 9, "output_tokens": 272})
    assert settle(GPT, wanted(n=2), counted, lost) == UNKNOWN


def refused(status, verdict=Verdict.FAULT):
    return ProviderError("x", upstream_status=status, verdict=verdict)


UNCHARGED = {
    "not reached": ProviderError("x", code="upstream_unreachable"),
    "refused by ourselves": ProviderError("x", status=400),
    "all keys rest": ProviderError("x", status=429),
    "a wrong field": refused(400, Verdict.BAD_REQUEST),
    "a wrong key": refused(401, Verdict.REFUSED_KEY),
    "no credit": refused(403, Verdict.NO_CREDIT),
    "too often": refused(429, Verdict.LIMITED),
    "too often, in a stream": ProviderError(
        "x", status=429, upstream_status=200, verdict=Verdict.LIMITED
    ),
    "come again": ProviderError("x", status=503, upstream_status=503, retry_after=5),
    "a wrong address": refused(404),
}
PERHAPS_CHARGED = {
    "moderated": refused(400, Verdict.MODERATED),
    "a refused prompt": refused(403, Verdict.MODERATED),
    "forbidden, who knows why": refused(403, Verdict.FORBIDDEN),
    "failed": refused(500),
    "failed in a 200": refused(200),
    "timed out": ProviderError("x", status=504, code="upstream_timeout"),
    "broke off": ProviderError("x", code="upstream_broke_off"),
    "stopped": ProviderError("x", status=503, code="interrupted"),
}


@pytest.mark.parametrize("model", [ONE, GPT, "nobody-knows"])
def test_only_what_was_surely_refused_costs_nothing(model):
    for name, error in UNCHARGED.items():
        assert (name, settle(model, wanted(), Usage(), error)) == (name, NOTHING)
    for name, error in PERHAPS_CHARGED.items():
        assert (name, settle(model, wanted(), Usage(), error)) == (name, UNKNOWN)
    both = [*UNCHARGED.values(), PERHAPS_CHARGED["failed"]]
    assert settle(model, wanted(), Usage(), *both) == UNKNOWN


def test_what_has_no_price_is_unknown_and_not_nothing():
    assert estimate("nobody-knows", wanted()) is None
    told = made(tokens={"input_tokens": 9, "output_tokens": 9})
    assert settle("nobody-knows", wanted(), told) == UNKNOWN


def tokens(given, made_, inside=None, out=None):
    usage = {"input_tokens": given, "output_tokens": made_}
    if inside is not None:
        usage["input_tokens_details"] = inside
    if out is not None:
        usage["output_tokens_details"] = out
    return made(tokens=usage)


CACHED = {"text_tokens": 100, "image_tokens": 900, "cached_tokens": 150}
COUNTED = {
    # 23 × 5 + 1056 × 32: image tokens, not text (a gateway that billed them as text was wrong)
    "no kinds of output": ("gpt-image-1.5", tokens(23, 1056, {"text_tokens": 23}), "0.033907"),
    "empty kinds of output": ("gpt-image-1", tokens(9, 272, {"text_tokens": 9}, {}), "0.010925"),
    "a text beside the picture": (
        "gpt-image-1.5", tokens(10, 100, {}, {"text_tokens": 40, "image_tokens": 60}), "0.00237",
    ),
    "a text without a price": (GPT, tokens(10, 100, {}, {"text_tokens": 40}), "0.00305"),
    "no kinds of input": (GPT, tokens(100, 10), "0.0008"),
    "cached, of no kind": (GPT, tokens(1000, 10, CACHED), "0.007325"),
    "cached, by kind": (
        GPT,
        tokens(1000, 10, {**CACHED, "cached_tokens_details": {"image_tokens": 150}}),
        "0.0071",
    ),
    "more cached than there is": (
        GPT, tokens(10, 10, {"text_tokens": 10, "cached_tokens": 99}), "0.0003125",
    ),
    "one": ("gpt-image-1-mini", tokens(1, 1, {"text_tokens": 1, "cached_tokens": 1}), "0.0000082"),
}  # fmt: skip


@pytest.mark.parametrize(("model", "usage", "usd"), COUNTED.values(), ids=COUNTED)
def test_tokens_are_priced_by_their_kind(model, usage, usd):
    assert settle(model, wanted(), usage) == computed(usd)


def test_input_of_no_kind_is_pictures_where_pictures_were_given():
    assert settle(GPT, wanted(sources=1), tokens(100, 10)) == computed("0.0011")


NOBODY_COUNTED = {
    "nothing": Usage(pictures=1, is_whole=True),
    "zeros": tokens(0, 0),
    "no output": tokens(9, 0),
    "no input": tokens(0, 1056),
    "the total alone": made(tokens={"total_tokens": 1079}),
}


@pytest.mark.parametrize("usage", NOBODY_COUNTED.values(), ids=NOBODY_COUNTED)
def test_tokens_that_nobody_counted_are_unknown_and_not_nothing(usage):
    assert settle(GPT, wanted(), usage) == UNKNOWN


def test_a_refusal_that_tells_its_tokens_costs_these():
    blocked = refused(400, Verdict.MODERATED)
    told = Usage({"input_tokens": 100, "output_tokens": 0})
    assert settle(GPT, wanted(), told, blocked) == computed("0.0005")


MOST = {
    "the prompt's bytes": (wanted(prompt="狐狸", quality="low"), 70 * 5 + 408 * 30),
    "medium": (wanted(prompt="", quality="medium"), 64 * 5 + 1584 * 30),
    "auto may be high": (wanted(prompt="", quality="auto"), 64 * 5 + 6240 * 30),
    "none may be high": (wanted(prompt="", n=3), 64 * 5 + 3 * 6240 * 30),
    "a large one": (
        wanted(prompt="", quality="low", size=(2048, 3072)), 64 * 5 + 4 * 408 * 30,
    ),
    "unfinished ones": (
        wanted(prompt="", quality="low", partial_images=2), 64 * 5 + 608 * 30,
    ),
    "sources and a mask": (
        wanted(prompt="", quality="low", sources=2, mask=SOURCE), 64 * 5 + 3 * 7300 * 8 + 408 * 30,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("request_", "millionths"), MOST.values(), ids=MOST)
def test_estimate_of_tokens_is_the_most_they_come_to(request_, millionths):
    assert estimate(GPT, request_) == Decimal(millionths) / 1_000_000


PER_PICTURE = {
    ("grok-imagine-image", "low", "1k"): (200, 200, 20),
    ("grok-imagine-image", "", "2k"): (200, 200, 20),
    ("grok-imagine-image-2.0", "low", "1k"): (400, 400, 100),
    ("grok-imagine-image-2.0", "low", "2k"): (600, 600, 100),
    ("grok-imagine-image-2.0", "medium", "1k"): (600, 600, 100),
    ("grok-imagine-image-2.0", "medium", "2k"): (800, 800, 100),
    ("grok-imagine-image-2.0", "auto", "1k"): (400, 600, 100),
    ("grok-imagine-image-2.0", "", "2k"): (600, 800, 100),
    ("grok-imagine-image-quality", "high", "1k"): (400, 400, 100),
    ("grok-imagine-image-pro", "", "2k"): (600, 600, 100),
}
"""As published, apart from the book: $0.0001 of a picture, of an edit, of a source."""

PER_TOKEN = {
    "gpt-image-1": (500, 125, 1000, 250, 4000),
    "gpt-image-1-mini": (200, 20, 250, 25, 800),
    "gpt-image-1.5": (500, 125, 800, 200, 3200),
    "gpt-image-2": (500, 125, 800, 200, 3000),
    "gpt-image-2.5-flare": (500, 125, 800, 200, 3000),
    "gpt-image-2.6-sunburst": (500, 125, 800, 200, 3000),
}
"""Cents per million of text, cached text, image, cached image, and image tokens made."""


def synthetic(rng):
    """A call, and its cost as a fraction by the published tables."""
    if rng.random() < 0.5:
        (model, quality, resolution), published = rng.choice([*PER_PICTURE.items()])
        n, sources = rng.randint(1, 10), rng.choice([0, 0, 1, 3, 16])
        request = wanted(n=n, quality=quality, resolution=resolution, sources=sources)
        came = rng.randint(1, n)
        picture, edit, source = published
        owed = Fraction(came * (edit if sources else picture) + sources * source, 10_000)
        return model, request, made(came), owed
    model, published = rng.choice([*PER_TOKEN.items()])
    text, image, out = (rng.randint(1, 100_000) for _ in range(3))
    cached = {"text_tokens": rng.randint(0, text), "image_tokens": rng.randint(0, image)}
    counts = (
        text - cached["text_tokens"], cached["text_tokens"],
        image - cached["image_tokens"], cached["image_tokens"], out,
    )  # fmt: skip
    inside = {"text_tokens": text, "image_tokens": image, "cached_tokens_details": cached}
    owed = Fraction(sum(map(int.__mul__, counts, published)), 100 * 1_000_000)
    return model, wanted(), tokens(text + image, out, inside), owed


def test_ten_thousand_calls_differ_from_the_published_tables_by_nothing():
    rng = random.Random(15)
    differing, total, owed_in_all = [], Decimal(0), Fraction(0)
    for _ in range(10_000):
        model, request, usage, owed = synthetic(rng)
        cost = settle(model, request, usage)
        if (cost.basis, Fraction(cost.usd)) != ("computed", owed):
            differing.append((model, request, usage, owed, cost))
        total, owed_in_all = total + cost.usd, owed_in_all + owed
    assert differing == []
    assert Fraction(total) == owed_in_all


def test_no_request_costs_more_than_any_can():
    assert settle(GPT, wanted(), tokens(1, 2**53 - 1)) == UNKNOWN
    assert settle(ONE, wanted(), made(10**9)) == UNKNOWN
    tariff = Tariff(("dear",), date.min)
    tariff.lines.update(
        dict.fromkeys((("text_in", "", ""), ("image_out", "", "")), Decimal(10_000))
    )
    most = costs.estimate(
        Book([tariff]), wanted(n=10, size=(99_999, 99_999)), model="dear", day=TODAY
    )
    assert most == Decimal(100_000)
