"""What one key, and one process, may have at once."""

import threading
from datetime import timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.utils import timezone

from imagine import callers
from imagine.models import ApiKey, Generation

from .test_generate import wait_until
from .upstream import pictures, send, stall

FOX = {"prompt": "a fox"}


def asking(ask, times):
    """`times` requests at once; the status of each."""
    found = []
    threads = [threading.Thread(target=lambda: found.append(ask())) for _ in range(times)]
    for thread in threads:
        thread.start()
    return threads, found


def test_requests_per_minute_are_counted(ask):
    ApiKey.objects.update(requests_per_minute=2)
    assert [ask().status_code for _ in range(3)] == [200, 200, 429]
    refused = ask()
    assert refused.json()["error"] == {
        "message": "This API key may make 2 requests per minute.",
        "type": "rate_limit_error",
        "param": None,
        "code": "rate_limit_exceeded",
    }
    assert 55 <= int(refused.headers["retry-after"]) <= 60
    assert Generation.objects.count() == 2
    Generation.objects.update(created_at=timezone.now() - timedelta(seconds=61))
    cache.clear()  # where Redis counts, the rows tell it
    assert ask().status_code == 200


def test_requests_at_once_are_counted(upstream, ask):
    ApiKey.objects.update(max_concurrent=2)
    upstream.replies = [stall]
    threads, found = asking(ask, 5)
    wait_until(lambda: len(found) == 3)
    assert [answer.json()["error"]["code"] for answer in found] == ["too_many_generations"] * 3
    assert {answer.headers["retry-after"] for answer in found} == {"5"}
    upstream.stopping.set()
    for thread in threads:
        thread.join()
    assert Generation.objects.count() == 2


def test_key_asks_for_its_models_alone(ask):
    ApiKey.objects.update(allowed_models=["sample-painter"])
    assert ask(model="sample-painter").status_code == 200
    refused = ask()
    assert (refused.status_code, refused.json()["error"]["code"]) == (404, "model_not_found")


def test_process_refuses_at_once_what_is_too_much(upstream, ask, settings):
    settings.IMAGINE_MAX_RUNNING = 2
    upstream.replies = [stall]
    threads, found = asking(ask, 4)
    wait_until(lambda: len(found) == 2)
    assert [(one.status_code, one.headers["retry-after"]) for one in found] == [(429, "5")] * 2
    upstream.stopping.set()
    for thread in threads:
        thread.join()


@pytest.mark.django_db
def test_command_makes_a_limited_key():
    out = StringIO()
    call_command(
        "create_api_key", "robot", "--days=7", "--model=m", "--per-minute=10", "--concurrent=3",
        "--budget=1.50", stdout=out,
    )  # fmt: skip
    key = callers.find_active_key(out.getvalue().strip())
    assert (key.name, key.allowed_models, key.requests_per_minute, key.max_concurrent) == (
        "robot", ["m"], 10, 3,
    )  # fmt: skip
    assert key.monthly_budget_usd == Decimal("1.50")
    assert timedelta(days=6, hours=23) < key.expires_at - timezone.now() <= timedelta(days=7)


def test_admin_keeps_a_keys_limits(staff):
    staff.post(
        "/admin/imagine/apikey/add/",
        {"name": "x", "expires_at_0": "", "expires_at_1": "", "allowed_models": "a, b ,",
         "requests_per_minute": "5", "max_concurrent": "", "monthly_budget_usd": "2.5"},
    )  # fmt: skip
    key = ApiKey.objects.get()
    assert (key.allowed_models, key.requests_per_minute, key.max_concurrent) == (
        ["a", "b"],
        5,
        None,
    )
    page = staff.get(f"/admin/imagine/apikey/{key.pk}/change/").content.decode()
    assert 'value="a, b"' in page
    assert "5/min · $2.50 · a, b" in staff.get("/admin/imagine/apikey/").content.decode()


def told(answer):
    """Limit, what is left, and the seconds until all of it is there, as the answer has them."""
    names = ("limit", "remaining", "reset")
    found = [answer.headers.get(f"x-ratelimit-{name}-requests") for name in names]
    if found == [None] * 3:
        return None
    minutes, _, seconds = found[2].rpartition("m")
    reset = 60 * int(minutes or 0) + int(seconds.removesuffix("s"))
    return int(found[0]), int(found[1]), reset


def test_answers_say_what_is_left_of_a_keys_requests(ask, client, upstream):
    assert told(ask()) is None
    ApiKey.objects.update(max_concurrent=9)
    assert told(ask()) is None  # no limit that OpenAI has a header for
    Generation.objects.all().delete()
    cache.clear()
    ApiKey.objects.update(requests_per_minute=6)
    assert told(ask()) == (6, 5, 60)
    assert told(ask(stream=True)) == (6, 4, 60)
    message = {"role": "user", "content": "a fox"}
    body = {"model": "grok-imagine-1.0", "messages": [message]}
    assert told(client.post("/v1/chat/completions", json=body)) == (6, 3, 60)
    later = ask(**{"async": True})
    assert (later.status_code, told(later)) == (202, (6, 2, 60))
    assert told(client.get(later.headers["location"])) is None  # to look counts for nothing
    upstream.replies = [send(500, {"error": "boom"})]
    failed = ask()
    assert (failed.status_code, told(failed)) == (424, (6, 1, 60))
    upstream.replies = [pictures()]
    assert told(ask(n=0)) is None  # nor is a wrong request counted
    assert told(ask())[1] == 0
    refused = ask()
    limit, remaining, reset = told(refused)
    assert (refused.status_code, limit, remaining) == (429, 6, 0)
    assert int(refused.headers["retry-after"]) <= reset <= 60
    assert "x-ratelimit-reset-requests" in refused.headers["access-control-expose-headers"]


def test_a_request_refused_beside_others_says_what_is_left(ask, upstream):
    ApiKey.objects.update(requests_per_minute=5, max_concurrent=1)
    upstream.replies = [stall]
    threads, _found = asking(ask, 1)
    wait_until(lambda: upstream.received)
    refused = ask()
    assert refused.json()["error"]["code"] == "too_many_generations"
    assert told(refused)[:2] == (5, 4)
    upstream.stopping.set()
    for thread in threads:
        thread.join()
