"""Lists of the admin site: what may be asked of them by their addresses."""

import pytest
from django.contrib import admin
from django.urls import reverse

from tests.campaign.attacks.texts import admin_lookups

pytestmark = pytest.mark.django_db

MODELS = [model for model, _ in sorted(admin.site._registry.items(), key=str)]


def address(model) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_list_takes_no_lookup_that_it_does_not_offer(staff, model):
    names = [field.name for field in model._meta.get_fields()]
    taken = {
        lookup: status
        for lookup, value in admin_lookups(names).items()
        if (status := staff.get(address(model), {lookup: value}).status_code) != 400
    }
    assert taken == {}


@pytest.mark.parametrize(
    ("label", "offered"),
    [
        ("gallery.Image", {"model": "x", "aspect_ratio": "1:1", "favorite__exact": "1"}),
        ("gallery.Image", {"nsfw__exact": "0", "source__exact": "uploaded", "trash": "only"}),
        ("gallery.Image", {"q": "cat", "o": "9.-8", "p": "1"}),
        (
            "gallery.AuditEntry",
            {"action__exact": "deleted", "at__gte": "2026-01-01 00:00:00+00:00"},
        ),
        ("imagine.Generation", {"status__exact": "failed", "created_at__year": "2026"}),
        ("auth.User", {"is_staff__exact": "1", "groups__id__exact": "1"}),
    ],
)
def test_list_takes_what_its_filters_offer(staff, label, offered):
    model = next(each for each in MODELS if each._meta.label == label)
    assert staff.get(address(model), offered).status_code == 200


@pytest.mark.once
def test_list_takes_the_days_of_its_calendar(staff):
    (model,) = (each for each in MODELS if each._meta.label == "gallery.AuditEntry")
    assert staff.get(address(model), {"at__year": "2026", "at__month": "11"}).status_code == 200


@pytest.mark.parametrize("page", ["change", "delete"])
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_a_page_takes_no_column_without_a_name(staff, model, page):
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=[1])
    assert staff.get(f"{url}?_to_field=").status_code == 400
    assert staff.post(url, {"_to_field": ""}).status_code == 400


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_a_form_is_not_filled_from_its_address(staff, model):
    fields = {field.name: "0001-01-01" for field in model._meta.fields}
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_add")
    answer = staff.get(url, fields)
    assert answer.status_code in (200, 403)
    assert b'value="0001-01-01"' not in answer.content


def test_a_users_page_makes_one_form_for_the_budget(staff):
    budget = {"budget-TOTAL_FORMS": "99999999", "budget-INITIAL_FORMS": "0"}
    answer = staff.post(reverse("admin:auth_user_add"), budget)
    (inline,) = answer.context["inline_admin_formsets"]
    assert len(inline.formset.forms) == 1


def test_an_action_on_a_list_takes_no_such_lookup_either(staff):
    (model,) = (each for each in MODELS if each._meta.label == "gallery.Image")
    body = {"action": "delete_selected", "_selected_action": ["1"]}
    response = staff.post(f"{address(model)}?prompt__regex=(a%2B)%2B%24", body)
    assert response.status_code == 400
