"""Creates an administrator and an API key at the first start."""

import secrets
from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import override

from imagine.keys import create_api_key
from imagine.models import ApiKey


@dataclass(frozen=True, slots=True)
class Credentials:
    """Secrets that were created and have to be shown now; None for those that existed already."""

    username: str
    password: str | None
    api_key: str | None


SHORTEST_KEY = 20
"""Characters of a given API key: shorter ones can be guessed, or were made up."""


def weaknesses() -> list[str]:
    """Return warnings, for every start, about given secrets that are easily guessed."""
    found = []
    with override("en"):
        if settings.ADMIN_PASSWORD:
            user = get_user_model()(username=settings.ADMIN_USERNAME)
            try:
                validate_password(settings.ADMIN_PASSWORD, user)
            except ValidationError as error:
                found.append(f"ADMIN_PASSWORD is weak. {' '.join(error.messages)}")
    if settings.API_KEY and (len(settings.API_KEY) < SHORTEST_KEY or len({*settings.API_KEY}) < 8):
        found.append(f"API_KEY is weak. Take {SHORTEST_KEY} random characters or more.")
    return found


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
