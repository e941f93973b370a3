"""Recognises the same request sent twice, so that it generates once."""

import hashlib
import json
from collections.abc import Iterable
from datetime import timedelta

from django.utils import timezone

from .callers import Caller
from .models import Generation, GenerationQuerySet
from .providers.base import ImageRequest

REPEATED_WITHIN = timedelta(minutes=1)
"""The time after an unheard answer: clients repeat a request within seconds."""

UNHEARD = (
    Generation.Status.SUCCEEDED, Generation.Status.PARTIAL, Generation.Status.INTERRUPTED,
)  # fmt: skip


class KeyReused(ValueError):
    """The idempotency key came with another request before."""


def mark(caller: Caller, idempotency_key: str) -> str | None:
    """Return what a row stores of a key, unique to its caller: two clients may choose the same
    key."""
    if not idempotency_key:
        return None
    who = f"key {caller.key.pk}" if caller.key else f"user {caller.user.pk if caller.user else ''}"
    return hashlib.sha256(f"{who}\n{idempotency_key}".encode()).hexdigest()


def fingerprint(request: ImageRequest) -> str:
    """Return a hash of what makes two requests the same."""
    pictures = [*request.sources, *filter(None, (request.mask, request.markup))]
    sources = [hashlib.sha256(picture.data).hexdigest() for picture in pictures]
    asked = [request.prompt, request.model, request.n, request.aspect_ratio, request.parameters()]
    return hashlib.sha256(json.dumps([asked, sources], sort_keys=True).encode()).hexdigest()


def unanswered(caller: Caller, fingerprint: str) -> Generation | None:
    """Return the same request of this caller if it is under way, or has just ended unheard.

    This is for a client that says it repeats itself, since it got no answer. Finished pictures are
    its answer; and if the first attempt was interrupted, the client must know before it pays again.
    """
    return _unanswered(caller).filter(fingerprint=fingerprint).order_by("-pk").first()


def has_unanswered(caller: Caller) -> bool:
    """Return whether `unanswered` could find any request at all."""
    return _unanswered(caller).exists()


def _unanswered(caller: Caller) -> GenerationQuerySet:
    now = timezone.now()
    asked = Generation.objects.of(caller.key, caller.user)
    unheard = asked.filter(status__in=UNHEARD, finished_at__gt=now - REPEATED_WITHIN)
    return asked.unfinished(now) | unheard


def is_known(mark: str) -> bool:
    """Return whether some generation has this mark, for the same request or another one."""
    return Generation.objects.filter(idempotency_key=mark).exists()


def count_known(marks: Iterable[str | None]) -> int:
    """Return how many of these marks generations have."""
    asked = [mark for mark in marks if mark]
    return Generation.objects.filter(idempotency_key__in=asked).count() if asked else 0


def earlier(mark: str, fingerprint: str) -> Generation | None:
    """Return the generation with this mark.

    Raises:
        KeyReused: it was another request.
    """
    generation = Generation.objects.filter(idempotency_key=mark).first()
    if generation is not None and generation.fingerprint != fingerprint:
        raise KeyReused("This Idempotency-Key was used for another request.")
    return generation
