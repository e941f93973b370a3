"""Reads the upstream's own list of models now and then."""

import asyncio
import logging
import time
from typing import Any

from .base import ProviderError
from .upstream import Upstream

SECONDS = 3.0
"""The upstream's time limit: somebody waits for the list, and there is one without it."""

FRESH_SECONDS = 300.0
FAILED_SECONDS = 30.0
"""How long a list is kept, and how long after a failure the upstream is asked again."""

MAX_ANSWER = 4 * 1024 * 1024
MAX_MODELS = 2000
MAX_LENGTH = 100
"""Characters of a model's name; a longer one could not be stored."""

logger = logging.getLogger(__name__)


class ModelList:
    """One upstream's `GET /models`, kept in memory."""

    def __init__(self, upstream: Upstream) -> None:
        self.upstream = upstream
        self.models: tuple[str, ...] = ()
        self.asked_again_at = 0.0  # of the monotonic clock
        self.asking = asyncio.Lock()

    async def read(self) -> tuple[str, ...]:
        """Return the last list that the upstream gave; empty if it never gave one."""
        async with self.asking:  # one question for all who wait
            if time.monotonic() >= self.asked_again_at:
                await self._ask()
        return self.models

    async def _ask(self) -> None:
        try:
            self.models = _names(await self.upstream.get("/models", SECONDS, MAX_ANSWER))
        except ProviderError as error:
            logger.warning("%s does not list its models: %s", self.upstream.base_url, error)
            self.asked_again_at = time.monotonic() + FAILED_SECONDS
        else:
            self.asked_again_at = time.monotonic() + FRESH_SECONDS


def _names(answer: Any) -> tuple[str, ...]:
    """Return the ids of a list in OpenAI's or a similar shape, each once, in order.

    Raises:
        ProviderError: it has another shape.
    """
    named = (answer.get("data"), answer.get("models")) if isinstance(answer, dict) else (answer,)
    listed = next((each for each in named if isinstance(each, list)), None)
    if listed is None:
        raise ProviderError(
            "The upstream's list of models is not a list.", code="upstream_bad_answer"
        )
    entries = (entry for entry in listed if isinstance(entry, dict))
    ids = (entry.get("id") or entry.get("name") for entry in entries)
    names = (name for name in ids if isinstance(name, str) and 0 < len(name) <= MAX_LENGTH)
    return tuple(dict.fromkeys(names))[:MAX_MODELS]
