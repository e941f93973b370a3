"""The same request sent twice: how it is recognised, so that it generates once."""

import hashlib
import json

from .callers import Caller
from .models import Generation
from .providers.base import ImageRequest


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
    sources = [hashlib.sha256(source.data).hexdigest() for source in request.sources]
    asked = [request.prompt, request.model, request.n, request.aspect_ratio, request.parameters()]
    return hashlib.sha256(json.dumps([asked, sources], sort_keys=True).encode()).hexdigest()


def earlier(mark: str, fingerprint: str) -> Generation | None:
    """The generation that has this mark.

    Raises:
        KeyReused: it was another request.
    """
    generation = Generation.objects.filter(idempotency_key=mark).first()
    if generation is not None and generation.fingerprint != fingerprint:
        raise KeyReused("This Idempotency-Key was used for another request.")
    return generation
