"""What the first start creates: an administrator and an API key."""

import secrets
from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth import get_user_model

from imagine.keys import create_api_key
from imagine.models import ApiKey


@dataclass(frozen=True, slots=True)
class Credentials:
    """What was created now and must be shown now; None for what existed already."""

    username: str
    password: str | None
    api_key: str | None


def create_credentials() -> Credentials:
    """Create the administrator where there is no user, and a key where there is none."""
    password = api_key = None
    users = get_user_model()._default_manager
    if not users.exists():
        password = settings.ADMIN_PASSWORD or secrets.token_urlsafe(12)
        users.create_superuser(username=settings.ADMIN_USERNAME, password=password)
    if not ApiKey.objects.exists():
        _, api_key = create_api_key(name="default", key=settings.API_KEY or None)
    return Credentials(settings.ADMIN_USERNAME, password, api_key)
