"""The start names those who have a budget and may ask for what nobody has priced."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from imagine.keys import create_api_key
from imagine.limits import unpriced
from imagine.models import UserBudget


@pytest.fixture
def budget(settings, db):
    settings.IMAGINE_PROVIDER = "openai"
    settings.IMAGINE_UPSTREAM_URL = "http://127.0.0.1:1/v1"
    return {"monthly_budget_usd": Decimal(1)}


def test_keys_and_users_with_a_budget_are_named_for_each_model_without_a_price(
    budget, settings, admin_user
):
    settings.IMAGINE_UPSTREAM_MODEL = "house-model"
    UserBudget.objects.create(user=admin_user, **budget)
    keys = [
        create_api_key(name="all", **budget)[0],
        create_api_key(name="some", allowed_models=["gpt-image-2", "flux", "sdxl"], **budget)[0],
        create_api_key(name="priced", allowed_models=["gpt-image-2"], **budget)[0],
        create_api_key(name="no budget", allowed_models=["flux"])[0],
        create_api_key(name="old", expires_at=timezone.now() - timedelta(1), **budget)[0],
    ]

    def sentence(model, *names, becomes="refused (IMAGINE_UNPRICED=refuse)"):
        return (
            f"Nobody knows what the model '{model}' costs, so a request for it is {becomes} where "
            f"there is a budget, as of {', '.join(names)}. IMAGINE_PRICES can name its price."
        )

    everybody = (f"API key {keys[0]}", "user admin")
    assert list(unpriced.warnings()) == [
        sentence("grok-imagine-1.0", *everybody),
        sentence("grok-imagine-1.0-edit", *everybody),
        sentence("flux", f"API key {keys[1]}"),
        sentence("sdxl", f"API key {keys[1]}"),
    ]
    settings.IMAGINE_UNPRICED = "allow"
    let = "let through (IMAGINE_UNPRICED=allow)"
    assert next(unpriced.warnings()) == sentence("grok-imagine-1.0", *everybody, becomes=let)


def test_nothing_is_said_where_everything_has_a_price(budget):
    create_api_key(name="all", **budget)
    assert list(unpriced.warnings()) == []
