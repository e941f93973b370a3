"""Limits guesses of passwords: how many, for whom, and from where."""

from typing import Any

from axes.handlers.database import AxesDatabaseHandler
from axes.helpers import get_client_username
from axes.models import AccessAttempt, AccessLog
from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

MOST_NAMES = 20
"""User names that one address may try in vain within the duration of a lock."""


class ThrottledLogins(AxesDatabaseHandler):  # type: ignore[misc]  # it has no types
    """Locks out a pair of name and address, like axes itself, and also an address.

    Whoever tries one common password on many names would never reach a pair's limit. Behind one
    proxy or router there may be many people: whoever has signed in from there before still may.
    """

    def is_locked(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> bool:
        if super().is_locked(request, credentials):
            return True
        if not _guesses_names(request, get_client_username(request, credentials)):
            return False
        # axes itself logs this only when it counts a pair's failures.
        request.axes_locked_out, request.axes_credentials = True, credentials  # type: ignore[attr-defined]
        return True


def _guesses_names(request: HttpRequest, username: str | None) -> bool:
    address = request.axes_ip_address  # type: ignore[attr-defined]  # axes sets it
    began = timezone.now() - settings.AXES_COOLOFF_TIME
    guesses = AccessAttempt.objects.filter(ip_address=address, attempt_time__gte=began)
    names = guesses.order_by().values("username").distinct()[:MOST_NAMES]
    if names.count() < MOST_NAMES:
        return False
    return not AccessLog.objects.filter(ip_address=address, username=username).exists()
