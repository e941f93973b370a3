"""Limits what a caller may do: requests per minute and at once, and dollars per month.

Requests are counted in Redis if it is set, and in the database if it is not or does not answer.
Money is counted in the database only.
"""

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import transaction

from grok2api.runtime import redis_server
from grok2api.runtime.redis_server import RedisError
from imagine.models import ApiKey, Generation

from . import budgets, shared
from .budgets import PriceUnknown, expect_price, spent_this_month
from .reached import Allowance, LimitReached
from .rows import check_requests

__all__ = [
    "Allowance", "LimitReached", "PriceUnknown", "ask", "begin", "end", "expect_price",
    "spent_this_month",
]  # fmt: skip

logger = logging.getLogger(__name__)


def ask(key: ApiKey | None, *, user: Any = None, at_most: Decimal | None = None) -> None:
    """Check whether a caller may begin one more now, without counting or locking.

    Raises:
        LimitReached
    """
    if key is not None and key.has_counted_requests:
        try:
            if redis_server.may_be_asked():
                shared.ask(key)
            else:
                check_requests(key)
        except RedisError:
            check_requests(key)
    if (owner := budgets.owner(key, user)) is not None:
        budgets.check(owner, at_most)


def begin(
    key: ApiKey | None,
    create: Callable[[], Generation],
    *,
    user: Any = None,
    at_most: Decimal | None = None,
) -> Generation:
    """Write the row of one more generation, in a transaction, if its caller may begin one.

    Args:
        create: writes the row, which reserves `at_most`; runs again where Redis failed after it,
            which took it back.
        at_most: US dollars that it may cost; None where nobody knows.

    Raises:
        LimitReached: nothing was written.
        ApiKey.DoesNotExist: it was deleted at this moment.
    """
    owner = budgets.owner(key, user)
    if key is not None and key.has_counted_requests and redis_server.may_be_asked():
        try:
            return _begin_in_redis(key, create, owner, at_most)
        except RedisError as error:
            logger.warning("Redis failed, the database counts requests: %s", error)
            redis_server.let_rest()
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
        generation = create()
    generation.allowance = allowance
    return generation


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


def _begin_in_redis(
    key: ApiKey,
    create: Callable[[], Generation],
    owner: budgets.Owner | None,
    at_most: Decimal | None,
) -> Generation:
    shared.ask(key)  # so that a flood of what is refused costs the database nothing
    counted: list[Generation] = []
    try:
        with transaction.atomic():
            if owner is not None:
                budgets.check(budgets.locked(owner), at_most)
            generation = create()
            try:
                generation.allowance = shared.count(key, generation)
            except RedisError:  # who knows whether it was counted
                with suppress(RedisError):
                    shared.forget([generation], wholly=True)
                raise
            counted.append(generation)
    except BaseException:
        if counted:  # and yet not written
            with suppress(RedisError):
                shared.forget(counted, wholly=True)
        raise
    return generation
