"""Finds out whose session a request has, for code that runs without Django's middleware."""

from importlib import import_module

from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.auth.models import User
from django.http import HttpRequest


def staff_of(session_key: str | None) -> User | None:
    """Return the session's user as pages would see it, if it is a staff member."""
    sessions = import_module(settings.SESSION_ENGINE)
    visitor = HttpRequest()
    visitor.session = sessions.SessionStore(session_key)
    user = get_user(visitor)
    return user if isinstance(user, User) and user.is_active and user.is_staff else None
