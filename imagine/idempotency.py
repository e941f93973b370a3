"""The same request sent twice: how it is recognised, so that it generates once."""

import hashlib
import json
from collections.abc import Iterable
from datetime import timedelta

from django.utils import timezone

from .callers import Caller
from .models import Generation, GenerationQuerySet
from .providers.base import ImageRequest

REPEATED_WITHIN = timedelta(minutes=1)
"""After an answer was lost: clients send a request again within seconds."""

UNHEARD = (
    Generation.Status.SUCCEEDED, Generation.Status.PARTIAL, Generation.Status.INTERRUPTED,
)  # fmt: skip


class KeyReused(ValueError):
    """An idempotency key came again with another request."""


def mark(caller: Caller, idempotency_key: str) -> str | None:
    """What a row keeps of a key. Within its caller: two clients may choose the same one."""
    if not idempotency_key:
        return None
    who = f"key {caller.key.pk}" if caller.key else f"user {caller.user.pk if caller.user else ''}"
    return hashlib.sha256(f"{who}\n{idempotency_key}".encode()).hexdigest()


def fingerprint(request: ImageRequest) -> str:
    """What makes two requests the same."""
    pictures = [*request.sources, *filter(None, (request.mask, request.markup))]
    sources = [hashlib.sha256(picture.data).hexdigest() for picture in pictures]
    asked = [request.prompt, request.model, request.n, request.aspect_ratio, request.parameters()]
    return hashlib.sha256(json.dumps([asked, sources], sort_keys=True).encode()).hexdigest()


def unanswered(caller: Caller, fingerprint: str) -> Generation | None:
    """The same request of this caller, which is under way, or has just ended unheard.

    For a client that says that it repeats itself, since it got no answer: pictures that have come
    are its answer, and of what was interrupted it must know before it pays once more.
    """
    return _unanswered(caller).filter(fingerprint=fingerprint).order_by("-pk").first()


def has_unanswered(caller: Caller) -> bool:
    """Whether there is any request of which `unanswered` might find the same."""
    return _unanswered(caller).exists()


def _unanswered(caller: Caller) -> GenerationQuerySet:
    now = timezone.now()
    asked = Generation.objects.of(caller.key, caller.user)
    unheard = asked.filter(status__in=UNHEARD, finished_at__gt=now - REPEATED_WITHIN)
    return asked.unfinished(now) | unheard


def is_known(mark: str) -> bool:
    """Whether a generation has this mark, be it of the same request or of another."""
    return Generation.objects.filter(idempotency_key=mark).exists()


def count_known(marks: Iterable[str | None]) -> int:
    """How many of these marks generations have."""
    asked = [mark for mark in marks if mark]
    return Generation.objects.filter(idempotency_key__in=asked).count() if asked else 0


def earlier(mark: str, fingerprint: str) -> Generation | None:
    """The generation that has this mark.

    Raises:
        KeyReused: it was another request.
    """
    generation = Generation.objects.filter(idempotency_key=mark).first()
    if generation is not None and generation.fingerprint != fingerprint:
        raise KeyReused("This Idempotency-Key was used for another request.")
    return generation
