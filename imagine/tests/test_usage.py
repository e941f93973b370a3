"""Requests, pictures and cost per day, caller and model."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from django.utils.translation import override

from imagine import usage
from imagine.charts import Part
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
    generate(images=1, user=admin_user, model="other", reserved_usd=Decimal("0.5"))
    generate(images=1, user=admin_user, model="other", cost_usd=0, reserved_usd=Decimal("0.5"))
    generate(created_at=timezone.now() - timedelta(days=7))
    lines = usage.read_usage(days=7)
    assert sorted(lines, key=lambda line: line.model) == [
        usage.UsageLine(today, "laptop", "m", 3, 1, 3, Decimal("0.06"), 1, Decimal(0)),
        usage.UsageLine(today, "admin", "other", 2, 0, 2, Decimal(0), 1, Decimal("0.5")),
    ]
    assert usage.total(lines) == usage.Total(5, 1, 5, Decimal("0.06"), 2, Decimal("0.5"))


@pytest.mark.django_db
def test_many_costs_are_summed_to_the_tick(generate):
    for _ in range(10):
        generate(cost_usd=Decimal("0.1000000001"))
    assert [line.cost_usd for line in usage.read_usage(days=7)] == [Decimal("1.0000000010")]


SHOWN = {
    (Decimal(0), 0, Decimal(0)): ("0.0000", ""),
    (Decimal("1.23456"), 0, Decimal(0)): ("1.2346", ""),
    (Decimal("0.00000001"), 0, Decimal(0)): ("< 0.0001", ""),
    (Decimal(0), 1, Decimal(0)): ("", ""),
    (Decimal("0.5"), 2, Decimal("0.25")): ("0.5000", "0.2500"),
}


@pytest.mark.parametrize(("known", "shown"), SHOWN.items())
def test_what_is_not_known_is_not_shown_as_nothing(known, shown):
    total = usage.Total(9, 0, 9, *known)
    assert (total.cost, total.at_most) == shown


def test_page_says_of_unknown_costs_that_they_are_unknown(staff, generate):
    generate(images=1, status="succeeded", cost_usd=Decimal("0.25"))
    generate(images=1, status="succeeded", reserved_usd=Decimal("0.02"))
    generate(model="z", status="succeeded")
    page = " ".join(staff.get("/admin/imagine/usage/").content.decode().split())
    cells = re.findall(r'<td class="table__number">([^/]*<span.*?)</td>', page)
    texts = [" ".join(re.sub("<[^>]+>", " ", cell).split()) for cell in cells]
    assert texts == [
        "0.2500 + 1 unknown, at most 0.0200", "1 unknown", "0.2500 + 2 unknown, at most 0.0200",
    ]  # fmt: skip


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
    assert page.count('<td class="table__model">model-') == rows


def test_page_without_usage_or_with_nonsense_says_so(staff):
    page = staff.get("/admin/imagine/usage/?days=x").content.decode()
    assert "Nothing was generated on these days" in page
    assert 'days=30" aria-current="page"' in page


def test_charts_have_a_column_for_each_day_and_a_part_for_each_model_or_caller(
    generate, admin_user
):
    today = timezone.now().astimezone(UTC).date()
    key, _ = create_api_key(name="laptop")
    generate(images=3, key=key, cost_usd=Decimal("0.06"))
    generate(images=1, key=key, model="z", cost_usd=Decimal("0.12"))
    generate(images=1, user=admin_user, reserved_usd=Decimal("0.02"))
    lines = usage.read_usage(days=7)
    with override("en"):
        by_model = usage.draw(lines, days=7, by=lambda line: line.model)
    assert [(series, name, part.pictures) for series, name, part in by_model.legend] == [
        ("0", "z", 1), ("1", "m", 4),
    ]  # fmt: skip
    assert [column.day for column in by_model.cost.columns] == [
        today - timedelta(days=ago) for ago in range(6, -1, -1)
    ]
    assert (by_model.cost.marks, by_model.pictures.marks) == (["0.2", "0.1", "0"], ["5", "", "0"])
    assert by_model.cost.columns[-1].parts == [
        Part("0", "z: 0.1200", 0, 60), Part("1", "m: 0.0600", 60, 30),
        Part("unknown", "unknown, at most: 0.0200", 90, 10),
    ]  # fmt: skip
    by_caller = usage.draw(lines, days=7, by=lambda line: line.caller)
    assert by_caller.pictures.columns[-1].parts == [
        Part("0", "laptop: 4", 0, 80), Part("1", "admin: 1", 80, 20),
    ]  # fmt: skip
    assert not any(column.parts for column in by_caller.pictures.columns[:-1])


def test_page_draws_without_inline_style_and_by_what_was_asked(staff, generate):
    generate(images=1, model="m<b>", cost_usd=Decimal("0.02"))
    page = staff.get("/admin/imagine/usage/?by=caller&days=90").content.decode()
    assert page.count('<rect class="chart__day"') == 180
    assert 'by=caller&amp;days=90" aria-current="page"' in page
    assert "style=" not in page
    assert "m&lt;b&gt;" in page
