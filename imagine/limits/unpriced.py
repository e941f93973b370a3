"""Finds budgets whose owners may use models of unknown price."""

from collections import defaultdict
from collections.abc import Iterator

from django.conf import settings
from django.utils import timezone

from imagine.models import ApiKey, UserBudget
from imagine.prices import costs
from imagine.providers import provider_class
from imagine.providers.base import DEFAULT_MODEL, EDIT_MODEL, ImageRequest


def warnings() -> Iterator[str]:
    """Return a sentence for each model without a price, naming the owners concerned."""
    concerned: defaultdict[str, list[str]] = defaultdict(list)
    for name, models in _with_budgets():
        for model in models:
            if _is_unpriced(model):
                concerned[model].append(name)
    becomes = (
        "is let through (IMAGINE_UNPRICED=allow)"
        if settings.IMAGINE_UNPRICED == "allow"
        else "is refused (IMAGINE_UNPRICED=refuse)"
    )
    for model, names in concerned.items():
        yield (
            f"Nobody knows what the model '{model}' costs, so a request for it {becomes} where "
            f"there is a budget, as of {', '.join(names)}. IMAGINE_PRICES can name its price."
        )


def _with_budgets() -> Iterator[tuple[str, list[str]]]:
    """Return name and models of every key and user with a budget; without a list, all that we
    name."""
    named = list(dict.fromkeys((DEFAULT_MODEL, EDIT_MODEL, *provider_class().models)))
    for key in ApiKey.objects.exclude(monthly_budget_usd=None).order_by("pk"):
        if key.is_active:
            yield f"API key {key}", key.allowed_models or named
    budgets = UserBudget.objects.exclude(monthly_budget_usd=None).select_related("user")
    for budget in budgets.order_by("pk"):
        yield f"user {budget.user.get_username()}", named


def _is_unpriced(model: str) -> bool:
    return costs.most(ImageRequest(prompt="", model=model), timezone.now()) is None
