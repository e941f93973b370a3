"""Shows the service at a glance to whoever runs it: growth, generations, orphans, settings."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from gallery import statistics
from gallery.maintenance import cleanup
from grok2api.runtime.exclusive import Busy
from imagine.models import Generation
from imagine.usage import DAY

MONTHS = 12
DAYS = 30
LATEST_FAILED = 10
FAILED = (Generation.Status.FAILED, Generation.Status.INTERRUPTED)

SHOWN = (
    "SERVER_HOST", "SERVER_PORT", "SERVER_WORKERS", "APP_URL", "STORAGE_TYPE", "DATA_DIR",
    "MEDIA_ROOT", "LOG_DIR", "LOG_LEVEL", "TIME_ZONE", "GALLERY_PAGE_SIZE", "GALLERY_TRASH_DAYS",
    "IMAGINE_PROVIDER", "IMAGINE_TIMEOUT", "IMAGINE_MAX_RUNNING", "IMAGINE_URL_TTL",
    "IMAGINE_UPSTREAM_KIND", "IMAGINE_UPSTREAM_MODEL", "IMAGINE_UPSTREAM_EDIT_MODEL",
    "IMAGINE_UPSTREAM_STREAMS", "IMAGINE_TRUSTED_HOSTS", "IMAGINE_PRICES", "IMAGINE_UNPRICED",
    "DEBUG",
)  # fmt: skip
ADDRESSES = ("XAI_BASE_URL", "IMAGINE_UPSTREAM_URL", "REDIS_URL")
SECRETS = ("SECRET_KEY", "ADMIN_PASSWORD", "API_KEY", "XAI_API_KEY", "IMAGINE_UPSTREAM_KEY")


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a chart. `height` and `failed_height` are parts of 100."""

    label: str
    value: int
    height: float
    failed: int = 0
    failed_height: float = 0


def service(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """Show the page; POST `action=check` or `clean` (with `force`) looks for orphans.

    It is for superusers, since it shows settings and removes rows. `context` is the admin site's.
    """
    if not request.user.is_superuser:
        raise PermissionDenied(_("This page is for superusers."))
    context |= {
        "title": _("Service"),
        "growth": growth(),
        "generations": generations(),
        "failed": Generation.objects.filter(status__in=FAILED).order_by("-pk")[:LATEST_FAILED],
        "settings": settings_in_force(),
    }
    action = request.POST.get("action")
    if action in ("check", "clean"):
        try:
            context["report"] = cleanup.clean_up(
                dry_run=action == "check", force=bool(request.POST.get("force"))
            )
        except (cleanup.TooManyOrphans, Busy) as error:
            context["refused"] = _(str(error))
    return render(request, "admin/service.html", context)


def growth() -> list[Bar]:
    """Return the bytes of the library at the end of each of the last months."""
    added: Counter[str] = Counter()
    for (_kind, day), total in statistics.totals(statistics.Addend.Kind.DAY).items():
        added[day[:7]] += total.bytes
    months = _last_months(timezone.localdate())
    held = sum(size for month, size in added.items() if month < months[0])
    values = []
    for month in months:
        held += added[month]
        values.append((month, held))
    most = max((value for _month, value in values), default=0) or 1
    return [Bar(month, value, 100 * value / most) for month, value in values]


def generations() -> list[Bar]:
    """Return the requests of each of the last days (UTC), and how many failed. One query."""
    first = datetime.now(UTC).date() - timedelta(days=DAYS - 1)
    since = datetime.combine(first, datetime.min.time(), UTC)
    rows = Generation.objects.filter(created_at__gte=since).annotate(day=DAY).order_by()
    asked: Counter[date] = Counter()
    failed: Counter[date] = Counter()
    for day, status, count in rows.values_list("day", "status").annotate(Count("pk")):
        asked[day] += count
        if status in FAILED:
            failed[day] += count
    days = [first + timedelta(days=number) for number in range(DAYS)]
    most = max(asked.values(), default=0) or 1
    return [
        Bar(
            day.isoformat(),
            asked[day],
            100 * asked[day] / most,
            failed[day],
            100 * failed[day] / most,
        )
        for day in days
    ]


def settings_in_force() -> list[tuple[str, str]]:
    """Return names and values, without passwords; of secrets only whether they are set."""
    shown = [(name, str(getattr(settings, name))) for name in SHOWN]
    shown += [(name, _without_password(getattr(settings, name))) for name in ADDRESSES]
    shown += [(name, _("set") if getattr(settings, name) else _("not set")) for name in SECRETS]
    return sorted(shown)


def _without_password(address: str) -> str:
    parts = urlsplit(address)
    if parts.password is None:
        return address
    host = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=f"{parts.username or ''}:…@{host}").geturl()


def _last_months(today: date) -> list[str]:
    last = today.year * 12 + today.month - 1
    numbers = range(last - MONTHS + 1, last + 1)
    return [f"{number // 12:04}-{number % 12 + 1:02}" for number in numbers]
