"""Chooses the provider by the settings, one instance per event loop."""

import asyncio
from functools import cache
from weakref import WeakKeyDictionary

from django.conf import settings
from django.utils.module_loading import import_string

from .base import ImageProvider

PROVIDERS = {
    "sample": "imagine.providers.sample.SampleProvider",
    "xai": "imagine.providers.xai.XaiProvider",
    "openai": "imagine.providers.openai.OpenAIProvider",
}

_running: "WeakKeyDictionary[asyncio.AbstractEventLoop, ImageProvider]" = WeakKeyDictionary()


def provider_class() -> type[ImageProvider]:
    """Return the class that IMAGINE_PROVIDER names."""
    return _class(settings.IMAGINE_PROVIDER)


@cache
def _class(name: str) -> type[ImageProvider]:
    found: type[ImageProvider] = import_string(PROVIDERS[name])
    return found


def get_provider() -> ImageProvider:
    """Return this event loop's provider, which keeps its connections as long as the loop."""
    loop = asyncio.get_running_loop()
    provider = _running.get(loop)
    if provider is None:
        provider = _running[loop] = provider_class()()
    return provider


async def close_provider() -> None:
    """Close this loop's provider; the next request makes a new one from the current settings."""
    provider = _running.pop(asyncio.get_running_loop(), None)
    if provider is not None:
        await provider.close()
