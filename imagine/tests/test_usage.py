"""Requests, pictures and cost per day, caller and model."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from imagine import usage
from imagine.keys import create_api_key
from imagine.models import Generation


@pytest.fixture
def generate(db, add_image):
    def generate(images=0, **facts):
        generation = Generation.objects.create(**{"prompt": "x", "n": 1, "model": "m", **facts})
        generation.images.set([add_image() for _ in range(images)])
        return generation

    return generate


def test_usage_is_summed_per_day_caller_and_model(generate, admin_user):
    today = timezone.now().astimezone(UTC).date()
    key, _ = create_api_key(name="laptop")
    generate(images=2, key=key, cost_usd=Decimal("0.04"), status="succeeded")
    generate(images=1, key=key, cost_usd=Decimal("0.02"), status="succeeded")
    generate(key=key, status="failed")
    generate(images=1, user=admin_user, model="other", status="succeeded")
    generate(created_at=timezone.now() - timedelta(days=7))
    lines = usage.read_usage(days=7)
    assert sorted(lines, key=lambda line: line.model) == [
        usage.Usage(today, "laptop", "m", 3, 1, 3, Decimal("0.06")),
        usage.Usage(today, "admin", "other", 1, 0, 1, Decimal(0)),
    ]
    assert usage.total(lines) == usage.Total(4, 1, 4, Decimal("0.06"))


@pytest.mark.django_db
def test_days_are_those_of_utc():
    noon = datetime.combine(timezone.now().astimezone(UTC).date(), datetime.min.time(), UTC)
    Generation.objects.create(prompt="x", n=1, created_at=noon)
    Generation.objects.create(prompt="x", n=1, created_at=noon - timedelta(seconds=1))
    assert [line.day for line in usage.read_usage(days=7)] == [
        noon.date(), noon.date() - timedelta(days=1),
    ]  # fmt: skip


@pytest.mark.parametrize("rows", [1, 3])
def test_page_costs_a_fixed_number_of_queries(staff, generate, rows, django_assert_num_queries):
    for number in range(rows):
        generate(model=f"model-{number}", images=1)
    with django_assert_num_queries(4):
        page = staff.get("/admin/imagine/usage/?days=7").content.decode()
    assert page.count("<td>model-") == rows


def test_page_without_usage_or_with_nonsense_says_so(staff):
    page = staff.get("/admin/imagine/usage/?days=x").content.decode()
    assert "Nothing was generated in these days" in page
    assert 'days=30" aria-current="page"' in page
