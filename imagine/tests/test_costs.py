"""What a generation cost, and where the number is from."""

import base64
import json
import sqlite3
from decimal import Decimal
from importlib import import_module

import httpx2
import pytest
from django.apps import apps
from prometheus_client import REGISTRY

from gallery.tests.drawing import draw
from imagine.models import Generation
from tests.server import Server

from .upstream import Upstream, pictures, send, slam

FOX = {"prompt": "a fox"}
COMPLETED = "image_generation.completed"


def cost():
    """Of the one generation: dollars and basis."""
    row = Generation.objects.get()
    return row.cost_usd, row.cost_basis


def sse(*events):
    text = "".join(f"data: {json.dumps(event)}\n\n" for event in events)
    return send(200, text.encode(), Content_Type="text/event-stream")


def completed(**more):
    return {"type": COMPLETED, "b64_json": base64.b64encode(draw()).decode(), **more}


@pytest.mark.django_db
def test_rows_of_before_are_told_by_the_upstream_where_a_cost_is_set():
    for cost in (Decimal("0.02"), Decimal(0), None):
        Generation.objects.create(prompt="x", n=1, cost_usd=cost)
    import_module("imagine.migrations.0007_exact_costs").name_their_basis(apps, None)
    rows = Generation.objects.order_by("pk").values_list("cost_usd", "cost_basis")
    assert list(rows) == [
        (Decimal("0.02"), "upstream"), (Decimal(0), "upstream"), (None, "unknown"),
    ]  # fmt: skip


@pytest.mark.django_db
def test_a_cost_is_kept_to_the_tick():
    cost = Decimal("99999.9999999999")
    Generation.objects.create(prompt="x", n=1, cost_usd=cost, reserved_usd=Decimal("1e-10"))
    row = Generation.objects.get()
    assert (row.cost_usd, row.reserved_usd) == (cost, Decimal("0.0000000001"))


NOT_TICKS = {
    "negative": -1, "a truth": True, "half a tick": 0.5, "absurd": 10**15, "a list": [1],
    "an object": {"usd": 1}, "a word": "free", "a minus": "-5", "digits of another script": "４",
    "far too long": "9" * 4000,
}  # fmt: skip


@pytest.mark.parametrize("ticks", NOT_TICKS.values(), ids=NOT_TICKS)
def test_a_cost_that_is_no_number_of_ticks_is_computed_instead(upstream, ask, ticks):
    upstream.replies = [pictures(usage={"cost_in_usd_ticks": ticks})]
    assert ask().json()["usage"]["cost_in_usd_ticks"] == 200_000_000
    assert cost() == (Decimal("0.02"), "computed")


@pytest.mark.parametrize("text", [b"NaN", b"Infinity", b"-Infinity", b"1e400", b"null"])
def test_a_cost_that_json_does_not_know_is_computed_instead(upstream, ask, text):
    item = json.dumps({"data": [{"b64_json": base64.b64encode(draw()).decode()}]}).encode()
    body = item[:-1] + b', "usage": {"cost_in_usd_ticks": ' + text + b"}}"
    upstream.replies = [send(200, body, Content_Type="application/json")]
    assert ask().status_code == 200
    assert cost() == (Decimal("0.02"), "computed")


@pytest.mark.parametrize("ticks", [123_456_789, "123456789", 123456789.0])
def test_a_cost_in_ticks_is_kept_and_passed_on_exactly(upstream, ask, ticks):
    upstream.replies = [pictures(usage={"cost_in_usd_ticks": ticks})]
    assert ask().json()["usage"]["cost_in_usd_ticks"] == 123_456_789
    assert cost() == (Decimal("0.0123456789"), "upstream")


def test_a_cost_that_nobody_knows_is_not_in_the_answer(upstream, ask):
    assert "cost_in_usd_ticks" not in ask(model="nobody-knows").json()["usage"]
    assert cost() == (None, "unknown")


TOKENS = {
    "openai": {"input_tokens": 23, "output_tokens": 1056},
    "litellm": {"prompt_tokens": 0, "completion_tokens": 0, "completion_tokens_details": None,
                "input_tokens": 23, "output_tokens": 1056, "output_tokens_details": None},
    "chat": {"prompt_tokens": 23, "completion_tokens": 1056, "total_tokens": 1079,
             "completion_tokens_details": {"image_tokens": 1056}},
    "texts": {"input_tokens": "23", "output_tokens": "1056"},
}  # fmt: skip


@pytest.mark.parametrize("usage", TOKENS.values(), ids=TOKENS)
def test_tokens_are_understood_as_gateways_name_them(upstream, ask, usage):
    upstream.replies = [pictures(usage=usage)]
    told = ask(model="gpt-image-1.5").json()["usage"]
    assert (told["output_tokens"], told["total_tokens"]) == (1056, 1079)
    assert cost() == (Decimal("0.033907"), "computed")


def test_cached_tokens_are_cheaper(upstream, ask):
    details = {"text_tokens": 100, "image_tokens": 0, "cached_tokens": 80}
    usage = {"input_tokens": 100, "output_tokens": 10, "input_tokens_details": details}
    upstream.replies = [pictures(usage=usage)]
    assert ask(model="gpt-image-2").json()["usage"]["input_tokens_details"] == details
    assert cost() == (Decimal("0.0005"), "computed")


def test_tokens_that_nobody_can_have_used_lose_no_picture(upstream, ask):
    upstream.replies = [pictures(usage={"input_tokens": 1, "output_tokens": 2**53 - 1})]
    assert ask(model="gpt-image-2").status_code == 200
    assert cost() == (None, "unknown")


def test_pictures_that_did_not_come_cost_nothing(upstream, ask):
    upstream.replies = [pictures(draw(), draw())]
    assert len(ask(n=4).json()["data"]) == 2
    assert cost() == (Decimal("0.04"), "computed")


def test_a_picture_that_nobody_can_read_was_made_nevertheless(upstream, ask):
    upstream.replies = [pictures(draw(), b"no picture")]
    assert ask(n=2).status_code == 200
    assert cost() == (Decimal("0.04"), "computed")


USAGE = {"input_tokens": 9, "output_tokens": 272}
BY_TOKENS = (Decimal("0.008205"), "computed")
TWICE = (Decimal("0.01641"), "computed")
STREAMS = {
    "with the picture": (1, [completed(usage=USAGE)], BY_TOKENS),
    "after it": (1, [completed(), {"type": "usage", "usage": USAGE}], BY_TOKENS),
    "after it, in dollars": (
        1, [completed(), {"usage": {"cost_in_usd_ticks": 7}}], (Decimal("7e-10"), "upstream"),
    ),
    "never": (1, [completed()], (None, "unknown")),
    "of two pictures": (2, [completed(usage=USAGE), completed(usage=USAGE)], TWICE),
    "of more than were asked for": (1, [completed(usage=USAGE), completed(usage=USAGE)], TWICE),
    "of one of two": (
        2, [completed(usage={"cost_in_usd_ticks": 7}), completed()], (None, "unknown"),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("n", "events", "expected"), STREAMS.values(), ids=STREAMS)
def test_a_stream_may_tell_its_cost_late_or_never(upstream, ask, n, events, expected):
    upstream.replies = [sse(*events)]
    assert ask(model="gpt-image-2", n=n).status_code == 200
    assert cost() == expected


def test_a_stream_that_breaks_off_costs_nobody_knows_what(upstream, ask):
    upstream.replies = [sse(completed(), {"error": {"message": "out of memory"}})]
    assert ask(n=3).status_code == 200
    assert cost() == (None, "unknown")


def test_an_answer_that_breaks_off_costs_nobody_knows_what(upstream, ask):
    item = json.dumps({"b64_json": base64.b64encode(draw()).decode()})
    upstream.replies = [send(200, f'{{"data": [{item}, {{"b64'.encode())]
    assert ask(n=3).status_code == 200
    assert cost() == (None, "unknown")


FIVE_CENTS, TWO_CENTS = {"cost_in_usd_ticks": 500_000_000}, {"cost_in_usd_ticks": 200_000_000}
MODERATED = {"code": "imagine:content-moderated", "error": "rejected"}
ONE_BY_ONE = {
    "all told": ([pictures(usage=FIVE_CENTS)] * 2, (Decimal("0.1"), "upstream")),
    "one perhaps charged": (
        [pictures(usage=FIVE_CENTS), send(500, b"")], (None, "unknown"),
    ),
    "one moderated, and who knows what it cost": (
        [send(400, MODERATED), pictures(usage=FIVE_CENTS)], (None, "unknown"),
    ),
    "one moderated and charged": (
        [pictures(usage=FIVE_CENTS), send(400, {**MODERATED, "usage": TWO_CENTS})],
        (Decimal("0.07"), "upstream"),
    ),
    "one moderated and charged before": (
        [send(400, {**MODERATED, "usage": TWO_CENTS}), pictures(usage=FIVE_CENTS)],
        (Decimal("0.07"), "upstream"),
    ),
    "both moderated and charged": (
        [send(400, {**MODERATED, "usage": TWO_CENTS})] * 2, (Decimal("0.04"), "upstream"),
    ),
    "one moderated and charged, one broken off": (
        [send(400, {**MODERATED, "usage": TWO_CENTS}), send(500, b"")], (None, "unknown"),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("replies", "expected"), ONE_BY_ONE.values(), ids=ONE_BY_ONE)
def test_cost_of_pictures_made_one_by_one_is_that_of_all(upstream, ask, replies, expected):
    upstream.replies = [send(400, {"error": {"message": "n must be 1"}}), *replies]
    ask(n=2)
    assert cost() == expected
    assert Generation.objects.get().reserved_usd == Decimal("0.04")


def test_metrics_tell_what_is_known_from_what_is_not(upstream, ask):
    names = [
        ("grok2api_generation_cost_usd_total", {"provider": "openai", "basis": "upstream"}),
        ("grok2api_generation_cost_usd_total", {"provider": "openai", "basis": "computed"}),
        ("grok2api_generations_of_unknown_cost_total", {"provider": "openai"}),
    ]

    def read():
        return [REGISTRY.get_sample_value(*name) or 0 for name in names]

    before = read()
    upstream.replies = [pictures(usage={"cost_in_usd_ticks": 500_000_000}), pictures(), slam]
    assert [ask().status_code for _ in range(3)] == [200, 200, 424]
    grown = [round(after - earlier, 10) for after, earlier in zip(read(), before, strict=True)]
    assert grown == [0.05, 0.02, 1]


@pytest.mark.once
@pytest.mark.slow
def test_a_chain_of_two_gateways_agrees_to_the_tick(tmp_path):
    """Two programs over real sockets: what the inner one has computed, the outer one is told."""
    asked = ["nobody-knows", "gpt-image-2", "grok-imagine-1.0"]
    replies = [
        pictures(usage={"cost_in_usd_ticks": 123_456_789}),
        pictures(usage=USAGE),
        pictures(),
    ]
    with Upstream() as upstream, Server(tmp_path / "a", IMAGINE_UPSTREAM_URL=upstream.url) as inner:
        behind = {
            "IMAGINE_UPSTREAM_URL": f"{inner.url}/v1",
            "IMAGINE_UPSTREAM_KEY": inner.api_key,
            # The inner one does not list it: without this the outer one's own model stands in.
            "IMAGINE_MODEL_ALIASES": "gpt-image-2=gpt-image-2",
        }
        with Server(tmp_path / "b", **behind) as outer:
            told = []
            for server in (inner, outer):
                upstream.replies = [*replies]
                told.append([ticks_told(server, model) for model in asked])
            kept = [read_costs(server) for server in (inner, outer)]
    agreed = [123_456_789, 82_050_000, 200_000_000]
    assert told == [agreed, agreed]
    dollars = [Decimal(ticks) / 10**10 for ticks in agreed]
    assert kept == [dollars * 2, dollars]


def ticks_told(server, model):
    answer = httpx2.post(
        f"{server.url}/v1/images/generations",
        json={**FOX, "model": model},
        headers={"Authorization": f"Bearer {server.api_key}"},
        timeout=60,
    )
    return answer.json()["usage"]["cost_in_usd_ticks"]


def read_costs(server):
    """What the rows of a server say, in the order of their beginning."""
    with sqlite3.connect(server.folder / "data" / "grok2api.sqlite3") as database:
        rows = database.execute("SELECT cost_usd FROM imagine_generation ORDER BY id").fetchall()
    database.close()
    return [round(Decimal(str(cost)), 10) for (cost,) in rows]
