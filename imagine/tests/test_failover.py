"""Several keys of one upstream, against a real server: who is asked next, and what is kept."""

import logging

import pytest

from imagine.models import UpstreamNotice
from imagine.providers import upstream as upstream_module
from imagine.providers.base import ProviderError
from imagine.providers.upstream import Upstream
from imagine.threads import close_connections, in_thread

from . import upstream as replies
from .upstream import pictures, post_json, send

KEYS = "first-secret-key, second-secret-key, third-secret-key"
NO_CREDIT = {"error": "Your team has used all available credits."}
MODERATED = {
    "error": "Content violates usage guidelines.",
    "usage": {"cost_in_usd_ticks": 50_000_000},
}
WRONG = {"code": "invalid-argument", "error": "Incorrect API key provided: fi***."}
UNVERIFIED = {"error": {"message": "Your organization must be verified to use the model."}}


@pytest.fixture(autouse=True)
def at_once(monkeypatch, settings, transactional_db):
    monkeypatch.setattr(upstream_module, "PAUSES", (0, 0))
    settings.IMAGINE_UPSTREAM_KEY = KEYS
    yield
    close_connections()


@pytest.fixture
async def asking():
    """`ask(model)` gives the status that a client gets; `ask.keys()` are those that were used."""
    with replies.Upstream([pictures()]) as server:
        upstream = Upstream(server.url, KEYS, 5)

        async def ask(model="m"):
            try:
                await post_json(upstream, "/images/generations", json={"model": model})
            except ProviderError as error:
                return error
            return 200

        def keys():
            sent = [one.headers["authorization"].split()[1][:5] for one in server.received]
            server.received.clear()
            return [key.rstrip("-") for key in sent]

        ask.keys, ask.server, ask.upstream = keys, server, upstream
        yield ask
        await upstream.close()


@pytest.mark.parametrize(
    ("status", "body", "event"),
    [
        (401, {"error": "no"}, "refused"),
        (400, WRONG, "refused"),
        (402, b"", "no_credit"),
        (403, NO_CREDIT, "no_credit"),
        (403, UNVERIFIED, "refused"),
        (429, {"error": {"code": "insufficient_quota", "message": "No."}}, "no_credit"),
        (429, {"error": "slow down"}, "limited"),
    ],
)
async def test_next_key_is_asked_until_one_may(asking, status, body, event):
    refusal = send(status, body, Retry_After="60") if event == "limited" else send(status, body)
    asking.server.replies = [refusal, refusal, pictures()]
    assert [await asking(), await asking()] == [200, 200]
    assert asking.keys() == ["first", "secon", "third", "third"]
    notices = UpstreamNotice.objects.order_by("key_prefix").values_list("key_prefix", "event")
    assert await in_thread(list, notices) == [("first", event), ("secon", event)]


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (403, MODERATED, "moderation_blocked"),
        (400, {"error": "Generated image rejected by content moderation."}, "moderation_blocked"),
        (403, {"error": "No."}, "upstream_key_refused"),
        (451, b"", "moderation_blocked"),
        (400, {"error": "Argument not supported: size"}, "upstream_refused"),
        (500, {"error": "boom"}, "upstream_failed"),
    ],
)
async def test_what_may_be_charged_is_sent_once_and_blames_no_key(asking, status, body, code):
    asking.server.replies = [send(status, body), pictures()]
    assert (await asking()).code == code
    assert asking.keys() == ["first"]
    assert await in_thread(UpstreamNotice.objects.count) == 0
    assert await asking() == 200
    assert asking.keys() == ["first"]


async def test_charge_of_a_refused_prompt_is_kept(asking):
    asking.server.replies = [send(403, MODERATED)]
    assert str((await asking()).usage.cost_usd) == "0.005"


async def test_key_rests_for_the_model_alone_that_was_limited(asking):
    asking.server.replies = [send(429, {"error": "slow down"}, Retry_After="60"), pictures()]
    assert [await asking("a"), await asking("a"), await asking("b")] == [200, 200, 200]
    assert asking.keys() == ["first", "secon", "secon", "first"]


async def test_unverified_key_is_left_alone_for_that_model(asking):
    asking.server.replies = [send(403, UNVERIFIED), pictures()]
    assert [await asking("a"), await asking("a"), await asking("b")] == [200, 200, 200]
    assert asking.keys() == ["first", "secon", "secon", "first"]


async def test_key_without_credit_is_left_alone_for_all(asking):
    asking.server.replies = [send(402, b""), pictures()]
    assert [await asking("a"), await asking("b")] == [200, 200]
    assert asking.keys() == ["first", "secon", "secon"]


async def test_each_key_is_asked_once_where_none_may(asking):
    asking.server.replies = [send(403, NO_CREDIT)]
    assert (await asking()).code == "upstream_no_credit"
    assert asking.keys() == ["first", "secon", "third"]


async def test_refused_key_is_asked_again_where_no_better_one_is_left(asking):
    asking.server.replies = [send(403, UNVERIFIED)] * 3 + [send(401, b""), pictures()]
    assert (await asking()).code == "upstream_key_refused"
    assert await asking() == 200
    assert asking.keys() == ["first", "secon", "third", "first", "secon"]


async def test_limit_is_told_before_the_refusals_of_other_keys(asking):
    limited = send(429, {"error": "slow down"}, Retry_After="60")
    asking.server.replies = [limited, send(401, b""), send(402, b"")]
    error = await asking()
    assert (error.status, error.retry_after) == (429, 60)


async def test_limit_without_seconds_is_told_in_the_words_of_the_upstream(asking):
    asking.server.replies = [send(429, {"error": "5 a minute"})]
    error = await asking()
    assert (error.status, str(error), error.retry_after) == (429, "5 a minute", 5)
    assert asking.keys() == ["first", "secon", "third"]


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_limit_counts_whose_words_cannot_be_read(asking, encoding):
    broken = send(429, b"no", Retry_After="60", Content_Encoding=encoding)
    asking.server.replies = [broken, pictures()]
    assert await asking() == 200
    assert asking.keys() == ["first", "secon"]


async def test_limit_of_no_seconds_does_not_ask_for_ever(asking):
    asking.server.replies = [send(429, {"error": "slow down"}, Retry_After="0")]
    assert (await asking()).status == 429
    assert len(asking.server.received) == 5  # each key, and twice after a pause


async def test_words_of_the_upstream_are_kept_without_the_key(asking, caplog):
    echo = "Incorrect API key: first-secret-key (first-s…-key). You: Bearer first-secret-key"
    asking.server.replies = [send(401, {"error": echo}), pictures()]
    with caplog.at_level(logging.WARNING, "imagine"):
        assert await asking() == 200
    notice = await in_thread(UpstreamNotice.objects.get)
    assert notice.said == "Incorrect API key: … (…). You: Bearer …"
    assert notice.said in caplog.text
    assert "first-secret" not in caplog.text


async def test_past_rests_are_forgotten(asking, monkeypatch):
    asking.server.replies = [send(429, {"error": "slow down"}, Retry_After="0")]
    for number in range(20):
        await asking(f"model-{number}")
    assert max(len(key.rests_until) for key in asking.upstream.keys.keys) < 5
