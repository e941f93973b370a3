"""Keys and generations in the admin site."""

import re
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from imagine import callers, keys
from imagine.models import ApiKey, Generation, UserBudget


def test_key_is_shown_once_when_it_is_made(staff):
    page = staff.post(
        "/admin/imagine/apikey/add/", {"name": "laptop", "expires_at_0": "", "expires_at_1": ""},
        follow=True,
    ).content.decode()  # fmt: skip
    (secret,) = re.findall(r"<code>(sk-[\w-]{43})</code>", page)
    assert callers.find_active_key(secret) == ApiKey.objects.get(name="laptop")
    assert secret not in staff.get("/admin/imagine/apikey/").content.decode()


def test_changing_a_key_keeps_its_secret(staff):
    key, secret = keys.create_api_key(name="old")
    staff.post(
        f"/admin/imagine/apikey/{key.pk}/change/",
        {"name": "new", "expires_at_0": "", "expires_at_1": ""},
    )
    assert callers.find_active_key(secret).name == "new"


def test_selected_keys_are_revoked(staff):
    key, secret = keys.create_api_key(name="old")
    staff.post("/admin/imagine/apikey/", {"action": "revoke", "_selected_action": [str(key.pk)]})
    assert callers.find_active_key(secret) is None


@pytest.mark.parametrize("rows", [1, 3])
def test_generation_list_and_page_cost_a_fixed_number_of_queries(
    staff, add_image, rows, django_assert_num_queries
):
    key, _ = keys.create_api_key(name="mine")
    for _ in range(rows):
        generation = Generation.objects.create(prompt="a fox " * 30, n=1, key=key)
        generation.images.set([add_image() for _ in range(rows)])
    staff.get("/admin/imagine/generation/")
    with django_assert_num_queries(8):
        page = staff.get("/admin/imagine/generation/?q=fox").content.decode()
    assert page.count("field-short_prompt") == rows
    address = f"/admin/imagine/generation/{generation.pk}/change/"
    staff.get(address)
    with django_assert_num_queries(6):
        page = staff.get(address).content.decode()
    assert page.count("<img") == rows


def test_generation_can_be_asked_for_again(staff, add_image):
    parent = add_image()
    generation = Generation.objects.create(
        prompt="a & b", n=4, aspect_ratio="16:9", model="m", status="failed"
    )
    generation.parents.set([parent])
    page = staff.get(f"/admin/imagine/generation/{generation.pk}/change/").content.decode()
    (address,) = re.findall(r'href="(/admin/imagine/\?[^"]*)"', page)
    form = " ".join(staff.get(address.replace("&amp;", "&")).content.decode().split())
    assert ">a &amp; b</textarea>" in form
    assert 'value="16:9" checked' in form
    assert 'value="4" checked' in form
    assert f"/v1/files/image/{parent.pk}-" in form


@pytest.mark.parametrize(
    ("model", "moment"),
    [
        ("imagine_generation", "created_at"),
        ("gallery_auditentry", "at"),
        ("axes_accesslog", "attempt_time"),
    ],
)
def test_lists_can_be_narrowed_to_a_year_in_a_zone_that_the_database_does_not_know(
    staff, admin_user, settings, model, moment
):
    settings.TIME_ZONE = "Asia/Shanghai"
    Generation.objects.create(prompt="cat", n=1, model="m", user=admin_user, provider="sample")
    address = reverse(f"admin:{model}_changelist")
    assert [staff.get(address + query).status_code in (200, 302) for query in (
        "", f"?{moment}__year={timezone.now().year}",
    )] == [True, True]  # fmt: skip


def test_budget_of_a_user_is_set_on_the_users_page_and_empty_is_none(staff, admin_user):
    address = f"/admin/auth/user/{admin_user.pk}/change/"
    page = staff.get(address).content.decode()
    assert "US dollars per month" in page
    facts = {
        "username": "admin", "is_active": "on", "is_staff": "on", "is_superuser": "on",
        "date_joined_0": "2026-01-01", "date_joined_1": "00:00:00",
        "budget-TOTAL_FORMS": "1", "budget-INITIAL_FORMS": "0", "budget-0-user": admin_user.pk,
    }  # fmt: skip
    assert staff.post(address, {**facts, "budget-0-monthly_budget_usd": "2.50"}).status_code == 302
    budget = UserBudget.objects.get()
    assert (budget.user, budget.monthly_budget_usd) == (admin_user, Decimal("2.50"))
    facts |= {"budget-INITIAL_FORMS": "1", "budget-0-id": budget.pk}
    assert staff.post(address, {**facts, "budget-0-monthly_budget_usd": ""}).status_code == 302
    budget.refresh_from_db()
    assert budget.monthly_budget_usd is None


def test_a_cost_that_nobody_knows_is_said_to_be_unknown(staff):
    Generation.objects.create(prompt="a", n=1, reserved_usd=Decimal("0.02"))
    Generation.objects.create(prompt="b", n=1, cost_usd=Decimal("0.0200000001"))
    Generation.objects.create(prompt="c", n=1, cost_usd=Decimal(0))
    page = staff.get("/admin/imagine/generation/").content.decode()
    shown = re.findall(r'<td class="field-cost[^>]*>(.*?)</td>', page)
    assert shown == ["0", "0.0200000001", "unknown"]
