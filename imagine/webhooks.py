"""Reports the end of a task by Standard Webhooks (standardwebhooks.com).

The table of webhooks is the list of what is due: the end of a task makes its webhook due, in
whichever process it ended, and each attempt postpones the next one before it is made. So a process
that dies loses nothing, and a receiver may be told twice: `webhook-id` stays the same.
"""

import asyncio
import json
import logging
import time
from collections import Counter
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from . import watching
from .api import answers, tasks
from .api.errors import ApiError
from .dialects import Answer
from .links import Links
from .models import ApiKey, Generation, Webhook
from .providers.base import ProviderError
from .providers.client import Client
from .providers.fetching import Fetcher
from .records import generation_ended
from .run import Run
from .signatures import secret_of, sign
from .tasks import errands
from .tasks.rounds import Rounds
from .threads import in_task_thread, in_thread

PAUSES = (5, 300, 1800, 7200, 18_000, 36_000, 50_400)
"""Seconds from each attempt to the next: a day and a half altogether."""

SECONDS = 15
"""The time limit of one attempt as a whole."""

AT_ONCE = 32
AT_ONCE_FOR_A_KEY = 4
"""A receiver that does not answer must not keep those of others waiting."""

KEPT = timedelta(days=30)
"""How long a row is kept that is no longer due."""

FORGET_SECONDS = 3600.0

logger = logging.getLogger(__name__)

_sending: dict["asyncio.Task[None]", int | None] = {}
"""Attempts under way, each with its key's id."""
_forgot = 0.0  # by the monotonic clock


def claim(room: int, busy: list[int]) -> list[Webhook]:
    """Claim at most so many due webhooks for this process, except those of these keys."""
    now = timezone.now()
    due = Webhook.objects.filter(due_at__lte=now).exclude(generation__key__in=busy)
    due = due.exclude(generation__status__in=Generation.UNFINISHED)
    claimed = []
    for webhook in due.select_related("generation__key").order_by("due_at")[:room]:
        made = webhook.attempts
        # If this process dies meanwhile, another one repeats it then.
        later = _next_at(now + timedelta(seconds=SECONDS), made)
        unclaimed = Webhook.objects.filter(pk=webhook.pk, attempts=made)
        if unclaimed.update(attempts=made + 1, due_at=later):
            claimed.append(webhook)
    return claimed


def _next_at(now: datetime, made: int) -> datetime | None:
    """Return when to try again after so many attempts; None after the last one."""
    return now + timedelta(seconds=PAUSES[made]) if made < len(PAUSES) else None


async def message(generation: Generation) -> bytes:
    """Return the report on a task: links to its pictures, or its error."""
    errand = errands.without_pictures(generation)
    data = tasks.describe(generation)
    try:
        run = Run(errand.request)
        await tasks.read_into(run, generation, with_data=False)
        result = answers.images_body(run, Answer(response_format="url"), Links(errand.base))
        kind, more = "completed", {"http_status": 200, "result": result}
    except ProviderError as error:
        failure = ApiError.from_provider(error)
        kind, more = "failed", {"http_status": failure.status, **failure.envelope}
    return json.dumps(
        {
            "type": f"image.generation.{kind}",
            "timestamp": (generation.finished_at or timezone.now()).isoformat(),
            "data": {**data, "status": kind, **more},
        }
    ).encode()


async def _round() -> None:
    global _forgot
    if watching.closing.is_set():
        return
    if time.monotonic() - _forgot > FORGET_SECONDS:
        _forgot = time.monotonic()
        await in_task_thread(_forget)
    keys = Counter(key for key in _sending.values() if key is not None)
    busy = [key for key, count in keys.items() if count >= AT_ONCE_FOR_A_KEY]
    room = min(AT_ONCE - len(_sending), AT_ONCE_FOR_A_KEY)
    for webhook in await in_task_thread(claim, room, busy) if room > 0 else ():
        task = asyncio.create_task(_attempt(webhook))
        _sending[task] = webhook.generation.key_id
        task.add_done_callback(_ended)


def _ended(task: "asyncio.Task[None]") -> None:
    del _sending[task]
    if not task.cancelled() and (error := task.exception()):
        logger.error("A webhook could not be sent, and is retried later", exc_info=error)
    rounds.ring()


async def _attempt(webhook: Webhook) -> None:
    generation = webhook.generation
    key = generation.key
    if key is None:
        failure, is_over = "the key is gone", True
    else:
        body = await message(generation)
        failure, is_over = await _post(webhook.url, body, key, generation)
    now = timezone.now()
    due_at = None if is_over else _next_at(now, webhook.attempts)
    changes: dict[str, Any] = {"failure": failure[:200], "due_at": due_at}
    if not failure:
        changes["delivered_at"] = now
    else:
        logger.warning("The webhook of task %s was not accepted: %s", generation.task_id, failure)
    await in_thread(lambda: Webhook.objects.filter(pk=webhook.pk).update(**changes))


async def _post(url: str, body: bytes, key: ApiKey, generation: Generation) -> tuple[str, bool]:
    """Return why it was not accepted, or nothing, and whether to give up."""
    signature = sign(secret_of(key), f"msg_{generation.task_id}", int(time.time()), body)
    try:
        async with (
            asyncio.timeout(SECONDS),
            aclosing(Client(connecting=SECONDS)) as http,
        ):
            status = await Fetcher(http, settings.IMAGINE_TRUSTED_HOSTS).post(url, body, signature)
    except ProviderError as error:  # not an address of the internet
        return str(error), False
    except TimeoutError:
        return "no answer in time", False
    if 200 <= status < 300:
        return "", True
    return f"HTTP status {status}", status == 410  # gone: it wants no more


def _forget() -> None:
    old = timezone.now() - KEPT
    Webhook.objects.filter(due_at=None, generation__created_at__lt=old).delete()


def _task_ended(sender: object, generation: Generation, **_: Any) -> None:
    if generation.errand and generation.errand.get("answer", {}).get("webhook"):
        transaction.on_commit(rounds.ring)


generation_ended.connect(_task_ended)

rounds = Rounds(_round, name="Webhooks", seconds=5.0)
"""This process's rounds."""


async def close() -> None:
    """Make no further attempt; those under way are abandoned, and repeated later."""
    await rounds.close()
    for task in list(_sending):
        task.cancel()
    if _sending:
        await asyncio.wait(_sending)
