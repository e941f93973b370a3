"""Budgets do not fail open: whatever comes at once, and whatever upstreams say or keep quiet."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection, connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from imagine import callers, interruptions, keys, limits, records
from imagine.limits import LimitReached, budgets
from imagine.models import LONGEST_GENERATION, ApiKey, Generation, UserBudget
from imagine.prices.costs import Cost
from imagine.providers.base import ProviderError, Usage

from .test_generate import wait_until
from .upstream import after, held, pictures, send, slam

FOX = {"prompt": "a fox"}
TICKS = {"cost_in_usd_ticks": 200_000_000}


@pytest.fixture
def key(transactional_db):
    return keys.create_api_key(name="robot", monthly_budget_usd=Decimal("0.06"))[0]


def give(dollars):
    ApiKey.objects.update(monthly_budget_usd=Decimal(dollars))


def begin(key=None, user=None, at_most="0.02", **facts):
    at_most = None if at_most is None else Decimal(at_most)
    facts = {"prompt": "x", "n": 1, "key": key, "user": user, "reserved_usd": at_most, **facts}
    facts.setdefault("served_by", records.served_by())
    generation = Generation(**facts)
    with limits.beginning(generation):
        generation.save()
    return generation


def end(generation, cost=None, status="succeeded"):
    Generation.objects.filter(pk=generation.pk).update(
        status=status, cost_usd=cost and Decimal(cost)
    )


def refusal(**caller):
    with pytest.raises(LimitReached) as caught:
        begin(**caller)
    return str(caught.value), caught.value.retry_after


def test_fifty_requests_at_once_spend_no_more_than_a_budget_for_three(upstream, ask):
    give("0.06")
    upstream.replies = [after(0.3, pictures(usage=TICKS))]
    with ThreadPoolExecutor(50) as pool:
        found = sorted(pool.map(lambda _: ask().status_code, range(50)))
    assert found == [200] * 3 + [429] * 47
    assert len(upstream.received) == 3
    key = ApiKey.objects.get()
    assert budgets.of_month(key, timezone.now()) == budgets.Month(Decimal("0.06"), Decimal(0))


def test_what_a_program_that_is_gone_has_asked_for_stays_reserved(key):
    """From the moment it is too old to be under way, until some program says that it was."""
    for _ in range(3):
        begin(key)
    Generation.objects.update(started_at=timezone.now() - 2 * LONGEST_GENERATION)
    assert Generation.objects.running(timezone.now()).count() == 0
    reserved, nothing = Decimal("0.06"), Decimal(0)
    assert budgets.of_month(key, timezone.now()) == budgets.Month(nothing, reserved)
    refusal(key=key)
    interruptions.mark_abandoned()
    assert budgets.of_month(key, timezone.now()) == budgets.Month(reserved, nothing)
    refusal(key=key)


def test_threads_at_once_reserve_no_more_than_there_is(key):
    def attempt(_):
        try:
            begin(key)
        except LimitReached:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(12) as pool:
        assert sum(pool.map(attempt, range(50))) == 3
    assert Generation.objects.count() == 3


def test_an_upstream_that_tells_tokens_and_no_dollars_is_paid_by_the_price_book(upstream, ask):
    give("0.20")
    usage = {"input_tokens": 10, "output_tokens": 1056, "input_tokens_details": {"text_tokens": 10}}
    upstream.replies = [pictures(usage=usage)]
    asked = [ask(model="gpt-image-2", quality="medium").status_code for _ in range(7)]
    # 10 × $5 + 1056 × $30 a million; the next may cost 0.047855, of which there is less.
    assert asked == [200, 200, 200, 200, 200, 429, 429]
    rows = Generation.objects.values_list("cost_usd", "cost_basis", "reserved_usd")
    assert set(rows) == {(Decimal("0.03173"), "computed", Decimal("0.047865"))}


def test_a_refused_request_is_told_what_is_left(upstream, ask):
    give("0.05")
    upstream.replies = [pictures(usage={"cost_in_usd_ticks": 400_000_000})]
    assert ask(n=2).status_code == 200
    refused = ask()
    assert refused.json()["error"] == {
        "message": (
            "This request may cost 0.02 US dollars, and of this API key's budget of 0.05 US dollars"
            " for this month 0.01 are left."
        ),
        "type": "insufficient_quota",
        "param": None,
        "code": "insufficient_quota",
    }
    left = budgets._seconds_of_the_month_left(timezone.now())
    assert abs(int(refused.headers["retry-after"]) - left) < 60


def test_what_is_only_reserved_may_be_free_again_soon(key):
    running = [begin(key) for _ in range(3)]
    spent = "This API key has spent its budget of 0.06 US dollars for this month."
    assert refusal(key=key) == (spent, 5)
    end(running[0], "0.05")
    said, wait = refusal(key=key)
    assert (said, wait > 5) == (spent, True)
    end(running[1], "0.001")
    end(running[2], "0")
    assert refusal(key=key)[0].endswith("0.009 are left.")


def test_a_budget_counts_the_month_of_the_servers_time_zone(key):
    def began(moment):
        begin(
            key,
            at_most="0",
            created_at=datetime.fromisoformat(moment),
            cost_usd="0.01",
            status="failed",
        )

    with timezone.override("Asia/Shanghai"):
        began("2026-11-30T15:59:59.999999+00:00")
        began("2026-11-30T16:00:00+00:00")
        began("2026-12-31T15:59:59+00:00")
        months = [
            budgets.spent_this_month(key, datetime.fromisoformat(now))
            for now in ("2026-11-30T15:59:00+00:00", "2026-11-30T16:00:00+00:00")
        ]
    with timezone.override(UTC):
        months.append(budgets.spent_this_month(key, datetime(2026, 11, 30, 16, tzinfo=UTC)))
    assert months == [Decimal("0.03"), Decimal("0.02"), Decimal("0.03")]


def test_the_end_of_the_month_is_told_where_clocks_change():
    with timezone.override("America/New_York"):
        march = datetime(2026, 3, 1, 5, tzinfo=UTC)  # midnight there; clocks go forward on the 8th
        assert budgets._seconds_of_the_month_left(march) == 31 * 86_400 - 3600


def test_a_budget_that_changes_meanwhile_is_the_one_of_now(key):
    stale = ApiKey.objects.get()
    give("0.02")
    begin(stale)
    assert refusal(key=stale)[0].endswith("budget of 0.02 US dollars for this month.")
    ApiKey.objects.update(monthly_budget_usd=None)
    begin(stale)
    give("0.08")
    begin(stale)
    begin(stale)
    assert refusal(key=stale)[1] == 5


def test_a_key_that_is_deleted_meanwhile_is_no_key(key):
    stale = ApiKey.objects.get()
    key.delete()
    with pytest.raises(ApiKey.DoesNotExist):
        begin(stale)


def test_a_key_that_is_deleted_while_it_is_paid_for_loses_no_cost(upstream, ask):
    give("1")
    is_deleted = threading.Event()
    upstream.replies = [held(is_deleted, pictures(usage=TICKS))]
    found = []
    asking = threading.Thread(target=lambda: found.append(ask().status_code))
    asking.start()
    wait_until(lambda: upstream.received)
    ApiKey.objects.all().delete()
    is_deleted.set()
    asking.join()
    row = Generation.objects.get()
    assert (found, row.key, row.cost_usd) == ([200], None, Decimal("0.02"))


def test_what_may_have_been_charged_stays_counted_and_is_not_said_to_be_known(upstream, ask):
    give("0.03")
    upstream.replies = [slam]
    assert [ask().status_code, ask().status_code] == [424, 429]
    row = Generation.objects.get()
    assert (row.cost_usd, row.cost_basis, row.reserved_usd) == (None, "unknown", Decimal("0.02"))


def test_what_was_refused_before_anything_was_made_is_not_counted(upstream, ask):
    give("0.03")
    upstream.replies = [send(400, {"error": {"message": "no"}})]
    assert [ask().status_code for _ in range(3)] == [400] * 3
    rows = Generation.objects.values_list("cost_usd", "cost_basis")
    assert set(rows) == {(Decimal(0), "computed")}


MODERATED = {
    "an error": (400, {"code": "imagine:content-moderated", "error": "rejected", "usage": TICKS}),
    "inside of the error": (400, {"error": {"message": "rejected", "usage": TICKS}}),
    "no pictures": (200, {"data": [], "usage": TICKS}),
    "an error in a 200": (200, {"error": {"message": "rejected"}, "usage": TICKS}),
    "withheld": (200, {"data": [{"respect_moderation": False}], "usage": TICKS}),
    "withheld, without a cost": (200, {"data": [{"respect_moderation": False}]}),
}


@pytest.mark.parametrize(("status", "answer"), MODERATED.values(), ids=MODERATED)
def test_moderated_pictures_that_were_charged_count(upstream, ask, status, answer):
    give("0.03")
    upstream.replies = [send(status, answer)]
    assert ask().status_code in (400, 424)
    row = Generation.objects.get()
    basis = "upstream" if "usage" in str(answer) else "computed"
    assert (row.cost_usd, row.cost_basis) == (Decimal("0.02"), basis)
    assert ask().json()["error"]["code"] == "insufficient_quota"


def test_what_a_dead_process_may_have_spent_stays_counted(key):
    give("0.02")
    begin(key)
    assert refusal(key=key)[1] == 5
    assert interruptions.mark_interrupted() == 1
    assert Generation.objects.get().reserved_usd == Decimal("0.02")
    assert refusal(key=key)[1] > 5


def test_cost_is_written_when_the_database_is_back(key, monkeypatch):
    generation = begin(key)
    error = ProviderError("moderated", status=400)
    outcome = records.GenerationResult(
        status="failed", errors=[error], usage=Usage(), cost=Cost(Decimal("0.01"), "upstream"),
        upstream_ms=1, storing_ms=0,
    )  # fmt: skip
    monkeypatch.setattr(records, "PAUSES", ())

    def fail(*_):
        raise OperationalError("gone")

    with monkeypatch.context() as outage:
        outage.setattr(records, "write_outcome", fail)
        records.close_generation(generation, outcome)
        assert Generation.objects.get().status == "pending"
    interruptions.mark_abandoned()
    row = Generation.objects.get()
    assert (row.status, row.cost_usd, row.cost_basis) == ("failed", Decimal("0.01"), "upstream")
    assert records.write_remembered() == 0


def test_repeats_of_one_request_reserve_once(upstream, client):
    give("0.03")
    upstream.replies = [after(0.5, pictures(usage=TICKS))]
    headers = {"Idempotency-Key": "a"}

    def ask(_):
        return client.post("/v1/images/generations", json=FOX, headers=headers).status_code

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(ask, range(6))) == [200] * 6
    assert (Generation.objects.count(), len(upstream.received)) == (1, 1)


def test_an_upstream_that_is_asked_again_is_reserved_for_once(upstream, ask):
    give("0.03")
    upstream.replies = [send(429, b"", Retry_After="0"), pictures()]
    assert ask().status_code == 200
    row = Generation.objects.get()
    assert (row.cost_usd, row.cost_basis) == (Decimal("0.02"), "computed")


def test_users_have_budgets_of_their_own(key, admin_user):
    UserBudget.objects.create(user=admin_user, monthly_budget_usd=Decimal("0.04"))
    other = User.objects.create_user("other")
    UserBudget.objects.create(user=other)
    user = User.objects.select_related("budget").get(pk=admin_user.pk)
    for _ in range(3):
        begin(key)
        begin(user=other)
    begin(user=user)
    running = begin(user=user)
    spent = "This user has spent its budget of 0.04 US dollars for this month."
    assert refusal(user=user) == (spent, 5)
    end(running, "0.01")
    assert refusal(user=user)[0].startswith("This request may cost 0.02 US dollars, and of this us")
    UserBudget.objects.all().delete()
    begin(user=user)


def test_a_budget_of_a_user_is_kept_at_the_page(upstream, gateway, client, admin_user):
    UserBudget.objects.create(user=admin_user, monthly_budget_usd=Decimal("0.05"))
    upstream.replies = [after(0.3, pictures(usage=TICKS))]
    headers = {"Authorization": f"Bearer {callers.page_token(admin_user)}"}

    def ask(_):
        return client.post("/v1/images/generations", json=FOX, headers=headers).status_code

    with ThreadPoolExecutor(20) as pool:
        assert sorted(pool.map(ask, range(20))) == [200] * 2 + [429] * 18


def test_a_model_without_a_price_is_refused_to_callers_with_a_budget(upstream, ask, settings):
    assert ask(model="nobody-knows").status_code == 200  # there is no budget
    give("0.03")
    refused = ask(model="nobody-knows")
    assert (refused.status_code, refused.json()["error"]) == (
        403,
        {
            "message": (
                "This API key has a budget, and the price of the model 'nobody-knows' is "
                "unknown. The administrator can add it to the price book."
            ),
            "type": "invalid_request_error",
            "param": "model",
            "code": "price_unknown",
        },
    )
    settings.IMAGINE_UNPRICED = "allow"
    upstream.replies = [pictures(usage={"cost_in_usd_ticks": 400_000_000})]
    asked = [ask(model="nobody-knows").status_code for _ in range(2)]
    assert asked == [200, 429]
    rows = Generation.objects.order_by("pk").values_list("cost_usd", "cost_basis", "reserved_usd")
    assert list(rows) == [(None, "unknown", None), (Decimal("0.04"), "upstream", None)]


def test_a_free_picture_is_made_whatever_was_spent(key, settings):
    settings.IMAGINE_UNPRICED = "allow"
    end(begin(key), "0.06")
    begin(key, at_most="0")
    assert refusal(key=key, at_most=None)[1] > 5


def test_costs_far_apart_add_up_to_the_tick(key):
    give("99999")
    for cost in ("90000.0000000001", "0.0000000001", "0.1", "0.2", "1234.5678901234"):
        end(begin(key), cost)
    for at_most in ("0.0000000001", "99.9999999999"):
        begin(key, at_most=at_most)
    assert budgets.of_month(key, timezone.now()) == budgets.Month(
        Decimal("91234.8678901236"), Decimal("100.0000000000")
    )


def test_a_task_reserves_when_it_is_accepted_and_not_again_when_its_turn_comes(upstream, client):
    give("0.03")
    upstream.replies = [after(0.3, pictures())]
    asked = [
        client.post("/v1/images/generations", json={**FOX, "async": True}).status_code
        for _ in range(2)
    ]
    assert asked == [202, 429]
    wait_until(lambda: Generation.objects.get().status == "succeeded")
    row = Generation.objects.get()
    assert (row.cost_usd, row.cost_basis, row.reserved_usd) == (
        Decimal("0.02"), "computed", Decimal("0.02"),
    )  # fmt: skip
    assert len(upstream.received) == 1


def test_a_budget_is_kept_by_three_queries(key):
    with CaptureQueriesContext(connection) as queries:
        begin(key)
    words = [query["sql"].split()[0] for query in queries]
    assert [word for word in words if word not in ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")] == [
        "SELECT", "SELECT", "INSERT",
    ]  # fmt: skip
    give("5")
    with CaptureQueriesContext(connection) as queries:
        begin(keys.create_api_key(name="without")[0])
    written = [query["sql"] for query in queries if "imagine_generation" in query["sql"]]
    assert [sql.split()[0] for sql in written] == ["INSERT"]
