"""Spreads requests over several keys for one upstream, and rests a key that was refused.

A limit, and a refusal that concerns one model, rests a key for that model only.
"""

import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from .base import ProviderError
from .verdicts import Verdict

REFUSED_SECONDS = 600
"""How long a key that the upstream refused rests; it may be valid again by then."""

DEFAULT_REST_SECONDS = 5

EVERY_MODEL = ""


@dataclass(slots=True, eq=False)
class UpstreamKey:
    """One key. Times are of the monotonic clock, by the model that they apply to."""

    secret: str
    in_flight: int = 0
    rests_until: dict[str, float] = field(default_factory=dict)
    refused_until: dict[str, float] = field(default_factory=dict)

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.secret}"} if self.secret else {}

    @property
    def prefix(self) -> str:
        """The part of it that may be shown."""
        return self.secret[: min(7, len(self.secret) // 3)]


class KeyRing:
    """The keys of one upstream, as this process knows them.

    Args:
        secrets: separated by commas; without any, requests are sent without a key.
    """

    def __init__(self, secrets: str) -> None:
        self.keys = [UpstreamKey(secret.strip()) for secret in secrets.split(",")]

    @contextmanager
    def taking(
        self, model: str = EVERY_MODEL, besides: Collection[UpstreamKey] = ()
    ) -> Iterator[UpstreamKey]:
        """Take the least used key that may be used for this model now. A context manager.

        Args:
            besides: keys that have been refused for this request, avoided if there are others.

        Raises:
            ProviderError: 429 while every key rests, with the seconds until the first may continue.
        """
        now = time.monotonic()
        ready = [key for key in self.keys if _until(key.rests_until, model) <= now]
        if not ready:
            first = min(_until(key.rests_until, model) for key in self.keys)
            raise ProviderError(
                "The upstream asks for fewer requests.",
                status=429,
                type="rate_limit_error",
                code="rate_limit_exceeded",
                retry_after=int(first - now) + 1,
                verdict=Verdict.LIMITED,
            )

        def worth(key: UpstreamKey) -> tuple[bool, bool, int]:
            # A refused key is better than none: the upstream may have changed its mind.
            return key in besides, _until(key.refused_until, model) > now, key.in_flight

        key = min(ready, key=worth)
        key.in_flight += 1
        try:
            yield key
        finally:
            key.in_flight -= 1

    def set_aside(self, key: UpstreamKey, error: ProviderError, model: str) -> int:
        """Rest a key as a refusal asks; return for how many seconds."""
        now = time.monotonic()
        if error.verdict is Verdict.LIMITED:
            seconds = DEFAULT_REST_SECONDS if error.retry_after is None else error.retry_after
            moments = key.rests_until
        else:
            seconds = REFUSED_SECONDS
            moments = key.refused_until
            if error.verdict is not Verdict.REFUSED_FOR_MODEL:
                model = EVERY_MODEL
        for past in [name for name, until in moments.items() if until <= now]:
            del moments[past]
        moments[model] = now + seconds
        return seconds

    def has_another(self, model: str, besides: Collection[UpstreamKey]) -> bool:
        """Return whether a key is left that does not rest and is none of `besides`.

        A key that was refused before is worth another try if nothing better is left.
        """
        now = time.monotonic()
        return any(
            key not in besides and _until(key.rests_until, model) <= now for key in self.keys
        )


def _until(moments: dict[str, float], model: str) -> float:
    return max(moments.get(model, 0.0), moments.get(EVERY_MODEL, 0.0))
