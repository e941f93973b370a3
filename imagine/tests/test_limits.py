"""What one key, and one process, may have at once."""

import threading
from datetime import timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.utils import timezone

from imagine import keys, limits
from imagine.models import ApiKey, Generation

from .test_generate import wait_until
from .upstream import Upstream, pictures, stall

FOX = {"prompt": "a fox"}


@pytest.fixture
def upstream(settings):
    with Upstream([pictures()]) as server:
        settings.IMAGINE_PROVIDER = "openai"
        settings.IMAGINE_UPSTREAM_URL = server.url
        yield server


@pytest.fixture
def ask(client):
    def ask(**body):
        return client.post("/v1/images/generations", json={**FOX, **body})

    return ask


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


def test_budget_of_the_month_is_kept(upstream, ask):
    ApiKey.objects.update(monthly_budget_usd=Decimal("0.03"))
    upstream.replies = [pictures(usage={"cost_in_usd_ticks": 200_000_000})]
    assert [ask().status_code for _ in range(3)] == [200, 200, 429]
    assert ask().json()["error"]["code"] == "insufficient_quota"
    now = timezone.now()
    assert limits.spent_this_month(ApiKey.objects.get(), now) == Decimal("0.04")
    Generation.objects.update(created_at=now - timedelta(days=32))
    assert ask().status_code == 200


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
    key = keys.find_active_key(out.getvalue().strip())
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
