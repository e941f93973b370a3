"""Is the process alive, and can it do its work? For load balancers and orchestrators."""

import logging
from collections.abc import Callable

from django.conf import settings
from django.core.cache import cache
from django.core.files.storage import default_storage
from django.db import connection
from django.http import HttpRequest, JsonResponse

logger = logging.getLogger(__name__)


def healthz(request: HttpRequest) -> JsonResponse:
    """The process answers. Touches nothing else."""
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> JsonResponse:
    """Database, storage and, where set, Redis answer; 503 while one of them does not."""
    probes: dict[str, Callable[[], object]] = {"database": _database, "storage": _storage}
    if settings.REDIS_URL:
        probes["redis"] = _redis
    found = {name: _state(name, probe) for name, probe in probes.items()}
    ready = all(state == "ok" for state in found.values())
    return JsonResponse(
        {"status": "ok" if ready else "unavailable", **found}, status=200 if ready else 503
    )


def _state(name: str, probe: Callable[[], object]) -> str:
    try:
        probe()
    except Exception:  # each backend has errors of its own; all of them mean "not ready"
        logger.exception("Not ready: %s", name)
        return "unavailable"
    return "ok"


def _database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _storage() -> None:
    default_storage.exists("images")


def _redis() -> None:
    cache.get("readyz")
