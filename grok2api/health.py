"""Tells load balancers and orchestrators whether the process is alive and can work.

The door calls these views itself, so that a probe never waits for pages.
"""

import asyncio
import logging
from collections.abc import Callable
from functools import cache

from django.conf import settings
from django.core.cache import cache as shared_cache
from django.core.files.storage import default_storage
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse

from grok2api.runtime.pools import Pool

logger = logging.getLogger(__name__)

PROBES = Pool("readyz")


def healthz(request: HttpRequest) -> JsonResponse:
    """Answer that the process is alive, without touching anything else."""
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> JsonResponse:
    """Answer 200 if database, storage and, if set, Redis respond, else 503."""
    probes: dict[str, Callable[[], object]] = {"database": _database, "storage": _storage}
    if settings.REDIS_URL:
        probes["redis"] = _redis
    found = {name: _state(name, probe) for name, probe in probes.items()}
    ready = all(state == "ok" for state in found.values())
    return JsonResponse(
        {"status": "ok" if ready else "unavailable", **found}, status=200 if ready else 503
    )


class Readiness:
    """Runs `/readyz` on a thread of its own; probes that arrive meanwhile share its result."""

    def __init__(self) -> None:
        self._looking: asyncio.Future[JsonResponse] | None = None

    async def answer(self) -> JsonResponse:
        if self._looking is None or self._looking.done():
            self._looking = PROBES.run(readyz, HttpRequest())
        return await asyncio.shield(self._looking)


def _state(name: str, probe: Callable[[], object]) -> str:
    try:
        probe()
    except Exception:  # each backend has errors of its own; all of them mean "not ready"
        logger.exception("Not ready: %s", name)
        return "unavailable"
    return "ok"


def _database() -> None:
    """Check that the database responds and has this version's tables, or later ones."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    _require_schema()


class OldSchema(RuntimeError):
    """Migrations of this version are missing."""


@cache
def _require_schema() -> None:
    """Check the schema once: a good one stays good, and an exception is not cached."""
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise OldSchema("The database has an old schema; `manage.py serve` brings it up to date.")


def _storage() -> None:
    default_storage.exists("images")


def _redis() -> None:
    shared_cache.get("readyz")
