"""Serves `/metrics` for Prometheus.

The processes of one `serve` share their numbers through files in PROMETHEUS_MULTIPROC_DIR, which
`serve` sets if it starts more than one.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.db import Error as DatabaseError
from django.db import transaction
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

from gallery import statistics
from gallery.files.storage import storage_failed
from imagine import callers
from imagine.api.auth import bearer_token
from imagine.models import Generation
from imagine.records import generation_begun, generation_ended

DATABASE_UP = "1 where the database answers."

FAST = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
SLOW = (0.5, 1, 2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 300)

requests = Counter("grok2api_requests", "Requests answered.", ["route", "method", "status"])
request_seconds = Histogram(
    "grok2api_request_seconds",
    "Seconds from a request's head to the end of its answer.",
    ["route", "method"],
    buckets=FAST,
)
in_flight = Gauge(
    "grok2api_requests_in_flight", "Requests being answered.", multiprocess_mode="livesum"
)
generations = Counter("grok2api_generations", "Generations ended.", ["provider", "state"])
cost = Counter(
    "grok2api_generation_cost_usd",
    "What generations cost, by who says so: the upstream, or the price book.",
    ["provider", "basis"],
)
unknown_cost = Counter(
    "grok2api_generations_of_unknown_cost",
    "Generations of which nobody knows what they cost.",
    ["provider"],
)
generating = Gauge(
    "grok2api_generations_in_flight", "Generations under way.", multiprocess_mode="livesum"
)
upstream_seconds = Histogram(
    "grok2api_upstream_seconds", "Seconds that upstreams took.", ["provider"], buckets=SLOW
)
storing_seconds = Histogram(
    "grok2api_storing_seconds", "Seconds to store a generation's pictures.", buckets=FAST
)
storage_errors = Counter(
    "grok2api_storage_errors", "Storage operations that failed.", ["operation"]
)


def record_request(route: str, method: str, status: int, seconds: float) -> None:
    requests.labels(route, method, str(status)).inc()
    request_seconds.labels(route, method).observe(seconds)


@receiver(generation_begun)
def _count_begun(**signal: Any) -> None:
    transaction.on_commit(generating.inc, robust=True)


@receiver(generation_ended)
def _count_ended(generation: Generation, **signal: Any) -> None:
    transaction.on_commit(lambda: _count_outcome(generation), robust=True)


def _count_outcome(generation: Generation) -> None:
    generating.dec()
    generations.labels(generation.provider, generation.status).inc()
    upstream_seconds.labels(generation.provider).observe((generation.upstream_ms or 0) / 1000)
    storing_seconds.observe((generation.storing_ms or 0) / 1000)
    if generation.cost_usd is None:
        unknown_cost.labels(generation.provider).inc()
    else:
        cost.labels(generation.provider, generation.cost_basis).inc(float(generation.cost_usd))


@receiver(storage_failed)
def _count_storage_error(operation: str, **signal: Any) -> None:
    storage_errors.labels(operation).inc()


class LibraryCollector(Collector):
    """Numbers of the library, read from the database at each scrape; every host returns the
    same."""

    def collect(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("grok2api_database_up", DATABASE_UP)
        try:
            facets = statistics.totals(statistics.Addend.Kind.FACET).values()
        except DatabaseError:
            up.add_metric([], 0)
            yield up
            return
        up.add_metric([], 1)
        yield up
        for name, text, value in (
            ("images", "Pictures outside the trash.", sum(total.images for total in facets)),
            ("bytes", "Bytes of their files.", sum(total.bytes for total in facets)),
        ):
            family = GaugeMetricFamily(f"grok2api_library_{name}", text)
            family.add_metric([], value)
            yield family


def view(request: HttpRequest) -> HttpResponse:
    """Handle `GET /metrics`, for staff and for holders of an API key."""
    try:
        may_read = _may_read(request)
    except DatabaseError:
        # Nobody can be identified now; this says no more than `/readyz`, which is public.
        registry = CollectorRegistry(auto_describe=False)
        Gauge("grok2api_database_up", DATABASE_UP, registry=registry).set(0)
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        return HttpResponse(encode(registry), content_type)
    if not may_read:
        headers = {"WWW-Authenticate": "Bearer"}
        return HttpResponse("An API key is needed.\n", "text/plain", status=401, headers=headers)
    if request.method not in ("GET", "HEAD"):
        return HttpResponse(status=405, headers={"Allow": "GET, HEAD"})
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    return HttpResponse(encode(_registry()), content_type)


def _may_read(request: HttpRequest) -> bool:
    token = bearer_token(request.headers.get("Authorization", ""))
    if token is not None:
        return callers.find_active_key(token) is not None
    return request.user.is_active and request.user.is_staff


def _registry() -> CollectorRegistry:
    """Return the numbers of all processes, and the library's."""
    registry = CollectorRegistry(auto_describe=False)
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if folder:
        _forget_dead_processes(Path(folder))
        MultiProcessCollector(registry, folder)  # type: ignore[no-untyped-call]
    else:
        registry.register(REGISTRY)
    registry.register(LibraryCollector())
    return registry


def _forget_dead_processes(folder: Path) -> None:
    """Remove what killed processes claim to have in flight."""
    pids = {int(path.stem.rpartition("_")[2]) for path in folder.glob("gauge_live*.db")}
    for pid in pids:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            with suppress(FileNotFoundError):  # another visit was faster
                mark_process_dead(pid, str(folder))  # type: ignore[no-untyped-call]
