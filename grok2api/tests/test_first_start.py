"""What a first start creates, says of it, and refuses to be silent about."""

import io

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import OutputWrapper

from grok2api import env
from grok2api.first_start import Credentials, weaknesses
from grok2api.management.commands.serve import Command

pytestmark = pytest.mark.once

ADMIN = (
    "ADMIN_PASSWORD is weak. The password is too similar to the username. This password is too "
    "short. It must contain at least 10 characters. This password is too common."
)


@pytest.mark.parametrize(
    ("password", "key", "found"),
    [
        ("", "", []),
        ("a long test password", "sk-Zx81-kQm4-pL0v-Tt7", []),
        ("password123", "", ["ADMIN_PASSWORD is weak. This password is too common."]),
        ("admin", "", [ADMIN]),
        ("", "sk-1", ["API_KEY is weak. Take 20 random characters or more."]),
        ("", "a" * 40, ["API_KEY is weak. Take 20 random characters or more."]),
    ],
)  # fmt: skip
def test_secrets_that_are_guessed_are_told_at_every_start(settings, password, key, found):
    settings.ADMIN_PASSWORD, settings.API_KEY = password, key
    assert weaknesses() == found
    out = io.StringIO()
    Command(stdout=OutputWrapper(out)).greet(Credentials("admin", None, None))
    assert ("! " in out.getvalue()) == bool(found)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "gbk", "cp437", "utf-8"])
def test_a_terminal_of_few_characters_shows_the_secrets(settings, encoding):
    settings.ADMIN_PASSWORD = settings.API_KEY = ""
    raw = io.BytesIO()
    terminal = io.TextIOWrapper(raw, encoding)
    Command(stdout=OutputWrapper(terminal)).greet(Credentials("管理员", "the-password", "sk-key"))
    terminal.flush()
    shown = raw.getvalue().decode(encoding)
    assert "Password  the-password" in shown
    assert "API key   sk-key" in shown


@pytest.mark.parametrize(
    "value",
    ["https://a.example/gallery", "https://a.example/?x", "https://a.example#x",
     "https://me:pw@a.example"],
)  # fmt: skip
def test_an_address_below_a_path_is_refused(monkeypatch, value):
    monkeypatch.setenv("APP_URL", value)
    with pytest.raises(ImproperlyConfigured, match="APP_URL must end after its host and port"):
        env.origin("APP_URL", ["https"])


@pytest.mark.parametrize("value", ["https://a.example", "https://a.example/", "https://a:8443"])
def test_an_address_without_a_path_is_taken(monkeypatch, value):
    monkeypatch.setenv("APP_URL", value)
    assert env.origin("APP_URL", ["https"]) == value.rstrip("/")
