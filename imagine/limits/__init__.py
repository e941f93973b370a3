"""Limits what a caller may do: requests per minute and at once, and dollars per month.

Requests are counted in Redis if it is set, and in the database if it is not or does not answer.
Money is counted in the database only.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import transaction

from grok2api.runtime import redis_server
from grok2api.runtime.redis_server import RedisError
from imagine.models import ApiKey, Generation

from . import budgets, shared
from .budgets import Owner, spent_this_month
from .reached import Allowance, LimitReached
from .rows import check_requests

__all__ = [
    "Allowance", "LimitReached", "NotCounted", "PriceUnknown", "ask", "beginning", "end",
    "spent_this_month",
]  # fmt: skip

logger = logging.getLogger(__name__)


class PriceUnknown(LookupError):
    """A caller with a budget asked for a model of unknown price."""

    def __init__(self, model: str, whose: str) -> None:
        super().__init__(model)
        self.model = model
        self.whose = whose


class NotCounted(Exception):
    """Redis failed while it counted a request. Nothing was written; next time the rows count."""


def ask(key: ApiKey | None, user: Any, model: str, at_most: Decimal | None) -> None:
    """Check whether a caller may begin one more now, without counting or locking.

    Args:
        at_most: US dollars that it may cost; None where nobody knows.

    Raises:
        PriceUnknown
        LimitReached
    """
    owner = _owner(key, user)
    _expect_price(owner, model, at_most)
    if key is not None and key.has_counted_requests:
        try:
            if redis_server.may_be_asked():
                shared.ask(key)
            else:
                check_requests(key)
        except RedisError:
            check_requests(key)
    if owner is not None:
        budgets.check(owner, at_most)


@contextmanager
def beginning(generation: Generation) -> Iterator[None]:
    """Hold a transaction that writes one more generation's row, if its caller may begin one.

    The row reserves what the generation may cost at most.

    Raises:
        PriceUnknown, LimitReached: nothing was written.
        NotCounted
        ApiKey.DoesNotExist: it was deleted at this moment.
    """
    key, at_most = generation.key, generation.reserved_usd
    owner = _owner(key, generation.user)
    _expect_price(owner, generation.model, at_most)
    if key is not None and key.has_counted_requests and redis_server.may_be_asked():
        try:
            with _counted_in_redis(key, generation, owner):
                yield
        except RedisError as error:
            logger.warning("Redis failed, the database counts requests: %s", error)
            redis_server.let_rest()
            raise NotCounted from error
        return
    allowance = None
    with transaction.atomic():
        if key is not None and key.has_counted_requests:
            key = ApiKey.objects.select_for_update().get(pk=key.pk)
            shared.mark_untold([key.pk])
            allowance = check_requests(key)
            if owner is not None:
                budgets.check(key, at_most)
        elif owner is not None:
            budgets.check(budgets.locked(owner), at_most)
        yield
    generation.allowance = allowance


def end(generations: Sequence[Generation]) -> None:
    """Note that these have ended, as their rows say."""
    generations = [generation for generation in generations if generation.key_id is not None]
    if not generations or not settings.REDIS_URL:
        return
    try:
        if redis_server.may_be_asked():
            shared.forget(generations)
            return
    except RedisError as error:
        logger.warning("Redis failed, and will be told later what has ended: %s", error)
        redis_server.let_rest()
    shared.mark_untold(generation.key_id for generation in generations)


@contextmanager
def _counted_in_redis(key: ApiKey, generation: Generation, owner: Owner | None) -> Iterator[None]:
    shared.ask(key)  # so that a flood of what is refused costs the database nothing
    is_counted = False
    try:
        with transaction.atomic():
            if owner is not None:
                budgets.check(budgets.locked(owner), generation.reserved_usd)
            yield
            try:
                generation.allowance = shared.count(key, generation)
            except RedisError:  # who knows whether it was counted
                with suppress(RedisError):
                    shared.forget([generation], wholly=True)
                raise
            is_counted = True
    except BaseException:
        if is_counted:  # and yet not written
            with suppress(RedisError):
                shared.forget([generation], wholly=True)
        raise


def _owner(key: ApiKey | None, user: Any) -> Owner | None:
    """Return whose budget a request of this caller counts towards; None if it has none."""
    found = key if key is not None else getattr(user, "budget", None)
    return found if found is not None and found.monthly_budget_usd is not None else None


def _expect_price(owner: Owner | None, model: str, at_most: Decimal | None) -> None:
    """Check that a request's price is known, if its caller has a budget.

    Raises:
        PriceUnknown
    """
    if owner is not None and at_most is None and settings.IMAGINE_UNPRICED == "refuse":
        raise PriceUnknown(model, owner.whose)
