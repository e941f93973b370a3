"""What one API key may do: requests per minute and at once, and dollars per month.

Requests are counted in Redis where it is set, and in the database where it is not or does not
answer. Money is counted in the database alone.
"""

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress

from django.conf import settings
from django.db import transaction

from gallery import redis_server
from gallery.redis_server import RedisError
from imagine.models import ApiKey, Generation

from . import shared
from .reached import LimitReached
from .rows import check_budget, check_requests, spent_this_month

__all__ = ["LimitReached", "begin", "end", "spent_this_month"]

logger = logging.getLogger(__name__)


def begin(key: ApiKey | None, create: Callable[[], Generation]) -> Generation:
    """Write the row of one more generation, in a transaction, if its key may begin one.

    Args:
        create: writes the row; runs again where Redis failed after it, which took it back.

    Raises:
        LimitReached: nothing was written.
    """
    if key is None or not key.is_limited:
        with transaction.atomic():
            return create()
    is_counted = key.requests_per_minute is not None or key.max_concurrent is not None
    if is_counted and redis_server.may_be_asked():
        try:
            return _begin_in_redis(key, create)
        except RedisError as error:
            logger.warning("Redis failed, the database counts requests: %s", error)
            redis_server.let_rest()
    with transaction.atomic():
        if is_counted:
            key = ApiKey.objects.select_for_update().get(pk=key.pk)
            shared.mark_untold([key.pk])
            check_requests(key)
        check_budget(key)
        return create()


def end(generations: Sequence[Generation]) -> None:
    """These have ended, and their rows say so."""
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


def _begin_in_redis(key: ApiKey, create: Callable[[], Generation]) -> Generation:
    shared.ask(key)  # so that a flood of what is refused costs the database nothing
    check_budget(key)
    counted: list[Generation] = []
    try:
        with transaction.atomic():
            generation = create()
            try:
                shared.count(key, generation)
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
