"""Backs up requests and their costs with the library, and restores them.

Keys are never included; a user is stored by name, and found by it when restored.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Prefetch

from gallery.models import Image
from gallery.soundness import (
    MAX_ROW_ID,
    Unsound,
    sound_json,
    sound_moment,
    sound_number,
    sound_text,
)
from gallery.transfer.backup_parts import BadRecord, Part, RestoreOutcome
from gallery.transfer.restoring import reserve_ids

from .models import LONGEST_SAID, Generation

TEXTS = {
    "client": 200, "provider": 32, "model": 100, "prompt": 1_000_000, "aspect_ratio": 16,
    "error_type": 64, "error_code": 64, "error_param": 64, "error_message": 1_000_000,
    "upstream_said": LONGEST_SAID,
}  # fmt: skip
CHOICES = {
    "operation": Generation.Operation.values,
    "status": [each for each in Generation.Status.values if each not in Generation.UNFINISHED],
    "cost_basis": Generation.CostBasis.values,
}
NUMBERS = {
    "n": (0, 32_767), "upstream_status": (0, 32_767), "error_status": (0, 32_767),
    "upstream_ms": (0, 2**31 - 1), "storing_ms": (0, 2**31 - 1),
}  # fmt: skip
MOMENTS = ("created_at", "started_at", "finished_at")
DOLLARS = ("cost_usd", "reserved_usd")
OBJECTS = ("parameters", "usage")
LINKS = ("images", "parents")
MUST_BE = ("n", "created_at")
MOST_IMAGES = 1000


def records() -> Iterator[dict[str, Any]]:
    """Yield all requests that have ended, oldest first. A picture is named by its file's path."""
    rows = Generation.objects.exclude(status__in=Generation.UNFINISHED).order_by("pk")
    files = Image.objects.only("file")
    linked = rows.select_related("user").prefetch_related(
        *(Prefetch(name, queryset=files) for name in LINKS)
    )
    for row in linked.iterator(chunk_size=500):
        plain = {name: getattr(row, name) for name in (*TEXTS, *CHOICES, *NUMBERS, *OBJECTS)}
        moments = {name: getattr(row, name) for name in MOMENTS}
        yield {
            "id": row.pk,
            "task_id": row.task_id,
            "user": row.user.get_username() if row.user else None,
            **plain,
            **{name: moment and moment.isoformat() for name, moment in moments.items()},
            **{name: _text(getattr(row, name)) for name in DOLLARS},
            **{name: [image.file.name for image in getattr(row, name).all()] for name in LINKS},
        }


def restore(record: dict[str, Any]) -> RestoreOutcome:
    """Add a request if it is missing; an existing one stays as it is.

    Raises:
        BadRecord: a field is not what it must be.
    """
    checks: dict[str, Callable[[object], Any]] = {
        **{name: partial(sound_text, limit=limit) for name, limit in TEXTS.items()},
        **{name: partial(_one_of, options) for name, options in CHOICES.items()},
        **{name: partial(_number, *span) for name, span in NUMBERS.items()},
        **dict.fromkeys(MOMENTS, _moment),
        **dict.fromkeys(DOLLARS, _dollars),
        **dict.fromkeys(OBJECTS, sound_json),
        **dict.fromkeys(LINKS, _paths),
        "id": partial(sound_number, least=1, most=MAX_ROW_ID),
        "task_id": partial(_or_none, partial(sound_text, limit=32)),
        "user": partial(_or_none, partial(sound_text, limit=150)),
    }
    values: dict[str, Any] = {}
    for name, check in checks.items():
        try:
            values[name] = check(record[name])
        except KeyError:
            raise BadRecord(f"{name}: missing") from None
        except Unsound as error:
            raise BadRecord(f"{name}: {error}") from None
        if name in MUST_BE and values[name] is None:
            raise BadRecord(f"{name}: missing")
    return _write(values)


def _write(values: dict[str, Any]) -> RestoreOutcome:
    links = {name: values.pop(name) for name in LINKS}
    wanted, task, username = (values.pop(name) for name in ("id", "task_id", "user"))
    same = {"task_id": task} if task else {name: values[name] for name in ("created_at", "prompt")}
    if Generation.objects.filter(**same).exists():
        return RestoreOutcome.UNCHANGED
    by_name = {get_user_model().USERNAME_FIELD: username}
    user = username and get_user_model().objects.filter(**by_name).first()
    generation = Generation(**values, task_id=task, user=user or None)
    if not Generation.objects.filter(pk=wanted).exists():
        generation.pk = wanted
    with transaction.atomic():
        generation.save(force_insert=True)
        for name, paths in links.items():
            getattr(generation, name).set(Image.objects.filter(file__in=paths).only("pk"))
    return RestoreOutcome.ADDED


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else str(amount)


def _or_none(check: Any, value: object) -> Any:
    return None if value is None else check(value)


def _one_of(options: list[str], value: object) -> str:
    if value not in options:
        raise Unsound(f"must be one of {', '.join(options)}")
    return str(value)


def _number(least: int, most: int, value: object) -> int | None:
    return None if value is None else sound_number(value, least=least, most=most)


def _moment(value: object) -> datetime | None:
    return None if value is None else sound_moment(value)


def _dollars(value: object) -> Decimal | None:
    if value is None:
        return None
    try:
        amount = Decimal(sound_text(value, limit=32))
    except InvalidOperation:
        raise Unsound("must be an amount") from None
    if not amount.is_finite() or not 0 <= amount < 10**8:
        raise Unsound("must be an amount of dollars")
    return round(amount, 10)


def _paths(value: object) -> list[str]:
    if not isinstance(value, list) or len(value) > MOST_IMAGES:
        raise Unsound("must be a list of paths")
    return [sound_text(each, limit=200) for each in value]


GENERATIONS = Part("generations", records, restore, partial(reserve_ids, Generation))
